"""Opens connections for a pool: plain, or TLS with an optional check of who answered."""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import Callable
from typing import Any

Connect = Callable[[Callable[[], Any]], Any]
"""Gives transport and protocol, which its argument makes."""


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
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if accept_peer is not None:
            try:
                accept_peer(transport.get_extra_info("ssl_object").getpeercert(True) or b"")
            except BaseException:
                transport.abort()
                raise
        return transport, connection

    return connect
