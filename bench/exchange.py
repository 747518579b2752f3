"""Scenario `exchange`: a signed, decided, durable exchange against two hops of nginx and against the direct call.

Two nodes, the service and the proxies run as processes of their own and stay up for the whole run. Every round visits
every configuration at every concurrency, so that what else the machine does falls on all of them alike; ratios are
taken inside a round, and the median over rounds is the figure.
"""

from __future__ import annotations

import os
import statistics
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.doubles.rig import SERVICE, SYSTEM, Rig, free_port

from bench import nginx, wrk
from bench.goals import judged
from bench.machine import nginx_version, tool
from bench.processes import cpu_us, memory_mb
from lienthong.adapters import pki

BODY_BYTES = 1021
CONCURRENCIES = (1, 32, 128, 256)
HEADERS = {"Content-Type": "application/json", "X-Road-Client": str(SYSTEM)}
_SETTLE_S = 0.15
_REST_S, _REST_MAX_S, _REST_SHARE = 1.1, 30.0, 0.02


@dataclass(frozen=True)
class Way:
    """One way to the same service: its address, and the process of each hop by name."""

    name: str
    url: str
    hops: dict[str, int]


@dataclass(frozen=True)
class Visit:
    """One configuration at one concurrency in one round. CPU in microseconds per message, memory in MB, by hop.

    `later`: what a hop did afterwards, on its own, of what the messages left to do (the index).
    """

    load: wrk.Load
    cpu: dict[str, float]
    later: dict[str, float]
    memory: dict[str, tuple[float, float]]


@dataclass(frozen=True)
class Field:
    """Everything that is up during the run."""

    ways: tuple[Way, ...]
    script: Path
    rig: Rig


def json_of(size: int, word: str) -> bytes:
    """A JSON object of exactly `size` bytes."""
    frame = b'{"%s":"%s"}'
    return frame % (word.encode(), b"x" * (size - len(frame % (word.encode(), b""))))


@contextmanager
def field(extra_settings: str = "") -> Iterator[Field]:
    """Start service, proxies and nodes; take all down at the end."""
    for name in ("nginx", "wrk"):
        tool(name)
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="lienthong-bench-")))
        service_port = free_port()
        stack.enter_context(nginx.service(folder / "service", service_port, json_of(BODY_BYTES, "traLoi")))
        service_url = f"http://127.0.0.1:{service_port}"
        rig = Rig(folder / "rig", service_url, extra_settings=extra_settings, cpus=node_cpus())
        hops = two_hops(stack, folder, rig, service_port)
        stack.callback(rig.stop)
        rig.start()
        assert rig.consumer.process is not None
        assert rig.provider.process is not None
        path = f"/r1/{SERVICE}/ho-so"
        ways = (
            Way("direct", f"http://127.0.0.1:{service_port}{path}", {}),
            Way("nginx", hops[0].url + path, {"entry": hops[0].pid, "exit": hops[1].pid}),
            Way(
                "nodes",
                rig.consumer.url(path="/ho-so"),
                {"consumer": rig.consumer.process.pid, "provider": rig.provider.process.pid},
            ),
        )
        yield Field(ways, wrk.write_script(folder / "post.lua", json_of(BODY_BYTES, "hoi"), HEADERS), rig)


def hop_cpus() -> tuple[int, int]:
    """The processors of the first and the second hop, of nodes and of nginx alike; service and load are not bound."""
    usable = sorted(os.sched_getaffinity(0))
    return usable[0], usable[1 % len(usable)]


def node_cpus() -> dict[str, int]:
    """The same for the nodes of a rig."""
    return dict(zip(("consumer", "provider"), hop_cpus(), strict=True))


def two_hops(
    stack: ExitStack, folder: Path, rig: Rig, service_port: int, *, unbuffered: bool = False
) -> tuple[nginx.Nginx, nginx.Nginx]:
    """The two nginx proxies, with the channel certificates of the nodes."""
    authorities = folder / "authorities.pem"
    authorities.write_text(
        pki.certificate_pem(rig.authority.issuing) + pki.certificate_pem(rig.authority.root), encoding="ascii"
    )
    channels = [
        nginx.Channel(node.folder / "tls.crt", node.folder / "tls.key", authorities)
        for node in (rig.consumer, rig.provider)
    ]
    middle = free_port()
    cpus = hop_cpus()
    last = nginx.exit_hop(nginx.Hop(folder / "exit", middle, service_port, channels[1], unbuffered, cpus[1]))
    stack.callback(last.stop)
    first = nginx.entry_hop(nginx.Hop(folder / "entry", free_port(), middle, channels[0], unbuffered, cpus[0]))
    stack.callback(first.stop)
    first.wait(first.url)
    return first, last


