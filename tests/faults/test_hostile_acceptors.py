"""A provider's node that lies over its trunk: its lie is never taken for an answer, who waits is told with a code in
bounded time, and the consumer's node goes on.
"""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor

import pytest
from tests.doubles.lying_node import OLD_MS
from tests.doubles.lying_trunk import LyingTrunk
from tests.doubles.plain_client import CLIENT, Answer, call
from tests.doubles.rig import BOTH, SERVICE, Rig
from tests.faults.conftest import LIMITS, in_flight

from lienthong.wire import trunk

ANSWER_S = 4
"""`peer_answer_s` of `LIMITS`."""
Requests = Sequence[trunk.TrunkRequest]


@pytest.fixture(scope="module")
def rig(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rig]:
    rig = Rig(tmp_path_factory.mktemp("acceptor"), "http://127.0.0.1:1", extra_settings=LIMITS, trunks=BOTH)
    rig.consumer.start()
    yield rig
    rig.stop()


@pytest.fixture(scope="module")
def running(rig: Rig) -> Iterator[LyingTrunk]:
    with LyingTrunk(rig) as found:
        yield found


@pytest.fixture
def liar(rig: Rig, running: LyingTrunk) -> Iterator[LyingTrunk]:
    """With a trunk that is up; afterwards the consumer's node is sound."""
    running.lie, running.node.lie, running.takes_up, running.node.signer = None, "", True, rig.keys["provider"]
    end = time.monotonic() + 20
    while len(running.ended) == running.up:
        assert time.monotonic() < end, "no trunk came up"
        ask(rig)
        time.sleep(0.05)
    yield running
    running.lie, running.node.lie, running.node.signer = None, "", rig.keys["provider"]
    assert rig.consumer.healthy()
    while in_flight(rig.consumer):
        assert time.monotonic() < end + 2 * ANSWER_S
        time.sleep(0.05)
    assert ask(rig).status == 200


def ask(rig: Rig) -> Answer:
    headers = {**CLIENT, "X-Road-Id": str(uuid.uuid4())}
    return call(rig.consumer.front, f"/r1/{SERVICE}/x", method="POST", headers=headers, body=b"{}")


BREAKING: dict[str, Callable[[LyingTrunk, Requests], bytes]] = {
    "a frame of 4 GB": lambda _liar, _asked: b"\xff\xff\xff\xff\x03",
    "a kind that is not known": lambda _liar, _asked: b"\0\0\0\2\x63x",
    "HELLO again": lambda _liar, _asked: trunk.hello_frame(trunk.Bounds()),
    "requests": lambda _liar, asked: trunk.requests_frame(trunk.FrameSignature(bytes(32), 1, b"v"), asked),
    "CANCEL": lambda _liar, asked: trunk.cancel_frame(asked[0].number),
    "a fault for nothing": lambda _liar, _asked: trunk.fault_frame(2**32 - 1, 503, b""),
    "a fault that is none": lambda _liar, asked: trunk.fault_frame(asked[0].number, 200, b""),
    "an answer to nothing": lambda liar, asked: liar.truth([one_numbered(asked[0], 2**31)]),
    "one answer twice in a frame": lambda liar, asked: liar.truth([asked[0], asked[0]]),
    "an answer ahead to nothing": lambda liar, asked: liar.ahead([one_numbered(asked[0], 2**31)]),
    "one answer twice, ahead and signed": lambda liar, asked: liar.ahead(asked[:1]) + liar.truth(asked),
    "an answer cut short": lambda liar, asked: cut(liar.truth(asked)),
    "BYE for a broken trunk": lambda _liar, _asked: trunk.bye_frame(trunk.Reason.BROKEN),
    "HTTP": lambda _liar, _asked: b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n",
}


def one_numbered(request: trunk.TrunkRequest, number: int) -> trunk.TrunkRequest:
    return trunk.TrunkRequest(number, request.remaining_ms, request.header_part, request.body)


def cut(frame: bytes) -> bytes:
    """One byte shorter, and it says so."""
    return (len(frame) - 5).to_bytes(4, "big") + frame[4:-1]


@pytest.mark.parametrize("lie", BREAKING)
def test_a_lie_ends_the_trunk_and_nobody_knows_what_was_executed(rig: Rig, liar: LyingTrunk, lie: str) -> None:
    ended = len(liar.ended)
    liar.lie = lambda asked: BREAKING[lie](liar, asked)
    began = time.monotonic()
    answer = ask(rig)
    assert (answer.status, answer.error) == (500, "Server.ClientProxy.OutcomeUnknown")
    assert time.monotonic() - began < ANSWER_S
    while len(liar.ended) == ended:
        assert time.monotonic() - began < ANSWER_S
        time.sleep(0.01)
    assert liar.ended[-1] == trunk.Reason.BROKEN


FALSE = {
    "another request": "InvalidSignatureValue",
    "body after signing": "InvalidSignatureValue",
    "hash": "InconsistentResponse",
    "client": "InconsistentResponse",
    "service": "InconsistentResponse",
    "message id": "InconsistentResponse",
    "request id": "InconsistentResponse",
}


@pytest.mark.parametrize("lie", FALSE)
def test_a_false_answer_is_not_believed_and_the_trunk_stays(rig: Rig, liar: LyingTrunk, lie: str) -> None:
    ended, liar.node.lie = len(liar.ended), lie
    answer = ask(rig)
    assert (answer.status, answer.error) == (500, f"Server.ClientProxy.{FALSE[lie]}")
    liar.node.lie = ""
    assert ask(rig).status == 200
    assert len(liar.ended) == ended


