"""How many batches of one trunk may be on their way before the next one waits to grow.

What is under way will soon be over, and what comes meanwhile shares one signature, verification and record. A batch
counts for a moment at most: a slow service or a slow disk holds up nobody for longer. Where few messages are in
flight some may be under way, so that one node works while the other does; where many are, one, as each costs both
nodes as much as ten more messages in it.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import Protocol

UNDER_WAY_MAX, HELD_S = 4, 0.002
"""Batches that may be under way, and seconds that each counts."""
MANY = 64
"""So many messages in flight are many; then:"""
MANY_UNDER_WAY_MAX, MANY_HELD_S = 1, 0.006


class Batch(Protocol):
    """What is on its way."""

    over: bool


class Holding:
    """Batches that left a moment ago."""

    __slots__ = ("_clock", "_left")

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._left: deque[tuple[Batch, float]] = deque()

    def add(self, batch: Batch) -> None:
        """It leaves now."""
        self._left.append((batch, self._clock()))

    def wait_s(self, in_flight: int) -> float:
        """How long the next batch has to wait, if none is over before; 0: it may go."""
        many = in_flight >= MANY
        most, held_s = (MANY_UNDER_WAY_MAX, MANY_HELD_S) if many else (UNDER_WAY_MAX, HELD_S)
        now, left = self._clock(), self._left
        while left and (left[0][0].over or now - left[0][1] >= MANY_HELD_S):
            left.popleft()
        under_way = [at for batch, at in left if not batch.over and now - at < held_s]
        return under_way[-most] + held_s - now if len(under_way) >= most else 0.0
