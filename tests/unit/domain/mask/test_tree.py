"""Masks: what they cover, and how they narrow."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lienthong.domain.errors import Malformed, Refused
from lienthong.domain.mask import DEPTH_MAX, FIELDS_MAX, compile_mask

GRANTED = ("hoTen", "thua.soTo", "thua.chuSuDung")


@pytest.mark.parametrize(
    "field", ["hoTen", "hoTen.ho", "thua.soTo", "thua.chuSuDung", "thua.chuSuDung.hoTen", "thua.chuSuDung.a.b.c"]
)
def test_at_or_under_a_granted_field_is_covered(field: str) -> None:
    assert compile_mask(GRANTED).covers((field,)) == (field,)


@pytest.mark.parametrize(
    "field", ["thua", "thua.soThua", "hoten", "hoTenDem", "", "thua.", ".hoTen", "thua..soTo", "*"]
)
def test_above_or_beside_a_granted_field_is_refused(field: str) -> None:
    with pytest.raises(Refused) as refused:
        compile_mask(GRANTED).covers(("hoTen", field))
    assert (refused.value.code, refused.value.clause) == ("AccessDenied", "fields")
    assert compile_mask(GRANTED).outside(("hoTen", field)) == (field,)


def test_whole_answers_cover_everything() -> None:
    whole = compile_mask(None)
    assert whole.whole and whole.covers(("anything.at.all",)) and whole.has("x")
    assert whole.narrow(("a",)).cut_json(b'{"a":1,"b":2}') == b'{"a":1}'
    assert whole.cut_json(b"not json") == b"not json"
    assert whole.cut_xml(b"not xml") == b"not xml"


def test_no_fields_let_nothing_through() -> None:
    assert compile_mask(()).cut_json(b'{"a":1}') == b"{}"
    with pytest.raises(Refused):
        compile_mask(()).covers(("a",))


def test_a_field_above_covers_those_beneath_in_any_order() -> None:
    for fields in (("a", "a.b"), ("a.b", "a")):
        assert compile_mask(fields).cut_json(b'{"a":{"b":1,"c":2}}') == b'{"a":{"b":1,"c":2}}'


@pytest.mark.parametrize("fields", [("",), ("a.",), (".a",), ("a..b",), (" ",), (".".join("a" * (DEPTH_MAX + 1)),)])
def test_broken_fields_are_refused(fields: tuple[str, ...]) -> None:
    with pytest.raises(Malformed):
        compile_mask(fields)


def test_the_number_of_fields_is_bounded() -> None:
    with pytest.raises(Malformed):
        compile_mask(tuple(f"f{number}" for number in range(FIELDS_MAX + 1)))


FIELDS = st.lists(st.lists(st.sampled_from("abc"), min_size=1, max_size=4).map(".".join), max_size=6).map(tuple)


@given(FIELDS, FIELDS)
def test_a_narrowed_mask_covers_no_more(granted: tuple[str, ...], wanted: tuple[str, ...]) -> None:
    mask = compile_mask(granted)
    assert mask.narrow(granted).fields == granted
    try:
        narrow = mask.narrow(wanted)
    except Refused:
        return
    for field in ("a", "b.c", "a.b.c.a", "c.c"):
        assert not narrow.has(field) or mask.has(field)
