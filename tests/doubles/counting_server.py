"""A provider's system in its own process: answers every POST and appends the X-Road-Id that it executed to a file.

``python counting_server.py PORT FILE``. The file is written before the answer; the process is never killed in tests,
so what was written stays.
"""

from __future__ import annotations

import asyncio
import os
import sys


class _Connection(asyncio.Protocol):
    def __init__(self, executed: int) -> None:
        self._executed = executed
        self._data = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._data += data
        while (end := self._data.find(b"\r\n\r\n")) >= 0:
            head = self._data[:end].split(b"\r\n")
            headers = {name.lower(): value.strip() for name, _, value in (line.partition(b":") for line in head[1:])}
            size = end + 4 + int(headers.get(b"content-length", b"0"))
            if len(self._data) < size:
                return
            self._data = self._data[size:]
            os.write(self._executed, headers[b"x-road-id"] + b"\n")
            self._transport.write(  # type: ignore[attr-defined]
                b'HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 11\r\n\r\n{"ok":true}'
            )


async def _serve(port: int, path: str) -> None:
    executed = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    server = await asyncio.get_running_loop().create_server(lambda: _Connection(executed), "127.0.0.1", port)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(_serve(int(sys.argv[1]), sys.argv[2]))
