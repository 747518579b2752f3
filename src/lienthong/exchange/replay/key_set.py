"""Sets of keys of 16 bytes in little memory. Pure.

In the wheel the set is native (``_key_set.c``): a key is found with one look into memory, where the Python that is
here takes three (docs/decisions/0024-native-steps.md). A test holds the two against each other.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

KEY_SIZE = 16
_SHARDS = 1 << 14


class Keys(Protocol):
    """A set of keys that are evenly spread (digests)."""

    def __len__(self) -> int:
        """How many there are."""

    def __contains__(self, key: bytes, /) -> bool:
        """Whether it is there."""

    def add(self, key: bytes, /) -> None:
        """Take up a key; one that is there stays."""

    def discard(self, key: bytes, /) -> None:
        """Take it out, if it is there."""


class ShardedKeySet:
    """Keys of 16 bytes that are evenly spread (digests): a set of objects takes five times the memory."""

    __slots__ = ("_count", "_shards")

    def __init__(self) -> None:
        self._count = 0
        self._shards: list[bytearray | None] = [None] * _SHARDS

    def __len__(self) -> int:
        return self._count

    def __contains__(self, key: bytes) -> bool:
        return self._place(key) >= 0

    def add(self, key: bytes) -> None:
        """Take up a key; one that is there stays."""
        if key in self:
            return
        number = _shard_of(key)
        shard = self._shards[number]
        if shard is None:
            self._shards[number] = bytearray(key)
        else:
            shard += key
        self._count += 1

    def discard(self, key: bytes) -> None:
        """Take it out, if it is there."""
        place = self._place(key)
        shard = self._shards[_shard_of(key)]
        if place >= 0 and shard is not None:
            del shard[place : place + KEY_SIZE]
            self._count -= 1

    def _place(self, key: bytes) -> int:
        """Where in its shard it stands, -1 where it does not; not across two others."""
        shard = self._shards[_shard_of(key)]
        if shard is None:
            return -1
        place = shard.find(key)
        while place > 0 and place % KEY_SIZE:
            place = shard.find(key, place + 1)
        return place


def _shard_of(key: bytes) -> int:
    """Raises TypeError for what is no key, as the native set does."""
    if type(key) is not bytes or len(key) != KEY_SIZE:
        raise TypeError(f"a key is {KEY_SIZE} bytes")
    return (key[0] << 8 | key[1]) % _SHARDS


_made: Callable[[], Keys]
try:
    from lienthong.exchange.replay._key_set import KeySet

    _made = KeySet
except ImportError:
    _made = ShardedKeySet


def new_key_set() -> Keys:
    """An empty set."""
    return _made()
