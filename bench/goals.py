"""The goals and floors that figures are held against (docs/develop/performance.md tells what each one means)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Goal:
    """One figure: what is aimed at and what is not acceptable. `more` tells whether a higher figure is better."""

    words: str
    unit: str
    goal: float
    floor: float
    more: bool = False
    trunk: bool = False
    """The goal is stated for the trunk; a figure of the HTTP/1.1 baseline only shows the distance."""


GOALS = {
    "P1": Goal("throughput, 128 in flight", "ratio to nginx", 0.75, 0.50, more=True, trunk=True),
    "P2": Goal("throughput, 256 in flight", "ratio to nginx", 0.90, 0.60, more=True, trunk=True),
    "P3": Goal("throughput, 32 in flight", "ratio to nginx", 0.35, 0.22, more=True, trunk=True),
    "P4": Goal("added median latency over the direct call, 1 in flight", "ms", 1.0, 2.0),
    "P5": Goal("p99 at 128 in flight", "ratio to nginx", 1.2, 2.0, trunk=True),
    "P6": Goal("CPU per message per node, 128 in flight", "ratio to nginx", 1.4, 2.0, trunk=True),
    "P7": Goal("throughput of the HTTP/1.1 baseline, 128 in flight", "ratio to nginx", 0.25, 0.14, more=True),
    "P9": Goal("throughput, 128 in flight", "ratio to the faster Go proxy", 2.0, 1.2, more=True, trunk=True),
    "P10": Goal("throughput of 1 GB up and 1 GB down through both nodes", "ratio to nginx", 0.6, 0.4, more=True),
    "P10-memory": Goal("memory growth of a node while 1 GB passes", "MB", 16, 32),
    "P11": Goal("memory of one node at 256 in flight", "MB", 80, 120),
    "P13-start": Goal("start of a node to ready", "s", 1.0, 3.0),
    "P13-help": Goal("lienthong --help", "s", 0.3, 0.5),
}


def judged(name: str, figure: float | None) -> dict[str, Any]:
    """The figure beside its goal and floor, and which of them it reaches: goal, floor or neither."""
    goal = GOALS[name]
    told: dict[str, Any] = {"what": goal.words, "unit": goal.unit, "goal": goal.goal, "floor": goal.floor}
    if goal.trunk:
        told["stated_for"] = "trunk"
    if figure is None:
        return told | {"figure": None, "reached": "not measured"}
    return told | {"figure": round(figure, 3), "reached": _reached(goal, figure)}


def _reached(goal: Goal, figure: float) -> str:
    sign = 1 if goal.more else -1
    if sign * figure >= sign * goal.goal:
        return "goal"
    return "floor" if sign * figure >= sign * goal.floor else "neither"
