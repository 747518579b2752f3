"""A provider's system that is down, slow, or answers wrongly: a coded, signed, recorded error; executed once."""

from __future__ import annotations

import time
import uuid
from base64 import urlsafe_b64encode
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.doubles.plain_client import CLIENT, Answer, call
from tests.doubles.rig import SERVICE, NodeProcess, Rig, free_port
from tests.doubles.scripted_service import ScriptedService
from tests.faults.conftest import LIMITS, check_sound

from lienthong.adapters.ledger_files import read_records
from lienthong.evidence.frame_record import decode_records
from lienthong.evidence.record import Record, RecordKind


def post(rig: Rig, path: str, message_id: str, *, method: str = "POST") -> Answer:
    headers = {**CLIENT, "X-Road-Id": message_id}
    return call(rig.consumer.front, f"/r1/{SERVICE}{path}", method=method, headers=headers, body=b"{}")


def records_of(node: NodeProcess, message_id: str) -> list[Record]:
    """The records of one message while the node runs, in order; what is not whole yet is not there yet."""
    found = [record for one in read_records(node.ledger) for record in decode_records(one.encoded)]
    return [one for one in found if one.message_id == message_id]


def answering(data: bytes, *, kept: bool = False) -> str:
    """Path of a call that the service answers with these bytes."""
    return f"/{'kept' if kept else 'raw'}?{urlsafe_b64encode(data).decode()}"


