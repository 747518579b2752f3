"""Scenario `stream`: one large body up and down through both nodes, against nginx that buffers nothing.

One transfer at a time, the ways in turn, so that ratios are taken inside a round. Memory is sampled while the body
passes; what counts is how much more a node holds at its highest than before.
"""

from __future__ import annotations

import re
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.doubles.rig import SERVICE, SYSTEM, Rig, free_port

from bench.field import node_cpus, two_hops
from bench.goals import judged
from bench.pace import Pace
from bench.processes import PeakMemory, cpu_us

BODY_BYTES = 1_000_000_000
_PIECE = bytes(1 << 20)
_PATIENCE_S = 120.0
_ROUNDS_MOST = 5
_DIRECTIONS = ("upload", "download")


@dataclass(frozen=True)
class Way:
    """One way to the service: the port to connect to, the process of each hop by name."""

    name: str
    port: int
    hops: dict[str, int]


@dataclass(frozen=True)
class Passage:
    """One body that passed: `problem` says what was wrong, empty if nothing was. Growth in MB, CPU in seconds."""

    seconds: float
    growth: dict[str, float]
    cpu: dict[str, float]
    problem: str


def measure(pace: Pace) -> dict[str, Any]:
    """The whole scenario: at most five rounds of one body each way; seconds play no part."""
    found: dict[tuple[str, str], list[Passage]] = {}
    with _field() as ways:
        for turn in range(min(pace.rounds, _ROUNDS_MOST)):
            for direction in _DIRECTIONS:
                for way in ways if turn % 2 == 0 else reversed(ways):
                    found.setdefault((direction, way.name), []).append(_pass(way, direction))
    problems = sorted({one.problem for passages in found.values() for one in passages if one.problem})
    return {
        "body_bytes": BODY_BYTES,
        "figures": {f"{direction} {name}": _summary(passages) for (direction, name), passages in found.items()},
        "ratio_to_nginx": {direction: _rounded(_ratio(found, direction)) for direction in _DIRECTIONS},
        "problems": problems,
        "errors": len(problems),
        "goals": {
            "P10": judged("P10", _ratio(found, *_DIRECTIONS)),
            "P10-memory": judged("P10-memory", _growth(found)),
        },
    }


@contextmanager
def _field() -> Iterator[tuple[Way, ...]]:
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="lienthong-bench-")))
        port = free_port()
        sink = subprocess.Popen([sys.executable, "-m", "bench.sink", str(port)])
        stack.callback(sink.wait)
        stack.callback(sink.terminate)
        rig = Rig(folder / "rig", f"http://127.0.0.1:{port}", cpus=node_cpus())
        hops = two_hops(stack, folder, rig, port, unbuffered=True)
        stack.callback(rig.stop)
        rig.start()
        assert rig.consumer.process is not None
        assert rig.provider.process is not None
        yield (
            Way("nginx", hops[0].port, {"entry": hops[0].pid, "exit": hops[1].pid}),
            Way(
                "nodes",
                rig.consumer.front,
                {"consumer": rig.consumer.process.pid, "provider": rig.provider.process.pid},
            ),
        )


def _pass(way: Way, direction: str) -> Passage:
    """Let one body pass; a problem is told, not raised."""
    before = {name: cpu_us(pid) for name, pid in way.hops.items()}
    with ExitStack() as stack:
        watched = {name: stack.enter_context(PeakMemory(pid)) for name, pid in way.hops.items()}
        began = time.perf_counter()
        try:
            problem = _upload(way.port) if direction == "upload" else _download(way.port)
        except OSError as error:
            problem = f"{direction} through {way.name}: {error}"
        took = time.perf_counter() - began
    used = {name: (cpu_us(pid) - before[name]) / 1e6 for name, pid in way.hops.items()}
    growth = {name: one.growth_mb for name, one in watched.items()}
    return Passage(took, growth, used, problem and f"{direction} through {way.name}: {problem}")


