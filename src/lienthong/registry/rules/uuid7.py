"""UUIDv7 (RFC 9562 5.7) from a given time and given random bytes: keys in order of time on every engine."""

from __future__ import annotations

import uuid


def uuid7(now_ms: int, random: bytes) -> str:
    """Canonical text of a UUIDv7; `random` is 10 bytes, of which 74 bits are used."""
    value = (now_ms & (2**48 - 1)) << 80 | int.from_bytes(random[:10], "big")
    value = value & ~(0xF << 76) | 0x7 << 76
    value = value & ~(0x3 << 62) | 0x2 << 62
    return str(uuid.UUID(int=value))
