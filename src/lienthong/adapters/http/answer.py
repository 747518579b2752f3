"""What a call over HTTP/1.1 gives, who waits for it, what it goes through, and how much of it is taken."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from mypy_extensions import mypyc_attr

from lienthong.adapters.http.flow import BodySink, FlowControl
from lienthong.domain.errors import LienthongError

WITHOUT_BODY = frozenset({204, 304})
"""Their Content-Length speaks of a body that does not come (RFC 9110 8.6, 15.4.5)."""
REASON_LENGTH_MAX = 256
"""Bytes of a reason phrase; a header part holds no more."""


@dataclass(frozen=True, slots=True)
class ClientBounds:
    """What a peer may answer and how long it may take. Bytes, counts, seconds."""

    header_bytes: int = 32 * 1024
    header_count: int = 64
    inline_body: int = 256 * 1024
    connect_s: float = 5.0
    answer_s: float = 30.0
    idle_s: float = 60.0
    connections: int = 512
    waiting: int = 4096


@mypyc_attr(acyclic=True, free_list_len=1)
class HttpAnswer:
    """An answer as received. With `stream` the body follows in pieces."""

    __slots__ = ("body", "headers", "reason", "status", "stream")

    def __init__(self) -> None:
        self.status = 0
        self.reason = b""
        self.headers: list[tuple[bytes, bytes]] = []
        self.body: bytes | None = None
        self.stream = False


class Caller(Protocol):
    """Who waits for one answer. Exactly one of `answered` and `failed` is called, or `open_stream` and its sink."""

    def answered(self, answer: HttpAnswer) -> None:
        """The whole answer is there."""

    def failed(self, error: LienthongError) -> None:
        """There will be no answer."""

    def open_stream(self, answer: HttpAnswer, flow: FlowControl) -> BodySink:
        """An answer with a large body begins; `flow` pauses and resumes its arrival."""


class Channel(Protocol):
    """A connection that is given to one request whose body goes in pieces."""

    def begin(self, head: bytes, caller: Caller) -> FlowControl:
        """Write the head; the pieces go through the flow control that is returned."""

    def expect_answer(self) -> None:
        """All of the request is written."""

    def abort(self) -> None:
        """Break it off."""

    def abort_for(self, caller: Caller) -> None:
        """Break it off if it still serves this caller."""


class Connections(Protocol):
    """Connections to one address."""

    def call(self, data: bytes, caller: Caller, *, no_body: bool = False, resend: bool = False) -> None:
        """Send one whole request; `caller` gets the answer or the failure."""

    def stream(self, caller: Caller, ready: Callable[[Channel], None]) -> None:
        """Get a connection for a request in pieces: `ready` receives it."""
