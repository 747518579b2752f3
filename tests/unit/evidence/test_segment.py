"""Segments: what was written is read, the torn tail is dropped, everything else that differs is found."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lienthong.domain.errors import Malformed, Unproven
from lienthong.evidence.segment import (
    ENTRY_HEAD_SIZE,
    HEADER_SIZE,
    Entry,
    SegmentHeader,
    decode_header,
    encode_entry,
    encode_header,
    genesis,
    scan,
)

LEDGER_ID = bytes(range(16))
HEADER = SegmentHeader(1, 1_614_585_600_250, LEDGER_ID, genesis(LEDGER_ID))
GROUPS = [[b"first", b""], [b"second" * 20], [b"third", b"fourth\0\0\0", b"\0"]]
ROOM = 200


def _segment(groups: list[list[bytes]], room: int = ROOM) -> tuple[bytes, list[int]]:
    """A segment's bytes and the ends of its entries."""
    content, chain, ends = encode_header(HEADER), HEADER.previous_chain, []
    for records in groups:
        pieces, chain = encode_entry(chain, records, seed=HEADER.seed)
        content += b"".join(pieces)
        ends.append(len(content))
    return content + bytes(room), ends


def _entry(chain: bytes, records: list[bytes], *, seed: int) -> bytes:
    pieces, _ = encode_entry(chain, records, seed=seed)
    return b"".join(pieces)


def _entries(content: bytes) -> list[Entry]:
    view = memoryview(content)
    header = decode_header(view)
    return list(scan(view, header, chain=header.previous_chain))


def _records(content: bytes) -> list[list[bytes]]:
    return [[bytes(record) for record in entry.records] for entry in _entries(content)]


CONTENT, ENDS = _segment(GROUPS)


def test_header_has_the_documented_size_and_comes_back() -> None:
    assert len(encode_header(HEADER)) == HEADER_SIZE == 96
    assert decode_header(encode_header(HEADER)) == HEADER


@given(st.integers(0, 8 * HEADER_SIZE - 1))
def test_any_flipped_bit_of_a_header_is_malformed(bit: int) -> None:
    changed = bytearray(encode_header(HEADER))
    changed[bit // 8] ^= 1 << bit % 8
    with pytest.raises(Malformed):
        decode_header(bytes(changed))


def test_a_short_file_is_malformed() -> None:
    with pytest.raises(Malformed):
        decode_header(encode_header(HEADER)[:-1])


@given(st.lists(st.lists(st.binary(max_size=50), min_size=1, max_size=5), max_size=5), st.integers(0, 80))
def test_what_was_written_is_read(groups: list[list[bytes]], room: int) -> None:
    assert _records(_segment(groups, room)[0]) == groups


def test_positions_are_those_of_the_file() -> None:
    entries = _entries(CONTENT)
    assert [entry.end for entry in entries] == ENDS
    assert [entry.start for entry in entries] == [HEADER_SIZE, *ENDS[:-1]]


@pytest.mark.parametrize("tail", ["zeros", "missing"])
def test_torn_at_every_byte_the_whole_entries_before_are_read(tail: str) -> None:
    """A crash leaves any prefix of the last write; here of every write in turn."""
    for cut in range(HEADER_SIZE, ENDS[-1] + 1):
        rest = bytes(len(CONTENT) - cut) if tail == "zeros" else b""
        content = CONTENT[:cut] + rest
        # Where the bytes that did not arrive are zeros anyway, the entry arrived.
        whole = sum(content[:end] == CONTENT[:end] for end in ENDS)
        assert _records(content) == GROUPS[:whole], cut


def test_torn_with_sectors_in_any_order_the_entries_before_are_read() -> None:
    """A disk may write the later part of the last entry first."""
    for start in range(ENDS[1], ENDS[2]):
        content = CONTENT[: ENDS[1]] + bytes(start - ENDS[1]) + CONTENT[start:]
        whole = 3 if content == CONTENT else 2
        assert _records(content) == GROUPS[:whole], start


@settings(max_examples=300)
@given(st.integers(8 * HEADER_SIZE, 8 * ENDS[1] - 1))
def test_any_flipped_bit_before_the_last_entry_is_unproven(bit: int) -> None:
    changed = bytearray(CONTENT)
    changed[bit // 8] ^= 1 << bit % 8
    with pytest.raises(Unproven):
        _entries(bytes(changed))


def test_an_entry_taken_out_is_unproven() -> None:
    with pytest.raises(Unproven):
        _entries(CONTENT[: ENDS[0]] + CONTENT[ENDS[1] :])


def test_entries_in_another_order_are_unproven() -> None:
    with pytest.raises(Unproven):
        _entries(CONTENT[: ENDS[0]] + CONTENT[ENDS[1] : ENDS[2]] + CONTENT[ENDS[0] : ENDS[1]])


def test_an_entry_with_a_right_checksum_but_another_chain_is_unproven_even_at_the_end() -> None:
    forged = _entry(b"x" * 32, [b"forged"], seed=HEADER.seed)
    with pytest.raises(Unproven):
        _entries(CONTENT[: ENDS[2]] + forged + bytes(ROOM))


def test_bytes_of_a_message_cannot_pose_as_an_entry() -> None:
    """A torn write whose record contains a whole entry of another ledger does not look like damage."""
    other = SegmentHeader(1, 0, b"x" * 16, genesis(b"x" * 16))
    inner = _entry(other.previous_chain, [b"bait"], seed=other.seed)
    torn = _entry(b"y" * 32, [inner * 3 + b"tail"], seed=HEADER.seed)
    assert _records(CONTENT[: ENDS[2]] + torn[:-2] + bytes(ROOM)) == GROUPS


def test_lengths_that_contradict_the_count_are_unproven() -> None:
    entry = _entry(HEADER.previous_chain, [b"one", b"two"], seed=HEADER.seed)
    assert len(entry) == ENTRY_HEAD_SIZE + 14
    from struct import pack
    from zlib import crc32

    for count in (1, 3):
        covered = pack("<II32s", 14, count, entry[12:44])
        forged = pack("<III32s", 14, crc32(entry[44:], crc32(covered, HEADER.seed)), count, entry[12:44]) + entry[44:]
        with pytest.raises(Unproven):
            _entries(encode_header(HEADER) + forged + bytes(ROOM))


def test_reading_from_the_middle_takes_the_first_link_on_trust_and_checks_the_next() -> None:
    view = memoryview(CONTENT)
    assert [entry.start for entry in scan(view, HEADER, start=ENDS[0], chain=None)] == ENDS[:2]
    broken = _entry(b"x" * 32, [b"forged"], seed=HEADER.seed)
    view = memoryview(CONTENT[: ENDS[1]] + broken)
    with pytest.raises(Unproven):
        list(scan(view, HEADER, start=ENDS[0], chain=None))


@given(st.binary(max_size=300))
def test_garbage_behind_the_header_is_no_entry(garbage: bytes) -> None:
    assert _records(encode_header(HEADER) + garbage) == []


def test_few_records_are_not_copied_and_many_are_one_piece() -> None:
    few, many = [b"record"] * 8, [b"record"] * 9
    assert encode_entry(HEADER.previous_chain, few, seed=HEADER.seed)[0][2::2] == few
    assert len(encode_entry(HEADER.previous_chain, many, seed=HEADER.seed)[0]) == 2
    assert _records(_segment([few, many])[0]) == [few, many]
