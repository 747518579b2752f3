"""Runs the provider machine with large bodies: the pumps between the consumer's node and the provider's system."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

from lienthong.adapters.http.answer import Channel, HttpAnswer
from lienthong.adapters.http.flow import BodySink, FlowControl
from lienthong.domain.errors import LienthongError, Unavailable
from lienthong.domain.network import Node
from lienthong.evidence.signature import decode_signature, encode_signature
from lienthong.exchange import effects, inputs
from lienthong.exchange.provider import ProviderContext, State
from lienthong.exchange.provider_stream import StreamingProvider
from lienthong.node.use_cases.plane import Plane
from lienthong.node.use_cases.provide import ProviderRun, Services
from lienthong.node.use_cases.streams.pumps import (
    IncomingPump,
    OutgoingPump,
    begin_signed,
    begin_verified,
    framed_length,
    opening_head,
    opening_mark,
)
from lienthong.node.use_cases.streams.sinks import BufferSink, DiscardSink, FrameSink, HttpOutlet, declared_length
from lienthong.node.use_cases.trunk.room import Door
from lienthong.wire.faults import Side
from lienthong.wire.node_message import stream_answer_head
from lienthong.wire.stream_frames import Head, head_frame


class StreamDoor(Door, Protocol):
    """The other node that waits for its answer, or is told why there is none."""

    def fault(self, effect: effects.Fault, detail: str) -> None:
        """Tell an error without a signature."""


class Sizes(Protocol):
    """Bounds of bodies, in bytes."""

    @property
    def body_max(self) -> int:
        """Largest body of a stream."""

    @property
    def masked_body_max(self) -> int:
        """Largest answer that is cut to granted fields."""


class StreamingProviderRun(ProviderRun):
    """One exchange of the provider side, whose request or answer may be streamed."""

    __slots__ = (
        "_answer", "_call_channel", "_head", "_incoming", "_outgoing", "_outlet", "_peer",
        "_service_flow", "_sizes", "_stream_door", "_streaming",
    )  # fmt: skip

    def __init__(
        self, plane: Plane, context: ProviderContext, services: Services, door: StreamDoor, *, sizes: Sizes
    ) -> None:
        self._streaming = StreamingProvider(context)
        super().__init__(plane, self._streaming, services, door)
        self._stream_door = door
        self._sizes = sizes
        self._incoming: IncomingPump | None = None
        self._outgoing: OutgoingPump | None = None
        self._call_channel: Channel | None = None
        self._outlet: HttpOutlet | None = None
        self._head: Head | None = None
        self._service_flow: FlowControl | None = None
        self._answer: HttpAnswer | None = None

    # ---- a streamed request
    def start_stream(self, peer: Node, source: FlowControl, whole: Callable[[], None] | None = None) -> BodySink:
        """Begin with a streamed message of another node; gives what takes its frames.

        `whole` is told when all of its content was read.
        """
        self._started_ms = self._plane.clock_ms()
        self._plane.tally.provider.began()
        self._peer = peer
        pump = self._incoming = IncomingPump(source, self._sizes.body_max)
        pump.on_head = self._message_head
        pump.on_end = self._message_end
        return FrameSink(pump, self._message_broken, whole)

    def _message_head(self, head: Head) -> None:
        self._head = head
        self.feed(
            inputs.MessageStreamOpened(head.header_part, opening_mark(head), self._peer, self._plane.clock_ms())
        )

    def _verify_mark(self, effect: effects.VerifyMark) -> None:
        assert self._incoming is not None
        self.feed(begin_verified(self._incoming, self._plane, effect, response=False))

    def _message_end(self, body_digest: bytes, text: bytes) -> None:
        try:
            signature = decode_signature(text)
        except LienthongError as error:
            self._message_broken(error)
            return
        self.feed(inputs.MessageStreamEnded(body_digest, signature, self._plane.clock_ms()))

    def _message_broken(self, error: LienthongError) -> None:
        if self._head is None:
            self._fault(effects.Fault(error, Side.PROVIDER, None))
        else:
            self.feed(inputs.StreamBroken(error, self._plane.clock_ms()))

    def _open_service(self, effect: effects.OpenService) -> None:
        assert self._head is not None
        length = self._head.length

        def ready(channel: Channel) -> None:
            assert self._incoming is not None
            if self._streaming.state is not State.RECEIVING:
                channel.abort()  # the exchange took another way while the connection was being made
                return
            self._call_channel = channel
            begin = self._services.beginning(effect.call, length)
            self._outlet = HttpOutlet(channel.begin(begin, self), chunked=length is None)
            self._incoming.open(self._outlet)

        try:
            self._services.stream(effect.call, self, ready)
        except LienthongError as error:
            self.failed(error)

    def _end_service(self, _effect: effects.EndService) -> None:
        assert self._incoming is not None
        assert self._outlet is not None
        assert self._call_channel is not None
        self._incoming.release()
        self._outlet.flow.write(self._outlet.last)
        self._call_channel.expect_answer()

    # ---- a streamed answer
    def open_stream(self, answer: HttpAnswer, _flow: FlowControl) -> BodySink:
        """The service's answer is large: pass it in pieces, or collect it where it must be cut.

        Raises Unavailable ServiceFailed.MessageTooLarge where it says itself that it is too large.
        """
        self._calling = None  # it is there in time, however long it takes to pass by
        limit = self._sizes.body_max if self._streaming.passes_whole else self._sizes.masked_body_max
        if (declared_length(answer.headers) or 0) > limit:
            raise Unavailable("ServiceFailed.MessageTooLarge", f"the answer is larger than {limit} bytes")
        if not self._streaming.passes_whole:
            return BufferSink(limit, lambda body: self._whole(answer, body), self.failed)
        self._answer = answer
        self._service_flow = _flow
        _flow.pause_reading()
        now_ms = self._plane.clock_ms()
        self.feed(inputs.ServiceStreamOpened(answer.status, answer.reason, answer.headers, now_ms))
        if self._outgoing is None:
            _flow.resume_reading()
            return DiscardSink()
        return self._outgoing

    def _whole(self, answer: HttpAnswer, body: bytes) -> None:
        answer.body = body
        self.answered(answer)

    def _sign_mark(self, effect: effects.SignMark) -> None:
        assert self._service_flow is not None
        try:
            pump, signed = begin_signed(
                self._plane, effect, self._service_flow, response=True, limit=self._sizes.body_max
            )
        except LienthongError as error:
            self.feed(inputs.CannotSign(error))
            return
        self._outgoing = pump
        pump.on_ended = self._service_ended
        pump.on_aborted = self._service_gone
        pump.on_too_large = self.failed
        self.feed(signed)

    def _service_ended(self, body_digest: bytes) -> None:
        self.feed(inputs.ServiceStreamEnded(body_digest, self._plane.clock_ms()))

    def _service_gone(self) -> None:
        self.failed(Unavailable("NetworkError", "the service ended its answer too early"))

    def _reply_begins(self, effect: effects.ReplyBegins) -> None:
        assert self._outgoing is not None
        assert self._answer is not None
        length = declared_length(self._answer.headers)
        frame = head_frame(opening_head(length, effect.mark, effect.header_part))
        begin = stream_answer_head(frame, framed_length(frame, length))
        outgoing = self._outgoing
        self._stream_door.begin(begin, lambda flow: outgoing.open(flow, chunked=length is None))

    def _reply_ends(self, effect: effects.ReplyEnds) -> None:
        assert self._outgoing is not None
        self._ended(effect.outcome)
        self._outgoing.finish(encode_signature(effect.signature))
        self._stream_door.end()

    def _reply_breaks(self, effect: effects.ReplyBreaks) -> None:
        self._ended(effect.error.code)
        self._drop_channels()
        self._stream_door.break_off()

    def _reply(self, effect: effects.Reply) -> None:
        self._drop_channels()
        super()._reply(effect)

    def _fault(self, effect: effects.Fault) -> None:
        self._drop_channels()
        super()._fault(effect)

    def _drop_channels(self) -> None:
        """What still comes from the other node or the service is of no use; what was begun there is not completed."""
        if self._incoming is not None:
            self._incoming.discard()
        if self._outgoing is not None:
            self._outgoing.stop()
            if self._service_flow is not None and not self._outgoing.body_whole:
                self._service_flow.abort()
        if self._call_channel is not None:
            self._call_channel.abort_for(self)


_ONE: Any = StreamingProviderRun
StreamingProviderRun.PERFORM = ProviderRun.PERFORM | {
    effects.SignMark: _ONE._sign_mark,
    effects.VerifyMark: _ONE._verify_mark,
    effects.OpenService: _ONE._open_service,
    effects.EndService: _ONE._end_service,
    effects.ReplyBegins: _ONE._reply_begins,
    effects.ReplyEnds: _ONE._reply_ends,
    effects.ReplyBreaks: _ONE._reply_breaks,
    effects.Fault: _ONE._fault,
}
