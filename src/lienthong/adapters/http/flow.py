"""Back-pressure between two connections: the reader stops while the writer's buffer is full."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol


class BodySink(Protocol):
    """Takes the pieces of a body that arrives."""

    def data(self, piece: bytes) -> None:
        """The next piece."""

    def ended(self) -> None:
        """The body is complete."""

    def aborted(self) -> None:
        """The sender is gone before the end."""


class FlowControl:
    """Write side and read side of one transport, with callbacks when writing is possible again.

    Without a transport (all bytes are here already) it is one that ended.
    """

    __slots__ = ("_full", "_gone", "_reading", "_transport", "on_room")

    def __init__(self, transport: Any) -> None:
        self._transport = transport
        self._full = False
        self._gone = transport is None
        self._reading = True
        self.on_room: Callable[[], None] | None = None

    @property
    def full(self) -> bool:
        """The write buffer is above its high-water mark."""
        return self._full

    @property
    def paused(self) -> bool:
        """Reading was stopped here: the peer cannot help being silent."""
        return not self._reading

    @property
    def gone(self) -> bool:
        """The connection ended."""
        return self._gone

    @property
    def waiting(self) -> int:
        """Bytes that were written here and that the other side has not taken."""
        size: int = 0 if self._gone else self._transport.get_write_buffer_size()
        return size

    def write(self, data: bytes) -> None:
        """Write unless the connection ended."""
        if not self._gone and not self._transport.is_closing():
            self._transport.write(data)

    def write_pieces(self, pieces: list[bytes]) -> None:
        """Write all of them, without joining them first, unless the connection ended."""
        if not self._gone and not self._transport.is_closing():
            self._transport.writelines(pieces)

    def pause_reading(self) -> None:
        """Stop reading from this connection."""
        if self._reading and not self._gone:
            self._reading = False
            self._transport.pause_reading()

    def resume_reading(self) -> None:
        """Read again."""
        if not self._reading and not self._gone:
            self._reading = True
            self._transport.resume_reading()

    def abort(self) -> None:
        """Break the connection off."""
        if not self._gone:
            self._transport.abort()

    def pause_writing(self) -> None:
        """Called by the connection when its buffer is full."""
        self._full = True

    def resume_writing(self) -> None:
        """Called by the connection when there is room."""
        self._full = False
        if self.on_room is not None:
            self.on_room()

    def lost(self) -> None:
        """Called by the connection when it ended. Who waits for room goes on: what it writes from now on is dropped.

        Otherwise the other side would stand still for ever, and its exchange would have no end.
        """
        self._gone = True
        self._full = False
        if self.on_room is not None:
            self.on_room()
