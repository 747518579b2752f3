"""What the scenarios run against: the service, proxies and pairs of nodes, each a process of its own.

Everything that a scenario compares is up during the whole run. The first hop of every way is bound to one processor
and the second to another, nodes and proxies alike; service and load generator are not bound.
"""

from __future__ import annotations

import itertools
import os
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.doubles.rig import BOTH, SERVICE, SYSTEM, NodeProcess, Rig, free_port, peer_name

from bench import go_proxies, nginx, sink
from bench.machine import tool
from lienthong.adapters import pki
from lienthong.adapters.ledger_files import read_records
from lienthong.evidence.frame_record import decode_records

BODY_BYTES = 1021
HEADERS = {"Content-Type": "application/json", "X-Road-Client": str(SYSTEM)}
REST = "/ho-so"
PATH = f"/r1/{SERVICE}{REST}"
_TRUNK_S = 10.0
_POLL_S = 10.0
"""Seconds between two looks of a node at the directory, as its settings have them unless they say something else."""
_LAST = 8


@dataclass(frozen=True)
class Way:
    """One way to the same service: its address, and the process of each hop by name."""

    name: str
    url: str
    hops: dict[str, int]


def json_of(size: int, word: str) -> bytes:
    """A JSON object of exactly `size` bytes."""
    frame = b'{"%s":"%s"}'
    return frame % (word.encode(), b"x" * (size - len(frame % (word.encode(), b""))))


_ANSWER = json_of(BODY_BYTES, "traLoi")


def hop_cpus() -> tuple[int, int]:
    """The processors of the first and the second hop."""
    usable = sorted(os.sched_getaffinity(0))
    return usable[0], usable[1 % len(usable)]


def node_cpus() -> dict[str, int]:
    """The same for the nodes of a rig."""
    return dict(zip(("consumer", "provider"), hop_cpus(), strict=True))


def channels(folder: Path, rig: Rig) -> tuple[nginx.Channel, nginx.Channel]:
    """The channel certificates of both nodes of `rig`, for proxies to stand in their place."""
    folder.mkdir(parents=True, exist_ok=True)
    authorities = folder / "authorities.pem"
    authorities.write_text(
        pki.certificate_pem(rig.authority.issuing) + pki.certificate_pem(rig.authority.root), encoding="ascii"
    )
    first, last = (
        nginx.Channel(node.folder / "tls.crt", node.folder / "tls.key", authorities)
        for node in (rig.consumer, rig.provider)
    )
    return first, last


def two_hops(
    stack: ExitStack, folder: Path, rig: Rig, service_port: int, *, unbuffered: bool = False
) -> tuple[nginx.Nginx, nginx.Nginx]:
    """The two nginx proxies, with the channel certificates of the nodes."""
    ends = channels(folder, rig)
    middle = free_port()
    cpus = hop_cpus()
    last = nginx.exit_hop(nginx.Hop(folder / "exit", middle, service_port, ends[1], unbuffered, cpus[1]))
    stack.callback(last.stop)
    first = nginx.entry_hop(nginx.Hop(folder / "entry", free_port(), middle, ends[0], unbuffered, cpus[0]))
    stack.callback(first.stop)
    first.wait(first.url)
    return first, last


