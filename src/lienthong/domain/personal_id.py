"""Personal identification numbers (số định danh cá nhân): twelve digits ``PPP G YY NNNNNN`` without a check digit.

PPP is where the birth was registered, G sex and century, YY the year of birth. The number never changes when
provinces do, so the prefix says nothing about where a person lives. The prefix table is data of the caller
(TT 07/2016/TT-BCA); contradictions with other data are findings to be looked into, never a reason to refuse.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from enum import StrEnum
from typing import Final, NamedTuple

from lienthong.domain.errors import Malformed

_TWELVE_DIGITS = re.compile(r"[0-9]{12}\Z")
_NINE_DIGITS = re.compile(r"[0-9]{9}\Z")
_FIRST_CENTURY: Final = 1900


class Sex(StrEnum):
    """Sex as civil status records it."""

    MALE = "nam"
    FEMALE = "nữ"


class IdentityNumberKind(StrEnum):
    """Numbers under which a person can be searched."""

    PERSONAL_ID = "số định danh cá nhân"
    OLD_CARD = "CMND"


class Finding(StrEnum):
    """What a number and the other data of a person contradict each other in."""

    SEX = "sex"
    BIRTH_YEAR = "birth year"
    BIRTH_REGISTRATION = "place of birth registration"


class PersonalId(NamedTuple):
    """A number and what can be read from it. `registered_in` is the name in the caller's prefix table."""

    value: str
    prefix: str
    registered_in: str
    sex: Sex
    birth_year: int


class StatedPerson(NamedTuple):
    """What a record says beside the number; None = it says nothing. `birth_date` starts with the year."""

    sex: Sex | None = None
    birth_date: str | None = None
    registered_in: str | None = None


def parse_personal_id(value: str, prefixes: Mapping[str, str]) -> PersonalId:
    """Read a number; `prefixes` maps the first three digits to a place. Raises Malformed."""
    if _TWELVE_DIGITS.match(value) is None:
        raise Malformed("InvalidRequest", "a personal identification number has twelve digits")
    registered_in = prefixes.get(value[:3])
    if registered_in is None:
        raise Malformed("InvalidRequest", "the first three digits of the personal identification number are unknown")
    century_and_sex = int(value[3])
    sex = Sex.FEMALE if century_and_sex % 2 else Sex.MALE
    birth_year = _FIRST_CENTURY + 100 * (century_and_sex // 2) + int(value[4:6])
    return PersonalId(value, value[:3], registered_in, sex, birth_year)


def identity_number_kind(value: str) -> IdentityNumberKind:
    """Which kind of number a search key is, by its shape alone; raises Malformed."""
    if _TWELVE_DIGITS.match(value) is not None:
        return IdentityNumberKind.PERSONAL_ID
    if _NINE_DIGITS.match(value) is not None:
        return IdentityNumberKind.OLD_CARD
    raise Malformed("InvalidRequest", "neither a personal identification number nor an old identity card number")


def findings(number: PersonalId, stated: StatedPerson) -> tuple[Finding, ...]:
    """In what the number contradicts the rest of the record; empty when nothing does."""
    found: list[Finding] = []
    if stated.sex is not None and stated.sex is not number.sex:
        found.append(Finding.SEX)
    if stated.birth_date is not None and stated.birth_date[:4] != str(number.birth_year):
        found.append(Finding.BIRTH_YEAR)
    if stated.registered_in is not None and stated.registered_in != number.registered_in:
        found.append(Finding.BIRTH_REGISTRATION)
    return tuple(found)
