"""Personal identification numbers."""

from __future__ import annotations

from typing import Any

import pytest
from tests.vectors import load

from lienthong.domain.errors import Malformed
from lienthong.domain.personal_id import Sex, StatedPerson, findings, identity_number_kind, parse_personal_id

VECTORS: dict[str, Any] = load("vietnam/personal-id.json")
PREFIXES: dict[str, str] = VECTORS["province_prefixes"]


@pytest.mark.parametrize("row", VECTORS["numbers"], ids=lambda row: row["id"])
def test_number(row: dict[str, Any]) -> None:
    if not row["valid"]:
        with pytest.raises(Malformed):
            parse_personal_id(row["value"], PREFIXES)
        return
    number = parse_personal_id(row["value"], PREFIXES)
    assert number.registered_in == row["birth_registered_in"]
    assert (number.sex, number.birth_year) == (row["sex"], row["birth_year"])


@pytest.mark.parametrize("row", VECTORS["consistency"], ids=lambda row: row["id"])
def test_consistency(row: dict[str, Any]) -> None:
    stated = StatedPerson(Sex(row["sex"]), row["birth_date"], row.get("birth_registered_in"))
    assert list(findings(parse_personal_id(row["id_number"], PREFIXES), stated)) == row["findings"]


def test_wrong_sex_is_a_finding() -> None:
    number = parse_personal_id("001085012345", PREFIXES)
    assert findings(number, StatedPerson(sex=Sex.FEMALE)) == ("sex",)
    assert findings(number, StatedPerson()) == ()


@pytest.mark.parametrize("row", VECTORS["old_cards"], ids=lambda row: row["id"])
def test_old_cards(row: dict[str, Any]) -> None:
    if not row["valid"]:
        with pytest.raises(Malformed):
            identity_number_kind(row["value"])
        return
    assert identity_number_kind(row["value"]) == row["kind"]


@pytest.mark.parametrize("value", ["٠٠١٠٨٥٠١٢٣٤٥", "00108501234\n", "001085012345\n", "-01085012345"])
def test_only_twelve_ascii_digits(value: str) -> None:
    with pytest.raises(Malformed):
        parse_personal_id(value, PREFIXES)
