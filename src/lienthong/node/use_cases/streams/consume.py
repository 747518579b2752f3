"""Runs the consumer machine with large bodies: the pumps between the calling system and the provider's node."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, Protocol

from lienthong.adapters.http.answer import Channel, HttpAnswer
from lienthong.adapters.http.flow import BodySink, FlowControl
from lienthong.domain.errors import LienthongError, Unavailable
from lienthong.evidence.signature import decode_signature, encode_signature
from lienthong.exchange import effects, inputs
from lienthong.exchange.consumer import ConsumerContext, State
from lienthong.exchange.consumer_stream import StreamingConsumer
from lienthong.node.use_cases.consume import ConsumerRun, Peers
from lienthong.node.use_cases.plane import Plane
from lienthong.node.use_cases.streams.pumps import (
    IncomingPump,
    OutgoingPump,
    begin_signed,
    begin_verified,
    framed_length,
    opening_head,
    opening_mark,
)
from lienthong.node.use_cases.streams.sinks import DiscardSink, FrameSink, HttpOutlet, media_type
from lienthong.wire.faults import Side
from lienthong.wire.node_message import stream_request_head
from lienthong.wire.stream_frames import MEDIA_TYPE, Head, head_frame

_ANSWER_TOO_LARGE: Final = f"{Side.CONSUMER}.ServiceFailed.MessageTooLarge"
"""No fault of the caller, nor found by the provider's node."""


class StreamCaller(Protocol):
    """The system that waits for its answer, which may come in pieces."""

    def answer(self, effect: effects.Answer) -> None:
        """Tell the answer."""

    def fault(self, effect: effects.Fault) -> None:
        """Tell the error."""

    def begin(self, effect: effects.AnswerBegins, length: int | None) -> HttpOutlet:
        """Begin an answer in pieces."""

    def end(self, outlet: HttpOutlet) -> None:
        """End it."""

    def break_off(self) -> None:
        """It cannot be completed."""


