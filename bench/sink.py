"""A service that reads what is posted to its end and tells how much it was, and gives as much as it is asked for.

    python -m bench.sink PORT [BYTES]

``POST`` is answered with ``{"bytes":N}``, with spaces after N to make it BYTES long, ``GET …?bytes=N`` with N zeros.
"""

from __future__ import annotations

import asyncio
import sys
from typing import Any

import httptools
import uvloop

_PIECE = bytes(256 * 1024)


_answer_bytes = 0


def answer(taken: int, size: int) -> bytes:
    """What a POST of `taken` bytes is answered with: at least `size` bytes of JSON."""
    return b'{"bytes":%d' % taken + b"}".rjust(size - len(b'{"bytes":%d' % taken))


class _Connection(asyncio.Protocol):
    def __init__(self) -> None:
        self._parser: Any = httptools.HttpRequestParser(self)
        self._transport: Any = None
        self._target = b""
        self._taken = self._left = 0
        self._room = True

    def connection_made(self, transport: Any) -> None:
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._parser.feed_data(data)

    def pause_writing(self) -> None:
        self._room = False

    def resume_writing(self) -> None:
        self._room = True
        self._give()

    def on_url(self, url: bytes) -> None:
        self._target += url

    def on_body(self, body: bytes) -> None:
        self._taken += len(body)

    def on_message_complete(self) -> None:
        asked = self._target.partition(b"?bytes=")[2]
        if asked:
            self._left = int(asked)
            kind, length, body = b"application/octet-stream", self._left, b""
        else:
            body = answer(self._taken, _answer_bytes)
            kind, length = b"application/json", len(body)
        self._target, self._taken = b"", 0
        self._transport.write(
            b"HTTP/1.1 200 OK\r\nContent-Type: %b\r\nContent-Length: %d\r\n\r\n" % (kind, length) + body
        )
        self._give()

    def _give(self) -> None:
        while self._left and self._room:
            piece = _PIECE if self._left >= len(_PIECE) else _PIECE[: self._left]
            self._left -= len(piece)
            self._transport.write(piece)


async def _serve(port: int) -> None:
    server = await asyncio.get_running_loop().create_server(_Connection, "127.0.0.1", port)
    await server.serve_forever()


if __name__ == "__main__":
    _answer_bytes = int(sys.argv[2]) if len(sys.argv) > 2 else 0
    uvloop.run(_serve(int(sys.argv[1])))
