"""Bytes to many sockets that do not wait.

In the wheel one call of the system writes them all (``_write_each.c``, docs/decisions/0026-answers-gathered.md),
where the system lets us; the Python that is here writes one after the other.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any, Final

_Writer: Callable[[], Any] | None
try:
    from lienthong.adapters.http.gathering._write_each import Writer

    _Writer = Writer
except ImportError:
    _Writer = None

MOST: Final = 128
"""So many chunks are written at once, at most."""
WriteEach = Callable[[list[int], list[bytes]], list[int]]
"""Takes descriptors of sockets and what each is to be given; gives how many bytes each took: 0 also where it is
closed or broken, which the next write to it finds out. Raises ValueError for too many, or not as many of both, and
OSError where it is not known what went out."""


def one_by_one(files: list[int], chunks: list[bytes]) -> list[int]:
    """As `WriteEach` has it."""
    if len(files) != len(chunks) or len(files) > MOST:
        raise ValueError(f"as many of both are written at once, at most {MOST}")
    return list(map(_written, files, chunks))


def _written(file: int, chunk: bytes) -> int:
    try:
        return os.write(file, chunk)
    except OSError:
        return 0


def new_write_each() -> WriteEach:
    """For one event loop."""
    if _Writer is not None:
        try:
            made: WriteEach = _Writer().write_each
            return made
        except OSError:  # forbidden here, or the system has too many of its kind
            return one_by_one
    return one_by_one
