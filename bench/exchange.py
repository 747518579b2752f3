"""Scenario `exchange`: the HTTP/1.1 baseline against two hops of nginx and against the direct call.

Each message is signed alone. Goals that are stated for the trunk are held against it to show the distance; their own
figures are those of the scenario `trunk`.
"""

from __future__ import annotations

import statistics
from typing import Any

from bench import visits as visiting
from bench import wrk
from bench.field import BODY_BYTES, HEADERS, ask_once, field, hop_cpus, json_of
from bench.goals import judged
from bench.machine import nginx_version
from bench.pace import Pace
from bench.visits import Visits, ratios

LOADS = (1, 32, 128, 256)


def measure(pace: Pace) -> dict[str, Any]:
    """The whole scenario."""
    with field() as ground:
        nodes = ground.nodes("nodes", trunk=False)
        ways = (ground.direct(), ground.nginx(), nodes)
        script = wrk.write_script(ground.folder / "post.lua", json_of(BODY_BYTES, "hoi"), HEADERS)
        for way in ways:
            ask_once(way)
        visiting.warm(ways, script)
        visits = visiting.in_turn(
            ways,
            dict.fromkeys(LOADS, pace.rounds),
            lambda way, connections: visiting.visit(way, script, connections, pace),
        )
    signed_alone = judged("P7", statistics.median(ratios(visits, "nodes", 128)))
    return {
        "nginx": nginx_version(),
        "rounds": pace.rounds,
        "seconds": pace.seconds,
        "body_bytes": BODY_BYTES,
        "form": "HTTP/1.1 baseline, one signature per message",
        "hops_bound_to_cpus": hop_cpus(),
        "figures": visiting.figures(visits),
        "goals": of_exchanges(visits, "nodes") | {"P7": signed_alone},
        "errors": visiting.errors(visits),
    }


def of_exchanges(visits: Visits, name: str) -> dict[str, Any]:
    """P1 to P6 and P11 of the way `name`, against the ways `nginx` and `direct` of the same rounds."""
    nodes, anchors = visits[name, 128], visits["nginx", 128]
    pairs = list(zip(nodes, anchors, strict=True))
    added = [
        one.load.p50_ms - direct.load.p50_ms
        for one, direct in zip(visits[name, 1], visits["direct", 1], strict=True)
    ]  # fmt: skip
    return {
        "P1": judged("P1", statistics.median(ratios(visits, name, 128))),
        "P2": judged("P2", statistics.median(ratios(visits, name, 256))),
        "P3": judged("P3", statistics.median(ratios(visits, name, 32))),
        "P4": judged("P4", statistics.median(added)),
        "P5": judged("P5", statistics.median(one.load.p99_ms / anchor.load.p99_ms for one, anchor in pairs)),
        "P6": judged("P6", statistics.median(one.cpu_per_hop / anchor.cpu_per_hop for one, anchor in pairs)),
        "P11": judged("P11", max(now for one in visits[name, 256] for now, _ in one.memory.values())),
    }
