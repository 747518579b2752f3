"""A calling system that speaks plain HTTP: calls with http.client, and raw bytes for what that would not send."""

from __future__ import annotations

import http.client
import json
import socket
from dataclasses import dataclass
from typing import Any

from tests.doubles.rig import SYSTEM

CLIENT = {"X-Road-Client": str(SYSTEM)}


@dataclass(frozen=True)
class Answer:
    """An HTTP answer."""

    status: int
    headers: list[tuple[str, str]]
    body: bytes

    def all(self, name: str) -> list[str]:
        """Every value of a header."""
        return [value for key, value in self.headers if key.lower() == name.lower()]

    def header(self, name: str) -> str | None:
        """The value of a header that comes at most once."""
        values = self.all(name)
        assert len(values) <= 1, f"{name} comes {len(values)} times"
        return values[0] if values else None

    @property
    def error(self) -> str | None:
        """X-Road-Error."""
        return self.header("X-Road-Error")

    def json(self) -> Any:
        """The body."""
        return json.loads(self.body)


def call(
    port: int,
    path: str,
    *,
    method: str = "GET",
    headers: dict[str, str] | list[tuple[str, str]] | None = None,
    body: bytes | None = None,
    timeout_s: float = 20,
) -> Answer:
    """One call with exactly these headers (and Host; Content-Length where there is a body)."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=timeout_s)
    try:
        connection.putrequest(method, path, skip_accept_encoding=True)
        items = CLIENT if headers is None else headers
        for name, value in items.items() if isinstance(items, dict) else items:
            connection.putheader(name, value.encode())
        if body is not None:
            connection.putheader("Content-Length", str(len(body)))
        connection.endheaders(body)
        answer = connection.getresponse()
        return Answer(answer.status, answer.getheaders(), answer.read())
    finally:
        connection.close()


def raw(port: int, data: bytes, *, timeout_s: float = 10, half_close: bool = False) -> bytes:
    """Send bytes and read until the other side closes, or for `timeout_s`."""
    with socket.create_connection(("127.0.0.1", port), timeout=timeout_s) as sock:
        sock.sendall(data)
        if half_close:
            sock.shutdown(socket.SHUT_WR)
        return read_all(sock)


def read_all(sock: socket.socket) -> bytes:
    """What comes until the end of the connection or its timeout."""
    pieces = []
    try:
        while piece := sock.recv(65536):
            pieces.append(piece)
    except (TimeoutError, ConnectionError):
        pass
    return b"".join(pieces)


def statuses(data: bytes) -> list[int]:
    """The status codes of the answers in a stream of bytes, in order."""
    return [int(piece[:3]) for piece in data.split(b"HTTP/1.1 ")[1:]]
