"""The provider's end of a trunk: each request has its own time and its own end, whatever its siblings do."""

from __future__ import annotations

import gc
import json
from typing import NamedTuple

import pytest
from tests.doubles.exchange_country import HANOI, nodes, provider_context, signer_of
from tests.doubles.plane import Services, memory_plane
from tests.doubles.playbook import message_part, request
from tests.doubles.transport import Transport
from tests.doubles.turns import Turns

from lienthong.adapters.http.answer import HttpAnswer
from lienthong.adapters.trunk import TrunkConnection
from lienthong.domain.errors import Unavailable
from lienthong.evidence.batch import batch_of
from lienthong.evidence.digest import request_digests
from lienthong.node.use_cases.streams.provide import StreamingProviderRun
from lienthong.node.use_cases.trunk.batching import AHEAD, QUIET_TURNS
from lienthong.node.use_cases.trunk.leaving import frame_signature
from lienthong.node.use_cases.trunk.served import ServedTrunks
from lienthong.node.use_cases.trunk.serving import UNREAD_MAX, ServingTrunk
from lienthong.wire import trunk
from lienthong.wire.message import parse_response_part
from lienthong.wire.trunk_reader import Role, TrunkReader

NOT_PASSED_ON = "DeadlineExceeded"
PASSED_ON = "ServiceFailed.DeadlineExceeded"


class Sizes(NamedTuple):
    body_max: int = 10**6
    masked_body_max: int = 10**5


class Desk:
    """A trunk that Hà Nội's node opened, with a memory ledger and services that answer when the test says so."""

    def __init__(self, bounds: trunk.Bounds | None = None) -> None:
        self.loop, self.services, self.transport = Turns(), Services(), Transport()
        self.said: list[trunk.Frame] = []
        self.plane, self.ledger = memory_plane()
        context = provider_context()
        served = ServedTrunks(
            self.plane.signatures,
            self.ledger,
            ids=self.plane.ids,
            bounds=bounds or trunk.Bounds(),
            log=self.plane.log,
            loop=self.loop,
        )
        self.sweep = served.sweep
        self.connection: TrunkConnection = served.accept(
            lambda: nodes()[HANOI],
            lambda waits: StreamingProviderRun(
                self.plane,
                context,
                self.services,
                waits,
                sizes=Sizes(),  # type: ignore[arg-type]
            ),
        )
        self.connection.connection_made(self.transport)
        self.reader = TrunkReader(Role.OPENER, trunk.Bounds())
        self.hear(trunk.hello_frame(trunk.Bounds()))
        self.answers()

    def hear(self, data: bytes) -> None:
        self.connection.data_received(data)

    def ask(self, *remaining_ms: int, ahead: int = 0, signed: slice = slice(None)) -> None:
        """Requests in one frame, numbered from 1, with these remaining times; `ahead`: so many go ahead of it.

        `signed`: those over which the signature is.
        """
        parts = [message_part(request(request_id=f"r-{number}")) for number in range(len(remaining_ms))]
        batch = batch_of([request_digests(part, b"{}") for part in parts][signed])
        signature = frame_signature(signer_of(HANOI).sign(batch.root))
        requests = [
            trunk.TrunkRequest(number, left, part, b"{}")
            for number, (part, left) in enumerate(zip(parts, remaining_ms, strict=True), 1)
        ]
        for request_ahead in requests[:ahead]:
            self.hear(trunk.requests_ahead([request_ahead]))
        assert self.services.calls == []
        self.hear(trunk.requests_frame(signature, requests[ahead:]))

    def pass_time(self, seconds: float) -> None:
        self.loop.time.now += seconds
        self.sweep()

    def answers(self) -> dict[int, str | None]:
        """What came since the last time, all recorded: codes of refusals by number, None for an answer."""
        for _ in range(QUIET_TURNS + 3):
            self.loop.turn()
            self.ledger.commit()
        self.reader.feed(self.transport.taken())
        found: dict[int, str | None] = {}
        while (frame := self.reader.next_frame()) is not None:
            self.said.append(frame)
            if isinstance(frame, trunk.Answers | trunk.AnswersAhead):
                for one in frame.messages:
                    assert isinstance(one, trunk.TrunkAnswer)
                    fault = parse_response_part(one.header_part).fault
                    found[one.number] = None if fault is None else fault.removeprefix("Server.ServerProxy.")
            elif isinstance(frame, trunk.TrunkFault):
                found[frame.number] = json.loads(frame.document)["type"].removeprefix("Server.ServerProxy.")
            else:
                assert isinstance(frame, trunk.Hello)
        return found

    def outcomes(self) -> list[tuple[str, str]]:
        """Kinds and outcomes of the records, in order."""
        return [(one.kind.value, one.outcome) for one in self.ledger.records]


