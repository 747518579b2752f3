"""Messages that share a signature in the ledger: one record for those that became durable together.

A frame record is a MessagePack array of four values: version (2), signature, leaves (32 bytes for each message of the
batch, in order), and the records of the messages at hand, each as `record` has it but without signature and proof,
which the frame record says once for all. Of the other messages of the batch only the leaf is there, so that every
message stays provable without them. Layout and example: docs/protocols/ledger-record.md.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

import msgspec

from lienthong.domain.errors import Malformed
from lienthong.evidence.digest import LEAF_SIZE, leaf
from lienthong.evidence.merkle import inclusion_paths
from lienthong.evidence.record import TEXT_MAX, Record, RecordKind, check_record, decode_record
from lienthong.evidence.signature import Signature

FRAME_VERSION = 2
MESSAGES_MAX = 4096
"""Leaves of a batch in a frame record."""

_FIRST_BYTE = 0x94
"""Of an array of four; no record of a single message begins with it."""
_USUAL_MAX = 1024


class FrameRecord(msgspec.Struct, array_like=True, frozen=True, gc=False):
    """What the ledger keeps of a frame; `records` in the order of their places, without signature and proof."""

    version: int
    signature: Signature
    leaves: Annotated[bytes, msgspec.Meta(max_length=LEAF_SIZE * MESSAGES_MAX)]
    records: Annotated[tuple[Record, ...], msgspec.Meta(min_length=1, max_length=MESSAGES_MAX)]


_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(FrameRecord)


def encode_frame(signature: Signature, leaves: Sequence[bytes], records: Sequence[Record]) -> bytes:
    """The bytes of the record of messages under one `signature`; `leaves` are those of the whole batch.

    `records` are in the order of their places and have neither signature nor proof. Raises Malformed for what could
    not be read again.
    """
    encoded = _encoder.encode(FrameRecord(FRAME_VERSION, signature, b"".join(leaves), tuple(records)))
    # Texts of messages are bounded where they are read, far below TEXT_MAX; the reader decides where much came.
    content = sum([len(one.header_part) + len(one.body or b"") + LEAF_SIZE for one in records])
    if len(encoded) - content - LEAF_SIZE * len(leaves) > TEXT_MAX + _USUAL_MAX * len(records):
        decode_records(encoded)
    return encoded


def decode_records(encoded: bytes | memoryview) -> tuple[Record, ...]:
    """The messages of a record of the ledger, each with its own signature or its proof, as if it stood alone.

    Reads what `encode_record` and `encode_frame` write. Raises Malformed for anything else.
    """
    if len(encoded) == 0 or encoded[0] != _FIRST_BYTE:
        return (decode_record(encoded),)
    try:
        frame = _decoder.decode(encoded)
    except (msgspec.DecodeError, RecursionError):
        raise Malformed("BadRequest", "The ledger record cannot be read") from None
    if frame.version != FRAME_VERSION:
        raise Malformed("BadRequest", f"Ledger records of version {frame.version} are not known")
    return _expanded(frame)


def _expanded(frame: FrameRecord) -> tuple[Record, ...]:
    size, rest = divmod(len(frame.leaves), LEAF_SIZE)
    if rest or not size:
        raise Malformed("BadRequest", "A frame record has a leaf of 32 bytes for each message")
    leaves = [frame.leaves[at : at + LEAF_SIZE] for at in range(0, len(frame.leaves), LEAF_SIZE)]
    paths = inclusion_paths(leaves)
    records: list[Record] = []
    last = -1
    for one in frame.records:
        if one.batch_size != size or not last < one.batch_index < size:
            raise Malformed("BadRequest", "A message of a frame record is not at a place of its batch")
        if one.signature is not None or one.proof or one.kind not in (RecordKind.REQUEST, RecordKind.RESPONSE):
            raise Malformed("BadRequest", "A frame record says once what proves its messages")
        last = one.batch_index
        record = msgspec.structs.replace(one, signature=frame.signature, proof=paths[last])
        check_record(record)
        if leaf(record.digests) != leaves[last]:
            raise Malformed("BadRequest", "A message of a frame record is not the leaf at its place")
        records.append(record)
    return tuple(records)