class StreamingConsumerRun(ConsumerRun):
    """One exchange of the consumer side, whose request or answer may be streamed."""

    __slots__ = (
        "_channel", "_head", "_incoming", "_limit", "_outgoing", "_outlet", "_source",
        "_whole", "length", "stream_caller",
    )  # fmt: skip

    def __init__(
        self, plane: Plane, context: ConsumerContext, peers: Peers, caller: StreamCaller, *, limit: int
    ) -> None:
        super().__init__(plane, StreamingConsumer(context), peers, caller)
        self.stream_caller = caller
        self._limit = limit
        self._source: FlowControl | None = None
        self._outgoing: OutgoingPump | None = None
        self._incoming: IncomingPump | None = None
        self._channel: Channel | None = None
        self._outlet: HttpOutlet | None = None
        self._head: Head | None = None
        self.length: int | None = None

    def start_stream(
        self,
        request: inputs.RequestReceived,
        source: FlowControl,
        length: int | None,
        whole: Callable[[], None],
    ) -> BodySink:
        """Begin with a request whose body follows; gives what takes it. `whole` is told when all of it was read."""
        self._whole = whole
        self._source = source
        self.length = length
        if length is not None and length > self._limit:
            error = Unavailable("MessageTooLarge", "the body is larger than this node takes")
            self._plane.tally.consumer.began()
            self._fault(effects.Fault(error, Side.CONSUMER, None))
            return DiscardSink()
        self.start(request)
        return self._outgoing or DiscardSink()

    # ---- a streamed request
    def _sign_mark(self, effect: effects.SignMark) -> None:
        assert self._source is not None
        try:
            pump, signed = begin_signed(self._plane, effect, self._source, response=False, limit=self._limit)
        except LienthongError as error:
            self.feed(inputs.CannotSign(error))
            return
        self._outgoing = pump
        pump.on_ended = self._body_ended
        pump.on_aborted = self._caller_gone
        pump.on_too_large = self.failed
        self.feed(signed)

    def _body_ended(self, body_digest: bytes) -> None:
        self._whole()
        self.feed(inputs.BodyEnded(body_digest))

    def _caller_gone(self) -> None:
        self.feed(inputs.CallerGone(self._plane.clock_ms()))

    def _open_stream(self, effect: effects.OpenStream) -> None:
        node = effect.node
        frame = head_frame(opening_head(self.length, effect.mark, effect.header_part))
        begin = stream_request_head(node.host.encode(), frame, framed_length(frame, self.length))

        def ready(channel: Channel) -> None:
            assert self._outgoing is not None
            if self._outgoing.stopped:
                channel.abort()  # the exchange ended while the connection was being made
                return
            self._channel = channel
            self._outgoing.open(channel.begin(begin, self), chunked=self.length is None)

        try:
            self._peers.pool(node).stream(self, ready)
        except LienthongError as error:
            self.failed(error)

    def _end_stream(self, effect: effects.EndStream) -> None:
        assert self._outgoing is not None
        assert self._channel is not None
        self._outgoing.finish(encode_signature(effect.signature))
        self._channel.expect_answer()

    # ---- a streamed answer
    def open_stream(self, answer: HttpAnswer, _flow: FlowControl) -> BodySink:
        """The other node's answer is large."""
        if media_type(answer.headers) != MEDIA_TYPE:
            raise Unavailable("HttpError", f"the answer of the other node ({answer.status}) is too large")
        if self._exchange.state is State.DONE:
            return DiscardSink()
        pump = self._incoming = IncomingPump(_flow, self._limit, too_large=_ANSWER_TOO_LARGE)
        pump.on_head = self._answer_head
        pump.on_end = self._answer_end
        return FrameSink(pump, self._answer_broken)

    def answered(self, answer: HttpAnswer) -> None:
        """A whole answer; a short stream may come so, too."""
        if media_type(answer.headers) != MEDIA_TYPE:
            super().answered(answer)
            return
        sink = self.open_stream(answer, FlowControl(None))
        sink.data(answer.body or b"")
        sink.ended()

    def _answer_head(self, head: Head) -> None:
        self._head = head
        self.feed(inputs.AnswerStreamOpened(head.header_part, opening_mark(head), self._plane.clock_ms()))

    def _verify_mark(self, effect: effects.VerifyMark) -> None:
        assert self._incoming is not None
        self.feed(begin_verified(self._incoming, self._plane, effect, response=True))

    def _answer_end(self, body_digest: bytes, text: bytes) -> None:
        try:
            signature = decode_signature(text)
        except LienthongError as error:
            self._answer_broken(error)
            return
        self.feed(inputs.AnswerStreamEnded(body_digest, signature, self._plane.clock_ms()))

    def _answer_broken(self, error: LienthongError) -> None:
        self.feed(inputs.StreamBroken(error, self._plane.clock_ms()))

    def _answer_begins(self, effect: effects.AnswerBegins) -> None:
        assert self._incoming is not None
        assert self._head is not None
        self._outlet = self.stream_caller.begin(effect, self._head.length)
        self._incoming.open(self._outlet)

    def _answer_ends(self, _effect: effects.AnswerEnds) -> None:
        assert self._incoming is not None
        assert self._outlet is not None
        self._ended("")
        self._incoming.release()
        self.stream_caller.end(self._outlet)

    def _answer_breaks(self, effect: effects.AnswerBreaks) -> None:
        self._ended(effect.error.code)
        self._drop_channel()
        self.stream_caller.break_off()

    def _fault(self, effect: effects.Fault) -> None:
        self._drop_channel()
        super()._fault(effect)

    def _drop_channel(self) -> None:
        """Whatever the channel still carries of this exchange is of no use."""
        if self._incoming is not None:
            self._incoming.stop()
        if self._outgoing is not None:
            self._outgoing.stop()
        if self._channel is not None:
            self._channel.abort_for(self)


_ONE: Any = StreamingConsumerRun
StreamingConsumerRun.PERFORM = ConsumerRun.PERFORM | {
    effects.SignMark: _ONE._sign_mark,
    effects.OpenStream: _ONE._open_stream,
    effects.EndStream: _ONE._end_stream,
    effects.VerifyMark: _ONE._verify_mark,
    effects.AnswerBegins: _ONE._answer_begins,
    effects.AnswerEnds: _ONE._answer_ends,
    effects.AnswerBreaks: _ONE._answer_breaks,
    effects.Fault: _ONE._fault,
}
