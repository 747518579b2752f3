"""The tables that names and places are drawn from: CSV files in the package, each row with source and confidence."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.resources import files


@dataclass(frozen=True, slots=True)
class Commune:
    """A commune of 2021. `code` is the five-digit statistics code, ambiguous without a date."""

    code: str
    name: str
    district: str
    province_code: str
    province: str
    urban: bool
    weight: int

    def address(self, place: str) -> str:
        """`place` in this commune, as addresses were written before the merger."""
        return f"{place}, {self.name}, {self.district}, {self.province}"


@dataclass(frozen=True, slots=True)
class Surname:
    """A family name that stands first, with its weight inside an ethnic group."""

    text: str
    ethnic_codes: frozenset[str]
    weight: float


@dataclass(frozen=True, slots=True)
class NamePart:
    """A middle or given name. `era` tells when it was in fashion, empty = always."""

    text: str
    sex: str
    role: str
    era: str
    ethnic_code: str
    weight: float


def _rows(name: str) -> Iterator[dict[str, str]]:
    text = files("national.synthetic").joinpath("data", name).read_text(encoding="utf-8")
    yield from csv.DictReader(io.StringIO(text))


def communes() -> list[Commune]:
    """The communes people live in."""
    return [
        Commune(
            code=row["code"],
            name=row["name"],
            district=row["district"],
            province_code=row["province_code"],
            province=row["province"],
            urban=row["kind"] == "urban",
            weight=int(row["weight"]),
        )
        for row in _rows("communes.csv")
    ]


def surnames() -> list[Surname]:
    """Surnames that stand first; clan names that stand last and prefixes are left out."""
    return [
        Surname(row["surname"], frozenset(row["ethnic_codes_2008"].split("|")), float(row["share_percent"]))
        for row in _rows("surnames.csv")
        if row["position"] == "first" and row["share_percent"]
    ]


def name_parts() -> list[NamePart]:
    """Middle and given names."""
    return [
        NamePart(row["name"], row["sex"], row["role"], row["era"], row["ethnic_code_2008"], float(row["weight"]))
        for row in _rows("given_names.csv")
    ]


def ethnic_shares() -> dict[str, float]:
    """Share of the population of 2019 in percent, by code of 2008, where it is known."""
    rows = _rows("ethnic_groups.csv")
    return {row["code_2008"]: float(row["share_2019_percent"]) for row in rows if row["share_2019_percent"]}
