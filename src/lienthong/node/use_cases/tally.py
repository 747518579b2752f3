"""Counters of the message plane: plain integers, read by the metrics page. No labels that name a person or a case."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, TypeAlias

LATENCY_BOUNDS_MS: Final = (1, 2.5, 5, 10, 25, 50, 100, 250, 500, 1000, 2500, 5000, 10_000, 30_000)


_WHOLE_MS: Final = [int(bound) for bound in LATENCY_BOUNDS_MS]
"""The same for times that are whole milliseconds."""
_BOUNDS: Final = len(LATENCY_BOUNDS_MS)
OUTCOMES_MAX = 512
"""Codes are told by other nodes too: past this many on one side, new ones count as `OTHER`."""
OTHER = "Other"
Gauges: TypeAlias = "Mapping[str, float | Mapping[str, float]]"
"""Figures of the moment by name; one of the node's certificates each by the name of the certificate."""


class Side:
    """The exchanges of one side: how they ended by code (empty = answered), how many are under way, their times."""

    __slots__ = ("answered", "counts", "in_flight", "refused", "sum_ms")

    def __init__(self) -> None:
        self.answered = 0
        self.in_flight = 0
        self.sum_ms = 0
        self.refused: dict[str, int] = {}
        self.counts = [0] * (len(LATENCY_BOUNDS_MS) + 1)

    def began(self) -> None:
        """An exchange began."""
        self.in_flight += 1

    def ended(self, code: str, took_ms: int) -> None:
        """An exchange ended with `code` (empty = answered) after `took_ms`."""
        self.in_flight -= 1
        self.sum_ms += took_ms
        at = 0
        while at < _BOUNDS and took_ms > _WHOLE_MS[at]:
            at += 1
        self.counts[at] += 1
        if not code:
            self.answered += 1
            return
        refused = self.refused
        if code not in refused and len(refused) >= OUTCOMES_MAX:
            code = OTHER
        refused[code] = refused.get(code, 0) + 1


class Tally:
    """Exchanges by side and outcome code (empty code = answered), and how long they took."""

    __slots__ = ("consumer", "provider")

    def __init__(self) -> None:
        self.consumer = Side()
        self.provider = Side()

    @property
    def in_flight(self) -> int:
        """Exchanges under way, of both sides."""
        return self.consumer.in_flight + self.provider.in_flight

    def total(self) -> int:
        """How many exchanges have ended."""
        return sum(sum(side.counts) for side in (self.consumer, self.provider))

    def sides(self) -> dict[str, Side]:
        """Both, by name."""
        return {"consumer": self.consumer, "provider": self.provider}
