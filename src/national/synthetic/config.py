"""How large the invented country is, and the day on which it is looked at."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

SEED = 2021
TODAY = date(2021, 3, 10)
"""The day of the story. Facts are generated up to the day before."""


COLLECTED = date(2020, 7, 1)
"""When the databases began to be filled: nothing is recorded before."""


@dataclass(frozen=True, slots=True)
class Size:
    """How many of each. Same seed and size, same country."""

    people: int = 3000
    parcels: int = 2000
