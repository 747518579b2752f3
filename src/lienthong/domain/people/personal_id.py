"""The personal identification number (số định danh cá nhân): twelve digits PPP G YY NNNNNN, no check digit.

PPP is the province where the birth was registered, G the century and sex, YY the year of birth (NĐ 137/2015/NĐ-CP
Điều 13, TT 07/2016/TT-BCA). A number that contradicts its holder's record is a finding, never a refusal.
"""

from __future__ import annotations

import re
from enum import StrEnum
from typing import NamedTuple

from lienthong.domain.errors import Malformed
from lienthong.domain.people.partial_date import PartialDate
from lienthong.domain.people.prefixes import PROVINCE_OF_PREFIX

_TWELVE = re.compile(r"\d{12}\Z", re.ASCII)
_NINE = re.compile(r"\d{9}\Z", re.ASCII)
_CENTURY_MIN = 1900


class Sex(StrEnum):
    """As the number tells it and records write it."""

    MALE = "nam"
    FEMALE = "nữ"


class Finding(StrEnum):
    """What of a record contradicts its number."""

    SEX = "sex"
    BIRTH_YEAR = "birth year"
    PLACE = "place of birth registration"


class PersonalId(NamedTuple):
    """A well-formed number and what it tells."""

    digits: str
    prefix: str
    sex: Sex
    birth_year: int

    @property
    def province(self) -> str:
        """The province, by its name before 1 July 2025, where the birth was registered."""
        return PROVINCE_OF_PREFIX[self.prefix]

    def __str__(self) -> str:
        return self.digits


def parse_personal_id(text: str) -> PersonalId:
    """Read twelve digits with a known prefix; raises Malformed."""
    if _TWELVE.match(text) is None:
        raise Malformed("InvalidPersonalId", "a personal identification number has twelve digits")
    if text[:3] not in PROVINCE_OF_PREFIX:
        raise Malformed("InvalidPersonalId", "no province has these first three digits")
    century, sex = divmod(int(text[3]), 2)
    return PersonalId(text, text[:3], Sex.FEMALE if sex else Sex.MALE, _CENTURY_MIN + 100 * century + int(text[4:6]))


def make_personal_id(prefix: str, sex: Sex, *, birth_year: int, serial: int) -> PersonalId:
    """The number of a person; raises Malformed where the parts make none."""
    century = (birth_year - _CENTURY_MIN) // 100
    digit = 2 * century + (1 if sex is Sex.FEMALE else 0)
    return parse_personal_id(f"{prefix}{digit}{birth_year % 100:02d}{serial:06d}")


def parse_old_card(text: str) -> str:
    """The nine digits of an old identity card (CMND), still a search key; raises Malformed."""
    if _NINE.match(text) is None:
        raise Malformed("InvalidOldCard", "an old identity card (CMND) has nine digits")
    return text


def findings(number: PersonalId, sex: Sex, *, born: PartialDate, registered_in: str | None = None) -> list[Finding]:
    """Where a record contradicts the number."""
    found = []
    if number.sex is not sex:
        found.append(Finding.SEX)
    if number.birth_year != born.year:
        found.append(Finding.BIRTH_YEAR)
    if registered_in is not None and number.province != registered_in:
        found.append(Finding.PLACE)
    return found
