"""What arrives on any connection of a thread lands in one buffer, and is taken up before the next read.

Without it TLS makes an object of 256 KB for each record, of at most 16 KB, that it decrypts.
"""

from __future__ import annotations

import asyncio
import threading
from abc import ABC, abstractmethod

INBOX_BYTES = 256 << 10


class _Inbox(threading.local):
    """The buffer of one thread, and so of one event loop."""

    def __init__(self) -> None:
        self.view = memoryview(bytearray(INBOX_BYTES))


_INBOX = _Inbox()


class InboxProtocol(asyncio.BufferedProtocol, ABC):
    """A connection that is told of what arrives by `data_received`, as bytes of its own."""

    __slots__ = ()

    def get_buffer(self, sizehint: int) -> memoryview:  # noqa: ARG002 - the interface of asyncio
        """Where the transport shall write."""
        return _INBOX.view

    def buffer_updated(self, nbytes: int) -> None:
        """It has written so many bytes."""
        self.data_received(bytes(_INBOX.view[:nbytes]))

    @abstractmethod
    def data_received(self, data: bytes) -> None:
        """The bytes that arrived."""
