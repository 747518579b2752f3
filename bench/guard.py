"""The guard of speed that every test run ends with: the trunk against nginx, held against committed figures.

Compared are two figures that both come from one interleaved run and say nothing about how fast the machine is:
messages per second over those of two hops of nginx, and CPU per message and node over that of a hop of nginx. Both
with 128 in flight. Only who is worse than the committed figures by more than the margin in two runs out of two fails.
On another number of processors the first one is told and not compared: there, other things share a processor.
"""

from __future__ import annotations

import json
import os
import statistics
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from bench import visits as visiting
from bench import wrk
from bench.field import BODY_BYTES, HEADERS, field, json_of
from bench.pace import Pace
from bench.visits import ratios

COMMITTED = Path(__file__).with_name("guard.json")
MARGIN = 0.3
RUNS = 2
_IN_FLIGHT = 128
_PACE = Pace(rounds=5, seconds=2.0)


@dataclass(frozen=True)
class Figures:
    """Of one run: both ratios to nginx, the number of processors, and how many answers were wrong or missing."""

    throughput: float
    cpu: float
    processors: int
    errors: int = 0


def measured() -> Figures:
    """One run, of some fifty seconds; raises ToolMissing."""
    with field() as ground:
        ways = (ground.nodes("trunk", trunk=True), ground.nginx())
        script = wrk.write_script(ground.folder / "post.lua", json_of(BODY_BYTES, "hoi"), HEADERS)
        visiting.warm(ways, script, (_IN_FLIGHT,))
        visits = visiting.in_turn(
            ways,
            {_IN_FLIGHT: _PACE.rounds},
            lambda way, connections: visiting.visit(way, script, connections, _PACE),
        )
    pairs = zip(visits["trunk", _IN_FLIGHT], visits["nginx", _IN_FLIGHT], strict=True)
    return Figures(
        round(statistics.median(ratios(visits, "trunk", _IN_FLIGHT)), 3),
        round(statistics.median(one.cpu_per_hop / anchor.cpu_per_hop for one, anchor in pairs), 3),
        os.cpu_count() or 1,
        visiting.errors(visits),
    )


def findings(now: Figures, committed: Figures) -> list[str]:
    """What is worse than committed by more than the margin, a sentence each."""
    found = []
    least, most = committed.throughput * (1 - MARGIN), committed.cpu * (1 + MARGIN)
    if now.processors == committed.processors and now.throughput < least:
        found.append(f"throughput is {now.throughput} of nginx's, below {least:.3f}")
    if now.cpu > most:
        found.append(f"CPU per message is {now.cpu} of nginx's, above {most:.3f}")
    if now.errors:
        found.append(f"{now.errors} answers were wrong or missing")
    return found


def judge(run: Callable[[], Figures], committed: Figures, say: Callable[[str], None] = print) -> int:
    """Compare up to two runs; 0 as soon as one is good, else 1."""
    say(
        f"guard: trunk against nginx, {_IN_FLIGHT} in flight; committed: throughput {committed.throughput} and "
        f"CPU per message {committed.cpu} of nginx's; margin {MARGIN:.0%}"
    )
    for number in range(1, RUNS + 1):
        now = run()
        found = findings(now, committed)
        said = f"guard: run {number} of at most {RUNS}: throughput {now.throughput}, CPU per message {now.cpu}"
        if now.processors != committed.processors:
            said += f" (throughput not compared: {now.processors} processors here, {committed.processors} there)"
        say(f"{said}: {'; '.join(found) or 'good'}")
        if not found:
            return 0
    say("guard: worse in every run. Remedy: find the change that costs it; or say why, and make guard ARGS=--renew")
    return 1


def committed() -> Figures:
    """The figures of bench/guard.json."""
    kept: dict[str, Any] = json.loads(COMMITTED.read_text(encoding="utf-8"))
    return Figures(**kept)


def renew(figures: Figures, file: Path = COMMITTED) -> None:
    """Keep `figures` as those that later runs are held against; raises ValueError where answers were wrong."""
    if figures.errors:
        raise ValueError(f"{figures.errors} answers were wrong or missing: these are no figures to keep")
    kept = {name: value for name, value in asdict(figures).items() if name != "errors"}
    file.write_text(json.dumps(kept, indent=2) + "\n", encoding="utf-8")
