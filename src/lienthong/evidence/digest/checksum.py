"""crc32 (ISO 3309) of what is written to the ledger. Pure.

In the wheel it is worked out by carry-less multiplication (``_crc32.c``) where the processor has it, in a quarter of
the time; else by zlib. A test holds the two against each other (docs/decisions/0024-native-steps.md).
"""

from __future__ import annotations

__all__ = ["crc32"]

try:
    from lienthong.evidence.digest._crc32 import crc32
except ImportError:
    from zlib import crc32
