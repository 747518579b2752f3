"""What was worked out before, by what it was worked out from: bounded, and started anew when it is full.

`functools.lru_cache` keeps an order of use that costs more than the look itself on the path of every message.
"""

from __future__ import annotations

from typing import Generic, TypeVar

_K = TypeVar("_K")
_V = TypeVar("_V")


class Memo(Generic[_K, _V]):
    """Look in `known`; what is not there, work out and `keep`. At most `most` entries."""

    __slots__ = ("_most", "known")

    def __init__(self, most: int) -> None:
        self._most = most
        self.known: dict[_K, _V] = {}

    def keep(self, key: _K, value: _V) -> _V:
        """Remember `value`, and give it back."""
        known = self.known
        if len(known) >= self._most:
            known.clear()
        known[key] = value
        return value
