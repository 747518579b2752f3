"""Scenario `mixed`: request bodies of 2 KB to 10 MB as they come in life, through trunk and baseline, against nginx.

A deck of a thousand bodies has each size in its share and is shuffled once; every visit deals it from the top. Bodies
above 256 KiB go as streams beside the trunk. The service reads a body to its end and answers with 1,021 bytes.
"""

from __future__ import annotations

import random
import statistics
from typing import Any

from bench import visits as visiting
from bench import wrk
from bench.field import HEADERS, PATH, ask_once, field, hop_cpus
from bench.machine import nginx_version
from bench.pace import Pace

IN_FLIGHT = 64
SHARES = {2_000: 300, 10_000: 600, 100_000: 90, 2_000_000: 9, 10_000_000: 1}
"""Bytes of a body -> how many of a thousand have it."""
_ORDER = 47


def measure(pace: Pace) -> dict[str, Any]:
    """The whole scenario."""
    with field(reads_whole=True) as ground:
        trunk, baseline = ground.nodes("trunk", trunk=True), ground.nodes("baseline", trunk=False)
        ways = (ground.nginx(), trunk, baseline)
        cards = [wrk.Card(PATH, size) for size in SHARES]
        script = wrk.write_deck(ground.folder / "mixed.lua", cards, deck(), HEADERS)
        for way in ways:
            ask_once(way, ground.answer)
        visiting.warm(ways, script, (IN_FLIGHT,))
        visits = visiting.in_turn(
            ways,
            {IN_FLIGHT: pace.rounds},
            lambda way, connections: visiting.visit(way, script, connections, pace),
        )
        lost = ground.trunks_down()
    mean = sum(size * count for size, count in SHARES.items()) / sum(SHARES.values())
    return {
        "nginx": nginx_version(),
        "rounds": pace.rounds,
        "seconds": pace.seconds,
        "hops_bound_to_cpus": hop_cpus(),
        "per_thousand_by_body_bytes": {str(size): count for size, count in SHARES.items()},
        "mean_body_bytes": round(mean),
        "trunks_lost": lost,
        "ratio_to_nginx": {
            way.name: round(statistics.median(visiting.ratios(visits, way.name, IN_FLIGHT)), 3) for way in ways[1:]
        },
        "mb_per_second": {
            way.name: round(
                statistics.median(one.load.per_second for one in visits[way.name, IN_FLIGHT]) * mean / 1e6, 1
            )
            for way in ways
        },
        "figures": visiting.figures(visits),
        "errors": visiting.errors(visits),
    }


def deck() -> list[int]:
    """The order in which the sizes are sent, by their number: the same whenever it is asked for."""
    cards = [number for number, count in enumerate(SHARES.values()) for _ in range(count)]
    random.Random(_ORDER).shuffle(cards)
    return cards
