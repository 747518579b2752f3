"""HTTP/1.1 server connections for the message plane: asyncio.Protocol over httptools, callbacks, no tasks.

Law: a connection carries one request at a time; what a peer sends is bounded in header bytes, header count, body
bytes and time; a request is handed over whole, or, past `Bounds.inline_body`, as a stream with back-pressure.
What it does not do: decide anything about the request.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

import httptools

from lienthong.adapters.http_flow import BodySink, FlowControl

REASONS = {
    200: b"OK", 400: b"Bad Request", 401: b"Unauthorized", 403: b"Forbidden", 404: b"Not Found",
    405: b"Method Not Allowed", 408: b"Request Timeout", 413: b"Content Too Large",
    431: b"Request Header Fields Too Large", 500: b"Internal Server Error", 503: b"Service Unavailable",
}  # fmt: skip
"""Reason phrases of the answers that a node makes itself."""


@dataclass(frozen=True, slots=True)
class Bounds:
    """What one connection may send. Bytes, counts and seconds."""

    header_bytes: int = 32 * 1024
    header_count: int = 64
    inline_body: int = 256 * 1024
    header_s: float = 10.0
    body_idle_s: float = 30.0
    idle_s: float = 120.0
    pipelined: int = 16


class HttpRequest:
    """One request as received. `body` is None when it has none; `stream` tells that the body follows in pieces."""

    __slots__ = ("body", "connection", "headers", "keep_alive", "method", "stream", "target")

    def __init__(self, connection: HttpServerConnection) -> None:
        self.connection = connection
        self.method = b""
        self.target = b""
        self.headers: list[tuple[bytes, bytes]] = []
        self.body: bytes | None = None
        self.keep_alive = True
        self.stream = False


class RequestHandler(Protocol):
    """Who answers. Each request is answered once with `connection.respond` or `connection.start`/`write`/`end`."""

    def connected(self, connection: HttpServerConnection) -> None:
        """A peer connected."""

    def handle(self, request: HttpRequest) -> None:
        """A whole request is there."""

    def open_stream(self, request: HttpRequest) -> BodySink:
        """A request with a large body begins; its pieces go to the sink that is returned."""

    def broken(self, connection: HttpServerConnection, status: int, reason: str) -> None:
        """The bytes of the peer broke a bound or the protocol; answer with `status` and close."""

    def disconnected(self, connection: HttpServerConnection) -> None:
        """The peer is gone; whatever is in flight for it goes on without it."""


class HttpServerConnection(asyncio.Protocol):
    """One accepted connection. `peer` is free for the handler (who it is)."""

    __slots__ = (
        "_body", "_bounds", "_busy", "_clock", "_flow", "_handler", "_header_bytes", "_parser", "_registry",
        "_request", "_sink", "_waiting", "deadline", "peer", "transport",
    )  # fmt: skip

    def __init__(
        self, handler: RequestHandler, *, bounds: Bounds, clock: Callable[[], float], registry: ConnectionRegistry
    ) -> None:
        self._handler = handler
        self._bounds = bounds
        self._clock = clock
        self._registry = registry
        self._parser: Any = httptools.HttpRequestParser(self)
        self._request = HttpRequest(self)
        self._body: list[bytes] = []
        self._header_bytes = 0
        self._busy = False
        self._waiting: deque[HttpRequest] = deque()
        self._sink: BodySink | None = None
        self._flow: FlowControl | None = None
        self.transport: Any = None
        self.peer: Any = None
        self.deadline = 0.0

    # ---- asyncio callbacks
    def connection_made(self, transport: Any) -> None:
        self.transport = transport
        self._flow = FlowControl(transport)
        self.deadline = self._clock() + self._bounds.header_s
        self._registry.add(self)
        self._handler.connected(self)

    def connection_lost(self, _exc: BaseException | None) -> None:
        self._registry.discard(self)
        if self._sink is not None:
            sink, self._sink = self._sink, None
            sink.aborted()
        if self._flow is not None:
            self._flow.lost()
        self._handler.disconnected(self)

    def eof_received(self) -> bool:
        """Half-closed: a request in flight is still answered, then the connection ends."""
        return self._busy and self._sink is None

    def pause_writing(self) -> None:
        if self._flow is not None:
            self._flow.pause_writing()

    def resume_writing(self) -> None:
        if self._flow is not None:
            self._flow.resume_writing()

    def data_received(self, data: bytes) -> None:
        if not self._busy:
            self.deadline = self._clock() + self._bounds.body_idle_s
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserUpgrade:
            self._break(400, "protocol upgrade is not offered")
        except httptools.HttpParserCallbackError as error:
            self._broken_by_callback(error)
        except httptools.HttpParserError:
            self._break(400, "not HTTP/1.1")

    # ---- httptools callbacks
    def on_message_begin(self) -> None:
        self._header_bytes = 0

    def on_url(self, url: bytes) -> None:
        self._count(len(url))
        self._request.target += url

    def on_header(self, name: bytes, value: bytes) -> None:
        self._count(len(name) + len(value))
        headers = self._request.headers
        headers.append((name, value))
        if len(headers) > self._bounds.header_count:
            raise _BoundError(431, "too many header fields")

    def on_headers_complete(self) -> None:
        request = self._request
        request.method = self._parser.get_method()
        request.keep_alive = self._parser.should_keep_alive()
        if self._header_bytes > self._bounds.header_bytes:
            raise _BoundError(431, "header fields are too large")
        self.deadline = self._clock() + self._bounds.body_idle_s
        for name, value in request.headers:
            length = len(name)
            if length == 14 and name.lower() == b"content-length" and int(value) > self._bounds.inline_body:
                self._begin_stream()
            elif length == 6 and name.lower() == b"expect" and value.lower() == b"100-continue":
                self.transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")

    def on_body(self, body: bytes) -> None:
        if self._sink is not None:
            self._sink.data(body)
            return
        self._body.append(body)
        if len(self._body) > 1 and sum(map(len, self._body)) > self._bounds.inline_body:
            pieces, self._body = self._body, []
            self._begin_stream()
            assert self._sink is not None
            self._sink.data(b"".join(pieces))

    def on_message_complete(self) -> None:
        if self._sink is not None:
            sink, self._sink = self._sink, None
            self._request = HttpRequest(self)
            sink.ended()
            return
        request = self._request
        self._request = HttpRequest(self)
        if self._body:
            request.body = self._body[0] if len(self._body) == 1 else b"".join(self._body)
            self._body = []
        if self._busy:
            if len(self._waiting) >= self._bounds.pipelined:
                raise _BoundError(400, "too many pipelined requests")
            self._waiting.append(request)
            return
        self._busy = True
        self.deadline = float("inf")
        self._handler.handle(request)

    # ---- for the handler
    def respond(self, data: bytes, *, keep_alive: bool = True) -> None:
        """Write one whole answer (head and body) and take up the next request."""
        transport = self.transport
        if not transport.is_closing():
            transport.write(data)
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

    def close(self) -> None:
        """End after what was written."""
        if self.transport is not None:
            self.transport.close()

    @property
    def idle(self) -> bool:
        """Nothing in flight."""
        return not self._busy and not self._waiting

    def expire(self) -> None:
        """The deadline passed: a slow or silent peer."""
        if self._sink is not None:
            self.abort()
        elif self._header_bytes or self._body or self._request.headers:
            self._break(408, "the request did not arrive in time")
        else:
            self.close()

    # ---- inside
    def _next(self, keep_alive: bool) -> None:
        self._busy = False
        if not keep_alive or self._registry.draining:
            self.close()
            return
        self._header_bytes = 0
        self.deadline = self._clock() + self._bounds.idle_s
        if self._waiting:
            self._busy = True
            self.deadline = float("inf")
            self._handler.handle(self._waiting.popleft())

    def _begin_stream(self) -> None:
        self._busy = True
        self._request.stream = True
        assert self._flow is not None
        self._sink = self._handler.open_stream(self._request)

    @property
    def flow(self) -> FlowControl:
        """Flow control of this connection: pause and resume what it reads and is sent."""
        assert self._flow is not None
        return self._flow

    def _count(self, length: int) -> None:
        self._header_bytes += length
        if self._header_bytes > self._bounds.header_bytes:
            raise _BoundError(431, "header fields are too large")

    def _broken_by_callback(self, error: BaseException) -> None:
        cause = error.__context__ or error.__cause__
        if isinstance(cause, _BoundError):
            self._break(cause.status, cause.reason)
            return
        self.abort()
        raise cause or error

    def _break(self, status: int, reason: str) -> None:
        if self.transport is None or self.transport.is_closing():
            return
        self.deadline = self._clock() + self._bounds.header_s
        self._handler.broken(self, status, reason)


class _BoundError(Exception):
    def __init__(self, status: int, reason: str) -> None:
        super().__init__(reason)
        self.status = status
        self.reason = reason


class ConnectionRegistry:
    """Every open connection of a listener: swept for deadlines, bounded in number, drained at the end."""

    def __init__(self, *, most: int, clock: Callable[[], float]) -> None:
        self._open: set[HttpServerConnection] = set()
        self._most = most
        self._clock = clock
        self.draining = False

    def __len__(self) -> int:
        return len(self._open)

    def add(self, connection: HttpServerConnection) -> None:
        """Take note of a connection; past the bound it is closed at once."""
        if len(self._open) >= self._most or self.draining:
            connection.close()
            return
        self._open.add(connection)

    def discard(self, connection: HttpServerConnection) -> None:
        """Forget a connection."""
        self._open.discard(connection)

    def sweep(self) -> None:
        """End every connection whose deadline passed."""
        now = self._clock()
        for connection in [one for one in self._open if one.deadline < now]:
            connection.expire()

    def drain(self) -> None:
        """Close idle connections now, the others after their answer."""
        self.draining = True
        for connection in [one for one in self._open if one.idle]:
            connection.close()


def plain_response(status: int, content_type: bytes, body: bytes, *, lines: bytes = b"") -> bytes:
    """A small answer with a body, for control endpoints; `lines` are further header lines with their CRLF."""
    head = b"HTTP/1.1 %d %b\r\nContent-Type: %b\r\n%bContent-Length: %d\r\n\r\n" % (
        status, REASONS.get(status, b"Error"), content_type, lines, len(body)
    )  # fmt: skip
    return head + body
