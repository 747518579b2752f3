"""Scenario `peers`: ten providers' nodes at once behind one consumer's node, and connections of systems that idle.

The same 128 requests in flight go to one provider or are spread evenly over ten; of messages that share a trunk, and
so a signature, there are then a tenth as many. In other visits a thousand further connections are open at the
consumer's node, each of which has had one exchange.
"""

from __future__ import annotations

import resource
import socket
import statistics
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from tests.doubles.rig import Rig, peer_service

from bench import visits as visiting
from bench import wrk
from bench.field import (
    BODY_BYTES,
    HEADERS,
    PATH,
    REST,
    Way,
    ask_once,
    hop_cpus,
    json_of,
    until_trunk,
)
from bench.field import field as new_field
from bench.machine import nginx_version
from bench.pace import Pace
from bench.processes import memory_mb
from bench.visits import Visit

PEERS = 10
IN_FLIGHT = 128
IDLE = 1000
_FILES = 8192
_PATIENCE_S = 30.0


@dataclass
class _Idling:
    """What the idle connections did: memory of the consumer's node without and with them, how many were closed."""

    memory: list[tuple[float, float]] = field(default_factory=list)
    closed: int = 0


def measure(pace: Pace) -> dict[str, Any]:
    """The whole scenario."""
    _allow_files()
    idling = _Idling()
    with new_field() as ground:
        one = ground.nodes("one peer", trunk=True, peers=PEERS - 1)
        ten = Way("ten peers", one.url, one.hops)
        idle = Way("one peer, idle connections", one.url, one.hops)
        nginx = ground.nginx()
        _open_trunks(ground.rigs[one.name])
        single = wrk.write_script(ground.folder / "post.lua", json_of(BODY_BYTES, "hoi"), HEADERS)
        spread = _spread(ground.folder / "spread.lua")
        visiting.warm((nginx, one), single, (IN_FLIGHT,))
        visiting.warm((ten,), spread, (IN_FLIGHT,))

        def of(way: Way, connections: int) -> Visit:
            if way is idle:
                return _beside_idle(way, single, pace, idling)
            return visiting.visit(way, spread if way is ten else single, connections, pace)

        visits = visiting.in_turn((nginx, one, ten, idle), {IN_FLIGHT: pace.rounds}, of)
        lost = ground.trunks_down()
    return {
        "nginx": nginx_version(),
        "rounds": pace.rounds,
        "seconds": pace.seconds,
        "hops_bound_to_cpus": hop_cpus(),
        "peers": PEERS,
        "trunks_lost": lost,
        "ratio_ten_peers_to_one": _median(visiting.ratios(visits, ten.name, IN_FLIGHT, one.name)),
        "idle_connections": IDLE,
        "idle_connections_closed": idling.closed,
        "ratio_with_idle_to_without": _median(visiting.ratios(visits, idle.name, IN_FLIGHT, one.name)),
        "consumer_mb_without_and_with": [visiting.rounded(pair, 1) for pair in idling.memory],
        "kb_per_idle_connection": _median((after - before) * 1000 / IDLE for before, after in idling.memory),
        "figures": visiting.figures(visits),
        "errors": visiting.errors(visits) + idling.closed,
    }


def _allow_files() -> None:
    """Let this process and those it starts open enough files; raises RuntimeError where the system forbids it."""
    now, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    if now < _FILES:
        if most < _FILES:
            raise RuntimeError(f"{_FILES} open files are needed, {most} are allowed. Remedy: ulimit -Hn {_FILES}")
        resource.setrlimit(resource.RLIMIT_NOFILE, (_FILES, most))


def paths() -> list[str]:
    """Of the service of each provider."""
    return [PATH, *(f"/r1/{peer_service(number)}{REST}" for number in range(PEERS - 1))]


def _spread(file: Path) -> Path:
    cards = [wrk.Card(path, BODY_BYTES) for path in paths()]
    return wrk.write_deck(file, cards, range(PEERS), HEADERS)


def _open_trunks(rig: Rig) -> None:
    """The trunks to the further providers; that to the first is up."""
    for node, path in zip(rig.further, paths()[1:], strict=True):
        way = Way(node.name, f"http://127.0.0.1:{rig.consumer.front}{path}", {})
        ask_once(way)
        until_trunk(way, node)


def _beside_idle(way: Way, script: Path, pace: Pace, idling: _Idling) -> Visit:
    before = memory_mb(way.hops["consumer"])[0]
    with _idle_connections(way.url) as kept:
        idling.memory.append((before, memory_mb(way.hops["consumer"])[0]))
        visit = visiting.visit(way, script, IN_FLIGHT, pace)
        idling.closed += sum(map(_closed, kept))
    return visit


@contextmanager
def _idle_connections(url: str) -> Iterator[list[socket.socket]]:
    """Connections to `url` that had one exchange each; raises RuntimeError where one is not answered with 200."""
    parts = urlsplit(url)
    assert parts.hostname is not None
    assert parts.port is not None
    body = json_of(BODY_BYTES, "hoi")
    lines = [f"POST {parts.path} HTTP/1.1", f"Host: {parts.netloc}", f"Content-Length: {len(body)}"]
    lines += [f"{name}: {value}" for name, value in HEADERS.items()]
    request = "\r\n".join(lines).encode() + b"\r\n\r\n" + body
    kept: list[socket.socket] = []
    try:
        for _ in range(IDLE):
            kept.append(socket.create_connection((parts.hostname, parts.port), timeout=_PATIENCE_S))
            kept[-1].sendall(request)
        for connection in kept:
            _read_answer(connection)
        yield kept
    finally:
        for connection in kept:
            connection.close()


def _read_answer(connection: socket.socket) -> None:
    """To the end of the answer, which closes the service's JSON."""
    read = b""
    while not read.endswith(b"}"):
        piece = connection.recv(1 << 16)
        if not piece:
            break
        read += piece
    if not read.startswith(b"HTTP/1.1 200 "):
        raise RuntimeError(f"a connection that was to idle was answered {read[:80]!r}")


def _closed(connection: socket.socket) -> bool:
    """Whether the node ended it meanwhile: nothing but the end can come."""
    connection.setblocking(False)
    try:
        return connection.recv(1) == b""
    except BlockingIOError:
        return False
    except OSError:
        return True


def _median(numbers: Iterable[float]) -> float:
    return round(statistics.median(list(numbers)), 3)
