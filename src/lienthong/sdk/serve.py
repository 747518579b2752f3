"""Run a provider application: one process, bounded, stopping gracefully on SIGTERM and SIGINT."""

from __future__ import annotations

import asyncio
import json
import signal
import socket
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

import uvicorn

_BACKLOG = 512
_HEADER_BYTES_MAX = 32768
_IN_FLIGHT_MAX = 512


class Listen(NamedTuple):
    """Where to listen. Port 0 = any free one; the ready line tells which."""

    host: str
    port: int


def parse_listen(text: str) -> Listen:
    """``127.0.0.1:9101``; raises ValueError."""
    host, colon, port = text.rpartition(":")
    if not (host and colon and port.isascii() and port.isdigit() and int(port) < 65536):
        raise ValueError("listen at HOST:PORT")
    return Listen(host, int(port))


def serve(application: Any, listen: Listen, *, grace_s: int = 10) -> None:
    """Serve until a signal comes, then finish what is in flight for at most `grace_s` seconds.

    Prints one line of JSON when ready: ``{"event": "ready", "listen": "127.0.0.1:9101"}``.
    """
    listener = socket.create_server(listen, backlog=_BACKLOG)
    settings = uvicorn.Config(
        application,
        http="h11",  # bounds the header section; httptools does not
        log_level="warning",
        access_log=False,
        server_header=False,
        lifespan="on",
        backlog=_BACKLOG,
        limit_concurrency=_IN_FLIGHT_MAX,
        h11_max_incomplete_event_size=_HEADER_BYTES_MAX,
        timeout_graceful_shutdown=grace_s,
    )
    with asyncio.Runner(loop_factory=settings.get_loop_factory()) as runner:
        runner.run(_serve(_Server(settings), listener))


class _Server(uvicorn.Server):
    """Without uvicorn's habit of killing its own process by the signal it has just obeyed."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


async def _serve(server: _Server, listener: socket.socket) -> None:
    def stop() -> None:
        server.should_exit = True

    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop)
    host, port = listener.getsockname()[:2]
    sys.stdout.write(json.dumps({"event": "ready", "listen": f"{host}:{port}"}) + "\n")
    sys.stdout.flush()
    await server.serve(sockets=[listener])
