"""Parcels of the same people: uses, certificates, mortgages (about 1 in 8), blocks and disputes (about 1 in 200)."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum
from random import Random

from national.synthetic.config import COLLECTED, TODAY
from national.synthetic.store import Commune, communes
from national.synthetic.use_cases.people import Person

_MORTGAGED, _BLOCKED, _DISPUTED = 1 / 8, 1 / 200, 1 / 200
_COUPLE_OWNS, _WITHOUT_CERTIFICATE = 0.7, 0.06
_FIRST_ISSUE = date(2005, 1, 1)
_LETTERS = "ABCDEGHIKLMNPQRSTUVXY"
_BANKS = ("Ngân hàng A (giả lập)", "Ngân hàng B (giả lập)", "Quỹ tín dụng nhân dân C (giả lập)")
_RURAL = (("LUC", 30), ("BHK", 12), ("CLN", 12), ("NTS", 6), ("ONT", 40))


class HolderKind(StrEnum):
    """Who holds the right."""

    PERSON = "cá nhân"
    COUPLE = "vợ chồng"


@dataclass(frozen=True, slots=True)
class Use:
    """One use of (a part of) a parcel. `area_dm2` in square decimetres, so that tenths of m² stay exact at sums."""

    code: str
    area_dm2: int
    origin: str
    until: date | None


@dataclass(frozen=True, slots=True)
class Encumbrance:
    """What limits the right: mortgage, block or dispute."""

    kind: str
    body: str
    document: str
    since: date


@dataclass(frozen=True, slots=True)
class Certificate:
    """The paper of the right: printed serial and register number are different things."""

    serial: str
    register_number: str
    issued_on: date


@dataclass(frozen=True, slots=True)
class Parcel:
    """A parcel of 2021; the key is commune, map sheet, parcel number."""

    commune: Commune
    sheet: int
    number: int
    address: str
    uses: tuple[Use, ...]
    kind: HolderKind
    holders: tuple[Person, ...]
    held_since: date
    certificate: Certificate | None
    encumbrances: tuple[Encumbrance, ...]

    @property
    def recorded_at_ms(self) -> int:
        """When the database learned it: not before the collection that filled it began."""
        day = max(self.held_since + timedelta(days=40), COLLECTED)
        return int(datetime(day.year, day.month, day.day, 8, tzinfo=UTC).timestamp() * 1000)

    @property
    def clean(self) -> bool:
        """May be transferred: certified, and nothing rests on it."""
        return self.certificate is not None and not self.encumbrances


class Cadastre:
    """Makes up parcels for `people`."""

    def __init__(self, seed: int, people: list[Person]) -> None:
        self._chance = Random(f"{seed}:parcels")  # noqa: S311 - invented parcels, no secret
        self._by_id = {person.personal_id: person for person in people}
        self._owners: dict[str, list[Person]] = defaultdict(list)
        for person in people:
            if person.adult and person.relation != "Con":
                self._owners[person.commune.code].append(person)
        self._communes = [commune for commune in communes() if self._owners[commune.code]]
        self._serials: set[str] = set()
        self._next: dict[tuple[str, int], int] = defaultdict(int)

    def survey(self, parcels: int) -> list[Parcel]:
        """Exactly `parcels` parcels."""
        return [self._parcel() for _ in range(parcels)]

    def _parcel(self) -> Parcel:
        chance = self._chance
        commune = chance.choices(self._communes, [place.weight for place in self._communes])[0]
        sheet = chance.randint(1, 24)
        self._next[commune.code, sheet] += chance.choice((1, 1, 1, 2, 3))
        kind, holders = self._holders(commune)
        since = self._since(holders)
        certificate = None if chance.random() < _WITHOUT_CERTIFICATE else self._certificate(since)
        return Parcel(
            commune=commune,
            sheet=sheet,
            number=self._next[commune.code, sheet],
            address=holders[0].address if chance.random() < 0.6 else commune.address(_field(commune, sheet)),
            uses=self._uses(commune, since),
            kind=kind,
            holders=holders,
            held_since=since,
            certificate=certificate,
            encumbrances=self._encumbrances(since) if certificate else (),
        )

    def _holders(self, commune: Commune) -> tuple[HolderKind, tuple[Person, ...]]:
        owner = self._chance.choice(self._owners[commune.code])
        if owner.spouse is not None and self._chance.random() < _COUPLE_OWNS:
            return HolderKind.COUPLE, (owner, self._by_id[owner.spouse])
        return HolderKind.PERSON, (owner,)

    def _since(self, holders: tuple[Person, ...]) -> date:
        grown = max(date(holder.born.year + 19, 1, 1) for holder in holders)
        first = min(max(_FIRST_ISSUE, grown), TODAY - timedelta(days=60))
        return first + timedelta(days=self._chance.randrange(max(1, (TODAY - first).days - 40)))

    def _uses(self, commune: Commune, since: date) -> tuple[Use, ...]:
        chance = self._chance
        if commune.urban:
            return (Use("ODT", chance.randint(2500, 18000), "4", None),)
        code = chance.choices([code for code, _ in _RURAL], [weight for _, weight in _RURAL])[0]
        if code == "ONT":
            garden = Use("CLN", chance.randint(1000, 60000), "1", date(since.year + 50, 12, 31))
            return (Use("ONT", chance.randint(8000, 40000), "1", None), garden)
        return (Use(code, chance.randint(20000, 300000), "3", date(since.year + 50, 12, 31)),)

    def _certificate(self, since: date) -> Certificate:
        chance = self._chance
        issued = min(since + timedelta(days=chance.randint(10, 30)), TODAY - timedelta(days=1))
        register = f"{chance.choice(('CH', 'CS'))}{chance.randint(1, 99999):05d}"
        return Certificate(self._serial(issued), register, issued)

    def _serial(self, issued: date) -> str:
        """Two letters and six digits, the letters moving on with the years. (Eight digits since TT 10/2024.)"""
        step = (issued.year - _FIRST_ISSUE.year) * 4 + issued.month // 4
        letters = _LETTERS[1 + step // len(_LETTERS)] + _LETTERS[step % len(_LETTERS)]
        while (serial := f"{letters} {self._chance.randint(1, 999_999):06d}") in self._serials:
            pass
        self._serials.add(serial)
        return serial

    def _encumbrances(self, since: date) -> tuple[Encumbrance, ...]:
        chance = self._chance
        day = since + timedelta(days=chance.randrange(max(1, (TODAY - since).days)))
        found = []
        if chance.random() < _MORTGAGED:
            contract = f"Hợp đồng thế chấp số {chance.randint(1, 9999)}/{day.year}/HĐTC"
            found.append(Encumbrance("the-chap", chance.choice(_BANKS), contract, day))
        if chance.random() < _BLOCKED:
            order = f"Văn bản số {chance.randint(1, 999)}/{day.year}/CV-THA"
            found.append(Encumbrance("ngan-chan", "Cơ quan thi hành án dân sự", order, day))
        if chance.random() < _DISPUTED:
            file = f"Thụ lý số {chance.randint(1, 999)}/{day.year}/TLST-DS"
            found.append(Encumbrance("tranh-chap", "Tòa án nhân dân", file, day))
        return tuple(found)


def _field(commune: Commune, sheet: int) -> str:
    """Where a parcel lies that nobody lives on."""
    return f"Tổ {sheet}" if commune.urban else f"Xứ đồng số {sheet}"
