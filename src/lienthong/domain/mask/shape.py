"""What a compiled mask looks like inside."""

from __future__ import annotations

from typing import Final, TypeAlias

from lienthong.domain.errors import Unavailable

Tree: TypeAlias = dict[str, "Tree | None"]
"""Names to what is granted beneath; None = everything beneath."""

NESTING_MAX: Final = 64
"""How deep arrays, objects and elements may be nested where the cut has to look."""


def unreadable(what: str) -> Unavailable:
    """The error for an answer of the service that cannot be cut, and therefore does not leave."""
    return Unavailable("ServiceFailed.InvalidBody", f"the service's answer cannot be cut to the grant: {what}")
