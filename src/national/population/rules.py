"""When a stated identity is the identity on record. Pure.

All three must agree: number, full name, date of birth (DC-01, DC-02: never on the number alone). The answer never
tells which one did not.
"""

from __future__ import annotations

from dataclasses import dataclass

from lienthong.sdk.people.names import name_key
from lienthong.sdk.people.partial_date import PartialDate, agrees


@dataclass(frozen=True, slots=True)
class Identity:
    """Name and date of birth, stated by a caller or on record."""

    name: str
    born: PartialDate


def same_identity(stated: Identity, recorded: Identity) -> bool:
    """Whether what is stated agrees with the record. Both parts are always compared."""
    names = name_key(stated.name) == name_key(recorded.name)
    dates = agrees(stated.born, recorded.born)
    return names and dates
