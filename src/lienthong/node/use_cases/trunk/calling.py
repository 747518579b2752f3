"""The consumer's end of a trunk: requests go out in batches, answers come back in any order, each has a deadline."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Protocol

from lienthong.adapters.trunk import TrunkConnection
from lienthong.domain.errors import LienthongError, Malformed, Unavailable
from lienthong.evidence.digest import Draft
from lienthong.evidence.signature import Signature
from lienthong.exchange.effects import Send, Sign
from lienthong.node.use_cases.boundary import tell, tell_one
from lienthong.node.use_cases.plane import Ledger
from lienthong.node.use_cases.signatures import Signatures
from lienthong.node.use_cases.trunk.ahead import Ahead
from lienthong.node.use_cases.trunk.arrived import Arrived, ArrivedAnswers, ArrivedBatch
from lienthong.node.use_cases.trunk.batching import Batching, Joined
from lienthong.node.use_cases.trunk.leaving import LeavingBatch, frame_signature
from lienthong.wire.node_message import node_fault
from lienthong.wire.trunk import (
    ELSEWHERE,
    NUMBER_MAX,
    Answers,
    AnswersAhead,
    Frame,
    TrunkAnswer,
    TrunkFault,
    TrunkLeaf,
    TrunkRequest,
    cancel_frame,
    requests_ahead,
    requests_frame,
)

BURST = 4
"""So many requests at once, with nothing in flight, are the beginning of more."""
WAY_BACK_S = 1.0
"""So much less than is waited here the other node is told: what it says at the end of the time still arrives."""


class TrunkCaller(Protocol):
    """Who waits for one answer: exactly one of these is called."""

    def answered_in_batch(self, arrived: Arrived) -> None:
        """The other node answered with a message."""

    def answer_waits(self, token: bytes) -> None:
        """It is too large for the trunk, and waits to be got over HTTP."""

    def failed(self, error: LienthongError) -> None:
        """There will be no answer."""


class _InFlight:
    """One request on its way. Without a caller nobody waits any more, but its answer may still come."""

    __slots__ = ("batch", "caller", "deadline", "leaf")

    def __init__(self, caller: TrunkCaller, batch: LeavingBatch[TrunkRequest], index: int, deadline: float) -> None:
        self.caller: TrunkCaller | None = caller
        self.batch = batch
        self.leaf = batch.leaves[index]
        self.deadline = deadline


class CallingTrunk:
    """The user of a connection that this side opened. `over` is told when it ended."""

    __slots__ = (
        "_answer_s", "_arrived", "_batching", "_clock", "_connection", "_in_flight", "_ledger", "_loop", "_lost",
        "_number", "_over", "_remaining_ms", "_size_max", "_verifier", "was_ready",
    )  # fmt: skip

    def __init__(
        self,
        connection: TrunkConnection,
        *,
        loop: Any,
        signatures: Signatures,
        ledger: Ledger,
        answer_s: float,
        over: Callable[[LienthongError], None],
    ) -> None:
        self._connection = connection
        self._loop = loop
        self._batching: Batching[TrunkRequest] = Batching(
            loop,
            signatures.signing,
            ledger,
            self._leave,
            Ahead(self._made, self._may_go_ahead, self._go_ahead),
            in_flight=self._count,
            expects=self._expects,
            later=True,
        )
        self._verifier = signatures.verifier
        self._ledger = ledger
        self._answer_s = answer_s
        self._remaining_ms = int(1000 * max(answer_s - WAY_BACK_S, answer_s / 2))
        self._clock: Callable[[], float] = loop.time
        self._over = over
        self._in_flight: dict[int, _InFlight] = {}
        self._arrived = ArrivedAnswers()
        self._number = 0
        self._size_max = 0
        self._lost = False
        self.was_ready = False

    @property
    def usable(self) -> bool:
        """Whether a request may take this way now."""
        connection = self._connection
        if connection.draining or not connection.ready or connection.flow.full or self._number >= NUMBER_MAX:
            return False
        return len(self._in_flight) + self._batching.waiting < connection.bounds.in_flight

    def _count(self) -> int:
        return len(self._in_flight)

    def _expects(self, waiting: int) -> bool:
        """Whether systems are likely to ask more in this moment: those that were answered ask again."""
        return waiting >= BURST or bool(self._in_flight)

    @property
    def idle(self) -> bool:
        """Nothing in flight."""
        return not self._in_flight

    # ---- what a run asks for
    def takes(self, size: int) -> bool:
        """Whether a message of so many bytes fits into a frame of both sides."""
        return size <= self._size_max

    def sign(self, effect: Sign, joined: Joined[TrunkRequest]) -> None:
        """Sign in a batch of this trunk."""
        self._batching.add(effect, joined)

    def send(self, effect: Send, batch: LeavingBatch[TrunkRequest], index: int, caller: TrunkCaller) -> None:
        """Put a request to the others of its batch."""
        if self._lost:
            batch.drop(index)
            # Not at once: the end of an exchange stands behind its request in the ledger, and that is written below.
            lost = Unavailable("NetworkError", "the trunk ended before the request went out")
            self._loop.call_soon(tell_one, self._loop, caller.failed, lost)
            return
        message = batch.gone(index) or self._numbered(effect.header_part, effect.body)
        self._in_flight[message.number] = _InFlight(caller, batch, index, self._clock() + self._answer_s)
        batch.put(index, message)

    def _numbered(self, header_part: bytes, body: bytes | None) -> TrunkRequest:
        number = self._number = self._number + 1
        return TrunkRequest(number, self._remaining_ms, header_part, body)

    def _made(self, draft: Draft, _number: int) -> TrunkRequest:
        return self._numbered(draft.header_part, draft.body)

    def _may_go_ahead(self) -> bool:
        return not self._connection.flow.full

    def _go_ahead(self, messages: list[TrunkRequest]) -> None:
        self._connection.write(requests_ahead(messages))

    def _leave(self, signature: Signature, entries: list[TrunkRequest | TrunkLeaf]) -> None:
        self._connection.write(requests_frame(frame_signature(signature), entries))

    # ---- user of the connection
    def ready(self) -> None:
        """Requests may go out."""
        self.was_ready = True
        bounds = self._connection.bounds
        self._size_max = bounds.room(1)
        self._batching.bound(bounds)
        self._connection.write(requests_ahead([]))  # the other side may send answers ahead, too

    def frame(self, frame: Frame) -> None:
        """Answers, or an error for one request; raises Malformed InvalidMessage for what was not asked."""
        if isinstance(frame, Answers):
            self._answers(frame)
        elif isinstance(frame, AnswersAhead):
            if frame.messages:
                self._come(frame.messages)
            else:
                self._arrived = ArrivedAnswers()
        elif isinstance(frame, TrunkFault):
            caller = self._asked(frame.number).caller
            if caller is not None and frame.status == ELSEWHERE:
                tell_one(self._loop, caller.answer_waits, frame.document)
            elif caller is not None:
                tell_one(self._loop, caller.failed, node_fault(frame.status, frame.document))
        else:
            raise Malformed("InvalidMessage", "a frame of the trunk is out of place")

    def _come(self, messages: Sequence[TrunkAnswer | TrunkLeaf]) -> None:
        """Answers of a frame: with its signature, or ahead of it."""
        asked: list[bytes] = []
        for one in messages:
            if not isinstance(one, TrunkLeaf):
                waits = self._in_flight.get(one.number)
                if waits is None:
                    raise _not_asked(one.number)
                asked.append(waits.leaf)
        self._arrived.add(messages, asked)

    def _answers(self, frame: Answers) -> None:
        self._come(frame.messages)
        arrived, self._arrived = self._arrived, ArrivedAnswers()
        for message in arrived.messages:
            waits = self._in_flight.get(message.number) if not isinstance(message, TrunkLeaf) else None
            if waits is not None:
                self._batching.came_back(waits.batch)
        batch = ArrivedBatch(frame.signature, arrived.known, self._verifier, ledger=self._ledger, loop=self._loop)
        for index, message in enumerate(arrived.messages):
            if isinstance(message, TrunkLeaf):
                continue
            # Not any more: it came ahead, and a FAULT told since that it does not count.
            waits = self._in_flight.pop(message.number, None)
            if waits is not None and waits.caller is not None:
                told = Arrived(message.header_part, message.body, batch, index)
                tell(self._loop, waits.caller.answered_in_batch, told)
        batch.recording.flush()

    def _asked(self, number: int) -> _InFlight:
        one = self._in_flight.pop(number, None)
        if one is None:
            raise _not_asked(number)
        self._batching.over(one.batch)
        return one

    def closing(self) -> None:
        """The other side takes nothing more."""
        self.drain()

    def ended(self, error: LienthongError) -> None:
        """What was in flight may have been executed, whatever ended the trunk."""
        self._lost = True
        in_flight, self._in_flight = self._in_flight, {}
        lost = Unavailable("HttpError", f"the trunk ended before the answer came ({error.code})")
        for one in in_flight.values():
            if one.caller is not None:
                tell_one(self._loop, one.caller.failed, lost)
        self._over(error)

    # ---- who sweeps
    def sweep(self) -> None:
        """End calls past their deadline, and the connection past its own."""
        now = self._clock()
        for number, one in list(self._in_flight.items()):
            if one.deadline >= now:
                break
            if one.caller is not None:
                caller, one.caller = one.caller, None
                self._connection.doubt(one.deadline - self._answer_s)
                self._connection.write(cancel_frame(number))
                late = Unavailable("DeadlineExceeded", "the other node did not answer in time")
                tell_one(self._loop, caller.failed, late)
        self._connection.sweep()
        if self._connection.draining and not self._in_flight:
            self._connection.close()

    def drain(self) -> None:
        """Begin nothing new; what was to be signed in this turn still goes out."""
        self._batching.flush()
        self._connection.say_bye()

    def abort(self) -> None:
        """Break off."""
        self._connection.abort()


def _not_asked(number: int) -> Malformed:
    return Malformed("InvalidMessage", f"an answer to request {number}, which does not wait for one")
