"""A node that is down, a ledger that is full or was fed long words, the same message id again."""

from __future__ import annotations

import http.client
import resource
import socket
import threading
import time
import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

import pytest
from tests.doubles.plain_client import CLIENT, Answer, call
from tests.doubles.rig import BOTH, OTHER_SYSTEM, SERVICE, NodeProcess, Rig
from tests.doubles.scripted_service import ScriptedService
from tests.faults.conftest import LIMITS, check_sound, until_trunk

from lienthong.adapters.ledger_files import read_records
from lienthong.evidence.frame_record import decode_records
from lienthong.evidence.record import RecordKind


def post(rig: Rig, message_id: str, *, path: str = "/empty", method: str = "POST") -> Answer:
    headers = {**CLIENT, "X-Road-Id": message_id}
    return call(rig.consumer.front, f"/r1/{SERVICE}{path}", method=method, headers=headers, body=b"{}")


@pytest.fixture(params=[frozenset(), BOTH], ids=["baseline", "trunk"])
def own(tmp_path: Path, system: ScriptedService, request: pytest.FixtureRequest) -> Iterator[Rig]:
    """Two nodes for one test alone, with and without a trunk that is up between them."""
    rig = Rig(tmp_path, system.url, extra_settings=LIMITS, answer_s=1, trunks=request.param)
    rig.start()
    if request.param:
        until_trunk(rig)
    yield rig
    rig.stop()


# ---- the same message again


def test_a_message_id_is_executed_once(rig: Rig, system: ScriptedService) -> None:
    message_id = str(uuid.uuid4())
    assert post(rig, message_id).status == 200
    again = post(rig, message_id)
    assert (again.status, again.error) == (409, "Client.DuplicateMessage")
    assert again.header("X-Road-Id") == message_id
    assert system.ids().count(message_id) == 1


def test_a_message_id_side_by_side_is_executed_once(rig: Rig, system: ScriptedService) -> None:
    message_id = str(uuid.uuid4())
    with ThreadPoolExecutor(16) as pool:
        answers = list(pool.map(lambda _: post(rig, message_id, path="/slow/0.2"), range(16)))
    assert sorted(answer.status for answer in answers) == [200] + [409] * 15
    assert system.ids().count(message_id) == 1


def test_what_may_be_repeated_is_served_again_under_another_hash(rig: Rig, system: ScriptedService) -> None:
    message_id = str(uuid.uuid4())
    answers = [post(rig, message_id, method="GET") for _ in range(2)]
    assert [answer.status for answer in answers] == [200, 200]
    assert len({answer.header("X-Road-Request-Hash") for answer in answers}) == 2
    assert system.ids().count(message_id) == 2


def test_a_message_id_is_remembered_over_a_restart(own: Rig, system: ScriptedService) -> None:
    message_id = str(uuid.uuid4())
    assert post(own, message_id).status == 200
    own.provider.kill()
    own.provider.start()
    assert post(own, message_id).error == "Client.DuplicateMessage"
    assert system.ids().count(message_id) == 1


def test_message_ids_are_of_one_client(rig: Rig) -> None:
    """The same id of another system is another message; it is refused for want of a grant, not as a duplicate."""
    message_id = str(uuid.uuid4())
    assert post(rig, message_id).status == 200
    headers = {"X-Road-Client": str(OTHER_SYSTEM), "X-Road-Id": message_id}
    other = call(rig.consumer.front, f"/r1/{SERVICE}/empty", method="POST", headers=headers, body=b"{}")
    assert other.error == "Server.ServerProxy.AccessDenied"


# ---- the other node


def test_the_providers_node_is_down_and_comes_back(own: Rig, system: ScriptedService) -> None:
    own.provider.kill()
    message_id = str(uuid.uuid4())
    answer = post(own, message_id)
    assert (answer.status, answer.error) == (500, "Server.ClientProxy.NetworkError")
    assert own.consumer.healthy()
    own.provider.start()
    assert post(own, message_id).status == 200
    assert system.ids().count(message_id) == 1
    check_sound(own)


def test_the_providers_node_dies_with_the_request(own: Rig, system: ScriptedService) -> None:
    """Executed, and nobody can say so: the caller learns that the outcome is unknown, and the id is not run again."""
    message_id = str(uuid.uuid4())
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(post, own, message_id, path="/slow/0.6")
        time.sleep(0.3)
        own.provider.kill()
        answer = waiting.result()
    assert (answer.status, answer.error) == (500, "Server.ClientProxy.OutcomeUnknown")
    own.provider.start()
    assert post(own, message_id).error == "Client.DuplicateMessage"
    assert system.ids().count(message_id) == 1
    ends = [one for one in ended(own.provider, message_id) if one[0] is RecordKind.OUTCOME]
    assert ends == [(RecordKind.OUTCOME, "OutcomeUnknown")]


