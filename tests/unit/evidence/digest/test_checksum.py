"""crc32 is that of zlib, however long the bytes are and whatever it goes on from: natively and from the sources."""

from __future__ import annotations

import zlib

from hypothesis import given
from hypothesis import strategies as st
from tests.doubles.native import IN_WHEEL

from lienthong.evidence.digest import checksum

VALUES = st.integers(0, 2**32 - 1)


@given(st.binary(max_size=700), VALUES)
def test_it_is_that_of_zlib(data: bytes, value: int) -> None:
    assert checksum.crc32(data) == zlib.crc32(data)
    assert checksum.crc32(data, value) == zlib.crc32(data, value)
    assert checksum.crc32(memoryview(data)[1:], value) == zlib.crc32(data[1:], value)


def test_every_length_around_its_blocks_and_a_long_one() -> None:
    data = bytes(range(251)) * 400
    for size in (*range(400), 4096, len(data)):
        assert checksum.crc32(data[-size:] if size else b"", 7) == zlib.crc32(data[-size:] if size else b"", 7)


@given(st.binary(max_size=300), st.integers(0, 300))
def test_it_goes_on_from_where_it_was(data: bytes, cut: int) -> None:
    assert checksum.crc32(data[cut:], checksum.crc32(data[:cut])) == zlib.crc32(data)


def test_the_wheel_has_its_own() -> None:
    """On the processors that this is tested on; from the sources it is zlib's."""
    assert (checksum.crc32 is not zlib.crc32) == IN_WHEEL
