"""Opens connections: plain, or TLS with an optional check of who answered.

A connection whose other end vanished without a word is found out by the kernel: an idle one by its questions
(keepalive), one with data under way by `bound_silence`.
"""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import Callable
from typing import Any

Connect = Callable[[Callable[[], Any]], Any]
"""Gives transport and protocol, which its argument makes."""

KEEP_IDLE_S, KEEP_PAUSE_S, KEEP_ASKED = 15, 5, 3
"""An idle connection is asked after the first, again after the second, and ends after so many without an answer."""
_KEEPALIVE = (
    (socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1),
    (socket.IPPROTO_TCP, socket.TCP_KEEPIDLE, KEEP_IDLE_S),
    (socket.IPPROTO_TCP, socket.TCP_KEEPINTVL, KEEP_PAUSE_S),
    (socket.IPPROTO_TCP, socket.TCP_KEEPCNT, KEEP_ASKED),
)


def bound_silence(transport: Any, seconds: float) -> None:
    """End the connection where the other machine acknowledges nothing for so long, or takes nothing.

    Not for bodies in pieces: whoever reads them may pause longer.
    """
    sock = transport.get_extra_info("socket")
    if sock is not None:
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, int(seconds * 1000))


def connector(
    host: str,
    port: int,
    *,
    tls: ssl.SSLContext | None = None,
    server_hostname: str | None = None,
    accept_peer: Callable[[bytes], None] | None = None,
) -> Connect:
    """A function that opens one connection.

    `accept_peer` gets the DER certificate of the other side after the handshake and raises Unproven to refuse it.
    """

    async def connect(make: Callable[[], Any]) -> tuple[Any, Any]:
        loop = asyncio.get_running_loop()
        transport, connection = await loop.create_connection(
            make, host, port, ssl=tls, server_hostname=server_hostname if tls is not None else None
        )
        sock = transport.get_extra_info("socket")
        if sock is not None:
            for option in ((socket.IPPROTO_TCP, socket.TCP_NODELAY, 1), *_KEEPALIVE):
                sock.setsockopt(*option)
        if accept_peer is not None:
            try:
                accept_peer(transport.get_extra_info("ssl_object").getpeercert(True) or b"")
            except BaseException:
                transport.abort()
                raise
        return transport, connection

    return connect