def ended(node: NodeProcess, message_id: str) -> list[tuple[RecordKind, str]]:
    """Kind and outcome of the records of a message."""
    found = [record for one in read_records(node.ledger) for record in decode_records(one.encoded)]
    return [(one.kind, one.outcome) for one in found if one.message_id == message_id]


def test_a_silent_provider_node(tmp_path: Path, system: ScriptedService) -> None:
    """Something listens at its address and says nothing; the wait is bounded."""
    rig = Rig(tmp_path, system.url, extra_settings=LIMITS.replace("peer_answer_s = 4", "peer_answer_s = 1"))
    with socket.create_server(("127.0.0.1", rig.provider.peer)):
        rig.consumer.start()
        began = time.monotonic()
        answer = post(rig, str(uuid.uuid4()))
        assert answer.error in ("Server.ClientProxy.NetworkError", "Server.ClientProxy.OutcomeUnknown")
        assert time.monotonic() - began < 8
        assert rig.consumer.healthy()
    rig.stop()


def test_a_graceful_stop_loses_nothing(own: Rig, system: ScriptedService) -> None:
    """SIGTERM under load: what was begun is answered or was never executed."""
    stop, answered = threading.Event(), []

    def load() -> None:
        while not stop.is_set():
            message_id = str(uuid.uuid4())
            with suppress(OSError, http.client.HTTPException):
                if post(own, message_id).status == 200:
                    answered.append(message_id)

    threads = [threading.Thread(target=load) for _ in range(8)]
    for thread in threads:
        thread.start()
    time.sleep(0.5)
    assert own.provider.stop() == 0
    assert own.consumer.stop() == 0
    stop.set()
    for thread in threads:
        thread.join()
    executed = system.ids()
    assert answered
    assert all(executed.count(message_id) == 1 for message_id in answered)
    for node in (own.consumer, own.provider):
        found = [record for one in read_records(node.ledger) for record in decode_records(one.encoded)]
        requests = {one.request_id for one in found if one.kind is RecordKind.REQUEST}
        assert requests <= {one.request_id for one in found if one.kind is not RecordKind.REQUEST}


# ---- the ledger


def limit_files(node: NodeProcess, size: int) -> None:
    """No byte behind `size` can be written to any file by the running node: as a full disk."""
    assert node.process is not None
    _, hard = resource.prlimit(node.process.pid, resource.RLIMIT_FSIZE)
    resource.prlimit(node.process.pid, resource.RLIMIT_FSIZE, (size, hard))


@pytest.mark.parametrize("side", ["consumer", "provider"])
def test_a_full_ledger_stops_the_exchange(own: Rig, system: ScriptedService, side: str) -> None:
    """LoggingFailed, health 503, nothing executed without a record; with room again it goes on by itself."""
    node = own.consumer if side == "consumer" else own.provider
    for _ in range(60):
        post(own, str(uuid.uuid4()))
    limit_files(node, 49_152)
    prefix = "Server.ClientProxy" if side == "consumer" else "Server.ServerProxy"
    refused = [str(uuid.uuid4()) for _ in range(6)]
    for message_id in refused:
        answer = post(own, message_id)
        assert (answer.status, answer.error) == (500, f"{prefix}.LoggingFailed")
    assert not node.healthy()
    # The first one found the disk full; the provider's side records what it executes, on its own disk.
    executed = [message_id for message_id in refused if message_id in system.ids()]
    assert executed == [] or (side == "consumer" and executed == refused[:1])
    for message_id in executed:
        assert ended(own.provider, message_id)
    limit_files(node, resource.RLIM_INFINITY)
    until = time.monotonic() + 10
    while not node.healthy():
        assert time.monotonic() < until, "the ledger was not opened again"
        time.sleep(0.1)
    assert post(own, str(uuid.uuid4())).status == 200
    node.kill()
    node.start()
    assert post(own, str(uuid.uuid4())).status == 200
    check_sound(own)


def test_no_word_of_a_caller_makes_a_ledger_unreadable(own: Rig) -> None:
    """Long identifiers are refused before they are recorded; the node starts again."""
    for path in (
        "/r1/VN/GOV/G01/" + "a" * 6000 + "/x",
        f"/r1/{SERVICE.system}/" + "%F0%90%80%80" * 80,
        f"/r1/{SERVICE.system}/" + "a" * 900,
    ):
        assert call(own.consumer.front, path, headers={**CLIENT, "X-Road-Id": "𐐀" * 255}).status in (400, 500)
    long = {"X-Road-UserId": "𐐀" * 255, "Lienthong-Case": "ê" * 255, "X-Road-Id": "𐐀" * 250}
    assert call(own.consumer.front, f"/r1/{SERVICE}/empty", headers={**CLIENT, **long}).status == 200
    for node in (own.consumer, own.provider):
        node.stop()
        node.start()
    check_sound(own)
