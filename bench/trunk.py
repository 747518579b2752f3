"""Scenario `trunk`: exchanges over the trunk, beside the baseline, nginx, proxies written in Go, and the direct call.

All in one interleaved run: two nodes with a trunk, two without, two hops of each proxy. The proxies keep connections
with mutual TLS 1.3 between them, and sign, decide and record nothing.
"""

from __future__ import annotations

import statistics
from typing import Any

from bench import go_proxies, wrk
from bench import visits as visiting
from bench.exchange import LOADS, of_exchanges
from bench.field import BODY_BYTES, HEADERS, ask_once, field, hop_cpus, json_of
from bench.goals import judged
from bench.machine import nginx_version
from bench.pace import Pace
from bench.visits import Visits, ratios


def measure(pace: Pace) -> dict[str, Any]:
    """The whole scenario: every round with 128 in flight, at most five with 1, 32 and 256."""
    rounds = visiting.by_load(pace.rounds, LOADS)
    with field() as ground:
        trunk = ground.nodes("trunk", trunk=True)
        baseline = ground.nodes("baseline", trunk=False)
        proxies = [way for way in map(ground.go_proxy, go_proxies.NAMES) if way is not None]
        ways = (ground.direct(), ground.nginx(), trunk, baseline, *proxies)
        script = wrk.write_script(ground.folder / "post.lua", json_of(BODY_BYTES, "hoi"), HEADERS)
        for way in ways:
            ask_once(way)
        visiting.warm(ways, script)
        visits = visiting.in_turn(
            ways, rounds, lambda way, connections: visiting.visit(way, script, connections, pace)
        )
        lost = ground.trunks_down()
    return {
        "nginx": nginx_version(),
        "go_proxies": _told(),
        "rounds": {str(load): count for load, count in rounds.items()},
        "seconds": pace.seconds,
        "body_bytes": BODY_BYTES,
        "hops_bound_to_cpus": hop_cpus(),
        "trunks_lost": lost,
        "figures": visiting.figures(visits),
        "goals": {
            **of_exchanges(visits, "trunk"),
            "P7": judged("P7", statistics.median(ratios(visits, "baseline", 128))),
            "P9": judged("P9", _against_go(visits)),
        },
        "errors": visiting.errors(visits),
    }


def _against_go(visits: Visits) -> float | None:
    """The ratio to the faster of the proxies; None where none is installed."""
    found = [
        statistics.median(ratios(visits, "trunk", 128, name)) for name in go_proxies.NAMES if (name, 128) in visits
    ]
    return min(found, default=None)


def _told() -> dict[str, str]:
    absent = go_proxies.absent()
    return {
        name: "not installed: `make bench` brings it, requirements/bench.txt"
        if name in absent
        else "mutual TLS 1.3 between its hops, HTTP/1.1, connections kept, each hop on one processor"
        for name in go_proxies.NAMES
    }