def _head(method: str, query: str, length: int | None) -> bytes:
    lines = [
        f"{method} /r1/{SERVICE}/tep{query} HTTP/1.1",
        "Host: 127.0.0.1",
        f"X-Road-Client: {SYSTEM}",
        "Connection: close",
    ]
    if length is not None:
        lines += ["Content-Type: application/octet-stream", f"Content-Length: {length}"]
    return ("\r\n".join(lines) + "\r\n\r\n").encode()


def _upload(port: int) -> str:
    with socket.create_connection(("127.0.0.1", port), timeout=_PATIENCE_S) as connection:
        try:
            connection.sendall(_head("POST", "", BODY_BYTES))
            left = BODY_BYTES
            while left:
                piece = _PIECE if left >= len(_PIECE) else _PIECE[:left]
                connection.sendall(piece)
                left -= len(piece)
        except (BrokenPipeError, ConnectionResetError):
            pass  # refused before the end: the answer says why
        head, rest = _answer_head(connection)
        body = rest + b"".join(iter(lambda: connection.recv(65_536), b""))
    if b'{"bytes":%d}' % BODY_BYTES in body:
        return ""
    return f"{head[:40].decode(errors='replace')!r} {body[:200].decode(errors='replace')!r}"


def _download(port: int) -> str:
    with socket.create_connection(("127.0.0.1", port), timeout=_PATIENCE_S) as connection:
        connection.sendall(_head("GET", f"?bytes={BODY_BYTES}", None))
        head, rest = _answer_head(connection)
        if not head.startswith(b"HTTP/1.1 200"):
            return f"{head[:40].decode(errors='replace')!r} {rest[:200].decode(errors='replace')!r}"
        length = re.search(rb"(?i)\r\ncontent-length: *(\d+)", head)
        got, buffer = len(rest), bytearray(1 << 20)
        while read := connection.recv_into(buffer):
            got += read
    if length is None:  # chunked: the framing comes on top of the body
        return "" if got >= BODY_BYTES and buffer.find(b"0\r\n\r\n") >= 0 else f"{got} bytes came"
    return "" if got == BODY_BYTES else f"{got} of {BODY_BYTES} bytes came"


def _answer_head(connection: socket.socket) -> tuple[bytes, bytes]:
    data = b""
    while b"\r\n\r\n" not in data:
        piece = connection.recv(65_536)
        if not piece:
            break
        data += piece
    head, _, rest = data.partition(b"\r\n\r\n")
    return head, rest


def _summary(passages: list[Passage]) -> dict[str, Any]:
    good = [one for one in passages if not one.problem]
    if not good:
        return {"passed": 0, "of": len(passages)}
    return {
        "passed": len(good),
        "of": len(passages),
        "mb_per_second": round(BODY_BYTES / 1e6 / statistics.median(one.seconds for one in good), 1),
        "cpu_s_per_gb": {hop: round(statistics.median(one.cpu[hop] for one in good), 2) for hop in good[0].cpu},
        "memory_growth_mb": {hop: round(max(one.growth[hop] for one in good), 1) for hop in good[0].growth},
    }


def _ratio(found: dict[tuple[str, str], list[Passage]], *directions: str) -> float | None:
    """Time through nginx over time through the nodes, for these directions together; median of rounds."""
    ratios = []
    for turn in range(len(found[directions[0], "nodes"])):
        nodes = [found[direction, "nodes"][turn] for direction in directions]
        anchors = [found[direction, "nginx"][turn] for direction in directions]
        if not any(one.problem for one in (*nodes, *anchors)):
            ratios.append(sum(one.seconds for one in anchors) / sum(one.seconds for one in nodes))
    return statistics.median(ratios) if ratios else None


def _rounded(ratio: float | None) -> float | None:
    return None if ratio is None else round(ratio, 3)


def _growth(found: dict[tuple[str, str], list[Passage]]) -> float | None:
    good = [one for (_, name), passages in found.items() if name == "nodes" for one in passages if not one.problem]
    return max((max(one.growth.values()) for one in good), default=None)
