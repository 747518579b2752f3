"""Fill an empty store with invented people."""

from __future__ import annotations

from pathlib import Path

from lienthong.sdk.people.prefixes import PROVINCE_OF_PREFIX
from national.population.store import Row, write_store
from national.synthetic.config import Size
from national.synthetic.use_cases.country import invent
from national.synthetic.use_cases.people import Person


def fill(database: Path, seed: int, *, people: int) -> None:
    """Write `people` people of `seed` as a new store."""
    country = invent(seed, Size(people=people, parcels=0))
    write_store(database, map(_row, country.people), seed=seed)


def _row(person: Person) -> Row:
    home = PROVINCE_OF_PREFIX[person.home_province]
    return Row(
        personal_id=person.personal_id,
        old_card=person.old_card,
        name=person.name,
        sex=person.sex.value,
        born=str(person.born),
        ethnic_code=person.ethnic_code,
        home_place=home,
        birth_registered_in=home,
        residence=person.address,
        commune_code=person.commune.code,
        household=person.household,
        head_id=person.head,
        relation=person.relation,
        marital=person.marital.value,
        father_id=person.father,
        mother_id=person.mother,
        spouse_id=person.spouse,
        valid_from=person.valid_from.isoformat(),
        valid_to=None,
        recorded_at=person.recorded_at_ms,
    )
