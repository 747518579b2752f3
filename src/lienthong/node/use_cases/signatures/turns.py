"""Work that is cheaper together: gathered for the rest of a turn of the event loop, then done in one go.

Law: everybody is answered once, in order; whoever waits, waits for this turn of the loop, or where few came for the
next one, and no longer; no timer. One exchange that fails when it is answered does not take the others with it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import Generic, TypeVar

from lienthong.node.use_cases.boundary import tell_one

TOGETHER_MAX = 24
"""So many are done without waiting for the end of the turn: the other node has something to do the sooner."""
FEW = 4
"""Fewer wait for the next turn, once."""
Feed = Callable[[object], None]
_W = TypeVar("_W")


class Gathering(Generic[_W]):
    """`do` answers what it is given, in order; it does not raise."""

    __slots__ = ("_do", "_loop", "_may_wait", "_waiting")

    def __init__(self, loop: asyncio.AbstractEventLoop, do: Callable[[Sequence[_W]], Sequence[object]]) -> None:
        self._loop = loop
        self._do = do
        self._waiting: list[tuple[_W, Feed]] = []
        self._may_wait = False

    def add(self, wanted: _W, feed: Feed) -> None:
        """Feed the answer when this turn has brought what it brings."""
        self._waiting.append((wanted, feed))
        if len(self._waiting) >= TOGETHER_MAX:
            self._take_up()
        elif len(self._waiting) == 1:
            self._may_wait = True
            self._loop.call_soon(self._end_of_turn)

    def _end_of_turn(self) -> None:
        if len(self._waiting) < FEW and self._may_wait:
            self._may_wait = False
            self._loop.call_soon(self._end_of_turn)
        else:
            self._take_up()

    def _take_up(self) -> None:
        taken, self._waiting = self._waiting, []
        answers = self._do([wanted for wanted, _ in taken]) if taken else ()
        for (_, feed), answer in zip(taken, answers, strict=True):
            tell_one(self._loop, feed, answer)
