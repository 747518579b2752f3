"""A request as a node received it, how much of it is taken, small whole answers, and the connections of a door."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from typing import Any, Protocol

from lienthong.adapters.http.flow import BodySink, FlowControl

REASONS = {
    200: b"OK", 400: b"Bad Request", 401: b"Unauthorized", 403: b"Forbidden", 404: b"Not Found",
    405: b"Method Not Allowed", 408: b"Request Timeout", 409: b"Conflict", 413: b"Content Too Large",
    431: b"Request Header Fields Too Large", 500: b"Internal Server Error", 503: b"Service Unavailable",
    504: b"Gateway Timeout",
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
    linger_s: float = 2.0


class Stage(Enum):
    """What of a request the parser is in."""

    BETWEEN = 0
    HEAD = 1
    BODY = 2


class BoundError(Exception):
    """The bytes of the peer broke a bound; `status` and `reason` are the answer."""

    def __init__(self, status: int, reason: str) -> None:
        super().__init__(reason)
        self.status = status
        self.reason = reason


class Connection(Protocol):
    """An accepted connection, as those who answer on it and those who sweep it see it. `peer` says who it is."""

    peer: Any
    transport: Any
    deadline: float

    @property
    def idle(self) -> bool:
        """Nothing in flight."""

    @property
    def flow(self) -> FlowControl:
        """Pause and resume what it reads; room to write."""

    def respond(self, data: bytes, *, keep_alive: bool = True) -> None:
        """Write one whole answer."""

    def start(self, head: bytes) -> FlowControl:
        """Begin an answer in pieces."""

    def hand_over(self, protocol: Any, answer: bytes) -> None:
        """Answer an upgrade, and leave the connection to `protocol`."""

    def abort(self) -> None:
        """Break off."""

    def close(self) -> None:
        """End after what was written."""

    def expire(self) -> None:
        """Its deadline passed."""


class HttpRequest:
    """One request as received. `body` is None when it has none; `stream` tells that the body follows in pieces."""

    __slots__ = ("body", "connection", "headers", "keep_alive", "method", "stream", "target")

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        self.method = b""
        self.target = b""
        self.headers: list[tuple[bytes, bytes]] = []
        self.body: bytes | None = None
        self.keep_alive = True
        self.stream = False


class RequestHandler(Protocol):
    """Who answers. Each request is answered once with `connection.respond` or `connection.start`/`write`/`end`."""

    def connected(self, connection: Connection) -> None:
        """A peer connected."""

    def handle(self, request: HttpRequest) -> None:
        """A whole request is there."""

    def open_stream(self, request: HttpRequest) -> BodySink:
        """A request with a large body begins; its pieces go to the sink that is returned."""

    def broken(self, connection: Connection, status: int, reason: str) -> None:
        """The bytes of the peer broke a bound or the protocol; answer with `status` and close."""

    def disconnected(self, connection: Connection) -> None:
        """The peer is gone; whatever is in flight for it goes on without it."""


def plain_response(status: int, content_type: bytes, body: bytes, *, lines: bytes = b"") -> bytes:
    """A small answer with a body, for control endpoints; `lines` are further header lines with their CRLF."""
    head = b"HTTP/1.1 %d %b\r\nContent-Type: %b\r\n%bContent-Length: %d\r\n\r\n" % (
        status, REASONS.get(status, b"Error"), content_type, lines, len(body)
    )  # fmt: skip
    return head + body


class ConnectionRegistry:
    """Every open connection of a listener: swept for deadlines, bounded in number, drained at the end."""

    def __init__(self, *, most: int, clock: Callable[[], float]) -> None:
        self._open: set[Connection] = set()
        self._most = most
        self._clock = clock
        self.draining = False

    def __len__(self) -> int:
        return len(self._open)

    def add(self, connection: Connection) -> None:
        """Take note of a connection; past the bound it is closed at once."""
        if len(self._open) >= self._most or self.draining:
            connection.close()
            return
        self._open.add(connection)

    def discard(self, connection: Connection) -> None:
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
