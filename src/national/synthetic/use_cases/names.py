"""Names as people of an ethnic group, sex and year of birth carry them."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from itertools import accumulate
from random import Random
from typing import NamedTuple

from lienthong.domain.personal_id import Sex
from lienthong.sdk.people.names import written_name
from national.synthetic import store

KINH = "01"
_GROUPS = ("01", "02", "03", "04", "06", "07")
"""Groups with surnames that stand first and enough of them to draw from."""
_ERAS = {"before 1975": (0, 1974), "1965-1990": (1965, 1990), "1985-2005": (1985, 2005), "from 2000": (2000, 9999)}
_SEX = {Sex.MALE: "male", Sex.FEMALE: "female"}
_TWO_MIDDLES, _NO_MIDDLE = 0.09, 0.14


class Lot(NamedTuple):
    """Texts to draw from and their weights added up."""

    texts: tuple[str, ...]
    weights: tuple[float, ...]

    def draw(self, chance: Random) -> str:
        return chance.choices(self.texts, cum_weights=self.weights)[0]


def _lot(pairs: Iterable[tuple[str, float]]) -> Lot:
    kept = [(text, weight) for text, weight in pairs if weight > 0]
    return Lot(tuple(text for text, _ in kept), tuple(accumulate(weight for _, weight in kept)))


@cache
def _ethnic_lot() -> Lot:
    shares = store.ethnic_shares()
    return _lot((code, shares[code]) for code in _GROUPS)


@cache
def _surname_lot(ethnic_code: str) -> Lot:
    return _lot((name.text, name.weight) for name in store.surnames() if ethnic_code in name.ethnic_codes)


@cache
def _middle_lot(sex: Sex) -> Lot:
    return _lot((part.text, part.weight) for part in store.name_parts() if part.role == "middle" and _fits(part, sex))


@cache
def _given_lot(sex: Sex, year: int, ethnic_code: str) -> Lot:
    given = [part for part in store.name_parts() if part.role == "given" and _fits(part, sex)]
    own = [part for part in given if part.ethnic_code == ethnic_code and _in_fashion(part, year)]
    kinh = [part for part in given if part.ethnic_code == KINH and _in_fashion(part, year)]
    return _lot((part.text, part.weight) for part in (own or kinh))


def _fits(part: store.NamePart, sex: Sex) -> bool:
    return part.sex == _SEX[sex]


def _in_fashion(part: store.NamePart, year: int) -> bool:
    first, last = _ERAS.get(part.era, (0, 9999))
    return first <= year <= last


def ethnic_group(chance: Random) -> str:
    """An ethnic group (code of 2008) by its share of the population."""
    return _ethnic_lot().draw(chance)


def surname(chance: Random, ethnic_code: str) -> str:
    """A surname of the group."""
    return _surname_lot(ethnic_code).draw(chance)


def full_name(chance: Random, family: str, sex: Sex, *, born: int, ethnic_code: str) -> str:
    """Surname, none to two middle names, given name; NFC."""
    middles = _middle_lot(sex)
    roll = chance.random()
    count = 2 if roll < _TWO_MIDDLES else 0 if roll < _NO_MIDDLE else 1
    parts = [middles.draw(chance) for _ in range(count)]
    given = _given_lot(sex, born, ethnic_code).draw(chance)
    return written_name(" ".join([family, *dict.fromkeys(part for part in parts if part != given), given]))
