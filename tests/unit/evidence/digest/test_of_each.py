"""The digests of many strings are those of each, in order: the native way and the one from the sources."""

from __future__ import annotations

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.doubles.native import IN_WHEEL

from lienthong.evidence.digest import of_each

EDGES = [0, 1, 55, 56, 63, 64, 111, 112, 113, 127, 128, 129, 239, 240, 241, 255, 256, 1021]
"""Lengths at which padding begins a block of its own, and their neighbours."""
STRINGS = st.lists(
    st.one_of(st.binary(max_size=300), st.sampled_from(EDGES).map(lambda size: bytes([size % 251]) * size)),
    max_size=40,
)


@given(STRINGS)
def test_digests_of_many_are_those_of_each(strings: list[bytes]) -> None:
    assert of_each.sha256_of_each(strings) == [hashlib.sha256(one).digest() for one in strings]
    assert of_each.sha512_of_each(strings) == [hashlib.sha512(one).digest() for one in strings]


@given(st.binary(max_size=70), STRINGS)
def test_digests_of_pairs_are_those_of_prefix_left_and_right(prefix: bytes, strings: list[bytes]) -> None:
    pairs = [(strings[at], strings[at + 1]) for at in range(0, len(strings) - 1, 2)]
    expected = [hashlib.sha256(prefix + left + right).digest() for left, right in pairs]
    assert of_each.sha256_of_pairs(prefix, strings) == expected


def test_strings_of_all_lengths_side_by_side() -> None:
    strings = [bytes(range(256)) * 2 + bytes([size % 256]) * size for size in range(520)]
    assert of_each.sha512_of_each(strings) == [hashlib.sha512(one).digest() for one in strings]
    for some in (strings, strings[::-1], strings[::97]):
        assert of_each.sha256_of_each(some) == [hashlib.sha256(one).digest() for one in some]


def test_a_long_string_among_short_ones() -> None:
    for place in (0, 1, 22):
        strings = [b"a", b"c" * 127, *[b"d"] * 20]
        strings.insert(place, b"b" * 3_000_001)
        assert of_each.sha512_of_each(strings) == [hashlib.sha512(one).digest() for one in strings]
        assert of_each.sha256_of_each(strings) == [hashlib.sha256(one).digest() for one in strings]


@pytest.mark.parametrize("wrong", [("a tuple",), b"bytes", None, [b"one", "two"], [bytearray(3)], [b"one", None]])
def test_what_is_no_list_of_bytes_is_refused(wrong: object) -> None:
    for digests in (of_each.sha256_of_each, of_each.sha512_of_each):
        with pytest.raises(TypeError):
            digests(wrong)  # type: ignore[arg-type]
    with pytest.raises(TypeError):
        of_each.sha256_of_pairs(b"", wrong)  # type: ignore[arg-type]


@pytest.mark.parametrize("wrong", ["text", None, bytearray(1)])
def test_a_prefix_that_is_no_bytes_is_refused(wrong: object) -> None:
    with pytest.raises(TypeError):
        of_each.sha256_of_pairs(wrong, [b"one", b"two"])  # type: ignore[arg-type]


def test_the_wheel_and_nothing_else_has_the_native_way() -> None:
    assert (of_each.sha256_of_each.__module__ != of_each.__name__) == IN_WHEEL