class Field:
    """Starts what a scenario asks for; everything is taken down when its block ends."""

    def __init__(self, stack: ExitStack, folder: Path, service_port: int, answer: bytes) -> None:
        self.folder = folder
        self.answer = answer
        """What the service says to a body of `BODY_BYTES`."""
        self.service_url = f"http://127.0.0.1:{service_port}"
        self.rigs: dict[str, Rig] = {}
        self._stack = stack
        self._service_port = service_port
        self._numbers = itertools.count(1)

    def direct(self) -> Way:
        """The service, called without anything in between."""
        return Way("direct", self.service_url + PATH, {})

    def nodes(self, name: str, *, trunk: bool, peers: int = 0, **more: Any) -> Way:
        """Two nodes of their own, started, with one exchange behind them; `peers` and `more` are for the Rig."""
        names = frozenset({*BOTH, *map(peer_name, range(peers))})
        rig = Rig(
            self._new_folder(name),
            self.service_url,
            trunks=names if trunk else frozenset(),
            cpus={one: hop_cpus()[one != "consumer"] for one in names},
            peers=peers,
            poll_s=_POLL_S,
            **more,
        )
        self._stack.callback(rig.stop)
        rig.start()
        self.rigs[name] = rig
        way = Way(name, rig.consumer.url() + REST, processes_of(rig))
        ask_once(way, self.answer)
        if trunk:
            until_trunk(way, rig.provider, self.answer)
        return way

    def nginx(self) -> Way:
        """Two hops of nginx, with the certificates of the nodes that were started first."""
        first, last = two_hops(self._stack, self._new_folder("nginx"), self._any_rig(), self._service_port)
        return Way("nginx", first.url + PATH, {"entry": first.pid, "exit": last.pid})

    def go_proxy(self, name: str) -> Way | None:
        """Two hops of `name`; None where it is not installed."""
        folder = self._new_folder(name)
        hops = go_proxies.two_hops(
            self._stack, folder, name, channels(folder, self._any_rig()), self._service_port, hop_cpus()
        )  # fmt: skip
        return None if hops is None else Way(name, hops.url + PATH, {"entry": hops.entry, "exit": hops.exit})

    def trunks_down(self) -> int:
        """How often a consumer's node lost a trunk since it started: then its figures are not the trunk's alone."""
        logs = [(rig.consumer.folder / "log.jsonl").read_text(encoding="utf-8") for rig in self.rigs.values()]
        return sum(log.count('"trunk.down"') for log in logs)

    def _any_rig(self) -> Rig:
        return next(iter(self.rigs.values()))

    def _new_folder(self, name: str) -> Path:
        return self.folder / f"{name.replace(' ', '-')}-{next(self._numbers)}"


def processes_of(rig: Rig) -> dict[str, int]:
    """The process of each node that runs, by its name."""
    nodes = (rig.consumer, rig.provider, *rig.further)
    return {node.name: node.process.pid for node in nodes if node.process is not None}


@contextmanager
def field(*, reads_whole: bool = False) -> Iterator[Field]:
    """The service, and an empty field around it; raises ToolMissing.

    `reads_whole`: it reads a body to its end before it answers. nginx, which takes less time, answers at the head.
    """
    for name in ("nginx", "wrk"):
        tool(name)
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="lienthong-bench-")))
        port = free_port()
        if reads_whole:
            command = [sys.executable, "-m", "bench.sink", str(port), str(BODY_BYTES)]
            service = subprocess.Popen(command)
            stack.callback(service.wait)
            stack.callback(service.terminate)
            yield Field(stack, folder, port, sink.answer(BODY_BYTES, BODY_BYTES))
        else:
            stack.enter_context(nginx.service(folder / "service", port, _ANSWER))
            yield Field(stack, folder, port, _ANSWER)


def ask_once(way: Way, expected: bytes = _ANSWER) -> None:
    """One exchange; raises RuntimeError unless it is answered with what the service says."""
    request = urllib.request.Request(way.url, json_of(BODY_BYTES, "hoi"), HEADERS)
    with urllib.request.urlopen(request, timeout=10) as answer:
        body = answer.read()
    if body != expected:
        raise RuntimeError(f"{way.name} answers something else than the service: {body[:200]!r}")


def until_trunk(way: Way, provider: NodeProcess, expected: bytes = _ANSWER) -> None:
    """Ask until the provider's node recorded an exchange as part of a batch, which the baseline does not have."""
    end = time.monotonic() + _TRUNK_S
    while time.monotonic() < end:
        ask_once(way, expected)
        last = list(read_records(provider.ledger))[-_LAST:]
        if any(one.batch_place is not None for found in last for one in decode_records(found.encoded)):
            return
        time.sleep(0.1)
    raise RuntimeError(f"no trunk came up between the nodes of {way.name}")
