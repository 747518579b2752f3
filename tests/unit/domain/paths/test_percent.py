"""Percent-encoding of segments and query values."""

from __future__ import annotations

import sys
from typing import Any

import pytest
from tests.vectors import load

from lienthong.domain.errors import Malformed
from lienthong.domain.paths import decode_query_value, decode_segment, encode_segment

VECTORS: dict[str, Any] = load("xroad-rest/uri.json")


@pytest.mark.parametrize("row", VECTORS["segment"], ids=lambda row: row["id"])
def test_segment(row: dict[str, Any]) -> None:
    if row.get("error"):
        with pytest.raises(Malformed):
            decode_segment(row["value"])
        return
    assert decode_segment(row["value"]) == row["expect"]


@pytest.mark.parametrize("row", VECTORS["property"], ids=lambda row: row["id"])
def test_everything_decodes_to_itself(row: dict[str, Any]) -> None:
    letters = [chr(point) for point in range(256, sys.maxunicode + 1) if chr(point).isalnum()]
    text = "".join([chr(point) for point in range(256)]) + "".join(letters)
    assert len(letters) > 100_000
    assert decode_segment(encode_segment(text)) == text, row["property"]


def test_hex_is_upper_case() -> None:
    assert encode_segment("ộ/") == "%E1%BB%99%2F"


@pytest.mark.parametrize(
    ("value", "expected"), [("a+b", "a b"), ("%2B", "+"), ("h%C6%B0%e1%bb%9bng", "hướng"), ("", "")]
)
def test_query_value(value: str, expected: str) -> None:
    assert decode_query_value(value) == expected


@pytest.mark.parametrize("value", ["%", "%4", "%GG", "%FF", "%+1"])
def test_broken_query_values_are_refused(value: str) -> None:
    with pytest.raises(Malformed):
        decode_query_value(value)
