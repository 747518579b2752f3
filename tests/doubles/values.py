"""A value with some fields changed, whatever it is made of."""

from __future__ import annotations

import dataclasses
from typing import Any, TypeVar

import msgspec

_V = TypeVar("_V")


def replace(value: _V, /, **changes: Any) -> _V:
    """As `dataclasses.replace` and `msgspec.structs.replace`."""
    one: Any = value
    made: _V = (
        msgspec.structs.replace(one, **changes)
        if isinstance(one, msgspec.Struct)
        else dataclasses.replace(one, **changes)
    )
    return made
