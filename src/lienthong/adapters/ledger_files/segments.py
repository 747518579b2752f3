"""Segment files: finding and reading them, making new ones, repairing the end of the last one.

Files of a ledger directory: ``ledger.lock`` (held by the one writing process), ``00000001.segment``, … (layout in
`evidence.segment`), ``next.segment`` (reserved ahead of need; never read). A segment is trusted only as far as
its chain holds. Files are not truncated while readers may have them mapped.
"""

from __future__ import annotations

import mmap
import os
from collections.abc import Generator, Iterator
from pathlib import Path
from typing import NamedTuple

from lienthong.domain.errors import Unavailable, Unproven
from lienthong.evidence.segment import (
    HEADER_SIZE,
    SegmentHeader,
    decode_header,
    encode_header,
    genesis,
    is_zero,
    scan,
)

NEXT_SEGMENT = "next.segment"
_ZEROS = bytes(1 << 20)


class Position(NamedTuple):
    """A place in the ledger: segment number, byte offset of an entry, slot of a record in it. Ordered by time.

    `part` is the message in the record, where it holds several.
    """

    segment: int
    offset: int
    slot: int
    part: int = 0


START = Position(1, HEADER_SIZE, 0)


class LedgerRecord(NamedTuple):
    """An encoded record, where it stands, and where reading goes on after it."""

    position: Position
    following: Position
    encoded: bytes


class Tail(NamedTuple):
    """End of the last segment: the next entry goes to `offset`, continuing `chain`; the last one begins at `last`."""

    header: SegmentHeader
    last: int
    offset: int
    chain: bytes


def segment_path(directory: Path, number: int) -> Path:
    """The file of segment `number`."""
    return directory / f"{number:08d}.segment"


def segment_numbers(directory: Path) -> range:
    """Numbers of the segments. Raises Unproven LedgerDamaged where one is missing in between."""
    numbers = sorted(int(path.stem) for path in directory.glob("[0-9]" * 8 + ".segment"))
    expected = range(1, len(numbers) + 1)
    if numbers != list(expected):
        raise Unproven("LedgerDamaged", "A segment file is missing")
    return expected


def mapped(path: Path) -> memoryview:
    """The bytes of a file, mapped read-only until the last view of them is gone."""
    with path.open("rb") as file:
        if os.fstat(file.fileno()).st_size == 0:
            return memoryview(b"")
        return memoryview(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ))


def read_records(
    directory: Path, from_position: Position = START, *, until: Position | None = None
) -> Iterator[LedgerRecord]:
    """Records from `from_position` on, before `until` (while a writer is at work: its `durable_end`).

    Raises Unproven or Malformed LedgerDamaged where the chain breaks. From the middle of a segment the first entry's
    chain value is taken on trust.
    """
    chain: bytes | None = None
    numbers = segment_numbers(directory)
    for number in numbers[from_position.segment - 1 :]:
        if until is not None and number > until.segment:
            return
        start = from_position if number == from_position.segment else Position(number, HEADER_SIZE, 0)
        chain = yield from _read_segment(directory, start, chain, until)


def _read_segment(
    directory: Path, start: Position, chain: bytes | None, until: Position | None
) -> Generator[LedgerRecord, None, bytes | None]:
    """Records of one segment; returns the chain value after it. `chain`: after the segment before, if known."""
    view, header = _open_segment(directory, start.segment)
    if chain is not None and header.previous_chain != chain:
        raise Unproven("LedgerDamaged", f"Segment {header.number} does not continue the one before")
    chain = header.previous_chain if start.offset == HEADER_SIZE else None
    if until is not None and until[::2] == (header.number, 0):
        view = view[: until.offset]  # what a writer does behind it is not read, and would cost a scan of all the rest
    for entry in scan(view, header, start=start.offset, chain=chain):
        chain = entry.chain
        for slot, record in enumerate(entry.records):
            position = Position(header.number, entry.start, slot)
            if until is not None and position >= until:
                return chain
            if position < start:
                continue
            last = slot + 1 == len(entry.records)
            following = Position(header.number, entry.end, 0) if last else position._replace(slot=slot + 1)
            yield LedgerRecord(position, following, bytes(record))
    return chain