def answer() -> HttpAnswer:
    made = HttpAnswer()
    made.status, made.reason, made.body = 200, b"OK", b"{}"
    return made


@pytest.fixture
def desk() -> Desk:
    return Desk()


def test_a_slow_service_ends_its_own_request_only(desk: Desk) -> None:
    desk.ask(1000, 5000, 1000)
    assert desk.answers() == {}
    slow, sibling, quick = desk.services.calls
    quick.answered(answer())
    assert desk.answers() == {3: None}
    desk.pass_time(1.1)
    assert desk.answers() == {1: PASSED_ON}
    sibling.answered(answer())
    assert desk.answers() == {2: None}
    slow.answered(answer())
    desk.pass_time(10)
    assert desk.answers() == {}, "what comes too late is nobody's"
    assert desk.outcomes() == [
        *[("request", "")] * 3, ("response", ""), ("response", PASSED_ON), ("response", "")
    ]  # fmt: skip
    assert desk.plane.tally.provider.in_flight == 0


def test_an_answer_waits_for_others_only_while_a_service_has_not_answered(desk: Desk) -> None:
    def turns_until_recorded(records: int) -> int:
        for turns in range(1, QUIET_TURNS + 3):
            desk.loop.turn()
            desk.ledger.commit()
            if len(desk.outcomes()) == records:
                return turns
        raise AssertionError("it waits for more than the bound")

    desk.ask(5000, 5000, 5000)
    assert desk.answers() == {}
    first, second, third = desk.services.calls
    first.answered(answer())
    assert turns_until_recorded(4) == QUIET_TURNS + 2, "a turn to see the crowd, and one that is too much"
    assert desk.answers() == {1: None}
    second.answered(answer())
    desk.loop.turn()
    third.answered(answer())
    assert turns_until_recorded(6) == 1, "everybody has answered"
    assert desk.answers() == {2: None, 3: None}


def test_who_is_over_without_an_answer_is_not_waited_for(desk: Desk) -> None:
    desk.ask(1000, 5000)
    assert desk.answers() == {}
    _, quick = desk.services.calls
    desk.pass_time(1.1)
    assert desk.answers() == {1: PASSED_ON}
    quick.answered(answer())
    desk.loop.turn()
    desk.ledger.commit()
    assert len(desk.outcomes()) == 4


def test_exchanges_leave_nothing_to_the_collector(desk: Desk) -> None:
    """What holds itself lives until the collector comes by, which stops every exchange for tens of milliseconds."""
    gc.collect()
    gc.disable()
    try:
        desk.ask(*[5000] * 8)
        assert desk.answers() == {}
        while desk.services.calls:
            desk.services.calls.pop().answered(answer())
        assert len(desk.answers()) == 8
        assert gc.collect() == 0
    finally:
        gc.enable()


def test_what_waits_for_the_service_when_its_time_is_over_is_never_passed_on(desk: Desk) -> None:
    desk.services.busy = True
    desk.ask(1000, 5000)
    desk.ledger.commit()
    assert len(desk.services.waiting) == 2
    desk.pass_time(1.1)
    assert desk.answers() == {1: NOT_PASSED_ON}
    assert len(desk.services.waiting) == 1
    assert desk.outcomes() == [*[("request", "")] * 2, ("response", NOT_PASSED_ON)]


@pytest.mark.parametrize("left_ms", [0, 1000])
def test_what_is_on_record_too_late_is_not_passed_on(desk: Desk, left_ms: int) -> None:
    desk.ask(left_ms)
    desk.pass_time(left_ms / 1000)
    assert desk.answers() == {1: NOT_PASSED_ON}
    assert desk.services.calls == []


def test_what_is_cancelled_before_it_was_begun_is_not_begun(desk: Desk) -> None:
    """One is cancelled while it is written down, one while it waits for the service."""
    desk.services.busy = True
    desk.ask(5000, 5000, 5000)
    desk.hear(trunk.cancel_frame(1))
    desk.ledger.commit()
    assert len(desk.services.waiting) == 2
    desk.hear(trunk.cancel_frame(2))
    assert len(desk.services.waiting) == 1
    assert desk.answers() == {1: NOT_PASSED_ON, 2: NOT_PASSED_ON}
    assert desk.services.calls == []
    assert [kind for kind, _ in desk.outcomes()] == ["request"] * 3 + ["response"] * 2