OK101 = b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n"
FAULTS = {
    "closes without an answer": ("/gone", "ServiceFailed.HttpError", 500),
    "closes early": ("/close", "ServiceFailed.HttpError", 500),
    "garbage": ("/garbage", "ServiceFailed.HttpError", 500),
    "too slow": ("/slow/2.5", "ServiceFailed.DeadlineExceeded", 500),
    "never ends": ("/drip", "ServiceFailed.DeadlineExceeded", 500),
    "endless header": ("/endless", "ServiceFailed.HttpError", 500),
    "huge headers": ("/with?X-Big=" + "a" * 5000, None, 200),
    "header over the bound": (answering(b"HTTP/1.1 200 OK\r\nX: " + b"a" * 5000 + b"\r\n\r\n"), None, 200),
    "many headers": ("/with?" + "&".join(f"X-{n}=1" for n in range(80)), "ServiceFailed.HttpError", 500),
    "HTTP/2": (answering(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"), "ServiceFailed.HttpError", 500),
    "other TLS": (answering(b"\x15\x03\x01\x00\x02\x02\x28"), "ServiceFailed.HttpError", 500),
    "switches protocols": (answering(OK101), "ServiceFailed.HttpError", 500),
    "two lengths": (
        answering(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\n{}x"),
        "ServiceFailed.HttpError", 500),
    "bad chunk": (
        answering(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n"),
        "ServiceFailed.HttpError", 500),
    "chunks cut off": (
        answering(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab"),
        "ServiceFailed.HttpError", 500),
    "endless reason": (answering(b"HTTP/1.1 200 " + b"x" * 3000 + b"\r\n\r\n"), "ServiceFailed.HttpError", 500),
    "status of two digits": (
        answering(b"HTTP/1.1 99 X\r\nContent-Length: 0\r\n\r\n"),
        "ServiceFailed.HttpError", 500),
    "split header": (
        answering(b"HTTP/1.1 200 OK\r\nX-A: a\rX-Road-Error: b\r\nContent-Length: 0\r\n\r\n"),
        "ServiceFailed.HttpError", 500),
}  # fmt: skip


@pytest.mark.parametrize("fault", FAULTS)
def test_fault_of_the_service(rig: Rig, system: ScriptedService, fault: str) -> None:
    path, code, status = FAULTS[fault]
    message_id = str(uuid.uuid4())
    answer = post(rig, path, message_id)
    assert (answer.status, answer.error) == (status, code and f"Server.ServerProxy.{code}")
    assert answer.header("X-Road-Id") == message_id
    assert system.ids().count(message_id) == 1
    again = post(rig, path, message_id)
    assert (again.status, again.error) == (409, "Client.DuplicateMessage")
    assert system.ids().count(message_id) == 1


def test_an_answer_above_the_bound_is_no_fault_of_the_client(rig: Rig) -> None:
    answer = post(rig, "/large/2000000", str(uuid.uuid4()))
    assert (answer.status, answer.error) == (500, "Server.ServerProxy.ServiceFailed.MessageTooLarge")


@pytest.mark.parametrize("fault", ["closes early", "too slow"])
def test_a_fault_is_signed_and_recorded_on_both_sides(rig: Rig, fault: str) -> None:
    path, code, _ = FAULTS[fault]
    message_id = str(uuid.uuid4())
    post(rig, path, message_id)
    for node in (rig.consumer, rig.provider):
        request, response = records_of(node, message_id)
        assert (request.kind, response.kind) == (RecordKind.REQUEST, RecordKind.RESPONSE)
        assert (response.status, response.outcome) == (500, code)
        assert response.signature is not None


GOOD = {
    "body without length": (b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n\r\nall of it", b"all of it"),
    "HTTP/1.0": (b"HTTP/1.0 200 OK\r\n\r\nold", b"old"),
    "chunks": (
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n1\r\nc\r\n0\r\nX-T: 1\r\n\r\n",
        b"abc",
    ),
    "interim answers": (
        b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early\r\nLink: x\r\n\r\n"
        b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\na",
        b"a",
    ),
    "no content": (b"HTTP/1.1 204 No Content\r\n\r\n", b""),
}  # fmt: skip


@pytest.mark.parametrize("form", GOOD)
def test_every_lawful_form_of_an_answer_is_taken(rig: Rig, form: str) -> None:
    data, body = GOOD[form]
    answer = post(rig, answering(data), str(uuid.uuid4()))
    assert answer.status in (200, 204)
    assert answer.body == body
    assert answer.all("X-T") == []
    assert answer.all("Link") == []


@pytest.mark.parametrize("second", [b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nnguoi2", b"rest"])
def test_a_second_answer_is_never_taken_for_that_of_the_next_request(rig: Rig, second: bytes) -> None:
    """A service that says more than it was asked keeps no connection."""
    first = b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nnguoi1"
    for _ in range(5):
        assert post(rig, answering(first + second, kept=True), str(uuid.uuid4())).body == b"nguoi1"
        assert call(rig.consumer.front, f"/r1/{SERVICE}/empty").body == b"{}"


def test_redirects_are_not_followed(rig: Rig, system: ScriptedService) -> None:
    before = len(system.seen)
    assert post(rig, "/redirect", str(uuid.uuid4())).status == 302
    assert len(system.seen) == before + 1


def test_head_with_a_length(rig: Rig) -> None:
    """The length in an answer to HEAD speaks of a body that does not come."""
    answer = call(rig.consumer.front, f"/r1/{SERVICE}/large/50", method="HEAD")
    assert (answer.status, answer.body) == (200, b"")


def test_a_connection_that_the_service_closes_while_idle(rig: Rig, system: ScriptedService) -> None:
    """The next call finds it dead: one that may be repeated is sent again, any other is never sent twice."""
    for method in ("GET", "POST"):
        for _ in range(3):
            message_id = str(uuid.uuid4())
            post(rig, "/empty", str(uuid.uuid4()), method="GET")
            answer = post(rig, "/empty", message_id, method=method)
            assert answer.status in ((200,) if method == "GET" else (200, 500))
            assert system.ids().count(message_id) <= 1


@pytest.fixture
def down(tmp_path: Path) -> Iterator[Rig]:
    """A provider's system that is not there."""
    rig = Rig(tmp_path, f"http://127.0.0.1:{free_port()}/api", extra_settings=LIMITS, answer_s=1)
    rig.start()
    yield rig
    rig.stop()


def test_the_system_is_down_and_comes_back(down: Rig) -> None:
    message_id = str(uuid.uuid4())
    answer = post(down, "/x", message_id)
    assert (answer.status, answer.error) == (500, "Server.ServerProxy.ServiceFailed.NetworkError")
    assert [one.kind for one in records_of(down.provider, message_id)] == [RecordKind.REQUEST, RecordKind.RESPONSE]
    with ScriptedService(port=int(down.service_url.split(":")[2].split("/")[0])):
        assert post(down, "/empty", str(uuid.uuid4())).status == 200
        check_sound(down)


def test_a_full_house_is_told(rig: Rig, system: ScriptedService) -> None:
    """Slow calls side by side do not hold up a quick one."""
    from concurrent.futures import ThreadPoolExecutor

    with ThreadPoolExecutor(20) as pool:
        slow = [pool.submit(post, rig, "/slow/0.8", str(uuid.uuid4())) for _ in range(19)]
        time.sleep(0.1)
        began = time.monotonic()
        assert post(rig, "/empty", str(uuid.uuid4())).status == 200
        assert time.monotonic() - began < 0.6
        assert {one.result().status for one in slow} == {200}
