"""Cutting JSON: nothing outside the fields ever leaves."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lienthong.domain.errors import Unavailable
from lienthong.domain.grants import RowScope
from lienthong.domain.mask import compile_mask

Field = tuple[str, ...]


def cut(body: str, *fields: str, rows: RowScope | None = None) -> str:
    return compile_mask(fields).cut_json(body.encode(), rows).decode()


@pytest.mark.parametrize(
    ("body", "fields", "expected"),
    [
        ('{"a":1,"b":2}', ("a",), '{"a":1}'),
        ('{"b":2,"a":1}', ("a", "b"), '{"b":2,"a":1}'),
        ('{"a":{"b":1,"c":2}}', ("a.b",), '{"a":{"b":1}}'),
        ('{"a":[{"b":1,"c":2},{"c":3}]}', ("a.b",), '{"a":[{"b":1},{}]}'),
        ('[{"a":1,"b":2}]', ("a",), '[{"a":1}]'),
        ('[[{"a":1,"b":2}],5]', ("a",), '[[{"a":1}]]'),
        ('{"a":5}', ("a.b",), "{}"),
        ('{"a":null}', ("a.b",), "{}"),
        ('{"a":[1,{"b":2},"x"]}', ("a.b",), '{"a":[{"b":2}]}'),
        ('{"a":{"x":{"y":[1,2]}}}', ("a",), '{"a":{"x":{"y":[1,2]}}}'),
        ("5", ("a",), "null"),
        ('"secret"', ("a",), "null"),
        ("{}", ("a",), "{}"),
        ('{"a":1,"a":2}', ("a",), '{"a":2}'),
        ('{"a.b":1,"a":{"b":2}}', ("a.b",), '{"a":{"b":2}}'),
        ('{"Họ tên":"Đỗ"}', ("Họ tên",), '{"Họ tên":"Đỗ"}'),
    ],
)
def test_cut(body: str, fields: tuple[str, ...], expected: str) -> None:
    assert cut(body, *fields) == expected


def test_numbers_leave_as_they_were_written() -> None:
    body = '{"a":1.10,"b":1e400,"c":123456789012345678901234567890,"d":-0.0}'
    assert cut(body, "a", "b", "c", "d") == body


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b" ",
        b"{",
        b"<a/>",
        b'{"a":\xff}',
        b'{"a":"\xff"}',
        b"{'a':1}",
        b'{"a":NaN}',
        b'{"a":1}x',
        b'\xef\xbb\xbf{"a":1}',
        b"[" * 100_000,
        b'{"a":' * 5000 + b"1" + b"}" * 5000,
        b"[" * 500 + b"]" * 500,
    ],
)
def test_what_cannot_be_read_does_not_leave(body: bytes) -> None:
    with pytest.raises(Unavailable) as refused:
        compile_mask(("b",)).cut_json(body)
    assert refused.value.code == "ServiceFailed.InvalidBody"


@pytest.mark.parametrize(
    ("body", "field", "expected"),
    [
        ('[{"tinh":"01","x":1},{"tinh":"79","x":2},{"x":3}]', "tinh", '[{"tinh":"01","x":1}]'),
        ('{"tinh":"79","x":1}', "tinh", "{}"),
        ('{"tinh":1}', "tinh", '{"tinh":1}'),
        ('{"tinh":true}', "tinh", "{}"),
        ('{"tinh":null}', "tinh", "{}"),
        ('{"ten":"A","thua":[{"tinh":"01"},{"tinh":"79"}]}', "thua.tinh", '{"ten":"A","thua":[{"tinh":"01"}]}'),
        ('{"ten":"A","diaChi":{"tinh":"79"}}', "diaChi.tinh", "{}"),
        ('{"ten":"A"}', "diaChi.tinh", "{}"),
        ('[{"ten":"A","thua":[{"tinh":"79"}]},{"thua":[{"tinh":"01"}]}]', "thua.tinh", '[{"thua":[{"tinh":"01"}]}]'),
        ("[]", "tinh", "[]"),
        ('"01"', "tinh", "{}"),
    ],
)
def test_records_outside_the_scope_do_not_leave(body: str, field: str, expected: str) -> None:
    rows = RowScope(field, frozenset({"01", "1"}))
    assert compile_mask(None).cut_json(body.encode(), rows).decode() == expected


def test_rows_are_chosen_by_fields_that_do_not_leave() -> None:
    rows = RowScope("tinh", frozenset({"01"}))
    assert cut('[{"tinh":"01","x":1},{"tinh":"79","x":2}]', "x", rows=rows) == '[{"x":1}]'


@pytest.mark.parametrize(
    ("body", "found"),
    [("null", False), ("{}", False), ("[]", False), ('{"a":1}', True), ("[0]", True), ("0", True), ("false", True)],
)
def test_yes_or_no(body: str, found: bool) -> None:
    assert json.loads(compile_mask(()).found_json(body.encode())) == {"found": found}


def test_yes_or_no_within_rows() -> None:
    rows = RowScope("tinh", frozenset({"01"}))
    assert compile_mask(()).found_json(b'{"tinh":"79"}', rows) == b'{"found":false}'
    assert compile_mask(()).found_json(b'[{"tinh":"79"}]', rows) == b'{"found":false}'
    assert compile_mask(()).found_json(b'[{"tinh":"01"}]', rows) == b'{"found":true}'


NAMES = st.sampled_from("abcd")
SCALARS = (
    st.none() | st.booleans() | st.integers() | st.text(max_size=3) | st.floats(allow_nan=False, allow_infinity=False)
)
DOCUMENTS = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=4), max_leaves=20
)
FIELDS = st.lists(st.lists(NAMES, min_size=1, max_size=4).map(".".join), max_size=5).map(tuple)


def leaves(document: Any, at: Field = ()) -> list[tuple[Field, Any]]:
    """Every plain value with the path of names to it; arrays are transparent."""
    if isinstance(document, dict):
        return [leaf for name, value in document.items() for leaf in leaves(value, (*at, name))]
    if isinstance(document, list):
        return [leaf for value in document for leaf in leaves(value, at)]
    return [(at, document)]


def granted(at: Field, fields: tuple[str, ...]) -> bool:
    return any(".".join(at[:depth]) in fields for depth in range(1, len(at) + 1))


@given(DOCUMENTS, FIELDS)
def test_exactly_the_granted_values_leave(document: Any, fields: tuple[str, ...]) -> None:
    left = json.loads(compile_mask(fields).cut_json(json.dumps(document).encode()))
    kept = [] if left is None else leaves(left)
    assert kept == [leaf for leaf in leaves(document) if granted(leaf[0], fields)]


@given(DOCUMENTS, FIELDS)
def test_cutting_twice_is_cutting_once(document: Any, fields: tuple[str, ...]) -> None:
    mask = compile_mask(fields)
    once = mask.cut_json(json.dumps(document).encode())
    assert mask.cut_json(once) == once


@given(DOCUMENTS, FIELDS, FIELDS)
def test_fewer_fields_never_let_more_out(document: Any, few: tuple[str, ...], more: tuple[str, ...]) -> None:
    body = json.dumps(document).encode()
    small = leaves(json.loads(compile_mask(few).cut_json(body)) or {})
    large = leaves(json.loads(compile_mask(few + more).cut_json(body)) or {})
    assert all(leaf in large for leaf in small)


@given(DOCUMENTS, st.lists(NAMES, min_size=1, max_size=3).map(".".join))
def test_a_value_outside_the_scope_never_leaves(document: Any, field: str) -> None:
    rows = RowScope(field, frozenset({"1", "a"}))
    left = json.loads(compile_mask(None).cut_json(json.dumps(document).encode(), rows))
    for at, value in leaves(left):
        if ".".join(at) == field:
            assert str(value) in rows.values and type(value) in (str, int)
