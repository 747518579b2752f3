from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests import vectors

from lienthong.domain.errors import Malformed
from lienthong.domain.personal_id import Sex, StatedPerson, findings
from lienthong.sdk.people.names import name_key, written_name
from lienthong.sdk.people.numbers import make_personal_id, read_old_card, read_personal_id
from lienthong.sdk.people.partial_date import PartialDate, agrees, parse_partial_date
from lienthong.sdk.people.prefixes import PROVINCE_OF_PREFIX

SAME = [
    ("Hòa", "Hoà"),
    ("Nguyễn Thị Thúy", "NGUYỄN THỊ THUÝ"),
    ("Đặng Văn Hùng", "  đặng  văn   hùng "),
    ("Trần Quốc Khuyến", unicodedata.normalize("NFD", "Trần Quốc Khuyến")),
    ("Lê Thủy", "Lê Thuỷ"),
    ("Ngô Hội", "NGÔ HỘI"),
]
DIFFERENT = [
    ("Hoàng Văn A", "Huỳnh Văn A"),
    ("Đặng Hà", "Dang Ha"),
    ("Trần Lan", "Trần Lân"),
    ("Lê Thu", "Lê Thủ"),
    ("Nguyễn An", "Nguyễn An An"),
    ("Đỗ Hà", "Dỗ Hà"),
]


@pytest.mark.parametrize(("one", "other"), SAME)
def test_same_name_however_it_is_written(one: str, other: str) -> None:
    assert name_key(one) == name_key(other)


@pytest.mark.parametrize(("one", "other"), DIFFERENT)
def test_letters_and_tones_tell_names_apart(one: str, other: str) -> None:
    assert name_key(one) != name_key(other)


@given(st.text(alphabet="aăâeêioôơuưyđbcdghklmnpqrstvx \u0300\u0301\u0303\u0309\u0323", max_size=40))
def test_key_does_not_depend_on_the_unicode_form(text: str) -> None:
    assert name_key(unicodedata.normalize("NFC", text)) == name_key(unicodedata.normalize("NFD", text))
    assert name_key(written_name(text)) == name_key(text)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1985-03-01", PartialDate(1985, 3, 1)),
        ("01/03/1985", PartialDate(1985, 3, 1)),
        ("1/3/1985", PartialDate(1985, 3, 1)),
        ("03/1985", PartialDate(1985, 3)),
        ("1985-03", PartialDate(1985, 3)),
        ("1985", PartialDate(1985)),
        ("2000-02-29", PartialDate(2000, 2, 29)),
    ],
)
def test_dates_as_forms_write_them(text: str, expected: PartialDate) -> None:
    assert parse_partial_date(text) == expected
    assert parse_partial_date(str(expected)) == expected


@pytest.mark.parametrize(
    "text", ["", "1985-13", "1999-02-29", "0000", "85", "1985-3-1", "31/04/1990", "١٩٨٥", "1985\n"]
)
def test_no_date(text: str) -> None:
    with pytest.raises(Malformed):
        parse_partial_date(text)


@pytest.mark.parametrize(
    ("stated", "recorded", "expected"),
    [
        ("1985-03-01", "1985-03-01", True),
        ("1985-03-02", "1985-03-01", False),
        ("1985", "1985-03-01", False),
        ("1985-03", "1985-03-01", False),
        ("1940", "1940", True),
        ("1940-01-01", "1940", True),
        ("1940-05", "1940-06", False),
        ("1941", "1940", False),
    ],
)
def test_the_record_sets_the_precision(stated: str, recorded: str, expected: bool) -> None:
    assert agrees(parse_partial_date(stated), parse_partial_date(recorded)) is expected


def test_golden_numbers_with_the_table_of_this_package() -> None:
    golden = vectors.load("vietnam/personal-id.json")
    assert set(golden["province_prefixes"]) == set(PROVINCE_OF_PREFIX)
    for row in golden["numbers"]:
        if row["valid"]:
            number = read_personal_id(row["value"])
            assert (number.sex.value, number.birth_year) == (row["sex"], row["birth_year"])
        else:
            with pytest.raises(Malformed):
                read_personal_id(row["value"])


@given(
    st.sampled_from(sorted(PROVINCE_OF_PREFIX)),
    st.sampled_from(list(Sex)),
    st.integers(1900, 2399),
    st.integers(0, 999_999),
)
def test_a_made_number_says_what_it_was_made_of(prefix: str, sex: Sex, year: int, serial: int) -> None:
    number = make_personal_id(prefix, sex, birth_year=year, serial=serial)
    assert read_personal_id(number.value) == number
    assert findings(number, StatedPerson(sex, str(year), PROVINCE_OF_PREFIX[prefix])) == ()


@pytest.mark.parametrize(("text", "good"), [("012345678", True), ("01234567", False), ("001085012345", False)])
def test_old_cards(text: str, good: bool) -> None:
    if good:
        assert read_old_card(text) == text
    else:
        with pytest.raises(Malformed):
            read_old_card(text)
