"""The buffer into which transports write."""

from __future__ import annotations

import threading

from lienthong.adapters.http.inbox import INBOX_BYTES, InboxProtocol


class Taker(InboxProtocol):
    def __init__(self) -> None:
        self.taken: list[bytes] = []

    def data_received(self, data: bytes) -> None:
        self.taken.append(data)


def test_what_arrived_is_the_connections_own() -> None:
    one, other = Taker(), Taker()
    for taker, content in ((one, b"first"), (other, b"second, longer"), (one, b"3")):
        buffer = taker.get_buffer(-1)
        assert len(buffer) == INBOX_BYTES
        buffer[: len(content)] = content
        taker.buffer_updated(len(content))
    assert one.taken == [b"first", b"3"]
    assert other.taken == [b"second, longer"]


def test_each_thread_has_a_buffer_of_its_own() -> None:
    found: list[memoryview] = []
    thread = threading.Thread(target=lambda: found.append(Taker().get_buffer(-1)))
    thread.start()
    thread.join()
    Taker().get_buffer(-1)[:3] = b"abc"
    found[0][:3] = b"xyz"
    assert bytes(Taker().get_buffer(-1)[:3]) == b"abc"
