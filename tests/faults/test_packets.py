"""Packets that the kernel loses between two nodes in network namespaces of their own: what is answered is signed, on
both ledgers and executed once; what is not, ends with a code in bounded time; traffic comes back when the wire does.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import pytest
from tests.doubles.careful_load import Load, counting
from tests.doubles.patience import ask, check_ended, until_answered, until_trunk
from tests.doubles.rig import BOTH, Rig
from tests.doubles.wire_between import ADDRESSES, Wire

from lienthong.adapters.http.connect import KEEP_ASKED, KEEP_IDLE_S, KEEP_PAUSE_S
from lienthong.adapters.trunk import UNACKNOWLEDGED_S

ANSWER_S = 4.0
_ESTABLISHED = "01"
pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("able")]
FORMS = pytest.mark.parametrize("trunks", [BOTH, frozenset[str]()], ids=["trunk", "baseline"])


@pytest.fixture(scope="module")
def able() -> None:
    """Tools can be installed; what the kernel does not do cannot."""
    assert not Wire.missing(), f"{', '.join(Wire.missing())} is not there. Remedy: make tools"
    assert Wire.allowed(), (
        "network namespaces are made with the capabilities of root, which a container may have lost. "
        "Remedy: run the tests as root, in a container with NET_ADMIN and SYS_ADMIN"
    )
    reason = Wire.why_not()
    if reason is not None:
        pytest.skip(f"this kernel was built without network namespaces or packet filter: {reason}")


class Network(NamedTuple):
    """Two nodes with a wire between them; the test is where the consumer is."""

    rig: Rig
    wire: Wire
    executed: Path

    def until_back(self, seconds: float, answer_s: float = ANSWER_S) -> float:
        """Ask until an exchange is answered, over a trunk where there are any; gives the seconds that took."""
        until = until_trunk if self.rig.trunks else until_answered
        return until(self.rig, answer_s, seconds)

    def ports(self) -> list[int]:
        """The consumer's ends of the connections to the provider that stand."""
        process = self.rig.consumer.process
        assert process is not None
        found = []
        for line in Path(f"/proc/{process.pid}/net/tcp").read_text(encoding="ascii").splitlines()[1:]:
            _, local, remote, state = line.split()[:4]
            if int(remote.rpartition(":")[2], 16) == self.rig.provider.peer and state == _ESTABLISHED:
                found.append(int(local.rpartition(":")[2], 16))
        return found


@contextmanager
def network(folder: Path, trunks: frozenset[str], answer_s: float = ANSWER_S) -> Iterator[Network]:
    settings = f"\n[limits]\npeer_answer_s = {answer_s}\n"
    with Wire() as wire, wire.inside("provider"), counting(folder / "executed") as url:
        rig = Rig(folder, url, extra_settings=settings, trunks=trunks, hosts=ADDRESSES)
        rig.provider.start()
        with wire.inside("consumer"):
            rig.consumer.start()
            found = Network(rig, wire, folder / "executed")
            found.until_back(15, answer_s)
            yield found
            wire.heal()
            wire.narrow(1500)
            rig.consumer.stop()
        rig.provider.stop()


@FORMS
@pytest.mark.parametrize("per_mille", [10, 100])
def test_lost_packets(tmp_path: Path, trunks: frozenset[str], per_mille: int) -> None:
    with network(tmp_path, trunks) as found:
        found.wire.lose(per_mille)
        with Load(found.rig.consumer) as load:
            time.sleep(6)
            lost = found.wire.lost
            found.wire.heal()
            back = found.until_back(15)
    check_ended(found.rig, load, found.executed)
    assert lost > 10
    assert len(load.answered) > 50
    assert back < 8


@FORMS
@pytest.mark.parametrize("hole", ["everything", "what is long"])
def test_a_hole_for_some_seconds(tmp_path: Path, trunks: frozenset[str], hole: str) -> None:
    """Longer than anybody waits. Of the long packets nobody is told how long they may be."""
    with network(tmp_path, trunks) as found:
        with Load(found.rig.consumer) as load:
            time.sleep(1)
            if hole == "everything":
                found.wire.cut()
            else:
                found.wire.narrow(300)
            time.sleep(1)
            answer, took = ask(found.rig)
            assert took < 2 * ANSWER_S + 2
            # New connections learn what is too long when they begin.
            assert answer.status != 200 or (hole, trunks) == ("what is long", frozenset())
            time.sleep(ANSWER_S)
            before = len(load.answered)
            found.wire.heal()
            found.wire.narrow(1500)
            back = found.until_back(40)
            time.sleep(1)
        after = len(load.answered)
    check_ended(found.rig, load, found.executed)
    assert back < 20
    assert after > before


def test_a_short_hole_costs_no_exchange(tmp_path: Path) -> None:
    """Nobody's time is over when the wire is whole again: TCP sends once more, the trunk stands."""
    with network(tmp_path, BOTH, answer_s=30) as found:
        before = found.ports()
        with Load(found.rig.consumer) as load:
            time.sleep(1)
            found.wire.cut()
            time.sleep(3)
            found.wire.heal()
            assert found.until_back(20, 30) < 10
        assert set(before) & set(found.ports())
    check_ended(found.rig, load, found.executed)
    assert {ending for ending in load.endings if not ending.startswith("first 200")} <= {"first broken", "first None"}


def test_a_trunk_whose_machine_acknowledges_nothing(tmp_path: Path) -> None:
    """Half-open: its packets disappear, those of new connections pass. Nobody has to wait for a deadline."""
    with network(tmp_path, BOTH, answer_s=60) as found, Load(found.rig.consumer) as load:
        time.sleep(1)
        found.wire.forget(found.ports())
        back = found.until_back(60, 60)
    check_ended(found.rig, load, found.executed)
    assert back < UNACKNOWLEDGED_S + 10


def test_idle_connections_that_died_are_found_out(tmp_path: Path) -> None:
    """Before somebody uses one and waits for it in vain."""
    with network(tmp_path, frozenset()) as found:
        with Load(found.rig.consumer):
            time.sleep(1)
        dead = found.ports()
        found.wire.forget(dead)
        time.sleep(KEEP_IDLE_S + KEEP_ASKED * KEEP_PAUSE_S + 4)
        assert dead
        assert not set(dead) & set(found.ports())
        answer, took = ask(found.rig)
        assert (answer.status, took < 2) == (200, True)
