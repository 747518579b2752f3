"""The buffer into which transports write."""

from __future__ import annotations

import threading
from typing import Any

from tests.doubles.transport import Clock, Transport

from lienthong.adapters.http.inbox import InboxProtocol
from lienthong.adapters.http.request import Bounds, ConnectionRegistry
from lienthong.adapters.http.server import HttpServerConnection
from lienthong.adapters.http.thread_buffer import BUFFER_BYTES


class Taker:
    """A handler that keeps what was asked for."""

    def __init__(self) -> None:
        self.taken: list[bytes] = []

    def connected(self, connection: Any) -> None:
        """Anybody may."""

    def handle(self, request: Any) -> None:
        self.taken.append(request.target)
        request.connection.respond(b"HTTP/1.1 204 No Content\r\n\r\n")


def _connection(taker: Taker) -> HttpServerConnection:
    clock = Clock()
    registry = ConnectionRegistry(most=9, clock=clock)
    made = HttpServerConnection(taker, bounds=Bounds(), clock=clock, registry=registry)  # type: ignore[arg-type]
    made.connection_made(Transport())
    return made


def test_what_arrived_is_the_connections_own() -> None:
    takers = Taker(), Taker()
    one, other = map(_connection, takers)
    for connection, target in ((one, b"/first"), (other, b"/second,longer"), (one, b"/3")):
        content = b"GET %b HTTP/1.1\r\n\r\n" % target
        buffer = connection.get_buffer(-1)
        assert len(buffer) == BUFFER_BYTES
        buffer[: len(content)] = content
        connection.buffer_updated(len(content))
    assert takers[0].taken == [b"/first", b"/3"]
    assert takers[1].taken == [b"/second,longer"]


def test_each_thread_has_a_buffer_of_its_own() -> None:
    found: list[memoryview] = []
    thread = threading.Thread(target=lambda: found.append(InboxProtocol().get_buffer(-1)))
    thread.start()
    thread.join()
    InboxProtocol().get_buffer(-1)[:3] = b"abc"
    found[0][:3] = b"xyz"
    assert bytes(InboxProtocol().get_buffer(-1)[:3]) == b"abc"
