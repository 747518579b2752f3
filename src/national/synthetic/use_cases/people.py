"""Households and the people in them: couples, children, some with a grandparent. IDs follow the rules of the law."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum
from random import Random

from lienthong.domain.personal_id import Sex
from lienthong.sdk.people.numbers import make_personal_id
from lienthong.sdk.people.partial_date import PartialDate
from national.synthetic.config import COLLECTED, TODAY
from national.synthetic.store import Commune, communes
from national.synthetic.use_cases.names import ethnic_group, full_name, surname

_OLD_CARD_BORN_MAX = 2000
_ADULT = 18
_SINGLE, _WITH_GRANDPARENT, _ONE_PARENT = 0.12, 0.1, 0.08
_CHILDREN = ((0, 1, 2, 3, 4), (14, 30, 38, 13, 5))
_OTHER_BIRTHPLACES = ("001", "026", "033", "034", "036", "037", "038", "040", "042", "048", "049", "079")


class Marital(StrEnum):
    """Marital status as records write it."""

    SINGLE = "Chưa kết hôn"
    MARRIED = "Đã kết hôn"
    DIVORCED = "Ly hôn"


@dataclass(frozen=True, slots=True)
class Person:
    """One invented person as the population database knows them. Relations are personal IDs."""

    personal_id: str
    old_card: str | None
    name: str
    sex: Sex
    born: PartialDate
    ethnic_code: str
    home_province: str
    commune: Commune
    address: str
    household: int
    head: str
    relation: str
    marital: Marital = Marital.SINGLE
    married_on: date | None = None
    spouse: str | None = None
    father: str | None = None
    mother: str | None = None

    @property
    def valid_from(self) -> date:
        """Since when the record as a whole is as it is: birth or marriage, whatever came last."""
        return self.married_on or date(self.born.year, self.born.month or 1, self.born.day or 1)

    @property
    def recorded_at_ms(self) -> int:
        """When the database learned it: not before the collection that filled it began."""
        day = max(self.valid_from + timedelta(days=7), COLLECTED)
        return int(datetime(day.year, day.month, day.day, 8, tzinfo=UTC).timestamp() * 1000)

    @property
    def adult(self) -> bool:
        return TODAY.year - self.born.year > _ADULT


@dataclass(slots=True)
class _Household:
    """What the members of a household being made up have in common."""

    number: int
    commune: Commune
    address: str
    ethnic_code: str
    family: str
    prefix: str
    head: str = ""


class _Register:
    """Gives out numbers that nobody has yet."""

    def __init__(self, chance: Random) -> None:
        self._chance = chance
        self._taken: set[str] = set()

    def personal_id(self, prefix: str, sex: Sex, year: int) -> str:
        return self._fresh(lambda n: make_personal_id(prefix, sex, birth_year=year, serial=n).value, 999_999)

    def old_card(self) -> str:
        return self._fresh(lambda n: f"{n:09d}", 399_999_999)

    def _fresh(self, write: Callable[[int], str], largest: int) -> str:
        while (number := write(self._chance.randint(1, largest))) in self._taken:
            pass
        self._taken.add(number)
        return number


class Settlement:
    """Makes up households until there are `people` people."""

    def __init__(self, seed: int) -> None:
        self._chance = Random(f"{seed}:people")  # noqa: S311 - invented people, no secret
        self._register = _Register(self._chance)
        self._communes = communes()
        self._weights = [commune.weight for commune in self._communes]

    def settle(self, people: int) -> list[Person]:
        """Exactly `people` people; the last household may be cut short."""
        settled: list[Person] = []
        number = 0
        while len(settled) < people:
            number += 1
            settled += self._household(number)
        return _without_absent_relatives(settled[:people])

    def _household(self, number: int) -> list[Person]:
        chance = self._chance
        commune = chance.choices(self._communes, self._weights)[0]
        ethnic_code = ethnic_group(chance)
        home = _Household(
            number,
            commune=commune,
            address=commune.address(_place(chance, commune)),
            ethnic_code=ethnic_code,
            family=surname(chance, ethnic_code),
            prefix=f"0{commune.province_code}" if chance.random() < 0.7 else chance.choice(_OTHER_BIRTHPLACES),
        )
        if chance.random() < _SINGLE:
            alone = self._person(home, chance.choice(list(Sex)), chance.randint(1945, 2001))
            return [replace(alone, head=alone.personal_id)]
        return self._family(home)

    def _family(self, home: _Household) -> list[Person]:
        chance = self._chance
        husband = self._person(home, Sex.MALE, chance.randint(1948, 1996))
        home.head = husband.personal_id
        born = min(max(husband.born.year + chance.randint(-4, 6), 1946), 1998)
        wife = self._person(home, Sex.FEMALE, born, family=surname(chance, home.ethnic_code), relation="Vợ")
        wed = date(max(husband.born.year + 22, born + 20), 1, 1) + timedelta(days=chance.randrange(700))
        wed = min(wed, TODAY - timedelta(days=30))
        husband = replace(husband, head=home.head, marital=Marital.MARRIED, married_on=wed, spouse=wife.personal_id)
        wife = replace(wife, marital=Marital.MARRIED, married_on=wed, spouse=husband.personal_id)
        members = [husband, *self._children(home, husband, wife, wed)]
        if chance.random() >= _ONE_PARENT:
            members.insert(1, wife)
        if chance.random() < _WITH_GRANDPARENT and husband.born.year > 1965:
            members += self._grandmother(home, husband)
            members[0] = replace(husband, mother=members[-1].personal_id)
        return members

    def _children(self, home: _Household, father: Person, mother: Person, wed: date) -> list[Person]:
        chance = self._chance
        children: list[Person] = []
        year = wed.year + chance.randint(1, 2)
        for _ in range(chance.choices(*_CHILDREN)[0]):
            if year >= TODAY.year or year > mother.born.year + 44:
                break
            sex = chance.choice(list(Sex))
            child = self._person(home, sex, year, prefix=f"0{home.commune.province_code}", relation="Con")
            children.append(replace(child, father=father.personal_id, mother=mother.personal_id))
            year += chance.randint(2, 5)
        return children

    def _grandmother(self, home: _Household, son: Person) -> list[Person]:
        born = max(son.born.year - self._chance.randint(20, 34), 1930)
        family = surname(self._chance, home.ethnic_code)
        return [self._person(home, Sex.FEMALE, born, family=family, relation="Mẹ")]

    def _person(self, home: _Household, sex: Sex, year: int, **other: str) -> Person:
        chance = self._chance
        prefix = other.get("prefix", home.prefix)
        family = other.get("family", home.family)
        return Person(
            personal_id=self._register.personal_id(prefix, sex, year),
            old_card=self._register.old_card() if year < _OLD_CARD_BORN_MAX else None,
            name=full_name(chance, family, sex, born=year, ethnic_code=home.ethnic_code),
            sex=sex,
            born=_birth_date(chance, year),
            ethnic_code=home.ethnic_code,
            home_province=prefix,
            commune=home.commune,
            address=home.address,
            household=home.number,
            head=home.head,
            relation=other.get("relation", "Chủ hộ"),
        )


def _birth_date(chance: Random, year: int) -> PartialDate:
    """Some of the older people have only a year, or month and year, on record."""
    day = date(year, 1, 1) + timedelta(days=chance.randrange(365))
    roll = chance.random() if year < 1960 else 1.0
    if roll < 0.15:
        return PartialDate(year)
    return PartialDate(year, day.month) if roll < 0.18 else PartialDate(year, day.month, day.day)


def _place(chance: Random, commune: Commune) -> str:
    if commune.urban:
        return f"Số {chance.randint(1, 240)}, ngõ {chance.randint(1, 99)}, tổ {chance.randint(1, 40)}"
    return f"Thôn {chance.randint(1, 14)}"


def _without_absent_relatives(people: list[Person]) -> list[Person]:
    """Relations to people who are not in the country are cut, so that every reference resolves.

    Whose spouse is not there is divorced.
    """
    present = {person.personal_id for person in people}

    def known(number: str | None) -> str | None:
        return number if number in present else None

    def cut(person: Person) -> Person:
        related = replace(person, father=known(person.father), mother=known(person.mother))
        if person.spouse is None or person.spouse in present:
            return related
        return replace(related, spouse=None, marital=Marital.DIVORCED)

    return [cut(person) for person in people]
