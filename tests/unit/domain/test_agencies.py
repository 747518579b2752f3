"""Agency codes in both forms."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.vectors import load

from lienthong.domain.agencies import parse_agency_code
from lienthong.domain.errors import Malformed

VECTORS: dict[str, Any] = load("vietnam/agency-codes.json")


@pytest.mark.parametrize("row", VECTORS["codes"], ids=lambda row: row["id"])
def test_code(row: dict[str, Any]) -> None:
    if not row["valid"]:
        with pytest.raises(Malformed):
            parse_agency_code(row["value"])
        return
    code = parse_agency_code(row["value"])
    assert str(code) == row["canonical"]
    assert code.level == row["level"]
    if row["form"] == "old":
        assert code.old_form() == row["value"]


@pytest.mark.parametrize("row", VECTORS["same_agency"], ids=lambda row: row["id"])
def test_same_agency(row: dict[str, Any]) -> None:
    assert (parse_agency_code(row["a"]) == parse_agency_code(row["b"])) is row["same_agency"]


@pytest.mark.parametrize("row", VECTORS["mergers_2025"], ids=lambda row: row["id"])
def test_codes_of_merged_provinces_are_still_read(row: dict[str, Any]) -> None:
    for code in (row["kept"], *row["closed"], *(name.split()[0] for name in row["old"])):
        assert parse_agency_code(code).level == 1


def test_level_one_tables_are_read() -> None:
    for code in (*VECTORS["level1_ministries_2025"], *VECTORS["level1_provinces_before_2025"]):
        assert str(parse_agency_code(parse_agency_code(code).old_form() or "")) == code


def test_parents() -> None:
    code = parse_agency_code("H26.14.27")
    assert str(code.parent) == "H26.14"
    assert code.parent is not None and code.parent.parent is not None and code.parent.parent.parent is None


@pytest.mark.parametrize("value", ["G12.18.05.001.02", "H26.AB", "G12.1", "H26.14.27.99"])
def test_codes_that_the_old_form_cannot_say(value: str) -> None:
    assert parse_agency_code(value).old_form() is None


@given(
    st.from_regex(r"[A-Y][0-9]{2}(\.[0-9]{2}(\.[0-9]{2}(\.[0-9]{3})?)?)?", fullmatch=True).filter(
        lambda value: value.rpartition(".")[2].strip("0") != "" and value.isascii()
    )
)
def test_both_forms_name_the_same_agency(value: str) -> None:
    code = parse_agency_code(value)
    old = code.old_form()
    assert old is not None
    assert parse_agency_code(old) == code
