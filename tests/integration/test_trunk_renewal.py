"""Certificates are renewed while many exchanges run: another channel takes over, no exchange fails."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.doubles.on_record import records
from tests.doubles.plain_client import CLIENT, call
from tests.doubles.rig import BOTH, CONSUMER, PROVIDER, SERVICE, NodeProcess, Rig, make_keys
from tests.doubles.scripted_service import ScriptedService

CALLERS = 8


class Traffic:
    """``with Traffic(rig) as traffic:`` asks all the time; afterwards every answer was right."""

    def __init__(self, rig: Rig) -> None:
        self._rig = rig
        self._enough = threading.Event()
        self._threads = [threading.Thread(target=self._ask, daemon=True) for _ in range(CALLERS)]
        self.statuses: list[int] = []

    def _ask(self) -> None:
        while not self._enough.is_set():
            url = f"/r1/{SERVICE}/slow/0.02"
            self.statuses.append(call(self._rig.consumer.front, url, method="POST", headers=CLIENT).status)

    def __enter__(self) -> Traffic:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_exc: object) -> None:
        self._enough.set()
        for thread in self._threads:
            thread.join(10)
        assert set(self.statuses) == {200}


@pytest.fixture(params=[BOTH, frozenset()], ids=["trunk", "baseline"])
def rig(tmp_path: Path, system: ScriptedService, request: pytest.FixtureRequest) -> Iterator[Rig]:
    found = Rig(tmp_path, system.url, trunks=request.param)
    found.start()
    yield found
    found.stop()


def events(node: NodeProcess, event: str) -> int:
    lines = (node.folder / "log.jsonl").read_text().splitlines()
    return sum(json.loads(line).get("event") == event for line in lines)


def publish(rig: Rig) -> None:
    """Publish, and wait until both nodes have taken it up and worked with it for a while."""
    before = {name: events(getattr(rig, name), "directory.changed") for name in BOTH}
    rig.publish()
    end = time.monotonic() + 5
    while any(events(getattr(rig, name), "directory.changed") == count for name, count in before.items()):
        assert time.monotonic() < end
        time.sleep(0.05)
    time.sleep(0.5)


@pytest.mark.parametrize(("name", "member", "trunks_let_go"), [("provider", PROVIDER, 2), ("consumer", CONSUMER, 0)])
def test_no_exchange_fails_while_a_node_is_described_anew(
    rig: Rig, tmp_path: Path, name: str, member: object, trunks_let_go: int
) -> None:
    """The next certificates come into the directory, then those in use are alone again."""
    folder = tmp_path / "next"
    folder.mkdir()
    with Traffic(rig) as traffic:
        time.sleep(1)
        rig.next_keys[name] = make_keys(rig.authority, folder, member, now_ms=rig.now_ms)  # type: ignore[arg-type]
        publish(rig)
        del rig.next_keys[name]
        publish(rig)
        assert events(rig.consumer, "trunk.down") == (trunks_let_go if rig.trunks else 0)
        late = records(rig.consumer)[-20:]
    assert all((one.batch_place is not None) == bool(rig.trunks) for one in late), "a trunk carries them again"
    for node in (rig.consumer, rig.provider):
        assert sum(one.kind.value == "request" for one in records(node)) == len(traffic.statuses)
        assert sum(one.kind.value == "response" for one in records(node)) == len(traffic.statuses)
