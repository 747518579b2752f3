"""The whole invented country, and the people in it whom the story follows."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from national.synthetic.config import TODAY, Size
from national.synthetic.use_cases.parcels import Cadastre, HolderKind, Parcel
from national.synthetic.use_cases.people import Marital, Person, Settlement

_HA_NOI = "01"


@dataclass(frozen=True, slots=True)
class Country:
    """People and parcels that belong together."""

    seed: int
    people: tuple[Person, ...]
    parcels: tuple[Parcel, ...]


def invent(seed: int, size: Size) -> Country:
    """The country of `seed` and `size`: always the same."""
    people = Settlement(seed).settle(size.people)
    return Country(seed, tuple(people), tuple(Cadastre(seed, people).survey(size.parcels)))


def personae(country: Country) -> dict[str, Any]:
    """Whom the story names, found by rule: the first by personal ID or parcel key who fits.

    Transferor: an adult of Hà Nội who holds a clean urban parcel alone. Transferee: an adult of another household of
    Hà Nội who holds nothing; both born on a known day. With them one mortgaged and one blocked parcel of Hà Nội.
    """
    parcels = [parcel for parcel in country.parcels if parcel.commune.province_code == _HA_NOI]
    parcels.sort(key=lambda parcel: (parcel.commune.code, parcel.sheet, parcel.number))
    sold = _first(parcels, _may_be_sold)
    seller = sold.holders[0]
    holders = {holder.personal_id for parcel in country.parcels for holder in parcel.holders}
    people = sorted(country.people, key=lambda person: person.personal_id)
    buyer = next(p for p in people if _may_buy(p, seller) and p.personal_id not in holders)
    return {
        "seed": country.seed,
        "date": TODAY.isoformat(),
        "transferor": _named(seller),
        "transferee": _named(buyer),
        "parcel": _keyed(sold),
        "mortgaged_parcel": _keyed(_first(parcels, lambda parcel: _rests(parcel, "the-chap"))),
        "blocked_parcel": _keyed(_first(parcels, lambda parcel: _rests(parcel, "ngan-chan"))),
    }


def _first(parcels: list[Parcel], fits: Callable[[Parcel], bool]) -> Parcel:
    return next(parcel for parcel in parcels if fits(parcel))


def _may_be_sold(parcel: Parcel) -> bool:
    holder = parcel.holders[0]
    alone = parcel.kind is HolderKind.PERSON and holder.marital is not Marital.MARRIED
    return parcel.clean and alone and parcel.commune.urban and _of_working_age(holder)


def _may_buy(person: Person, seller: Person) -> bool:
    lives_there = person.commune.province_code == _HA_NOI and person.household != seller.household
    return lives_there and person.marital is Marital.SINGLE and _of_working_age(person)


def _of_working_age(person: Person) -> bool:
    return person.born.day is not None and 25 <= TODAY.year - person.born.year <= 60


def _rests(parcel: Parcel, kind: str) -> bool:
    return any(found.kind == kind for found in parcel.encumbrances)


def _named(person: Person) -> dict[str, Any]:
    return {
        "soDinhDanh": person.personal_id,
        "hoTen": person.name,
        "ngaySinh": str(person.born),
        "noiThuongTru": person.address,
    }


def _keyed(parcel: Parcel) -> dict[str, Any]:
    return {
        "maXa": parcel.commune.code,
        "soHieuToBanDo": parcel.sheet,
        "soThuTuThua": parcel.number,
        "soPhatHanh": parcel.certificate.serial if parcel.certificate else None,
    }
