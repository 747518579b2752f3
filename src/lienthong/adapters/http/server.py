"""HTTP/1.1 server connections for the message plane: an asyncio protocol over httptools, callbacks, no tasks.

Law: a connection carries one request at a time; what a peer sends is bounded in header bytes, header count, body
bytes and time; a request is handed over whole, or, past `Bounds.inline_body`, as a stream with back-pressure.
What it does not do: decide anything about the request.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import Any, Final

import httptools

from lienthong.adapters.http.flow import BodySink, FlowControl
from lienthong.adapters.http.gathering import gathered
from lienthong.adapters.http.inbox import InboxProtocol
from lienthong.adapters.http.request import (
    BoundError,
    Bounds,
    ConnectionRegistry,
    HttpRequest,
    RequestHandler,
    Stage,
    plain_response,
)

__all__ = ["ConnectionRegistry", "HttpRequest", "HttpServerConnection", "RequestHandler", "plain_response"]

_BETWEEN: Final = Stage.BETWEEN
_HEAD: Final = Stage.HEAD
_BODY: Final = Stage.BODY


class HttpServerConnection(InboxProtocol):
    """One accepted connection. `peer` is free for the handler (who it is)."""

    __slots__ = (
        "_body", "_bounds", "_break_later", "_busy", "_clock", "_ending", "_flow", "_framing", "_handler",
        "_header_bytes", "_held", "_leading", "_lingering", "_parser", "_raw_left", "_registry", "_request",
        "_silent", "_sink", "_size", "_stage", "_waiting", "deadline", "peer", "transport",
    )  # fmt: skip

    def __init__(
        self, handler: RequestHandler, *, bounds: Bounds, clock: Callable[[], float], registry: ConnectionRegistry
    ) -> None:
        super().__init__()
        self._handler = handler
        self._bounds = bounds
        self._clock = clock
        self._registry = registry
        self._parser: Any = httptools.HttpRequestParser(self)
        self._request = HttpRequest(self)
        self._body: list[bytes] = []
        self._header_bytes = 0
        self._size = 0
        self._silent = 0
        self._raw_left = 0
        self._stage = _BETWEEN
        self._busy = False
        self._held = False
        self._ending = False
        self._leading = False
        self._framing = b""
        self._lingering = False
        self._break_later: tuple[int, str] | None = None
        self._waiting: deque[HttpRequest] = deque()
        self._sink: BodySink | None = None
        self._flow: FlowControl | None = None
        self.transport: Any = None
        self.peer: Any = None
        self.deadline = 0.0

    # ---- asyncio callbacks
    def connection_made(self, transport: Any) -> None:
        self.transport = transport = gathered(transport)
        self._flow = FlowControl(transport)
        self.deadline = self._clock() + self._bounds.header_s
        self._registry.add(self)
        self._handler.connected(self)

    def connection_lost(self, _exc: BaseException | None) -> None:
        self._registry.discard(self)
        self._waiting.clear()
        if self._sink is not None:
            sink, self._sink = self._sink, None
            sink.aborted()
        if self._flow is not None:
            self._flow.lost()
        self._handler.disconnected(self)

    def eof_received(self) -> bool:
        """Half-closed: requests in flight are still answered, then the connection ends. TLS cannot be half-closed."""
        self._ending = True
        secure = self.transport.get_extra_info("ssl_object") is not None
        return self._busy and self._sink is None and not self._lingering and not secure

    def pause_writing(self) -> None:
        if self._flow is not None:
            self._flow.pause_writing()
        if self._busy and self._sink is None:
            self.deadline = self._clock() + self._bounds.body_idle_s

    def resume_writing(self) -> None:
        if self._busy and self._sink is None:
            self.deadline = float("inf")
        if self._flow is not None:
            self._flow.resume_writing()
        if self._held:
            self._held = False
            self._take_up()

    def data_received(self, data: bytes) -> None:
        if self._lingering or self._break_later is not None:
            return
        if self._stage is _BODY and (not self._busy or self._sink is not None):
            self.deadline = self._clock() + self._bounds.body_idle_s
        if self._raw_left > 0 and self._sink is not None:
            data = self._pass_body(self._sink, data)
            if not data:
                return
        self._silent += len(data)
        try:
            self._feed(data)
        except httptools.HttpParserCallbackError as error:
            self._broken_by_callback(error)
        except httptools.HttpParserError:
            self._break(400, "not HTTP/1.1")
        # What the parser keeps to itself (a header or an extension without end) is bounded too.
        if self._silent > self._bounds.header_bytes + len(data):
            self._break(431, "header fields are too large")

    def _pass_body(self, sink: BodySink, data: bytes) -> bytes:
        """Pass on a large body of known length without parsing or copying it; gives what comes after it."""
        body, rest = (data, b"") if len(data) <= self._raw_left else (data[: self._raw_left], data[self._raw_left :])
        self._raw_left -= len(body)
        sink.data(body)
        if self._raw_left == 0:
            self._parser = httptools.HttpRequestParser(self)
            self.on_message_complete()
        return rest

    def _feed(self, data: bytes) -> None:
        """Parse; an upgrade that a client offers is not taken up, the request is served as it is (RFC 9110 7.8).

        The parser takes such a request to end with its head. Where a body follows, a new parser is led to the same
        place by a head that frames it alike.
        """
        while True:
            try:
                self._parser.feed_data(data)
                return
            except httptools.HttpParserUpgrade as upgrade:
                data = data[upgrade.args[0] :]
                self._parser = httptools.HttpRequestParser(self)
                if self._raw_left > 0 and self._sink is not None:
                    data = self._pass_body(self._sink, data)
                if self._framing:
                    self._leading = True
                    self._parser.feed_data(b"POST / HTTP/1.1\r\n" + self._framing + b"\r\n\r\n")
                    self._leading = False
                    self._framing = b""

    # ---- httptools callbacks
    def on_message_begin(self) -> None:
        if self._leading:
            return
        self._silent = self._header_bytes = self._size = 0
        self._stage = _HEAD
        if not self._busy:
            self.deadline = self._clock() + self._bounds.header_s

    def on_url(self, url: bytes) -> None:
        if self._leading:
            return
        self._count(len(url))
        self._request.target += url

    def on_header(self, name: bytes, value: bytes) -> None:
        if self._leading:
            return
        self._silent = 0
        self._header_bytes += len(name) + len(value)
        if self._stage is _BODY:
            self._count(0)
            return  # a trailer: never merged into the header (RFC 9110 6.5.1)
        self._request.headers.append((name, value))

    def on_headers_complete(self) -> None:
        if self._leading:
            return
        self._count(0)
        self._stage = _BODY
        request = self._request
        if len(request.headers) > self._bounds.header_count:
            raise BoundError(431, "too many header fields")
        request.method = self._parser.get_method()
        request.keep_alive = self._parser.should_keep_alive()
        if request.method == b"CONNECT":
            raise BoundError(400, "the method CONNECT is not offered")
        if not self._busy:
            self.deadline = self._clock() + self._bounds.body_idle_s
        self._read_framing(request)

    def _read_framing(self, request: HttpRequest) -> None:
        expects = False
        upgrade = self._parser.should_upgrade()
        for name, value in request.headers:
            length = len(name)
            if length == 14 and name.lower() == b"content-length":
                size = int(value)
                if size > self._bounds.inline_body:
                    self._raw_left = size
                    self._begin_stream()
                elif upgrade and size:
                    self._framing = b"Content-Length: %d" % size
            elif length == 17 and name.lower() == b"transfer-encoding":
                if value.strip().lower() != b"chunked":
                    raise BoundError(400, "the only transfer coding that is taken is chunked")
                if upgrade:
                    self._framing = b"Transfer-Encoding: chunked"
            elif length == 6 and name.lower() == b"expect":
                expects = value.lower() == b"100-continue"
        if expects and not self._lingering and not self.transport.is_closing():
            self.transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")

    def on_body(self, body: bytes) -> None:
        self._silent = 0
        if self._sink is not None:
            self._raw_left -= len(body)
            self._sink.data(body)
            return
        self._body.append(body)
        self._size += len(body)
        if self._size > self._bounds.inline_body:
            pieces, self._body = self._body, []
            self._begin_stream().data(b"".join(pieces))

    def on_message_complete(self) -> None:
        if (self._framing and not self._leading) or self._raw_left > 0:
            return  # not its end: see `_feed`
        self._silent = self._raw_left = 0
        self._stage = _BETWEEN
        if self._sink is not None:
            sink, self._sink = self._sink, None
            self._request = HttpRequest(self)
            if self._busy:
                self.deadline = float("inf")
            sink.ended()
            return
        request = self._request
        self._request = HttpRequest(self)
        if self._body:
            request.body = self._body[0] if len(self._body) == 1 else b"".join(self._body)
            self._body = []
        if self._busy:
            self._waiting.append(request)
            if len(self._waiting) >= self._bounds.pipelined:
                self.flow.pause_reading()
            return
        self._begin(request)

    # ---- for the handler
    def respond(self, data: bytes, *, keep_alive: bool = True) -> None:
        """Write one whole answer (head and body) and take up the next request."""
        self.flow.write(data)
        self._next(keep_alive)

    def start(self, head: bytes) -> FlowControl:
        """Begin an answer in pieces: write `head`; pieces go through the flow control that is returned."""
        assert self._flow is not None
        self._flow.write(head)
        return self._flow

    def abort(self) -> None:
        """Break off: a begun answer cannot be completed."""
        if self.transport is not None:
            self.transport.abort()

    def hand_over(self, protocol: Any, answer: bytes) -> None:
        """Answer an upgrade, and leave the connection to `protocol` (RFC 9110 7.8)."""
        self._lingering, transport = True, self.transport
        self._registry.discard(self)
        transport.write(answer)
        transport.set_protocol(protocol)
        protocol.connection_made(transport)

    def close(self) -> None:
        """End after what was written. What still arrives of a body is dropped for a while: a reset at once would take
        the answer away from a peer that is still sending."""
        if self.transport is None or self.transport.is_closing() or self._lingering:
            return
        if self._stage is _BETWEEN or self._ending:
            self.transport.close()
            return
        self._lingering = True
        self.deadline = self._clock() + self._bounds.linger_s
        if self.transport.can_write_eof():
            self.transport.write_eof()

    @property
    def idle(self) -> bool:
        """Nothing in flight."""
        return not (self._busy or self._waiting)

    def expire(self) -> None:
        """The deadline passed: a slow or silent peer. Not where we are the ones who do not read its body."""
        if self._sink is not None and self.flow.paused and not self._lingering:
            self.deadline = self._clock() + self._bounds.body_idle_s
        elif self._gives_up():
            self.abort()
        elif self._stage is not _BETWEEN:
            self._break(408, "the request did not arrive in time")
        else:
            self.close()

    # ---- inside
    def _gives_up(self) -> bool:
        """The peer neither sends its body nor takes what it is told, and nothing can be said to it any more."""
        if self._sink is not None or self._held or self._lingering:
            return True
        return self.transport.is_closing() or (self._busy and self.flow.full)

    def _begin(self, request: HttpRequest) -> None:
        self._busy = True
        self.deadline = float("inf")
        self._handler.handle(request)

    def _next(self, keep_alive: bool) -> None:
        self._busy = False
        if not keep_alive or self._registry.draining or self.transport.is_closing():
            self._waiting.clear()
            self.close()
            return
        if self._flow is not None and self._flow.full:
            # Nothing more is taken up before the peer has read what it was told.
            self._held = True
            self._flow.pause_reading()
            self.deadline = self._clock() + self._bounds.body_idle_s
            return
        self._take_up()

    def _take_up(self) -> None:
        """Go on with the next request, if one is there."""
        if self._waiting:
            if len(self._waiting) <= self._bounds.pipelined:
                self.flow.resume_reading()
            self._begin(self._waiting.popleft())
            return
        bounds, stage = self._bounds, self._stage
        pause_s = bounds.idle_s if stage is _BETWEEN else bounds.body_idle_s if stage is _BODY else bounds.header_s
        self.deadline = self._clock() + pause_s
        if self._break_later is not None:
            (status, reason), self._break_later = self._break_later, None
            self._break(status, reason)
        elif self._ending:
            self.close()
        else:
            self.flow.resume_reading()

    def _begin_stream(self) -> BodySink:
        if self._busy:
            raise BoundError(400, "a large body waits for the answer to the request before")
        self._busy = True
        self._request.stream = True
        assert self._flow is not None
        self._sink = self._handler.open_stream(self._request)
        return self._sink

    @property
    def flow(self) -> FlowControl:
        """Flow control of this connection: pause and resume what it reads and is sent."""
        assert self._flow is not None
        return self._flow

    def _count(self, length: int) -> None:
        self._silent = 0
        self._header_bytes += length
        if self._header_bytes > self._bounds.header_bytes:
            raise BoundError(431, "header fields are too large")

    def _broken_by_callback(self, error: BaseException) -> None:
        cause = error.__context__ or error.__cause__
        if isinstance(cause, BoundError):
            self._break(cause.status, cause.reason)
            return
        self.abort()
        raise cause or error

    def _break(self, status: int, reason: str) -> None:
        if self.transport is None or self.transport.is_closing() or self._lingering:
            return
        if self._busy or self._held or self._waiting:
            # It is answered in its turn; an answer now would be taken for that of the request before.
            self._break_later = self._break_later or (status, reason)
            self.flow.pause_reading()
            return
        self.deadline = self._clock() + self._bounds.header_s
        self._handler.broken(self, status, reason)
