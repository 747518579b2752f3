"""Scenario `open_loop`: latency at a constant rate of arrivals, through nodes with a trunk, nginx, and directly.

First a closed loop with 128 in flight says what the nodes can do with this load generator. Then requests arrive at
30, 60 and 80 % of that rate, the same at every way, and latency counts from the time at which each was due.
"""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
from array import array
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench import visits as visiting
from bench.arrivals import CONNECTIONS_MOST, LATE_US
from bench.field import BODY_BYTES, HEADERS, Way, ask_once, field, hop_cpus, json_of
from bench.machine import nginx_version
from bench.pace import Pace

IN_FLIGHT = 128
SHARES = (0.3, 0.6, 0.8)
PERCENTILES = {"p50_ms": 50.0, "p90_ms": 90.0, "p99_ms": 99.0, "p99_9_ms": 99.9}
_CLOSED_ROUNDS = 3
_LATE_SHARE = 0.01


@dataclass(frozen=True)
class Run:
    """What one run of the generator gave: what it said, and the latency of each answer in microseconds, sorted."""

    told: dict[str, Any]
    latencies: array[int]

    @property
    def behind(self) -> bool:
        """More than one in a hundred began late though a connection was free: the generator itself was too slow."""
        return bool(self.told["late"] > _LATE_SHARE * max(1, self.told["begun"]))


def measure(pace: Pace) -> dict[str, Any]:
    """The whole scenario."""
    runs: dict[tuple[str, float], list[Run]] = {}
    with field() as ground:
        ways = (ground.nodes("trunk", trunk=True), ground.nginx(), ground.direct())
        body = ground.folder / "body"
        body.write_bytes(json_of(BODY_BYTES, "hoi"))
        for way in ways:
            ask_once(way)
            arrive(way, body, "--in-flight", IN_FLIGHT, seconds=1)
        closed = []
        for _ in range(min(pace.rounds, _CLOSED_ROUNDS)):
            closed.append(arrive(ways[0], body, "--in-flight", IN_FLIGHT, seconds=pace.seconds))
            visiting.rest(ways[0], pace.rest_s)
        most = statistics.median(run.told["answered"] / run.told["seconds"] for run in closed)
        for turn in range(pace.rounds):
            for share in SHARES:
                for way in (*ways[turn % 3 :], *ways[: turn % 3]):
                    run = arrive(way, body, "--rate", most * share, seconds=pace.seconds)
                    runs.setdefault((way.name, share), []).append(run)
                    visiting.rest(way, pace.rest_s)
        lost = ground.trunks_down()
    return {
        "nginx": nginx_version(),
        "rounds": pace.rounds,
        "seconds": pace.seconds,
        "body_bytes": BODY_BYTES,
        "hops_bound_to_cpus": hop_cpus(),
        "connections_most": CONNECTIONS_MOST,
        "late_is_us": LATE_US,
        "closed_loop_per_second": round(most, 1),
        "trunks_lost": lost,
        "figures": {f"{name} {share:.0%}": _summary(found, most * share) for (name, share), found in runs.items()},
        "errors": sum(run.told["errors"] for found in (closed, *runs.values()) for run in found),
    }


def arrive(way: Way, body: Path, how: str, number: float, *, seconds: float) -> Run:
    """One run of the generator, a process of its own."""
    command = [
        sys.executable, "-m", "bench.arrivals", way.url, str(body), json.dumps(HEADERS),
        how, str(number), "--seconds", str(seconds),
    ]  # fmt: skip
    said = subprocess.run(command, capture_output=True, check=True, timeout=seconds * 4 + 30).stdout
    head, _, rest = said.partition(b"\n")
    latencies = array("I")
    latencies.frombytes(rest)
    return Run(json.loads(head), array("I", sorted(latencies)))


def percentile(latencies: array[int], share: float) -> float:
    """Of sorted latencies, in milliseconds: the least that `share` per cent of them do not exceed (nearest rank)."""
    rank = -(-len(latencies) * share // 100)
    return latencies[max(0, int(rank) - 1)] / 1000


def _summary(runs: list[Run], rate: float) -> dict[str, Any]:
    pooled = array("I", sorted(one for run in runs for one in run.latencies))
    return {
        "arrivals_per_second": round(rate, 1),
        "answers_per_second": round(statistics.median(run.told["answered"] / run.told["seconds"] for run in runs), 1),
        **{name: round(percentile(pooled, share), 3) for name, share in PERCENTILES.items()},
        "max_ms": round(pooled[-1] / 1000, 3),
        "p99_ms_by_round": [round(percentile(run.latencies, 99.0), 3) for run in runs],
        "answers": len(pooled),
        "waited_for_a_connection": sum(run.told["waited_for_a_connection"] for run in runs),
        "generator_lag_p99_us": max(run.told["lag_p99_us"] for run in runs),
        "generator_cpu_share": max(run.told["generator_cpu_share"] for run in runs),
        "generator_behind_in_rounds": sum(run.behind for run in runs),
        "errors": sum(run.told["errors"] for run in runs),
    }
