"""The bytes of a ledger segment: a header, then one entry per group commit, then zeros.

All integers are little-endian. Header (96 bytes)::

    magic "LTLEDGER" ‖ version u32 ‖ segment number u32 ‖ created ms u64 ‖ ledger id (16) ‖ previous chain (32)
    ‖ zeros (20) ‖ crc32 of the 92 bytes before u32

Entry::

    length u32 (of the payload) ‖ crc32 u32 ‖ record count u32 ‖ chain (32) ‖ payload
    payload = record count × (length u32 ‖ record)

chain = SHA-256(chain before ‖ payload); before the first entry of a ledger stands SHA-256("lienthong ledger 1\\n" ‖
ledger id). crc32 covers length, count, chain and payload and starts from the header's crc32, which nobody outside the
node can know: bytes inside a message cannot pose as an entry.

Law: only the last write can be torn, because the next one starts after the disk confirmed it. So what cannot be read
at the end was never acknowledged and is dropped; what cannot be read before a readable entry is damage or forgery.
"""

from __future__ import annotations

from collections.abc import Iterator
from hashlib import sha256
from struct import Struct
from typing import NamedTuple

from lienthong.domain.errors import Malformed, Unproven
from lienthong.evidence.digest.checksum import crc32

MAGIC = b"LTLEDGER"
VERSION = 1
LEDGER_ID_SIZE = 16
CHAIN_SIZE = 32
RECORDS_MAX = 65_536

_HEADER = Struct("<8sIIQ16s32s20s")
_CRC = Struct("<I")
HEADER_SIZE = _HEADER.size + _CRC.size
_ENTRY = Struct("<III32s")
ENTRY_HEAD_SIZE = _ENTRY.size
_COVERED = Struct("<II32s")
_LENGTH = Struct("<I")
RECORD_OVERHEAD = _LENGTH.size
_pack_length = _LENGTH.pack
_ZEROS = bytes(65_536)
_FEW = 8
"""So many records of an entry stay pieces of their own; of more each is short."""


class SegmentHeader(NamedTuple):
    """First bytes of a segment file. `previous_chain` links it to the segment before."""

    number: int
    created_ms: int
    ledger_id: bytes
    previous_chain: bytes

    @property
    def seed(self) -> int:
        """Start value of the crc32 of every entry."""
        return crc32(_pack_header(self))


class Entry(NamedTuple):
    """One group commit: where it starts and ends in the file, its chain value, its records (views into the file)."""

    start: int
    end: int
    chain: bytes
    records: tuple[memoryview, ...]


def genesis(ledger_id: bytes) -> bytes:
    """Chain value before the first entry of a ledger."""
    return sha256(b"lienthong ledger 1\n" + ledger_id).digest()


def _pack_header(header: SegmentHeader) -> bytes:
    return _HEADER.pack(
        MAGIC, VERSION, header.number, header.created_ms, header.ledger_id, header.previous_chain, bytes(20)
    )


def encode_header(header: SegmentHeader) -> bytes:
    """The bytes of a segment header."""
    packed = _pack_header(header)
    return packed + _CRC.pack(crc32(packed))


def decode_header(view: bytes | memoryview) -> SegmentHeader:
    """The header at the start of `view`. Raises Malformed."""
    if len(view) < HEADER_SIZE:
        raise Malformed("LedgerDamaged", "The segment is too short for its header")
    magic, version, number, created_ms, ledger_id, previous_chain, room = _HEADER.unpack_from(view)
    (crc,) = _CRC.unpack_from(view, _HEADER.size)
    header = SegmentHeader(number, created_ms, ledger_id, previous_chain)
    if magic != MAGIC or version != VERSION or any(room) or crc != header.seed:
        raise Malformed("LedgerDamaged", "The segment header cannot be read")
    return header


