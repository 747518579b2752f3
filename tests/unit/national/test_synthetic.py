from __future__ import annotations

from collections import Counter
from datetime import date

import pytest

from lienthong.domain.personal_id import StatedPerson, findings
from lienthong.sdk.people.names import written_name
from lienthong.sdk.people.numbers import read_old_card, read_personal_id
from national.land.rules import parse_serial, serial_fits_date
from national.land.use_cases import read_code_lists
from national.synthetic.config import TODAY, Size
from national.synthetic.use_cases.country import Country, invent, personae
from national.synthetic.use_cases.parcels import HolderKind
from national.synthetic.use_cases.people import Marital

COUNTRY = invent(2021, Size())


def test_sizes_are_exact() -> None:
    assert (len(COUNTRY.people), len(COUNTRY.parcels)) == (3000, 2000)


def test_one_seed_one_country() -> None:
    small = Size(people=300, parcels=200)
    assert invent(7, small) == invent(7, small)
    assert invent(7, small) != invent(8, small)


def test_people_do_not_depend_on_parcels() -> None:
    assert invent(7, Size(300, 0)).people == invent(7, Size(300, 50)).people


def test_numbers_are_unique_and_agree_with_their_people() -> None:
    assert len({person.personal_id for person in COUNTRY.people}) == 3000
    cards = [person.old_card for person in COUNTRY.people if person.old_card]
    assert len(set(cards)) == len(cards)
    for person in COUNTRY.people:
        number = read_personal_id(person.personal_id)
        assert findings(number, StatedPerson(person.sex, str(person.born))) == ()
        assert number.prefix == person.home_province
        if person.old_card:
            assert read_old_card(person.old_card)
            assert person.born.year < 2000


def test_families_make_sense() -> None:
    people = {person.personal_id: person for person in COUNTRY.people}
    for person in COUNTRY.people:
        assert person.head in people
        if person.spouse is not None:
            spouse = people[person.spouse]
            assert (spouse.spouse, spouse.household) == (person.personal_id, person.household)
            assert spouse.sex is not person.sex
        assert (person.spouse is not None) == (person.marital is Marital.MARRIED)
        if person.married_on is not None:
            assert person.born.year + 18 <= person.married_on.year <= TODAY.year
        for parent in filter(None, (person.father, person.mother)):
            assert people[parent].born.year + 15 <= person.born.year
        if person.father is not None:
            assert people[person.father].name.split()[0] == person.name.split()[0]


def test_names_are_written_as_records_keep_them() -> None:
    for person in COUNTRY.people:
        assert written_name(person.name) == person.name
        assert 2 <= len(person.name.split()) <= 6


def test_some_older_people_have_no_full_date() -> None:
    partial = [person for person in COUNTRY.people if person.born.day is None]
    assert 10 <= len(partial) <= 300
    assert all(person.born.year < 1960 for person in partial)


def test_parcels_belong_to_these_people_and_keys_are_unique() -> None:
    people = {person.personal_id: person for person in COUNTRY.people}
    keys = Counter((parcel.commune.code, parcel.sheet, parcel.number) for parcel in COUNTRY.parcels)
    assert max(keys.values()) == 1
    for parcel in COUNTRY.parcels:
        assert all(people[holder.personal_id] == holder for holder in parcel.holders)
        assert len(parcel.holders) == (2 if parcel.kind is HolderKind.COUPLE else 1)
        assert all(holder.born.year + 18 <= parcel.held_since.year for holder in parcel.holders)
        assert parcel.held_since < TODAY


def test_uses_are_codes_that_may_be_written_on_a_parcel() -> None:
    lists = read_code_lists()
    for parcel in COUNTRY.parcels:
        for use in parcel.uses:
            assert use.code in lists.uses
            assert use.origin in lists.origins
            assert use.area_dm2 > 0


def test_certificates() -> None:
    papers = [parcel.certificate for parcel in COUNTRY.parcels if parcel.certificate]
    assert len({paper.serial for paper in papers}) == len(papers)
    for paper in papers:
        assert parse_serial(paper.serial) == paper.serial
        assert serial_fits_date(paper.serial, paper.issued_on)
        assert date(2005, 1, 1) <= paper.issued_on < TODAY


@pytest.mark.parametrize(("kind", "low", "high"), [("the-chap", 0.09, 0.16), ("ngan-chan", 0.001, 0.012)])
def test_rates_of_burdens(kind: str, low: float, high: float) -> None:
    resting = sum(any(one.kind == kind for one in parcel.encumbrances) for parcel in COUNTRY.parcels)
    assert low < resting / len(COUNTRY.parcels) < high


@pytest.mark.parametrize("seed", [1, 2, 3, 2021])
def test_every_country_has_its_personae(seed: int) -> None:
    country: Country = COUNTRY if seed == 2021 else invent(seed, Size())
    told = personae(country)
    seller, buyer, parcel = told["transferor"], told["transferee"], told["parcel"]
    found = next(
        p
        for p in country.parcels
        if (p.commune.code, p.sheet, p.number) == (parcel["maXa"], parcel["soHieuToBanDo"], parcel["soThuTuThua"])
    )
    assert [holder.personal_id for holder in found.holders] == [seller["soDinhDanh"]]
    assert found.clean
    assert found.commune.province_code == "01"
    assert buyer["soDinhDanh"] not in {h.personal_id for p in country.parcels for h in p.holders}
    assert seller["soDinhDanh"] != buyer["soDinhDanh"]
