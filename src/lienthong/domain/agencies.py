"""Electronic identification codes of agencies (mã định danh điện tử): new form stored, both forms read.

New form (QĐ 20/2020/QĐ-TTg): groups of A-Z and 0-9 joined by dots, the most significant left, the first a letter
A-Y and two digits, at most 35 characters: ``H26.14.27``. Old form (QCVN 102:2016): ``VVV.ZZ.YY.MXX``, the most
significant right, groups of zeros for levels that are not used: ``000.00.18.G12`` is ``G12.18``.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final, NamedTuple

from lienthong.domain.errors import Malformed

CODE_LENGTH_MAX: Final = 35

_NEW_FORM = re.compile(r"[A-Y][0-9]{2}(?:\.[A-Z0-9]+)*\Z")
_OLD_FORM = re.compile(r"([0-9]{3})\.([0-9]{2})\.([0-9]{2})\.([A-Y][0-9]{2})\Z")
_OLD_WIDTHS: Final = (3, 2, 2, 3)  # of MXX, YY, ZZ, VVV


class AgencyCode(NamedTuple):
    """An agency's code: its groups from the most significant to the least."""

    groups: tuple[str, ...]

    @property
    def level(self) -> int:
        """1 = ministry, province or equal body; 2 = its department; and so on."""
        return len(self.groups)

    @property
    def parent(self) -> AgencyCode | None:
        """The code one level up; None at level 1."""
        return AgencyCode(self.groups[:-1]) if len(self.groups) > 1 else None

    def old_form(self) -> str | None:
        """``VVV.ZZ.YY.MXX``; None where the code does not fit that form (deeper, or letters below level 1)."""
        unused = ["0" * width for width in _OLD_WIDTHS[len(self.groups) :]]
        text = ".".join(reversed([*self.groups, *unused]))
        return text if _OLD_FORM.match(text) is not None else None

    def __str__(self) -> str:
        return ".".join(self.groups)


@lru_cache(maxsize=16384)
def parse_agency_code(value: str) -> AgencyCode:
    """Read either form; raises Malformed."""
    if len(value) <= CODE_LENGTH_MAX and _NEW_FORM.match(value) is not None:
        return AgencyCode(tuple(value.split(".")))
    old = _OLD_FORM.match(value)
    if old is None:
        raise Malformed("InvalidRequest", "not an agency code: neither the form of 2020 nor the form of 2016")
    groups = list(reversed(old.groups()))
    while not groups[-1].strip("0"):
        groups.pop()
    return AgencyCode(tuple(groups))
