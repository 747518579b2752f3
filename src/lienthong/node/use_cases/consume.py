"""Runs the consumer machine: one object per exchange that performs its effects with callbacks, no tasks."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar, Final, Protocol

from lienthong.adapters.http.answer import Connections, HttpAnswer
from lienthong.adapters.http.flow import BodySink, FlowControl
from lienthong.domain.errors import LienthongError, Unavailable
from lienthong.domain.network import Node
from lienthong.evidence.record import RecordKind
from lienthong.evidence.signature import decode_signature, encode_signature
from lienthong.exchange import effects, inputs
from lienthong.exchange.consumer import ConsumerExchange
from lienthong.node.use_cases.plane import Plane
from lienthong.node.use_cases.trunk.arrived import Arrived, ArrivedBatch
from lienthong.node.use_cases.trunk.calling import CallingTrunk
from lienthong.node.use_cases.trunk.leaving import LeavingBatch
from lienthong.wire.faults import Side
from lienthong.wire.node_message import CarriedMessage, carried_message, node_fault, request_bytes, waiting_request
from lienthong.wire.trunk import TrunkRequest

_REQUEST: Final = RecordKind.REQUEST
_CONSUMER: Final = Side.CONSUMER

class Peers(Protocol):
    """The other nodes."""

    def pool(self, node: Node) -> Connections:
        """The connections to `node`."""

    def trunk(self, node: Node) -> CallingTrunk | None:
        """The trunk to `node`, if one is up and has room."""


class Caller(Protocol):
    """The system that waits for its answer."""

    def answer(self, effect: effects.Answer) -> None:
        """Tell the answer."""

    def fault(self, effect: effects.Fault) -> None:
        """Tell the error."""


class ConsumerRun:
    """One exchange of the consumer side. Also the caller of the peer's connection pool."""

    __slots__ = (
        "_arrived", "_batch", "_caller", "_exchange", "_executed", "_index", "_node", "_peers", "_plane",
        "_refused", "_started_ms", "_trunk",
    )  # fmt: skip

    PERFORM: ClassVar[dict[type, Callable[[Any, Any], None]]]

    def __init__(self, plane: Plane, exchange: ConsumerExchange, peers: Peers, caller: Caller) -> None:
        self._plane = plane
        self._peers = peers
        self._caller = caller
        self._exchange = exchange
        self._started_ms = 0
        self._trunk: CallingTrunk | None = None
        self._batch: LeavingBatch[TrunkRequest] | None = None
        self._index = 0
        self._node: Node | None = None
        self._arrived: ArrivedBatch | None = None
        self._executed = False
        self._refused: LienthongError | None = None

    def start(self, request: inputs.RequestReceived) -> None:
        """Begin with the request of a system."""
        self._started_ms = request.now_ms
        self._plane.tally.consumer.began()
        failure = self._plane.ledger.failure
        if failure is not None:
            # Nothing leaves that could not be recorded here.
            self._fault(effects.Fault(failure, _CONSUMER, None))
            return
        self.feed(request)

    def feed(self, given: object) -> None:
        """Give the machine an input and perform what it asks for."""
        for effect in self._exchange.feed(given):
            if isinstance(effect, effects.Append):
                self._append(effect)
            elif isinstance(effect, effects.Send):
                self._send(effect)
            elif isinstance(effect, effects.Sign):
                self._sign(effect)
            elif isinstance(effect, effects.Verify):
                self._verify(effect)
            elif isinstance(effect, effects.Answer):
                self._answer(effect)
            else:
                self.PERFORM[effect.__class__](self, effect)

    # ---- effects
    def _sign(self, effect: effects.Sign) -> None:
        trunk = None if effect.node is None else self._peers.trunk(effect.node)
        if trunk is None or not trunk.takes(effect.size):
            self._plane.signatures.sign(effect, self.feed)
        else:
            self._trunk = trunk
            trunk.sign(effect, self._joined)

    def _joined(self, batch: LeavingBatch[TrunkRequest] | None, index: int, signed: object) -> None:
        self._batch, self._index = batch, index
        self.feed(signed)

    def _append(self, effect: effects.Append) -> None:
        record, kind = effect.records[0], effect.in_batch
        if kind is None:
            # It goes out meanwhile; the answer waits until both are durable.
            self._plane.append(effect.records, self.feed, later=record.kind is _REQUEST)
            if self._refused is not None:
                refused, self._refused = self._refused, None
                self.failed(refused)
            return
        batch = self._batch if kind is _REQUEST else self._arrived
        assert batch is not None, "the message has a place in a batch"
        batch.recording.add(record, self.feed)

    def _send(self, effect: effects.Send) -> None:
        node = self._node = effect.node
        if self._trunk is not None and self._batch is not None:
            self._trunk.send(effect, self._batch, self._index, self)
            return
        data = request_bytes(
            node.host.encode(), effect.header_part, effect.body, signature=encode_signature(effect.signature)
        )
        try:
            self._peers.pool(node).call(data, self, resend=True)
        except LienthongError as error:
            self._refused = error  # told when its record is handed over: an end stands behind its request there

    def _verify(self, effect: effects.Verify) -> None:
        if self._arrived is None:
            self._plane.signatures.verify(effect, self.feed)
        else:
            self.feed(self._arrived.outcome(effect, self._plane.clock_ms()))

    def _answer(self, effect: effects.Answer) -> None:
        self._ended("")
        self._caller.answer(effect)

    def _fault(self, effect: effects.Fault) -> None:
        self._ended(effect.error.code)
        self._caller.fault(effect)

    def _ended(self, code: str) -> None:
        self._plane.tally.consumer.ended(code, self._plane.clock_ms() - self._started_ms)

    # ---- caller of the pool
    def answered(self, answer: HttpAnswer) -> None:
        """The other node answered."""
        try:
            carried = carried_message(answer.headers, answer.body)
            if carried is None:
                raise node_fault(answer.status, answer.body)
        except LienthongError as error:
            if self._executed:
                self.failed(error)
            else:
                self.feed(inputs.SendFailed(error, self._plane.clock_ms()))
            return
        self.recognised(carried)

    def recognised(self, carried: CarriedMessage) -> None:
        """The other node answered with a message."""
        now_ms = self._plane.clock_ms()
        try:
            signature = decode_signature(carried.signature)
        except LienthongError as error:
            self.feed(inputs.SendFailed(error, now_ms))
            return
        self.feed(inputs.AnswerReceived(carried.header_part, carried.body, signature, now_ms))

    def answered_in_batch(self, arrived: Arrived) -> None:
        """The other node answered with a message among others."""
        batch = self._arrived = arrived.batch
        known = batch.known(arrived.index)
        now_ms = self._plane.clock_ms()
        self.feed(inputs.AnswerReceived(arrived.header_part, arrived.body, batch.signature, now_ms, known))

    def answer_waits(self, token: bytes) -> None:
        """It is too large for the trunk: get it over HTTP. From now on no error says that nothing was executed."""
        self._executed = True
        node = self._node
        assert node is not None
        try:
            self._peers.pool(node).call(waiting_request(node.host.encode(), token), self, resend=False)
        except LienthongError as error:
            self.failed(error)

    def failed(self, error: LienthongError) -> None:
        """The other node did not answer; once the message may have reached it, what came of it is not known."""
        if self._executed or error.code in _MAY_HAVE_ARRIVED:
            message = "the request went out and no answer came back: the service may have been executed"
            error = Unavailable("OutcomeUnknown", message)
        self.feed(inputs.SendFailed(error, self._plane.clock_ms()))

    def open_stream(self, answer: HttpAnswer, _flow: FlowControl) -> BodySink:
        """A large answer needs the stream form."""
        raise Unavailable("HttpError", f"the answer of the other node ({answer.status}) is too large")


_MAY_HAVE_ARRIVED = frozenset({"HttpError", "DeadlineExceeded"})
"""What the pool says when a request was written and its answer did not come."""

ConsumerRun.PERFORM = {
    effects.Fault: ConsumerRun._fault,
}
