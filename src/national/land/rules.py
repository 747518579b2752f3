"""How land is named and whom it belongs to. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date

from lienthong.domain.errors import Malformed
from lienthong.sdk.people.names import name_key
from lienthong.sdk.people.partial_date import PartialDate, agrees

_SERIAL = re.compile(r"([A-Z]{2}) ?(\d{6}|\d{8})\Z", re.ASCII)
_COMMUNE = re.compile(r"\d{5}\Z", re.ASCII)
_EIGHT_DIGITS_FROM = date(2024, 8, 1)


@dataclass(frozen=True, slots=True)
class Holder:
    """Name and date of birth of a right holder, stated or on record."""

    name: str
    born: PartialDate


def same_holder(stated: Holder, recorded: Holder) -> bool:
    """Whether what is stated agrees with the record; the personal ID was compared before."""
    names = name_key(stated.name) == name_key(recorded.name)
    dates = agrees(stated.born, recorded.born)
    return names and dates


def parse_serial(text: str) -> str:
    """The printed serial of a land certificate, ``BX 123456`` or (since TT 10/2024) ``AA 01234567``.

    The space may be left out. Raises Malformed.
    """
    found = _SERIAL.match(text.strip().upper())
    if found is None:
        raise Malformed("InvalidRequest", "a serial is two letters and six digits, or eight since 2024")
    return " ".join(found.groups())


def serial_fits_date(serial: str, issued_on: date) -> bool:
    """Whether a serial has the form of its day: eight digits only since TT 10/2024/TT-BTNMT."""
    return issued_on >= _EIGHT_DIGITS_FROM or len(serial.partition(" ")[2]) == 6


def parse_commune_code(text: str) -> str:
    """Five digits, of the list that was valid when the parcel was surveyed; raises Malformed."""
    if _COMMUNE.match(text) is None:
        raise Malformed("InvalidRequest", "a commune code has five digits")
    return text


def square_metres(area_dm2: int) -> float:
    """m² with one decimal, as papers write areas; from square decimetres, in which sums are exact."""
    return round(area_dm2 / 100, 1)
