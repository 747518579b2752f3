"""The connections between two nodes are kept: a new one costs a handshake, one that ends unsaid costs a message."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.doubles.plain_client import raw
from tests.doubles.rig import SERVICE, SYSTEM, Rig
from tests.doubles.scripted_service import ScriptedService

INLINE, STREAM = 20_000, 3_000_000
"""Bytes of a body that travels whole, and of one whose stream the other node cannot take at once."""
_ESTABLISHED = "01"


@pytest.fixture(scope="module")
def rig(tmp_path_factory: pytest.TempPathFactory, system: ScriptedService) -> Iterator[Rig]:
    rig = Rig(tmp_path_factory.mktemp("channels"), system.url)
    rig.start()
    yield rig
    rig.stop()


def channels(rig: Rig) -> set[str]:
    """The consumer's ends of the connections to the provider's node that stand."""
    found = set()
    for line in Path("/proc/net/tcp").read_text(encoding="ascii").splitlines()[1:]:
        _, local, remote, state = line.split()[:4]
        if int(remote.rpartition(":")[2], 16) == rig.provider.peer and state == _ESTABLISHED:
            found.add(local)
    return found


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
