"""How many batches of one trunk may be on their way before the next one waits to grow.

What is under way will soon be over, and what comes meanwhile shares one signature, verification and record. A batch
counts for `HELD_S` at most: a slow service or a slow disk holds up nobody for longer.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import Protocol

HELD_S = 0.002


class Batch(Protocol):
    """What is on its way."""

    over: bool


class Holding:
    """Batches that left a moment ago; `most` of them may be under way."""

    __slots__ = ("_clock", "_left", "_most")

    def __init__(self, most: int, clock: Callable[[], float]) -> None:
        self._most = most
        self._clock = clock
        self._left: deque[tuple[Batch, float]] = deque()

    def add(self, batch: Batch) -> None:
        """It leaves now."""
        self._left.append((batch, self._clock()))

    def wait_s(self) -> float:
        """How long the next batch has to wait, if none is over before; 0: it may go."""
        now, left = self._clock(), self._left
        while left and (left[0][0].over or now - left[0][1] >= HELD_S):
            left.popleft()
        under_way = [at for batch, at in left if not batch.over]
        return under_way[-self._most] + HELD_S - now if len(under_way) >= self._most else 0.0
