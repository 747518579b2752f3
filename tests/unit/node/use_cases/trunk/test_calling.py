"""The consumer's end of a trunk: everybody who waits is told once, whatever the other node does."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any

import pytest
from tests.doubles.exchange_country import HANOI, nodes
from tests.doubles.plane import memory_plane
from tests.doubles.transport import Transport

from lienthong.adapters.trunk import TrunkConnection
from lienthong.domain.errors import LienthongError
from lienthong.evidence.digest import Draft, request_digests
from lienthong.evidence.signature import ECDSA_P256_SHA256, Signature
from lienthong.exchange.effects import Send, Sign
from lienthong.node.use_cases.trunk.batching import AHEAD
from lienthong.node.use_cases.trunk.calling import CallingTrunk
from lienthong.node.use_cases.trunk.leaving import LeavingBatch
from lienthong.node.use_cases.trunk.recording import Recording
from lienthong.wire import trunk
from lienthong.wire.trunk_reader import Role, TrunkReader

SIGNATURE = Signature(ECDSA_P256_SHA256, bytes(32), 1, b"v")
IN_FRAME = trunk.FrameSignature(bytes(32), 1, b"v")


class Caller:
    """Who waits, and what it was told."""

    def __init__(self) -> None:
        self.told: list[Any] = []

    def answered_in_batch(self, arrived: Any) -> None:
        self.told.append((arrived.header_part, arrived.body))

    def answer_waits(self, token: bytes) -> None:
        self.told.append(token)

    def failed(self, error: LienthongError) -> None:
        self.told.append(error.code)


class Desk:
    """A trunk that is up, its transport in memory."""

    def __init__(self, loop: asyncio.AbstractEventLoop, answer_s: float = 10) -> None:
        self.transport = Transport()
        self.over: list[LienthongError] = []
        opening = trunk.upgrade_request(b"nut")
        self.connection = TrunkConnection(Role.OPENER, trunk.Bounds(), clock=loop.time, opening=opening)
        self.connection.connection_made(self.transport)
        plane, self.ledger = memory_plane()
        self._loop = loop
        self.trunk = CallingTrunk(
            self.connection,
            loop=loop,
            signatures=plane.signatures,
            ledger=plane.ledger,
            answer_s=answer_s,
            over=self.over.append,
        )
        self.connection.take_up(self.trunk)
        assert not self.trunk.usable
        self.hear(trunk.UPGRADE_ANSWER + trunk.hello_frame(trunk.Bounds(in_flight=3)))
        assert self.trunk.usable

    def hear(self, data: bytes) -> None:
        self.connection.data_received(data)

    def ask(self, count: int = 2) -> list[Caller]:
        """So many requests in one batch, numbered from 1."""
        callers = [Caller() for _ in range(count)]
        sent: list[Any] = []
        leaves = [bytes([index]) * 32 for index in range(count)]
        recording = Recording(self.ledger, self._loop, SIGNATURE, leaves)
        batch: LeavingBatch[trunk.TrunkRequest] = LeavingBatch(
            SIGNATURE, leaves, lambda *given: sent.append(given), recording
        )
        for index, caller in enumerate(callers):
            self.trunk.send(Send(next(iter(nodes().values())), b"part", None, SIGNATURE), batch, index, caller)
        assert [[entry.number for entry in entries] for _, entries, _ in sent] == [list(range(1, count + 1))]
        return callers

    def sign(self, *, draft: bool = False) -> Caller:
        """A request that is signed with the others of this turn, then sent; as a `draft` it may go ahead."""
        caller = Caller()

        def joined(batch: Any, index: int, signed: Any) -> None:
            send = Send(next(iter(nodes().values())), b"part", None, signed.signature)
            self.trunk.send(send, batch, index, caller)

        message = Draft(b"part", None) if draft else request_digests(b"part", None)
        self.trunk.sign(Sign(message, HANOI, 4), joined)
        return caller

    def frames(self) -> list[trunk.Frame]:
        """What the other node reads of all that was written after the upgrade."""
        reader, found = TrunkReader(Role.ACCEPTOR, trunk.Bounds()), []
        reader.feed(self.transport.written.partition(b"\r\n\r\n")[2])
        while (frame := reader.next_frame()) is not None:
            found.append(frame)
        return found


@pytest.fixture
def loop() -> Iterator[asyncio.AbstractEventLoop]:
    made = asyncio.new_event_loop()
    yield made
    made.close()


@pytest.mark.parametrize(("answer_s", "told_ms"), [(60, 59_000), (2, 1000), (1, 500)])
def test_the_other_node_is_told_less_than_is_waited_here(
    loop: asyncio.AbstractEventLoop, answer_s: float, told_ms: int
) -> None:
    desk, left = Desk(loop, answer_s), list[Any]()
    batch: LeavingBatch[trunk.TrunkRequest]
    recording = Recording(desk.ledger, loop, SIGNATURE, [bytes(32)])
    batch = LeavingBatch(SIGNATURE, [bytes(32)], lambda _, entries, travels: left.extend(entries), recording)
    desk.trunk.send(Send(next(iter(nodes().values())), b"part", None, SIGNATURE), batch, 0, Caller())
    assert [entry.remaining_ms for entry in left] == [told_ms]


def test_answers_come_in_any_order(loop: asyncio.AbstractEventLoop) -> None:
    desk = Desk(loop)
    first, second = desk.ask()
    desk.hear(trunk.answers_frame(IN_FRAME, [trunk.TrunkAnswer(2, b"b", None), trunk.TrunkLeaf(bytes(32))]))
    assert (first.told, second.told) == ([], [(b"b", None)])
    desk.hear(trunk.fault_frame(1, trunk.ELSEWHERE, b"token"))
    assert first.told == [b"token"]
    assert desk.trunk.idle


@pytest.mark.parametrize(
    "lie",
    [
        b"\0\0\0\1\x63",
        trunk.answers_frame(IN_FRAME, [trunk.TrunkAnswer(99, b"b", None)]),
        trunk.fault_frame(99, 400, b""),
        trunk.requests_frame(IN_FRAME, [trunk.TrunkRequest(1, 1, b"b", None)]),
    ],
    ids=["no frame", "an answer to nothing", "an error for nothing", "a request"],
)
def test_after_a_lie_nobody_knows_what_was_executed(loop: asyncio.AbstractEventLoop, lie: bytes) -> None:
    desk = Desk(loop)
    callers = desk.ask()
    desk.hear(lie)
    assert [caller.told for caller in callers] == [["HttpError"]] * 2
    assert [error.code for error in desk.over] == ["InvalidMessage"]
    assert desk.transport.written.endswith(trunk.bye_frame(trunk.Reason.BROKEN))
    desk.connection.connection_lost(None)
    assert len(desk.over) == 1
    assert not desk.trunk.usable


def test_who_waited_too_long_is_told_and_a_late_answer_does_no_harm(loop: asyncio.AbstractEventLoop) -> None:
    desk = Desk(loop, answer_s=-1)
    first, second = desk.ask()
    desk.trunk.sweep()
    assert first.told == second.told == ["DeadlineExceeded"]
    *_, first_word, second_word = desk.frames()
    assert (first_word, second_word) == (trunk.Cancel(1), trunk.Cancel(2))
    desk.hear(trunk.answers_frame(IN_FRAME, [trunk.TrunkAnswer(1, b"a", None), trunk.TrunkAnswer(2, b"b", None)]))
    assert first.told == second.told == ["DeadlineExceeded"]
    assert desk.trunk.usable


def test_a_deadline_that_passes_without_a_byte_is_reason_to_ask(loop: asyncio.AbstractEventLoop) -> None:
    desk = Desk(loop, answer_s=0)
    (caller,) = desk.ask(1)
    desk.connection._heard_at = loop.time() - 1
    desk.trunk.sweep()
    assert caller.told == ["DeadlineExceeded"]
    *_, asked, cancelled = desk.frames()
    assert (asked, cancelled) == (trunk.Ping(b"are you?"), trunk.Cancel(1))
    assert not desk.transport.aborted


def test_no_more_are_in_flight_than_was_agreed_and_none_after_bye(loop: asyncio.AbstractEventLoop) -> None:
    desk = Desk(loop)
    desk.ask(3)
    assert not desk.trunk.usable
    desk.hear(b"".join(trunk.fault_frame(number, 503, b"") for number in (1, 2, 3)))
    assert desk.trunk.usable
    desk.hear(trunk.bye_frame(trunk.Reason.DRAIN))
    assert not desk.trunk.usable
    assert desk.transport.written.endswith(trunk.bye_frame(trunk.Reason.DRAIN))


@pytest.mark.parametrize("who", ["this node", "the other node"])
def test_what_is_being_signed_goes_out_before_bye(loop: asyncio.AbstractEventLoop, who: str) -> None:
    desk = Desk(loop)
    callers = [desk.sign(), desk.sign()]
    if who == "this node":
        desk.trunk.drain()
    else:
        desk.hear(trunk.bye_frame(trunk.Reason.DRAIN))
    _, _, requests, bye = desk.frames()
    assert isinstance(requests, trunk.Requests)
    assert len(requests.messages) == 2
    assert bye == trunk.Bye(trunk.Reason.DRAIN)
    desk.hear(trunk.fault_frame(1, 503, b"") + trunk.fault_frame(2, 503, b""))
    assert [len(caller.told) for caller in callers] == [1, 1]
    desk.trunk.sweep()
    assert desk.transport.closed


def test_what_is_being_signed_when_the_trunk_ends_did_not_go_out(loop: asyncio.AbstractEventLoop) -> None:
    desk = Desk(loop)
    caller = desk.sign()
    desk.connection.connection_lost(None)
    desk.trunk.drain()
    assert caller.told == [], "before its own record is handed over"
    loop.call_soon(loop.stop)
    loop.run_forever()
    assert caller.told == ["NetworkError"]


def test_a_request_waits_a_turn_for_others_only_where_more_can_be_expected(loop: asyncio.AbstractEventLoop) -> None:
    """Alone it goes at the end of its turn; with one in flight, in the next turn, as that brought no other."""
    desk = Desk(loop)

    def sent() -> int:
        loop.call_soon(loop.stop)
        loop.run_forever()  # one turn
        return len([frame for frame in desk.frames() if isinstance(frame, trunk.Requests)])

    desk.sign()
    assert sent() == 1
    desk.sign()
    assert [sent(), sent()] == [1, 2]


def test_what_is_being_signed_counts_as_in_flight(loop: asyncio.AbstractEventLoop) -> None:
    desk = Desk(loop)
    desk.ask(2)
    desk.sign()
    assert not desk.trunk.usable


def test_the_other_side_is_told_that_answers_may_come_ahead(loop: asyncio.AbstractEventLoop) -> None:
    assert [type(frame) for frame in Desk(loop).frames()] == [trunk.Hello, trunk.RequestsAhead]


def test_answers_that_came_ahead_count_with_their_signature(loop: asyncio.AbstractEventLoop) -> None:
    desk = Desk(loop)
    first, second, third = desk.ask(3)
    desk.hear(trunk.answers_ahead([trunk.TrunkAnswer(2, b"b", None)]))
    desk.hear(trunk.answers_ahead([trunk.TrunkAnswer(3, b"c", b"body")]))
    assert [one.told for one in (first, second, third)] == [[], [], []]
    desk.hear(trunk.answers_frame(IN_FRAME, [trunk.TrunkAnswer(1, b"a", None)]))
    assert [one.told for one in (first, second, third)] == [[(b"a", None)], [(b"b", None)], [(b"c", b"body")]]
    assert desk.trunk.idle


def test_a_fault_for_an_answer_that_came_ahead_makes_it_void(loop: asyncio.AbstractEventLoop) -> None:
    desk = Desk(loop)
    first, second = desk.ask()
    desk.hear(trunk.answers_ahead([trunk.TrunkAnswer(1, b"a", None), trunk.TrunkAnswer(2, b"b", None)]))
    desk.hear(trunk.fault_frame(1, 503, b""))
    desk.hear(trunk.answers_frame(IN_FRAME, []))
    assert len(first.told) == 1 and isinstance(first.told[0], str)
    assert second.told == [(b"b", None)]


def test_answers_that_are_void_may_come_again(loop: asyncio.AbstractEventLoop) -> None:
    desk = Desk(loop)
    first, second = desk.ask()
    desk.hear(trunk.answers_ahead([trunk.TrunkAnswer(1, b"a", None)]) + trunk.answers_ahead([]))
    desk.hear(trunk.answers_frame(IN_FRAME, [trunk.TrunkAnswer(2, b"b", None)]))
    assert (first.told, second.told) == ([], [(b"b", None)])
    desk.hear(trunk.answers_frame(IN_FRAME, [trunk.TrunkAnswer(1, b"c", None)]))
    assert first.told == [(b"c", None)]


def test_who_waited_too_long_is_not_told_of_an_answer_that_came_ahead(loop: asyncio.AbstractEventLoop) -> None:
    desk = Desk(loop, answer_s=-1)
    (caller,) = desk.ask(1)
    desk.hear(trunk.answers_ahead([trunk.TrunkAnswer(1, b"a", None)]))
    desk.trunk.sweep()
    assert caller.told == ["DeadlineExceeded"]
    desk.hear(trunk.answers_frame(IN_FRAME, []))
    assert caller.told == ["DeadlineExceeded"]
    assert not desk.over
    assert desk.trunk.idle


def test_requests_that_went_ahead_keep_their_numbers(loop: asyncio.AbstractEventLoop) -> None:
    desk = Desk(loop)
    callers = [desk.sign(draft=True) for _ in range(AHEAD + 2)]
    desk.trunk.drain()
    frames = [frame for frame in desk.frames() if isinstance(frame, (trunk.RequestsAhead, trunk.Requests))][1:]
    assert [[one.number for one in frame.messages] for frame in frames if isinstance(frame, trunk.RequestsAhead)] == [
        list(range(1, AHEAD + 1))
    ]
    signed = frames[-1]
    assert isinstance(signed, trunk.Requests)
    assert [one.number for one in signed.messages if isinstance(one, trunk.TrunkRequest)] == [AHEAD + 1, AHEAD + 2]
    desk.hear(trunk.answers_frame(IN_FRAME, [trunk.TrunkAnswer(AHEAD, b"a", None)]))
    assert [one.told for one in callers] == [[]] * (AHEAD - 1) + [[(b"a", None)]] + [[]] * 2
