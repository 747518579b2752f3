"""Counters of the message plane: plain integers, read by the metrics page. No labels that name a person or a case."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Mapping
from typing import Final, TypeAlias

LATENCY_BOUNDS_MS: Final = (1, 2.5, 5, 10, 25, 50, 100, 250, 500, 1000, 2500, 5000, 10_000, 30_000)


OUTCOMES_MAX = 512
"""Codes are told by other nodes too: past this many, new ones count as `OTHER`."""
OTHER = "Other"
Gauges: TypeAlias = "Mapping[str, float | Mapping[str, float]]"
"""Figures of the moment by name; one of the node's certificates each by the name of the certificate."""


class Tally:
    """Exchanges by side and outcome code (empty code = answered), and how long they took."""

    __slots__ = ("bodies_bytes", "in_flight", "latency_counts", "latency_sum_ms", "outcomes")

    def __init__(self) -> None:
        self.outcomes: dict[tuple[str, str], int] = {}
        self.latency_counts = {side: [0] * (len(LATENCY_BOUNDS_MS) + 1) for side in ("consumer", "provider")}
        self.latency_sum_ms = {"consumer": 0, "provider": 0}
        self.in_flight = {"consumer": 0, "provider": 0}
        self.bodies_bytes = {"consumer": 0, "provider": 0}

    def began(self, side: str) -> None:
        """An exchange began."""
        self.in_flight[side] += 1

    def total(self) -> int:
        """How many exchanges have ended."""
        return sum(self.outcomes.values())

    def ended(self, side: str, code: str, took_ms: int) -> None:
        """An exchange ended with `code` (empty = answered) after `took_ms`."""
        key = (side, code)
        outcomes = self.outcomes
        if key not in outcomes:
            if len(outcomes) >= OUTCOMES_MAX:
                key = (side, OTHER)
            outcomes.setdefault(key, 0)
        outcomes[key] += 1
        self.in_flight[side] -= 1
        self.latency_counts[side][bisect_left(LATENCY_BOUNDS_MS, took_ms)] += 1
        self.latency_sum_ms[side] += took_ms
