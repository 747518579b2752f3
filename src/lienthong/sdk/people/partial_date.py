"""Dates of which only the year, or month and year, may be known. Many older people have no day of birth on record."""

from __future__ import annotations

import re
from datetime import date
from typing import NamedTuple

from lienthong.domain.errors import Malformed

_ISO = re.compile(r"(\d{4})(?:-(\d{2})(?:-(\d{2}))?)?\Z", re.ASCII)
_VIETNAMESE = re.compile(r"(?:(?:(\d{1,2})/)?(\d{1,2})/)?(\d{4})\Z", re.ASCII)
_YEAR_MIN = 1880


class PartialDate(NamedTuple):
    """A day, a month or a year. `day` needs `month`."""

    year: int
    month: int | None = None
    day: int | None = None

    def __str__(self) -> str:
        """ISO 8601 at the precision there is: ``1985-03-01``, ``1985-03``, ``1985``."""
        parts = [f"{self.year:04d}"] + [f"{part:02d}" for part in (self.month, self.day) if part is not None]
        return "-".join(parts)


def parse_partial_date(text: str) -> PartialDate:
    """Read ``1985-03-01``, ``1985-03``, ``1985``, ``01/03/1985`` or ``03/1985``; raises Malformed."""
    if (iso := _ISO.match(text)) is not None:
        year, month, day = iso.groups()
    elif (written := _VIETNAMESE.match(text)) is not None:
        day, month, year = written.groups()
    else:
        raise Malformed("InvalidRequest", "a date is yyyy-mm-dd or dd/mm/yyyy, or month and year, or the year alone")
    found = PartialDate(int(year), int(month) if month else None, int(day) if day else None)
    try:
        date(found.year, found.month or 1, found.day or 1)
    except ValueError:
        raise Malformed("InvalidRequest", "there is no such day in the calendar") from None
    if found.year < _YEAR_MIN:
        raise Malformed("InvalidRequest", f"the year is before {_YEAR_MIN}")
    return found


def agrees(stated: PartialDate, recorded: PartialDate) -> bool:
    """Whether `stated` may be the same date as `recorded`.

    The record sets the precision: all of it must be stated. What is stated beyond the record is not held against
    the caller, because forms put 1 January where only a year is known.
    """
    return all(known is None or known == told for told, known in zip(stated, recorded, strict=True))
