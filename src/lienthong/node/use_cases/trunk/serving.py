"""The provider's end of a trunk: each request of a frame is an exchange of its own, a slow one holds up no other.

An answer that is too large for a frame, or comes in pieces, waits until the other node gets it over HTTP: then it is
told like one of the baseline, and is signed alone.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from typing import Any, Protocol

from lienthong.adapters.http.flow import FlowControl
from lienthong.adapters.trunk import TrunkConnection
from lienthong.domain.errors import LienthongError, Malformed, Unavailable
from lienthong.domain.identifiers import NodeId
from lienthong.domain.network import Node
from lienthong.evidence.digest import Draft
from lienthong.evidence.record import Record
from lienthong.evidence.signature import Signature
from lienthong.exchange import effects
from lienthong.node.use_cases.boundary import tell_one
from lienthong.node.use_cases.plane import Ledger, Logger
from lienthong.node.use_cases.signatures import Signatures
from lienthong.node.use_cases.signatures.turns import Feed
from lienthong.node.use_cases.trunk.ahead import Ahead
from lienthong.node.use_cases.trunk.arrived import Arrived, ArrivedBatch, ArrivedRequests
from lienthong.node.use_cases.trunk.batching import Batching
from lienthong.node.use_cases.trunk.leaving import LeavingBatch, frame_signature
from lienthong.node.use_cases.trunk.room import Door, WaitingRoom
from lienthong.wire.node_message import told_fault
from lienthong.wire.trunk import (
    ELSEWHERE,
    Cancel,
    Frame,
    Requests,
    RequestsAhead,
    TrunkAnswer,
    TrunkLeaf,
    TrunkRequest,
    answers_ahead,
    answers_frame,
    fault_frame,
)

UNREAD_MAX = 32 << 20
"""Bytes of answers that wait for an opener that does not read; beyond it the trunk ends: all that may be in flight
would be a gigabyte."""


class Run(Protocol):
    """One exchange of the provider side."""

    def start_in_batch(self, arrived: Arrived, peer: Node, batch: Waits) -> None:
        """Begin with a message that came among others."""

    def cancel(self) -> None:
        """Nobody waits any more: do not begin what was not begun."""

    def time_over(self) -> None:
        """The time of the request is over."""


class ServingTrunk:
    """The user of a connection that the other node opened."""

    __slots__ = (
        "_arrived", "_asked", "_batching", "_closing", "_connection", "_in_flight", "_ledger", "_log", "_loop",
        "_new_run", "_node", "_over", "_room", "_signatures", "_takes_ahead",
    )  # fmt: skip

    def __init__(
        self,
        connection: TrunkConnection,
        *,
        node: Callable[[], Node],
        new_run: Callable[[Waits], Run],
        signatures: Signatures,
        ledger: Ledger,
        room: WaitingRoom[Waits],
        log: Logger,
        loop: Any,
        over: Callable[[ServingTrunk], None],
    ) -> None:
        """`node` says who is at the other end, by the directory of the moment; raises Unproven."""
        self._connection = connection
        self._node = node
        self._new_run = new_run
        self._signatures = signatures
        self._ledger = ledger
        self._room = room
        self._log = log
        self._loop = loop
        self._over = over
        self._closing = False
        self._batching: Batching[TrunkAnswer] = Batching(
            loop,
            signatures.signing,
            ledger,
            self._leave,
            Ahead(_made, self._may_go_ahead, self._go_ahead),
            in_flight=self._count,
            expects=self._expects,
            give_way=os.sched_yield,
        )
        self._asked = 0
        self._in_flight: dict[int, tuple[Waits, Run]] = {}
        self._arrived = ArrivedRequests()
        self._takes_ahead = False

    def _may_go_ahead(self) -> bool:
        return self._takes_ahead and not self._connection.flow.full

    def _go_ahead(self, messages: list[TrunkAnswer]) -> None:
        self._connection.write(answers_ahead(messages))

    def _leave(self, signature: Signature, entries: list[TrunkAnswer | TrunkLeaf]) -> None:
        self._connection.write(answers_frame(frame_signature(signature), entries))
        waiting = self._connection.flow.waiting
        if waiting > UNREAD_MAX:
            self._log.warning("trunk.unread", waiting=waiting)
            self._connection.abort()

    def ready(self) -> None:
        """Requests may come."""
        self._batching.bound(self._connection.bounds)

    def _count(self) -> int:
        return len(self._in_flight)

    def _expects(self, waiting: int) -> bool:
        """Whether services are about to answer: they were asked, or more will soon be asked than have answered."""
        return self._asked > 0 or 2 * waiting < len(self._in_flight)

    def frame(self, frame: Frame) -> None:
        """Requests, or that one is not waited for; raises Malformed and Unproven, which end the trunk."""
        if isinstance(frame, Requests):
            self._requests(frame)
        elif isinstance(frame, RequestsAhead):
            self._takes_ahead = True
            if frame.messages:
                self._come(frame.messages)
            else:
                self._arrived = ArrivedRequests()
        elif isinstance(frame, Cancel):
            waits, run = self._in_flight.get(frame.number, (None, None))
            if waits is not None and run is not None:
                waits.cancelled = True
                tell_one(self._loop, run.cancel)
        else:
            raise Malformed("InvalidMessage", "a frame of the trunk is out of place")

    def _come(self, messages: Sequence[TrunkRequest | TrunkLeaf]) -> None:
        """Requests of a frame: with its signature, or ahead of it."""
        known = len(self._in_flight) + len(self._arrived.messages)
        if known + len(messages) > self._connection.bounds.in_flight:
            raise Malformed("InvalidMessage", "more requests are in flight than was agreed")
        self._arrived.add(messages)

    def _requests(self, frame: Requests) -> None:
        peer = self._node()
        self._come(frame.messages)
        arrived, self._arrived = self._arrived, ArrivedRequests()
        now = self.now()
        batch = ArrivedBatch(
            frame.signature,
            arrived.known,
            self._signatures.verifier,
            ledger=self._ledger,
            loop=self._loop,
            wholes=arrived.wholes,
        )
        for index, one in enumerate(arrived.messages):
            if isinstance(one, TrunkLeaf):
                continue
            waits = Waits(self, one.number, peer.node_id, now + one.remaining_ms / 1000)
            tell_one(self._loop, self._begin, Arrived(one.header_part, one.body, batch, index), peer, waits)
        batch.recording.flush()
        self._hold_back()

    def _begin(self, arrived: Arrived, peer: Node, waits: Waits) -> None:
        run = self._new_run(waits)
        self._in_flight[waits.number] = (waits, run)
        run.start_in_batch(arrived, peer, waits)

    def _hold_back(self) -> None:
        """Take no more requests while the other node does not read its answers."""
        flow = self._connection.flow
        if flow.full:
            flow.on_room = self._go_on
            flow.pause_reading()

    def _go_on(self) -> None:
        flow = self._connection.flow
        flow.on_room = None
        flow.resume_reading()

    def closing(self) -> None:
        """The other node asks nothing more: what is in flight is still answered."""
        self.drain()
        self._closing = True
        self._close_idle()

    def _close_idle(self) -> None:
        if self._closing and not self._in_flight:
            self._connection.close()

    def ended(self, _error: LienthongError) -> None:
        """Exchanges go on and are recorded; the other node records that it got no answer."""
        self._over(self)

    def sweep(self) -> None:
        """End requests whose time is over; ask a silent peer, and give it up; close what is at its end."""
        now = self.now()
        for waits, run in list(self._in_flight.values()):
            if waits.deadline <= now:
                tell_one(self._loop, run.time_over)
        self._close_idle()
        self._connection.sweep()

    def drain(self) -> None:
        """Let the other node ask nothing more; what is in flight is answered."""
        self._connection.say_bye()

    def abort(self) -> None:
        """Break off."""
        self._connection.abort()

    # ---- for the messages
    def now(self) -> float:
        """Seconds of the event loop."""
        found: float = self._loop.time()
        return found

    def sign(self, effect: effects.Sign, waits: Waits, feed: Feed) -> None:
        """Sign an answer: with others, or alone where it is too large for a frame."""
        bounds = self._connection.bounds
        if effect.size > bounds.body or effect.size > bounds.room(1):
            self._signatures.sign(effect, feed)
            return

        waits.signed = feed
        self._batching.add(effect, waits.joined, waits.number)

    def left(self, batch: LeavingBatch[TrunkAnswer]) -> None:
        """Answers of `batch` are on record, or never will be."""
        self._batching.over(batch)

    def done(self, number: int) -> None:
        """A request was answered."""
        waits, _ = self._in_flight.pop(number, (None, None))
        if waits is not None:
            self.service_answered(waits)

    def service_asked(self, waits: Waits) -> None:
        """The service was asked what `waits` waits for."""
        waits.asked = True
        self._asked += 1

    def service_answered(self, waits: Waits) -> None:
        """It answered, if it was asked, or is not waited for any more."""
        if waits.asked:
            waits.asked = False
            self._asked -= 1

    def tell_fault(self, number: int, error: LienthongError, detail: str) -> None:
        """Answer a request with an unsigned error."""
        self.done(number)
        self._log.warning("peer.fault", code=error.code, detail=detail, message=error.message)
        status, document = told_fault(error, detail)
        self._connection.write(fault_frame(number, status, document))

    def wait_elsewhere(self, number: int, waits: Waits) -> None:
        """Let an answer wait for the other node, and tell it where."""
        self.done(number)
        try:
            token = self._room.put(waits)
        except Unavailable as error:
            waits.break_off()
            self.tell_fault(number, error, "")
            return
        self._connection.write(fault_frame(number, ELSEWHERE, token))


def _made(draft: Draft, number: int) -> TrunkAnswer:
    return TrunkAnswer(number, draft.header_part, draft.body)


class Waits:
    """The other node, waiting for the answer to one request of a trunk, until `deadline` (seconds of the event loop).

    `signed` is told when the answer has its place in a batch; `asked`: a service was asked for it, and works.
    """

    __slots__ = (
        "_batch", "_door", "_index", "_tell", "_trunk", "asked", "cancelled", "deadline", "node_id", "number",
        "signed",
    )  # fmt: skip

    def __init__(self, trunk: ServingTrunk, number: int, node_id: NodeId, deadline: float) -> None:
        self._trunk = trunk
        self.number = number
        self.deadline = deadline
        self.asked = False
        self.cancelled = False
        self.node_id = node_id
        self._door: Door | None = None
        self._tell: Callable[[Door], None] | None = None
        self.signed: Feed | None = None
        self._batch: LeavingBatch[TrunkAnswer] | None = None
        self._index = 0

    @property
    def over(self) -> bool:
        """Nobody waits any more."""
        return self.cancelled or self.deadline <= self._trunk.now()

    def service_asked(self) -> None:
        """The service was asked."""
        self._trunk.service_asked(self)

    def sign(self, effect: effects.Sign, feed: Feed) -> None:
        """Feed Signed or CannotSign."""
        self._trunk.service_answered(self)
        self._trunk.sign(effect, self, feed)

    def joined(self, batch: LeavingBatch[TrunkAnswer] | None, index: int, signed: object) -> None:
        """The answer has its place in `batch`, or could not be signed."""
        self._batch, self._index = batch, index
        feed, self.signed = self.signed, None  # kept, it would hold the run that holds this
        assert feed is not None, "its signature was asked for"
        feed(signed)

    def append(self, record: Record, feed: Feed) -> None:
        """Feed Recorded or RecordFailed."""
        assert self._batch is not None, "the answer has a place in a batch"
        self._batch.recording.add(record, feed)

    # ---- the door of the run
    def reply(self, effect: effects.Reply) -> None:
        """The signed answer."""
        batch = self._batch
        if batch is None:
            self._elsewhere(lambda door: door.reply(effect))
            return
        self._trunk.done(self.number)
        message = batch.gone(self._index) or TrunkAnswer(self.number, effect.header_part, effect.body)
        batch.put(self._index, message)
        self._trunk.left(batch)

    def fault(self, effect: effects.Fault, detail: str) -> None:
        """An error without a signature: nothing was believed, or the answer cannot be recorded."""
        # Before the signature of its batch, with which it counts where it went ahead.
        self._trunk.tell_fault(self.number, effect.error, detail)
        if self._batch is not None:
            self._batch.drop(self._index)
            self._trunk.left(self._batch)

    def begin(self, head: bytes, begun: Callable[[FlowControl], None]) -> None:
        """An answer in pieces."""
        self._elsewhere(lambda door: door.begin(head, begun))

    def end(self) -> None:
        """It is complete."""
        if self._door is not None:
            self._door.end()

    def break_off(self) -> None:
        """It cannot be completed."""
        if self._door is not None:
            self._door.break_off()

    # ---- an answer that is got over HTTP
    def _elsewhere(self, tell: Callable[[Door], None]) -> None:
        self._tell = tell
        self._trunk.wait_elsewhere(self.number, self)

    def given_up(self) -> None:
        """Nobody got it in time."""
        self._tell = None

    def got(self, door: Door) -> None:
        """The other node is at `door`."""
        tell, self._tell = self._tell, None
        self._door = door
        if tell is not None:
            tell(door)
