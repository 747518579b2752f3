"""Numbers of people as inputs of a service: read strictly, with the prefix table of TT 07/2016/TT-BCA."""

from __future__ import annotations

from lienthong.domain.errors import Malformed
from lienthong.domain.personal_id import (
    IdentityNumberKind,
    PersonalId,
    Sex,
    identity_number_kind,
    parse_personal_id,
)
from lienthong.sdk.people.prefixes import PROVINCE_OF_PREFIX

_CENTURY_MIN = 1900


def read_personal_id(text: str) -> PersonalId:
    """A personal identification number with a prefix of the 63 provinces; raises Malformed."""
    return parse_personal_id(text, PROVINCE_OF_PREFIX)


def read_old_card(text: str) -> str:
    """The nine digits of an old identity card (CMND), still a search key; raises Malformed."""
    if identity_number_kind(text) is not IdentityNumberKind.OLD_CARD:
        raise Malformed("InvalidRequest", "an old identity card (CMND) has nine digits")
    return text


def make_personal_id(prefix: str, sex: Sex, *, birth_year: int, serial: int) -> PersonalId:
    """The number of a person born from 1900 on, by the rule PPP G YY NNNNNN; raises Malformed."""
    century = (birth_year - _CENTURY_MIN) // 100
    digit = 2 * century + (1 if sex is Sex.FEMALE else 0)
    return read_personal_id(f"{prefix}{digit}{birth_year % 100:02d}{serial:06d}")
