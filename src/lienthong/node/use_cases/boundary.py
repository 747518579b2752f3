"""The boundary between exchanges that are told something one after the other."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any


def tell(loop: asyncio.AbstractEventLoop, told: Callable[[Any], object], given: object) -> None:
    """`tell_one` for one thing, on the path of every message."""
    try:
        told(given)
    except Exception as error:  # boundary: as in tell_one
        loop.call_exception_handler({"message": "an exchange failed", "exception": error})


def tell_one(loop: asyncio.AbstractEventLoop, told: Callable[..., object], *given: object) -> bool:
    """Tell one of many exchanges what is `given`; gives whether that went well. What it raises, the loop reports."""
    try:
        told(*given)
    except Exception as error:  # boundary: whatever one exchange does, the next one gets its answer
        loop.call_exception_handler({"message": "an exchange failed", "exception": error})
        return False
    return True