def test_an_answer_ahead_that_its_signature_leaves_out(rig: Rig, liar: LyingTrunk) -> None:
    liar.lie = lambda asked: liar.ahead(asked[:1]) + liar.frame([], [liar.response(one) for one in asked] * 2)
    assert ask(rig).error == "Server.ClientProxy.InvalidSignatureValue"


def test_an_answer_ahead_with_its_signature(rig: Rig, liar: LyingTrunk) -> None:
    """That it is taken for an answer, so that the tests beside this one show what they say."""
    liar.lie = lambda asked: liar.ahead(asked[:1]) + liar.frame([], [liar.response(asked[0])])
    assert ask(rig).status == 200


@pytest.mark.parametrize("void", [False, True], ids=["never", "void"])
def test_an_answer_ahead_whose_signature_never_comes(rig: Rig, liar: LyingTrunk, void: bool) -> None:
    liar.lie = lambda asked: liar.ahead(asked[:1]) + (trunk.answers_ahead([]) if void else b"")
    began = time.monotonic()
    assert ask(rig).error == "Server.ClientProxy.OutcomeUnknown"
    assert time.monotonic() - began > ANSWER_S / 2
    liar.drop()  # what came ahead would belong to its next signature


def test_an_answer_signed_by_another_member(rig: Rig, liar: LyingTrunk) -> None:
    liar.node.signer = rig.keys["consumer"]
    assert ask(rig).error == "Server.ClientProxy.CertValidation"


def test_an_answer_signed_long_ago(rig: Rig, liar: LyingTrunk) -> None:
    def old(asked: Requests) -> bytes:
        (response,) = [liar.response(one) for one in asked]
        entry = trunk.TrunkAnswer(asked[0].number, response.header_part, response.body)
        return liar.frame([entry], [response], OLD_MS)

    liar.lie = old
    assert ask(rig).error == "Server.ClientProxy.MessageExpired"


def test_answers_that_were_swapped(rig: Rig, liar: LyingTrunk) -> None:
    """Each is genuine, and of the other request."""
    waiting: list[trunk.TrunkRequest] = []

    def swapped(asked: Requests) -> bytes:
        waiting.extend(asked)
        if len(waiting) < 2:
            return b""
        responses = [liar.response(one) for one in waiting[:2]]
        numbers = [waiting[1].number, waiting[0].number]
        entries = [
            trunk.TrunkAnswer(number, one.header_part, one.body)
            for number, one in zip(numbers, responses, strict=True)
        ]
        return liar.frame(entries, responses)

    liar.lie = swapped
    with ThreadPoolExecutor(2) as pool:
        answers = list(pool.map(lambda _: ask(rig), range(2)))
    codes = {"Server.ClientProxy.InvalidSignatureValue", "Server.ClientProxy.InconsistentResponse"}
    assert {answer.error for answer in answers} <= codes


def test_one_answer_twice_in_two_frames(rig: Rig, liar: LyingTrunk) -> None:
    """The first is believed; the second is for nothing, and ends the trunk."""
    liar.lie = lambda asked: liar.truth(asked) * 2
    ended = len(liar.ended)
    assert ask(rig).status == 200
    end = time.monotonic() + ANSWER_S
    while len(liar.ended) == ended:
        assert time.monotonic() < end
        time.sleep(0.01)
    assert liar.ended[-1] == trunk.Reason.BROKEN


@pytest.mark.parametrize("said", [b"", b"\0\0\xff\0\x03", trunk.ping_frame(bytes(8)) * 100])
def test_one_that_never_answers_is_waited_for_in_bounds(rig: Rig, liar: LyingTrunk, said: bytes) -> None:
    """Silence, a frame that never ends, questions in place of an answer."""
    liar.lie = lambda _asked: said
    began = time.monotonic()
    answer = ask(rig)
    assert answer.error == "Server.ClientProxy.OutcomeUnknown"
    assert ANSWER_S - 1 < time.monotonic() - began < ANSWER_S + 3
    liar.drop()


def test_a_fault_with_nonsense_in_it(rig: Rig, liar: LyingTrunk) -> None:
    liar.lie = lambda asked: b"".join(trunk.fault_frame(one.number, 503, b"\xff{" * 2000) for one in asked)
    assert ask(rig).error == "Server.ClientProxy.OutcomeUnknown"


def test_an_answer_that_is_said_to_wait_and_does_not(rig: Rig, liar: LyingTrunk) -> None:
    """The token leads nowhere, or is none that a request could carry."""
    for token in (b"khong-co", b"a\r\nX: y", b"", b"x" * 4000):
        liar.lie = lambda asked, token=token: b"".join(trunk.fault_frame(one.number, 303, token) for one in asked)
        began = time.monotonic()
        assert ask(rig).error == "Server.ClientProxy.OutcomeUnknown"
        assert time.monotonic() - began < ANSWER_S - 1
    assert liar.fetched == [b"GET /exchange/khong-co"]


def test_one_that_takes_up_no_trunk_is_spoken_to_as_before(rig: Rig, liar: LyingTrunk) -> None:
    liar.lie = lambda _asked: b"\xff\xff\xff\xff\x03"
    assert ask(rig).error == "Server.ClientProxy.OutcomeUnknown"
    liar.takes_up, up = False, liar.up
    for _ in range(20):
        assert ask(rig).status == 200
        time.sleep(0.1)
    assert liar.up == up