def test_what_runs_when_it_is_cancelled_has_its_recorded_end(desk: Desk) -> None:
    desk.ask(5000)
    desk.answers()
    (running,) = desk.services.calls
    desk.hear(trunk.cancel_frame(1))
    assert desk.answers() == {}
    running.answered(answer())
    assert desk.answers() == {1: None}
    assert desk.outcomes() == [("request", ""), ("response", "")]
    desk.hear(trunk.cancel_frame(1) + trunk.cancel_frame(99))
    assert desk.answers() == {}
    assert not desk.transport.closed


def test_an_answer_that_is_on_its_way_is_not_taken_back(desk: Desk) -> None:
    desk.ask(1000)
    desk.answers()
    (running,) = desk.services.calls
    running.answered(answer())
    desk.hear(trunk.cancel_frame(1))
    desk.pass_time(2)
    assert desk.answers() == {1: None}


def test_an_opener_that_does_not_read_its_answers_is_broken_off() -> None:
    """When an answer leaves and more waits than may."""
    for unread, aborted in ((UNREAD_MAX, False), (UNREAD_MAX + 1, True)):
        desk = Desk()
        desk.transport.unread = unread
        user = desk.connection.user
        assert isinstance(user, ServingTrunk)
        user._leave(signer_of(HANOI).sign(batch_of([bytes(32)]).root), [trunk.TrunkAnswer(1, b"200\r\n", None)])
        assert desk.transport.aborted is aborted


@pytest.mark.parametrize("ahead", [1, 2, 3])
def test_requests_that_came_ahead_begin_with_their_signature(desk: Desk, ahead: int) -> None:
    desk.ask(5000, 5000, 5000, ahead=ahead)
    desk.answers()
    assert len(desk.services.calls) == 3
    for call in desk.services.calls:
        call.answered(answer())
    assert desk.answers() == {1: None, 2: None, 3: None}


def test_a_signature_that_leaves_out_what_came_ahead_proves_nothing(desk: Desk) -> None:
    desk.ask(5000, 5000, ahead=1, signed=slice(1, None))
    assert set(desk.answers().values()) == {"InvalidSignatureValue"}
    assert desk.services.calls == []
    assert desk.outcomes() == []


def test_requests_that_are_void_are_nobodys(desk: Desk) -> None:
    part = message_part(request(request_id="void"))
    desk.hear(trunk.requests_ahead([trunk.TrunkRequest(1, 5000, part, b"{}")]) + trunk.requests_ahead([]))
    signature = frame_signature(signer_of(HANOI).sign(batch_of([request_digests(part, b"{}")]).root))
    desk.hear(trunk.requests_frame(signature, [trunk.TrunkRequest(2, 5000, part, b"{}")]))
    desk.answers()
    (call,) = desk.services.calls
    call.answered(answer())
    assert desk.answers() == {2: None}


def test_what_came_ahead_counts_as_in_flight() -> None:
    desk = Desk(trunk.Bounds(in_flight=3))
    desk.ask(5000, 5000)
    desk.answers()
    desk.hear(trunk.requests_ahead([trunk.TrunkRequest(3, 1, b"GET\r\n", None)]))
    assert not desk.transport.closed
    desk.hear(trunk.requests_ahead([trunk.TrunkRequest(4, 1, b"GET\r\n", None)]))
    assert desk.transport.closed


def test_answers_go_ahead_to_who_sends_requests_ahead() -> None:
    for asked_ahead, frames in ((0, [trunk.Answers]), (1, [trunk.AnswersAhead, trunk.Answers])):
        desk = Desk()
        desk.ask(*[5000] * (AHEAD + 1), ahead=asked_ahead)
        desk.answers()
        desk.said.clear()
        for call in desk.services.calls:
            call.answered(answer())
        assert desk.answers() == dict.fromkeys(range(1, AHEAD + 2))
        assert [type(frame) for frame in desk.said] == frames


def test_answers_that_went_ahead_and_cannot_be_recorded_are_void_before_anything_is_signed(desk: Desk) -> None:
    desk.ask(*[5000] * (AHEAD + 1), ahead=1)
    desk.answers()
    desk.said.clear()
    for call in desk.services.calls:
        call.answered(answer())
    for _ in range(2):
        desk.loop.turn()
    desk.ledger.commit(Unavailable("LoggingFailed", "the disk is full"))
    assert set(desk.answers().values()) == {"LoggingFailed"}
    kinds = [type(frame) for frame in desk.said]
    assert kinds == [trunk.AnswersAhead, *[trunk.TrunkFault] * (AHEAD + 1), trunk.AnswersAhead]
    assert desk.said[-1] == trunk.AnswersAhead(())
