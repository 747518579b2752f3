"""What one turn of the event loop writes to many connections goes out at its end, together.

Never compiled, as `thread_buffer`: compiled, all threads would share the outbox.
"""

from __future__ import annotations

import asyncio
import threading
from typing import Any, Final

from lienthong.adapters.http.gathering.outbox import GatheredTransport, Outbox
from lienthong.adapters.http.gathering.write_each import new_write_each

__all__ = ["gathered"]


class _Outboxes(threading.local):
    """That of the event loop which this thread runs."""

    def __init__(self) -> None:
        self.loop: asyncio.AbstractEventLoop | None = None
        self.outbox: Outbox | None = None

    def of(self, loop: asyncio.AbstractEventLoop) -> Outbox:
        """Made when the first connection of a loop asks."""
        if self.outbox is None or self.loop is not loop:
            self.loop, self.outbox = loop, Outbox(loop, new_write_each())
        return self.outbox


_OUTBOXES: Final = _Outboxes()


def gathered(transport: Any) -> Any:
    """`transport`, whose short writes go out with those of others; itself where it is no socket, or has TLS."""
    if transport.get_extra_info("ssl_object") is not None:
        return transport
    socket = transport.get_extra_info("socket")
    if socket is None:
        return transport
    return GatheredTransport(transport, socket.fileno(), _OUTBOXES.of(asyncio.get_running_loop()))