def encode_entry(chain: bytes, records: list[bytes], *, seed: int) -> tuple[list[bytes], bytes]:
    """One entry, in pieces that stand one after the other, and the chain value after it.

    `chain` is the value before, `seed` the segment header's. A few records, which may be long, are not copied.
    """
    pieces: list[bytes] = []
    for record in records:
        pieces += (_pack_length(len(record)), record)
    if len(records) > _FEW:
        pieces = [b"".join(pieces)]
    digest = sha256(chain)
    length, count = 0, len(records)
    for piece in pieces:
        digest.update(piece)
        length += len(piece)
    chain_after = digest.digest()
    crc = crc32(_COVERED.pack(length, count, chain_after), seed)
    for piece in pieces:
        crc = crc32(piece, crc)
    return [_ENTRY.pack(length, crc, count, chain_after), *pieces], chain_after


def _entry_at(view: memoryview, start: int, seed: int) -> Entry | None:
    """The entry at `start`, or None where no whole entry with a right crc32 stands. The chain is not checked."""
    if start + ENTRY_HEAD_SIZE > len(view):
        return None
    length, crc, count, chain = _ENTRY.unpack_from(view, start)
    end = start + ENTRY_HEAD_SIZE + length
    if not 0 < count <= RECORDS_MAX or end > len(view):
        return None
    payload = view[start + ENTRY_HEAD_SIZE : end]
    if crc32(payload, crc32(_COVERED.pack(length, count, chain), seed)) != crc:
        return None
    return Entry(start, end, chain, _split(payload, count))


def _split(payload: memoryview, count: int) -> tuple[memoryview, ...]:
    """The records of a payload. Raises Unproven where lengths and count disagree: no crash can write that."""
    records: list[memoryview] = []
    position = 0
    for _ in range(count):
        if position + RECORD_OVERHEAD > len(payload):
            raise Unproven("LedgerDamaged", "An entry holds fewer records than it says")
        (length,) = _LENGTH.unpack_from(payload, position)
        position += RECORD_OVERHEAD
        if position + length > len(payload):
            raise Unproven("LedgerDamaged", "A record is longer than its entry")
        records.append(payload[position : position + length])
        position += length
    if position != len(payload):
        raise Unproven("LedgerDamaged", "An entry holds more than its records")
    return tuple(records)


def scan(
    view: memoryview, header: SegmentHeader, *, start: int = HEADER_SIZE, chain: bytes | None
) -> Iterator[Entry]:
    """The entries from `start` on, each checked against the chain, up to the zeros or the torn tail.

    `chain` is the value before `start`; None takes the first entry's own value on trust (reading from the middle).
    The end of the last entry is the end of the segment. Raises Unproven LedgerDamaged where an entry with a right
    crc32 does not continue the chain, or where a readable entry stands behind an unreadable one.
    """
    seed = header.seed
    while (entry := _entry_at(view, start, seed)) is not None:
        payload = view[start + ENTRY_HEAD_SIZE : entry.end]
        if chain is not None and _link(chain, payload) != entry.chain:
            raise Unproven("LedgerDamaged", f"The chain of segment {header.number} breaks at byte {start}")
        yield entry
        start, chain = entry.end, entry.chain
    _check_tail(view, header, start)


def is_zero(view: memoryview) -> bool:
    """Whether nothing but zeros is in `view`."""
    for at in range(0, len(view), len(_ZEROS)):
        piece = bytes(view[at : at + len(_ZEROS)])
        if piece != _ZEROS[: len(piece)]:
            return False
    return True


def _check_tail(view: memoryview, header: SegmentHeader, start: int) -> None:
    """Nothing readable may follow the last entry: a torn write is at most one entry, then zeros follow.

    The entry at `start` is tried once more at the end: a writer may have been in the middle of it.
    """
    tail = view[start:]
    if is_zero(tail):
        return
    used = len(bytes(tail).rstrip(b"\0"))
    seed = header.seed
    for at in range(start + 1, start + used):
        length, _, count, _ = _ENTRY.unpack_from(view, at) if at + ENTRY_HEAD_SIZE <= len(view) else (0, 0, 0, b"")
        if not 0 < count <= RECORDS_MAX or length < RECORD_OVERHEAD:
            continue
        if _entry_at(view, at, seed) is not None and _entry_at(view, start, seed) is None:
            raise Unproven("LedgerDamaged", f"Segment {header.number} cannot be read from byte {start} to {at}")


def _link(chain: bytes, payload: bytes | memoryview) -> bytes:
    digest = sha256(chain)
    digest.update(payload)
    return digest.digest()
