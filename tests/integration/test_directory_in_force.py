"""The directory changes while nodes run: new grants and withdrawn ones, a revoked node, a registry that is silent."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable, Iterator

import pytest
from tests.doubles.peer_caller import PeerCaller
from tests.doubles.plain_client import CLIENT, Answer, call
from tests.doubles.rig import SERVICE, Rig, grant
from tests.doubles.scripted_service import ScriptedService
from tests.doubles.values import replace

from lienthong.domain.grants import GrantState
from lienthong.domain.identifiers import ServiceId


@pytest.fixture
def rig(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rig]:
    with ScriptedService() as system:
        rig = Rig(tmp_path_factory.mktemp("directory"), system.url)
        rig.start()
        yield rig
        rig.stop()


def ask(rig: Rig, service_id: ServiceId = SERVICE) -> Answer:
    return call(rig.consumer.front, f"/r1/{service_id}/x", headers=CLIENT)


def until(holds: Callable[[], bool], timeout_s: float = 6) -> None:
    """Wait until the nodes have taken up a directory."""
    end = time.monotonic() + timeout_s
    while not holds():
        assert time.monotonic() < end, "not within the time"
        time.sleep(0.1)


def test_grants_come_and_go_without_a_restart(rig: Rig) -> None:
    rig.grants = [replace(grant(), state=GrantState.SUSPENDED, state_reason="thanh tra")]
    rig.publish()
    until(lambda: ask(rig).error == "Server.ServerProxy.AccessDenied")
    assert ask(rig).header("Lienthong-Clause") == "state"
    rig.grants = [grant(grant_id="g-moi")]
    rig.publish()
    until(lambda: ask(rig).status == 200)
    until(lambda: PeerCaller.of(rig).call().code is None)


def test_a_revoked_node_is_nobody(rig: Rig) -> None:
    """The consumer's node is taken out of the directory: the provider's node does not talk to it any more."""
    assert ask(rig).status == 200
    rig.hidden = frozenset({"consumer"})
    rig.publish()
    until(lambda: PeerCaller.of(rig).call().status == 403)
    assert ask(rig).status == 500
    rig.hidden = frozenset()
    rig.publish()
    until(lambda: ask(rig).status == 200)


def test_a_revoked_provider_is_unknown(rig: Rig) -> None:
    rig.hidden = frozenset({"provider"})
    rig.publish()
    until(lambda: ask(rig).error == "Server.ClientProxy.UnknownMember")


def test_nodes_go_on_while_the_registry_is_silent(rig: Rig) -> None:
    shutil.move(rig.folder / "directory", rig.folder / "away")
    time.sleep(1.2)
    assert ask(rig).status == 200
    assert rig.consumer.healthy()
    rig.consumer.stop()
    rig.consumer.start()
    assert ask(rig).status == 200


def test_the_old_code_of_the_provider_is_understood(rig: Rig) -> None:
    old = ServiceId("VN", "GOV", "000.00.00.G01", *SERVICE[3:])
    answer = ask(rig, old)
    assert (answer.status, answer.header("X-Road-Service")) == (200, str(old))
