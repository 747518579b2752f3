"""What arrives on any connection of a thread lands in one buffer, and is taken up before the next read.

Without it TLS makes an object of 256 KB for each record, of at most 16 KB, that it decrypts. The methods are those of
`asyncio.BufferedProtocol`; the transports of the event loop ask for them by name, so that no class has to inherit.
"""

from __future__ import annotations

from lienthong.adapters.http.thread_buffer import BUFFER


class InboxProtocol:
    """A connection of the thread it is made in; what arrives it is told by `data_received`, as bytes of its own."""

    __slots__ = ("_inbox",)

    def __init__(self) -> None:
        self._inbox: memoryview = BUFFER.view

    def get_buffer(self, sizehint: int) -> memoryview:  # noqa: ARG002 - the interface of asyncio
        """Where the transport shall write."""
        return self._inbox

    def buffer_updated(self, nbytes: int) -> None:
        """It has written so many bytes."""
        self.data_received(bytes(self._inbox[:nbytes]))

    def data_received(self, data: bytes) -> None:  # noqa: ARG002 - what it is for
        """The bytes that arrived."""
        raise AssertionError(f"{type(self).__name__} takes nothing")
