"""Runs the provider machine: one object per exchange that performs its effects with callbacks, no tasks."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar, Final, Protocol

from lienthong.adapters.http.answer import Caller, Channel, HttpAnswer
from lienthong.adapters.http.flow import BodySink, FlowControl
from lienthong.domain.errors import LienthongError, Unavailable
from lienthong.domain.network import Node
from lienthong.evidence.record import Record, RecordKind
from lienthong.evidence.signature import Signature, decode_signature
from lienthong.exchange import effects, inputs
from lienthong.exchange.provider import ProviderExchange
from lienthong.node.use_cases.plane import Plane
from lienthong.node.use_cases.trunk.arrived import Arrived, ArrivedBatch
from lienthong.wire.node_message import CarriedMessage

_REQUEST: Final = RecordKind.REQUEST

class Services(Protocol):
    """The systems behind this node. A service that is not among them: Refused UnknownService."""

    def call(self, call: effects.CallService, caller: Caller) -> None:
        """Call a service."""

    def stream(self, call: effects.CallService, caller: Caller, ready: Callable[[Channel], None]) -> None:
        """Get a connection for a call in pieces."""

    def withdraw(self, call: effects.CallService, caller: Caller) -> bool:
        """Pass nothing on, and tell `caller` nothing; False: it is too late for that."""

    def beginning(self, call: effects.CallService, length: int | None) -> bytes:
        """What such a call begins with."""


class PeerDoor(Protocol):
    """The other node that waits for its answer."""

    def reply(self, effect: effects.Reply) -> None:
        """Tell the signed answer."""

    def fault(self, effect: effects.Fault, detail: str) -> None:
        """Tell an error without a signature."""


class Batch(Protocol):
    """Who waits for the answer to a message that came among others; its answer is signed in the same way."""

    @property
    def over(self) -> bool:
        """Nobody waits any more: what was not passed on is not passed on."""

    def service_asked(self) -> None:
        """The service was asked, and will answer."""

    def sign(self, effect: effects.Sign, feed: Callable[[object], None]) -> None:
        """Feed Signed or CannotSign."""

    def append(self, record: Record, feed: Callable[[object], None]) -> None:
        """Make the record of the answer durable with the others of its batch; feed Recorded or RecordFailed."""


class ProviderRun:
    """One exchange of the provider side. Also the caller of the backend's connection pool."""

    __slots__ = ("_arrived", "_batch", "_calling", "_door", "_exchange", "_plane", "_services", "_started_ms")

    PERFORM: ClassVar[dict[type, Callable[[Any, Any], None]]]

    def __init__(self, plane: Plane, exchange: ProviderExchange, services: Services, door: PeerDoor) -> None:
        self._plane = plane
        self._services = services
        self._door = door
        self._exchange = exchange
        self._arrived: ArrivedBatch | None = None
        self._batch: Batch | None = None
        self._calling: effects.CallService | None = None
        self._started_ms = 0

    def start(self, carried: CarriedMessage, peer: Node) -> None:
        """Begin with a message of another node; raises Malformed if its signature cannot be read."""
        signature: Signature = decode_signature(carried.signature)
        self._started_ms = self._plane.clock_ms()
        self._plane.tally.provider.began()
        self.feed(inputs.MessageReceived(carried.header_part, carried.body, signature, peer, self._started_ms))

    def start_in_batch(self, arrived: Arrived, peer: Node, batch: Batch) -> None:
        """Begin with a message of another node that came among others."""
        self._arrived, self._batch = arrived.batch, batch
        self._started_ms = self._plane.clock_ms()
        self._plane.tally.provider.began()
        known, signature = arrived.batch.known(arrived.index), arrived.batch.signature
        self.feed(
            inputs.MessageReceived(
                arrived.header_part, arrived.body, signature, peer, self._started_ms, known
            )
        )

    def feed(self, given: object) -> None:
        """Give the machine an input and perform what it asks for."""
        for effect in self._exchange.feed(given):
            if isinstance(effect, effects.Append):
                self._append(effect)
            elif isinstance(effect, effects.Verify):
                self._verify(effect)
            elif isinstance(effect, effects.CallService):
                self._call(effect)
            elif isinstance(effect, effects.Sign):
                self._sign(effect)
            elif isinstance(effect, effects.Reply):
                self._reply(effect)
            else:
                self.PERFORM[effect.__class__](self, effect)

    # ---- for who no longer waits
    def cancel(self) -> None:
        """Nobody waits any more: what was not passed on is not passed on; what was goes on to its end."""
        calling = self._calling
        if calling is not None and self._services.withdraw(calling, self):
            self._not_passed_on()

    def time_over(self) -> None:
        """The time of the request is over: it ends now, unless its answer is there already."""
        self.cancel()
        if self._calling is not None:
            self.failed(
                Unavailable("ServiceFailed.DeadlineExceeded", "the service did not answer while there was time")
            )

    def _not_passed_on(self) -> None:
        self._calling = None
        error = Unavailable("DeadlineExceeded", "nobody waits any more: the request was not passed on to the service")
        self.feed(inputs.ServiceFailed(error, self._plane.clock_ms()))

    # ---- effects
    def _verify(self, effect: effects.Verify) -> None:
        if self._arrived is None:
            self._plane.signatures.verify(effect, self.feed)
        else:
            self.feed(self._arrived.outcome(effect, self._started_ms))

    def _append(self, effect: effects.Append) -> None:
        if effect.in_batch is None:
            self._plane.append(effect.records, self.feed, self._one_in_batch)
        else:
            self._in_batch(effect.records[0], effect.in_batch, self.feed)

    def _one_in_batch(self, record: Record, feed: Callable[[object], None]) -> None:
        self._in_batch(record, record.kind, feed)

    def _in_batch(self, record: Record, kind: RecordKind, feed: Callable[[object], None]) -> None:
        assert self._arrived is not None, "the request came in a batch"
        if kind is _REQUEST:
            self._arrived.recording.add(record, feed)
        else:
            assert self._batch is not None, "the answer is signed in a batch"
            # Where many are refused, the first answers are signed before the last request was looked at.
            self._arrived.recording.write()
            self._batch.append(record, feed)

    def _call(self, effect: effects.CallService) -> None:
        if self._batch is not None and self._batch.over:
            self._not_passed_on()
            return
        self._calling = effect
        if self._batch is not None:
            self._batch.service_asked()
        try:
            self._services.call(effect, self)
        except LienthongError as error:
            self.failed(error)

    def _sign(self, effect: effects.Sign) -> None:
        if self._batch is None or effect.at_once:
            self._plane.signatures.sign(effect, self.feed)
        else:
            self._batch.sign(effect, self.feed)

    def _reply(self, effect: effects.Reply) -> None:
        self._ended(effect.outcome)
        if effect.outcome:
            parties = self._exchange.parties
            assert parties is not None
            self._plane.log.warning("exchange.refused", outcome=effect.outcome, detail=parties.request_id)
        self._door.reply(effect)

    def _fault(self, effect: effects.Fault) -> None:
        self._ended(effect.error.code)
        self._door.fault(effect, self._plane.ids.make())

    def _ended(self, code: str) -> None:
        self._plane.tally.provider.ended(code, self._plane.clock_ms() - self._started_ms)

    # ---- caller of the backend
    def answered(self, answer: HttpAnswer) -> None:
        """The service answered."""
        self._calling = None
        now_ms = self._plane.clock_ms()
        try:
            self.feed(inputs.ServiceAnswered(answer.status, answer.reason, answer.headers, answer.body, now_ms))
        except LienthongError:
            # Its headers cannot stand in a message: the exchange still has an end.
            self.failed(Unavailable("HttpError", "the answer of the service cannot be passed on"))

    def failed(self, error: LienthongError) -> None:
        """The service did not answer."""
        self._calling = None
        code = error.code if error.code.startswith("ServiceFailed") else f"ServiceFailed.{error.code}"
        self.feed(inputs.ServiceFailed(Unavailable(code, error.message), self._plane.clock_ms()))

    def open_stream(self, answer: HttpAnswer, _flow: FlowControl) -> BodySink:
        """A large answer needs the stream form."""
        raise Unavailable("ServiceFailed.HttpError", f"the answer of the service ({answer.status}) is too large")


ProviderRun.PERFORM = {
    effects.Fault: ProviderRun._fault,
}