def measure(*, rounds: int, seconds: float) -> dict[str, Any]:
    """The whole scenario."""
    with field() as ground:
        for way in ground.ways:
            _ask_once(way)
            for connections in (max(CONCURRENCIES), 32):
                wrk.run(way.url, ground.script, connections=connections, seconds=1)
        visits: dict[tuple[str, int], list[Visit]] = {}
        for turn in range(rounds):
            for connections in CONCURRENCIES:
                shift = turn % len(ground.ways)
                for way in ground.ways[shift:] + ground.ways[:shift]:
                    visit = _visit(way, ground.script, connections, seconds)
                    visits.setdefault((way.name, connections), []).append(visit)
    return {
        "nginx": nginx_version(),
        "rounds": rounds,
        "seconds": seconds,
        "body_bytes": BODY_BYTES,
        "form": "HTTP/1.1 baseline, one signature per message",
        "hops_bound_to_cpus": hop_cpus(),
        "figures": {f"{name} {connections}": _summary(visits, name, connections) for name, connections in visits},
        "goals": _goals(visits),
        "errors": sum(visit.load.errors for found in visits.values() for visit in found),
    }


def _ask_once(way: Way) -> None:
    request = urllib.request.Request(way.url, json_of(BODY_BYTES, "hoi"), HEADERS)
    with urllib.request.urlopen(request, timeout=10) as answer:
        body = answer.read()
    if body != json_of(BODY_BYTES, "traLoi"):
        raise RuntimeError(f"{way.name} answers something else than the service: {body[:200]!r}")


def _visit(way: Way, script: Path, connections: int, seconds: float) -> Visit:
    before = {name: cpu_us(pid) for name, pid in way.hops.items()}
    load = wrk.run(way.url, script, connections=connections, seconds=seconds)
    time.sleep(_SETTLE_S)
    after = {name: cpu_us(pid) for name, pid in way.hops.items()}
    _rest(way)
    messages = max(1, load.requests)
    used = {name: (after[name] - before[name]) / messages for name in way.hops}
    later = {name: (cpu_us(pid) - after[name]) / messages for name, pid in way.hops.items()}
    return Visit(load, used, later, {name: memory_mb(pid) for name, pid in way.hops.items()})


def _rest(way: Way) -> None:
    """Wait until the hops have nothing left to do, so that it does not fall on those who are visited next."""
    for _ in range(int(_REST_MAX_S / _REST_S) if way.hops else 0):
        before = sum(map(cpu_us, way.hops.values()))
        time.sleep(_REST_S)
        if sum(map(cpu_us, way.hops.values())) - before <= _REST_SHARE * _REST_S * 1e6:
            return


def _summary(visits: dict[tuple[str, int], list[Visit]], name: str, connections: int) -> dict[str, Any]:
    found = visits[name, connections]
    ratios = _ratios(visits, name, connections)
    return {
        "per_second": round(_median(visit.load.per_second for visit in found), 1),
        "ratio_to_nginx": round(_median(ratios), 3),
        "ratio_by_round": [round(ratio, 3) for ratio in ratios],
        "p50_ms": round(_median(visit.load.p50_ms for visit in found), 3),
        "p99_ms": round(_median(visit.load.p99_ms for visit in found), 3),
        "cpu_us_per_message": {hop: round(_median(visit.cpu[hop] for visit in found), 1) for hop in found[0].cpu},
        "later_us_per_message": {
            hop: round(_median(visit.later[hop] for visit in found), 1) for hop in found[0].later
        },
        "rss_mb": {hop: round(max(visit.memory[hop][0] for visit in found), 1) for hop in found[0].memory},
        "rss_peak_mb": {hop: round(found[-1].memory[hop][1], 1) for hop in found[0].memory},
        "messages": sum(visit.load.requests for visit in found),
        "errors": sum(visit.load.errors for visit in found),
    }


def _ratios(visits: dict[tuple[str, int], list[Visit]], name: str, connections: int) -> list[float]:
    pairs = zip(visits[name, connections], visits["nginx", connections], strict=True)
    return [one.load.per_second / anchor.load.per_second for one, anchor in pairs]


def _goals(visits: dict[tuple[str, int], list[Visit]]) -> dict[str, Any]:
    nodes = {connections: visits["nodes", connections] for connections in CONCURRENCIES}
    rounds = range(len(nodes[128]))
    added = [one.load.p50_ms - direct.load.p50_ms for one, direct in zip(nodes[1], visits["direct", 1], strict=True)]
    anchor = visits["nginx", 128]
    return {
        "P1": judged("P1", _median(_ratios(visits, "nodes", 128))),
        "P2": judged("P2", _median(_ratios(visits, "nodes", 256))),
        "P3": judged("P3", _median(_ratios(visits, "nodes", 32))),
        "P4": judged("P4", _median(added)),
        "P5": judged("P5", _median(nodes[128][turn].load.p99_ms / anchor[turn].load.p99_ms for turn in rounds)),
        "P6": judged("P6", _median(_cpu(nodes[128][turn]) / _cpu(anchor[turn]) for turn in rounds)),
        "P7": judged("P7", _median(_ratios(visits, "nodes", 128))),
        "P11": judged("P11", max(now for visit in nodes[256] for now, _ in visit.memory.values())),
    }


def _cpu(visit: Visit) -> float:
    return statistics.mean(visit.cpu.values())


def _median(figures: Any) -> float:
    return statistics.median(list(figures))
