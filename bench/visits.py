"""Visits: one way under load for a moment. Every round visits every way, ratios are taken inside a round.

So what else the machine does falls on all ways alike. The figure is the median over rounds.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench import wrk
from bench.field import Way
from bench.pace import Pace
from bench.processes import cpu_us, memory_mb

ANCHOR = "nginx"
SOME_ROUNDS = 5
"""Rounds of the loads that are not the one most goals are stated for."""
_SETTLE_S = 0.15
_REST_S = 1.1
_REST_SHARE = 0.01
"""Of a processor, by hop: what a node at rest takes."""


@dataclass(frozen=True)
class Visit:
    """One way under one load in one round. CPU in microseconds per message, memory in MB, by hop.

    `later`: what a hop did afterwards, on its own, of what the messages left to do (the index).
    """

    load: wrk.Load
    cpu: dict[str, float]
    later: dict[str, float]
    memory: dict[str, tuple[float, float]]

    @property
    def cpu_per_hop(self) -> float:
        """Mean over the hops."""
        return statistics.mean(self.cpu.values())


Visits = dict[tuple[str, int], list[Visit]]
"""By the name of the way and how many were in flight; the rounds in order."""


def visit(way: Way, script: Path, connections: int, pace: Pace) -> Visit:
    """Load `way` once, and wait until it has come to rest."""
    before = {name: cpu_us(pid) for name, pid in way.hops.items()}
    load = wrk.run(way.url, script, connections=connections, seconds=pace.seconds)
    time.sleep(_SETTLE_S)
    after = {name: cpu_us(pid) for name, pid in way.hops.items()}
    rest(way, pace.rest_s)
    messages = max(1, load.requests)
    used = {name: (after[name] - before[name]) / messages for name in way.hops}
    later = {name: (cpu_us(pid) - after[name]) / messages for name, pid in way.hops.items()}
    return Visit(load, used, later, {name: memory_mb(pid) for name, pid in way.hops.items()})


def rest(way: Way, most_s: float) -> None:
    """Wait until the hops have nothing left to do, so that it does not fall on those who are visited next."""
    for _ in range(int(most_s / _REST_S) if way.hops else 0):
        before = sum(map(cpu_us, way.hops.values()))
        time.sleep(_REST_S)
        if sum(map(cpu_us, way.hops.values())) - before <= _REST_SHARE * len(way.hops) * _REST_S * 1e6:
            return


def warm(ways: Iterable[Way], script: Path, loads: Iterable[int] = (256, 32)) -> None:
    """Load each way for a second at each of `loads`: nothing that is counted is the first."""
    for way in ways:
        for connections in loads:
            wrk.run(way.url, script, connections=connections, seconds=1)


def in_turn(ways: Sequence[Way], rounds: Mapping[int, int], of: Callable[[Way, int], Visit]) -> Visits:
    """All rounds: `rounds` says how many by load. Each begins with another way."""
    found: Visits = {}
    for turn in range(max(rounds.values())):
        for connections in (load for load, most in rounds.items() if turn < most):
            shift = turn % len(ways)
            for way in (*ways[shift:], *ways[:shift]):
                found.setdefault((way.name, connections), []).append(of(way, connections))
    return found


def by_load(rounds: int, loads: Iterable[int], most: int = 128) -> dict[int, int]:
    """All `rounds` for the load `most`, at most five for the others."""
    return {load: rounds if load == most else min(rounds, SOME_ROUNDS) for load in loads}


def ratios(visits: Visits, name: str, connections: int, anchor: str = ANCHOR) -> list[float]:
    """Messages per second over those of `anchor`, by round."""
    pairs = zip(visits[name, connections], visits[anchor, connections], strict=True)
    return [one.load.per_second / other.load.per_second for one, other in pairs]


def figures(visits: Visits) -> dict[str, Any]:
    """A summary for each way and load, with the ratio to nginx where nginx was visited."""
    return {f"{name} {connections}": _summary(visits, name, connections) for name, connections in visits}


def errors(visits: Visits) -> int:
    """Wrong or missing answers of all visits."""
    return sum(one.load.errors for found in visits.values() for one in found)


def rounded(numbers: Iterable[float], digits: int = 3) -> list[float]:
    """Each number, rounded."""
    return [round(number, digits) for number in numbers]


def _summary(visits: Visits, name: str, connections: int) -> dict[str, Any]:
    found = visits[name, connections]
    told: dict[str, Any] = {"per_second": round(_median(one.load.per_second for one in found), 1)}
    if (ANCHOR, connections) in visits:
        by_round = ratios(visits, name, connections)
        told |= {"ratio_to_nginx": round(statistics.median(by_round), 3), "ratio_by_round": rounded(by_round)}
    return told | {
        "p50_ms": round(_median(one.load.p50_ms for one in found), 3),
        "p99_ms": round(_median(one.load.p99_ms for one in found), 3),
        "cpu_us_per_message": {hop: round(_median(one.cpu[hop] for one in found), 1) for hop in found[0].cpu},
        "later_us_per_message": {hop: round(_median(one.later[hop] for one in found), 1) for hop in found[0].later},
        "rss_mb": {hop: round(max(one.memory[hop][0] for one in found), 1) for hop in found[0].memory},
        "rss_peak_mb": {hop: round(found[-1].memory[hop][1], 1) for hop in found[0].memory},
        "messages": sum(one.load.requests for one in found),
        "errors": sum(one.load.errors for one in found),
    }


def _median(numbers: Iterable[float]) -> float:
    return statistics.median(list(numbers))