def _open_segment(directory: Path, number: int) -> tuple[memoryview, SegmentHeader]:
    view = mapped(segment_path(directory, number))
    header = decode_header(view)
    if header.number != number:
        raise Unproven("LedgerDamaged", f"Segment file {number} holds segment {header.number}")
    if number == 1 and header.previous_chain != genesis(header.ledger_id):
        raise Unproven("LedgerDamaged", "The first segment does not begin a ledger")
    return view, header


def read_one(directory: Path, position: Position) -> bytes:
    """The encoded record at `position`. Raises Unavailable NotFound where there is none."""
    if not segment_path(directory, position.segment).exists():
        raise Unavailable("NotFound", "The segment of this record is not here")
    view, header = _open_segment(directory, position.segment)
    entry = next(scan(view, header, start=position.offset, chain=None), None)
    if entry is None or position.slot >= len(entry.records):
        raise Unavailable("NotFound", "There is no record at this place")
    return bytes(entry.records[position.slot])


def read_ledger_id(directory: Path) -> bytes:
    """The 16 bytes that name the ledger. Raises Unavailable NotFound where it has no segment yet."""
    if not segment_path(directory, 1).exists():
        raise Unavailable("NotFound", "The ledger has no segment yet")
    _, header = _open_segment(directory, 1)
    return header.ledger_id


def find_tail(directory: Path, number: int) -> Tail:
    """Where segment `number` ends. Raises Unproven or Malformed LedgerDamaged."""
    view, header = _open_segment(directory, number)
    last, offset, chain = HEADER_SIZE, HEADER_SIZE, header.previous_chain
    for entry in scan(view, header, chain=chain):
        last, offset, chain = entry.start, entry.end, entry.chain
    return Tail(header, last, offset, chain)


def write_fully(descriptor: int, content: bytes | memoryview, offset: int, flags: int = 0) -> None:
    """Write all of `content`; raises OSError. With the flag ``RWF_DSYNC`` it is on disk when the call ends."""
    view = memoryview(content)
    while view:
        written = os.pwritev(descriptor, (view,), offset, flags)
        view, offset = view[written:], offset + written


def write_pieces(descriptor: int, pieces: list[bytes], size: int, offset: int) -> None:
    """Write `pieces`, of `size` bytes together and of no great number, one after the other; raises OSError."""
    written = os.pwritev(descriptor, pieces, offset)
    if written < size:
        write_fully(descriptor, b"".join(pieces)[written:], offset + written)


def clean_tail(descriptor: int, path: Path, tail: Tail) -> None:
    """Make the last entry surely durable and what follows it zeros.

    The last entry is written again, because after a failed sync the system may hold it in memory only and believe
    it clean. A torn write behind it was never acknowledged.
    """
    view = mapped(path)
    write_fully(descriptor, bytes(view[tail.last : tail.offset]), tail.last)
    rest = view[tail.offset :]
    if not is_zero(rest):
        write_zeros(descriptor, tail.offset, len(view))
    os.fsync(descriptor)


def write_zeros(descriptor: int, start: int, end: int, flags: int = 0) -> None:
    """Write zeros to [start, end); `flags` as in `write_fully`."""
    for at in range(start, end, len(_ZEROS)):
        write_fully(descriptor, memoryview(_ZEROS)[: end - at], at, flags)


def make_next(directory: Path, size: int) -> None:
    """Reserve ``next.segment``: `size` bytes that read as zeros, durable. Raises OSError (disk full).

    The blocks are reserved, not written: that is quick, and `next_segment` writes them when there is time.
    """
    flags = os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC
    descriptor = os.open(directory / NEXT_SEGMENT, flags, 0o600)
    try:
        os.posix_fallocate(descriptor, 0, size)
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def activate_next(directory: Path, header: SegmentHeader) -> int:
    """Turn ``next.segment`` into segment `header.number`, durable with its name; returns the open descriptor."""
    path = directory / NEXT_SEGMENT
    descriptor = os.open(path, os.O_RDWR | os.O_CLOEXEC)
    try:
        write_fully(descriptor, encode_header(header), 0, os.RWF_DSYNC)
        path.rename(segment_path(directory, header.number))
        sync_directory(directory)
    except OSError:
        os.close(descriptor)
        raise
    return descriptor


def sync_directory(directory: Path) -> None:
    """Make the names in `directory` durable."""
    descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
