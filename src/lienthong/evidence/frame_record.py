"""Reading the records of a ledger, whichever form they have: alone or of a frame, in clear or sealed.

Messages that share a signature and became durable together are one record, which says once what proves them:
signature, and leaves (32 bytes for each message of the batch, in order). Of the other messages of the batch only the
leaf is there, so that every message stays provable without them.

Version 3, which is written, holds header parts and bodies sealed with a day key; version 2 was a frame in clear.
Whoever has no keys reads all but these. Layout and example: docs/protocols/ledger-record.md.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Annotated, Protocol, TypeVar

import msgspec

from lienthong.domain.errors import Malformed
from lienthong.evidence.digest import LEAF_SIZE, leaf
from lienthong.evidence.merkle import inclusion_paths
from lienthong.evidence.record import Record, RecordKind, check_record, decode_record
from lienthong.evidence.signature import Signature

FRAME_VERSION = 2
SEALED_VERSION = 3
MESSAGES_MAX = 4096
"""Leaves of a batch in a frame record."""
BEGINNING = 8
"""So many bytes of a header part stand in clear: a request's method, a response's status."""
NONCE_SIZE = 24
KEY_ID_PATTERN = r"^\d{4}-\d{2}-\d{2}-[0-9a-f]{8}\Z"
"""The day in Vietnam, and eight hexadecimal digits that tell keys of one day apart."""

_FRAME_BYTE, _SEALED_BYTE = 0x94, 0x98
"""Of an array of four or eight; no record of a single message in clear begins with one of them."""

_Leaves = Annotated[bytes, msgspec.Meta(max_length=LEAF_SIZE * MESSAGES_MAX)]
_Records = Annotated[tuple[Record, ...], msgspec.Meta(min_length=1, max_length=MESSAGES_MAX)]
_Length = Annotated[int, msgspec.Meta(ge=0)]


class OpeningKeys(Protocol):
    """All day keys that are there. Without the key of a day, everything but header parts and bodies holds."""

    def open(self, key_id: str, nonce: bytes, sealed: bytes, associated: bytes | memoryview) -> bytes:
        """What was sealed. Raises Unproven InvalidReference: it, or `associated`, is not what was written.

        Raises Unavailable where the key cannot be had: DayKeyNotFound, DayKeyDamaged, KeyNotFound.
        """


class FrameRecord(msgspec.Struct, array_like=True, frozen=True, gc=False):
    """A frame in clear; `records` in the order of their places, without signature and proof."""

    version: int
    signature: Signature
    leaves: _Leaves
    records: _Records


class SealedRecord(msgspec.Struct, array_like=True, frozen=True, gc=False):
    """What the ledger keeps of a frame, or (no signature, no leaves) of a message alone, which has its own.

    `records` have only the first `BEGINNING` bytes of their header part, and an empty body where it is kept.
    `sealed` holds each header part and behind it the body that is kept, one after the other, of these `lengths`.
    """

    version: int
    signature: Signature | None
    leaves: _Leaves
    records: _Records
    key_id: Annotated[str, msgspec.Meta(pattern=KEY_ID_PATTERN)]
    nonce: Annotated[bytes, msgspec.Meta(min_length=NONCE_SIZE, max_length=NONCE_SIZE)]
    lengths: Annotated[tuple[_Length, ...], msgspec.Meta(max_length=2 * MESSAGES_MAX)]
    sealed: bytes


_frames = msgspec.msgpack.Decoder(FrameRecord)
_sealed_ones = msgspec.msgpack.Decoder(SealedRecord)


def decode_records(encoded: bytes | memoryview, keys: OpeningKeys | None = None) -> tuple[Record, ...]:
    """The messages of a record of the ledger, each with its own signature or its proof, as if it stood alone.

    With `keys`, header parts and bodies are opened. Without, a sealed message has `key_id`, and of its header part
    only the beginning. Raises Malformed for what is no record, Unproven InvalidReference for a sealed one that was
    changed, Unavailable where a key cannot be had (codes of `OpeningKeys`).
    """
    form = encoded[0] if len(encoded) else 0
    if form == _FRAME_BYTE:
        frame = _frame(encoded)
        return tuple(_expanded(frame.signature, frame.leaves, frame.records))
    if form != _SEALED_BYTE:
        return (decode_record(encoded),)
    found = _sealed(encoded)
    records = _proven(found)
    if keys is None:
        return tuple([msgspec.structs.replace(one, key_id=found.key_id) for one in records])
    content = keys.open(found.key_id, found.nonce, found.sealed, _associated(encoded, found.sealed))
    return tuple(_opened(records, content, found.lengths))


def listed_records(encoded: bytes | memoryview) -> tuple[Record, ...]:
    """As `decode_records`, for those who look for a message and ask neither for its proof nor for its content.

    Messages of a frame come without signature and proof, and are not held against their leaves; sealed ones come
    with the beginning of their header part, and without key id.
    """
    form = encoded[0] if len(encoded) else 0
    if form == _FRAME_BYTE:
        return _frame(encoded).records
    return _sealed(encoded).records if form == _SEALED_BYTE else (decode_record(encoded),)


def binary_head(length: int) -> bytes:
    """What stands before so many bytes in MessagePack."""
    if length < 1 << 8:
        return b"\xc4" + length.to_bytes(1, "big")
    if length < 1 << 16:
        return b"\xc5" + length.to_bytes(2, "big")
    return b"\xc6" + length.to_bytes(4, "big")


def _frame(encoded: bytes | memoryview) -> FrameRecord:
    return _decoded(_frames, encoded, FRAME_VERSION)


def _sealed(encoded: bytes | memoryview) -> SealedRecord:
    return _decoded(_sealed_ones, encoded, SEALED_VERSION)


_R = TypeVar("_R", FrameRecord, SealedRecord)


def _decoded(decoder: msgspec.msgpack.Decoder[_R], encoded: bytes | memoryview, version: int) -> _R:
    try:
        found = decoder.decode(encoded)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise Malformed("BadRequest", "The ledger record cannot be read") from None
    if found.version != version:
        raise Malformed("BadRequest", f"Ledger records of version {found.version} are not known")
    return found


def _proven(found: SealedRecord) -> list[Record]:
    """The messages with what proves them."""
    kept = sum([1 if one.body is None else 2 for one in found.records])
    if kept != len(found.lengths) or any(len(one.header_part) > BEGINNING or one.body for one in found.records):
        raise Malformed("BadRequest", "A sealed record says how long each part is, and nothing else of it")
    if found.signature is not None:
        return _expanded(found.signature, found.leaves, found.records)
    (record, *others) = found.records
    if others or found.leaves:
        raise Malformed("BadRequest", "A message with a signature of its own stands alone")
    check_record(record)
    return [record]


def _associated(encoded: bytes | memoryview, sealed: bytes) -> memoryview:
    """All bytes of the record before the sealed ones, which the tag covers too."""
    head = binary_head(len(sealed))
    end = len(encoded) - len(sealed) - len(head)
    if end < 0 or bytes(encoded[end : end + len(head)]) != head:
        raise Malformed("BadRequest", "The ledger record is not written as it must be")
    return memoryview(encoded)[:end]


def _opened(records: Sequence[Record], content: bytes, lengths: Sequence[int]) -> Iterator[Record]:
    if sum(lengths) != len(content):
        raise Malformed("BadRequest", "A sealed record says how long each part is")
    at, parts = 0, []
    for length in lengths:
        parts.append(content[at : at + length])
        at += length
    following = iter(parts)
    for one in records:
        header_part = next(following)
        if header_part[:BEGINNING] != one.header_part:
            raise Malformed("BadRequest", "A sealed header part does not begin as the record says")
        body = None if one.body is None else next(following)
        yield msgspec.structs.replace(one, header_part=header_part, body=body)


def _expanded(signature: Signature, joined: bytes, listed: Sequence[Record]) -> list[Record]:
    size, rest = divmod(len(joined), LEAF_SIZE)
    if rest or not size:
        raise Malformed("BadRequest", "A frame record has a leaf of 32 bytes for each message")
    leaves = [joined[at : at + LEAF_SIZE] for at in range(0, len(joined), LEAF_SIZE)]
    paths = inclusion_paths(leaves)
    records: list[Record] = []
    last = -1
    for one in listed:
        if one.batch_size != size or not last < one.batch_index < size:
            raise Malformed("BadRequest", "A message of a frame record is not at a place of its batch")
        if one.signature is not None or one.proof or one.kind not in (RecordKind.REQUEST, RecordKind.RESPONSE):
            raise Malformed("BadRequest", "A frame record says once what proves its messages")
        last = one.batch_index
        record = msgspec.structs.replace(one, signature=signature, proof=paths[last])
        check_record(record)
        if leaf(record.digests) != leaves[last]:
            raise Malformed("BadRequest", "A message of a frame record is not the leaf at its place")
        records.append(record)
    return records
