"""The connections between two nodes are kept: a new one costs a handshake, one that ends unsaid costs a message."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest
from tests.doubles.plain_client import raw
from tests.doubles.rig import SERVICE, SYSTEM, Rig
from tests.doubles.scripted_service import ScriptedService
from tests.doubles.traffic import channels

INLINE, STREAM = 20_000, 3_000_000
"""Bytes of a body that travels whole, and of one whose stream the other node cannot take at once."""
_OFTEN = 16
"""Whether the rest of a request is on its way when the answer leaves is chance; one in four or so."""


@pytest.fixture(scope="module")
def rig(tmp_path_factory: pytest.TempPathFactory, system: ScriptedService) -> Iterator[Rig]:
    rig = Rig(tmp_path_factory.mktemp("channels"), system.url)
    rig.start()
    yield rig
    rig.stop()


@contextmanager
def hasty_service() -> Iterator[str]:
    """A service that answers as soon as it has read the head, and reads no body; gives its address."""

    def serve(taken: socket.socket) -> None:
        with taken, suppress(OSError):
            head = b""
            while b"\r\n\r\n" not in head:
                head += taken.recv(1)
            taken.sendall(b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\n{}")
            while taken.recv(65_536):
                pass

    def listen() -> None:
        with suppress(OSError):
            while True:
                taken, _ = listening.accept()
                threading.Thread(target=serve, args=(taken,), daemon=True).start()

    with socket.create_server(("127.0.0.1", 0)) as listening:
        threading.Thread(target=listen, daemon=True).start()
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"
        listening.shutdown(socket.SHUT_RDWR)


def asked(rig: Rig, size: int, *, chunked: bool) -> bytes:
    """The first line of the answer to one request on a connection of its own."""
    head = f"POST /r1/{SERVICE}/echo HTTP/1.1\r\nHost: h\r\nX-Road-Client: {SYSTEM}\r\nConnection: close\r\n"
    if chunked:
        head += f"Transfer-Encoding: chunked\r\n\r\n{size:x}\r\n"
    else:
        head += f"Content-Length: {size}\r\n\r\n"
    end = b"\r\n0\r\n\r\n" if chunked else b""
    return raw(rig.consumer.front, head.encode() + b"x" * size + end).partition(b"\r\n")[0]


@pytest.mark.parametrize("sizes", [[INLINE] * 5, [STREAM] * 5, [STREAM, INLINE, STREAM, INLINE]])
@pytest.mark.parametrize("chunked", [False, True])
def test_exchanges_one_after_the_other_share_a_connection(rig: Rig, sizes: list[int], chunked: bool) -> None:
    used = []
    for size in sizes:
        assert asked(rig, size, chunked=chunked) == b"HTTP/1.1 200 OK"
        used.append(channels(rig))
    assert used == [used[0]] * len(sizes)
    assert len(used[0]) == 1


def test_a_service_that_answers_at_the_head_costs_no_later_exchange(tmp_path: Path) -> None:
    """The other node ends that connection, as there is more of the request to come, and has to say so."""
    with hasty_service() as url:
        rig = Rig(tmp_path, url)
        rig.start()
        try:
            told = [asked(rig, 4_000_000, chunked=False) for _ in range(_OFTEN)]
        finally:
            rig.stop()
    assert told == [b"HTTP/1.1 200 OK"] * _OFTEN
