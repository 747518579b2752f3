"""UUIDv7 (RFC 9562 5.7) from a given time and given random bytes: keys in order of time on every engine."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator

_COUNTER_BITS = 12


def uuid7(at_ms: int, counter: int, random: bytes) -> str:
    """Canonical text of a UUIDv7 with a 12-bit `counter` (RFC 9562 6.2, method 1) and 62 of the bits of `random`."""
    low = int.from_bytes(random[:8], "big") & (2**62 - 1) | 0b10 << 62
    return str(uuid.UUID(int=(at_ms & (2**48 - 1)) << 80 | 0x7 << 76 | (counter & 0xFFF) << 64 | low))


def uuid7_sequence(now_ms: int, random: Callable[[int], bytes]) -> Iterator[str]:
    """Ids of one act, each above the one before; after 4096 they borrow from the next millisecond."""
    number = 0
    while True:
        yield uuid7(now_ms + (number >> _COUNTER_BITS), number & (2**_COUNTER_BITS - 1), random(8))
        number += 1
