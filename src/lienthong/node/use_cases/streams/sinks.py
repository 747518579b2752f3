"""Where arriving bodies go: into the frame reader, into memory up to a bound, or nowhere."""

from __future__ import annotations

from collections.abc import Callable

from lienthong.adapters.http.flow import FlowControl
from lienthong.domain.errors import LienthongError, Malformed, Unavailable
from lienthong.node.use_cases.streams.pumps import IncomingPump
from lienthong.wire.stream_frames import FrameReader

Headers = list[tuple[bytes, bytes]]


class FrameSink:
    """The content of an HTTP exchange that is a stream. `broken` is told the first thing that is wrong with it.

    `whole` is told when all of the content was read, whatever was wrong with it.
    """

    __slots__ = ("_broken", "_pump", "_reader", "_whole")

    def __init__(
        self, pump: IncomingPump, broken: Callable[[LienthongError], None], whole: Callable[[], None] | None = None
    ) -> None:
        self._pump = pump
        self._whole = whole
        self._reader = FrameReader(pump)
        self._broken: Callable[[LienthongError], None] | None = broken

    def data(self, piece: bytes) -> None:
        """The next bytes."""
        if self._broken is None:
            return
        try:
            self._reader.feed(piece)
        except LienthongError as error:
            self._tell(error)

    def ended(self) -> None:
        """The content is complete; so must be the stream."""
        if self._whole is not None:
            self._whole()
        if not self._reader.complete:
            self._tell(Malformed("InvalidMessage", "the content ended before the stream did"))

    def aborted(self) -> None:
        """The sender is gone."""
        if not self._reader.complete:
            self._tell(Unavailable("NetworkError", "the connection ended in the middle of the stream"))

    def _tell(self, error: LienthongError) -> None:
        if self._broken is None:
            return
        broken, self._broken = self._broken, None
        self._pump.stop()
        broken(error)


class BufferSink:
    """Collects a body of at most `limit` bytes, then gives it to `whole`, or tells `failed`."""

    __slots__ = ("_failed", "_limit", "_pieces", "_size", "_whole")

    def __init__(self, limit: int, whole: Callable[[bytes], None], failed: Callable[[LienthongError], None]) -> None:
        self._limit = limit
        self._whole = whole
        self._failed = failed
        self._pieces: list[bytes] = []
        self._size = 0

    def data(self, piece: bytes) -> None:
        """The next bytes."""
        self._size += len(piece)
        if self._size <= self._limit:
            self._pieces.append(piece)
        else:
            self._pieces = []

    def ended(self) -> None:
        """All of it is there."""
        if self._size > self._limit:
            self._failed(Unavailable("MessageTooLarge", "the answer is too large to be cut to the granted fields"))
        else:
            self._whole(b"".join(self._pieces))

    def aborted(self) -> None:
        """The sender is gone."""
        self._failed(Unavailable("NetworkError", "the connection ended in the middle of the answer"))


class DiscardSink:
    """For a body that nobody takes any more."""

    __slots__ = ()

    def data(self, piece: bytes) -> None:
        """Drop it."""

    def ended(self) -> None:
        """Nothing to do."""

    def aborted(self) -> None:
        """Nothing to do."""


class HttpOutlet:
    """Writes verified bytes as an HTTP body: with a known length as they are, else in chunks."""

    __slots__ = ("_chunked", "flow")

    def __init__(self, flow: FlowControl, *, chunked: bool) -> None:
        self.flow = flow
        self._chunked = chunked

    def write(self, pieces: list[bytes]) -> None:
        """Write verified bytes."""
        if self._chunked:
            pieces = [b"%x\r\n" % sum(map(len, pieces)), *pieces, b"\r\n"]
        self.flow.write_pieces(pieces)

    @property
    def last(self) -> bytes:
        """What ends the body."""
        return b"0\r\n\r\n" if self._chunked else b""


def declared_length(headers: Headers) -> int | None:
    """The Content-Length of a message that arrives, None where there is none (or no number)."""
    for name, value in headers:
        if name.lower() == b"content-length" and value.isdigit():
            return int(value)
    return None


def length_line(length: int | None) -> bytes:
    """The header line that frames a body of `length` bytes, or of unknown length."""
    return b"Transfer-Encoding: chunked\r\n" if length is None else b"Content-Length: %d\r\n" % length


def media_type(headers: Headers) -> bytes:
    """The Content-Type of a message that arrives, as sent; empty where there is none."""
    for name, value in headers:
        if name.lower() == b"content-type":
            return value
    return b""
