"""Writing the records of a ledger: header parts and bodies sealed, one call of the cipher for a whole frame.

A record is MessagePack, an array of eight (`frame_record.SealedRecord`). What is sealed stands last, so that the tag
covers every byte before it: whoever changes the metadata, the key id, a leaf or the signature breaks it. Layout and
example: docs/protocols/ledger-record.md.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, Protocol

import msgspec
from msgspec.structs import astuple

from lienthong.evidence.digest import LEAF_SIZE
from lienthong.evidence.frame_record import BEGINNING, SEALED_VERSION, binary_head, decode_records
from lienthong.evidence.record import TEXT_MAX, Record
from lienthong.evidence.signature import Signature

_HEADER_PART: Final = Record.__struct_fields__.index("header_part")
_BODY: Final = Record.__struct_fields__.index("body")
_NOTHING: Final = 2
"""Bytes of an empty binary value at the end of the array."""
_USUAL_MAX: Final = 1024
_PACKED_USUAL: Final = 320
"""Bytes that a record usually takes when it is packed."""
_pack: Final = msgspec.msgpack.Encoder().encode_into


class SealingKey(Protocol):
    """The day key of now, made and kept elsewhere; the cipher is XAES-256-GCM (c2sp.org/XAES-256-GCM)."""

    @property
    def key_id(self) -> str:
        """Names the key in records; of the form `frame_record.KEY_ID_PATTERN`."""

    def nonce(self) -> bytes:
        """24 bytes that nobody has used with this key or will."""

    def seal(self, nonce: bytes, content: bytes, associated: bytes | bytearray) -> bytes:
        """`content` encrypted, and a tag of 16 bytes over it and `associated`; `nonce` is one of `nonce()`."""


def encode_frame(signature: Signature, leaves: Sequence[bytes], records: Sequence[Record], key: SealingKey) -> bytes:
    """The bytes of the record of messages under one `signature`; `leaves` are those of the whole batch.

    `records` are in the order of their places and have neither signature nor proof. Raises Malformed for what could
    not be read again.
    """
    # Texts of messages are bounded where they are read, far below TEXT_MAX; the reader decides where much came.
    usual = TEXT_MAX + _USUAL_MAX * len(records) + LEAF_SIZE * len(leaves)
    return _sealed(signature, leaves, records, key, usual)


def encode_alone(record: Record, key: SealingKey) -> bytes:
    """The bytes of the record of a message with a signature of its own. Raises Malformed as `encode_frame` does."""
    # Where all else together is short, no text is too long; else the reader decides.
    return _sealed(None, (), (record,), key, TEXT_MAX)


def _sealed(
    signature: Signature | None, leaves: Sequence[bytes], records: Sequence[Record], key: SealingKey, usual: int
) -> bytes:
    parts: list[bytes] = []
    lengths: list[int] = []
    kept: list[list[object]] = []
    for record in records:
        # Field by field it would take longer than packing them.
        fields: list[object] = list(astuple(record))
        header_part = record.header_part
        parts.append(header_part)
        lengths.append(len(header_part))
        fields[_HEADER_PART] = header_part[:BEGINNING]
        body = record.body
        if body is not None:
            parts.append(body)
            lengths.append(len(body))
            fields[_BODY] = b""
        kept.append(fields)
    nonce = key.nonce()
    # It grows by itself, and is cut to the length of what is packed: made about so large, it need not.
    clear = bytearray(_USUAL_MAX + _PACKED_USUAL * len(records) + LEAF_SIZE * len(leaves))
    _pack((SEALED_VERSION, signature, b"".join(leaves), kept, key.key_id, nonce, lengths, b""), clear)
    del clear[-_NOTHING:]
    sealed = key.seal(nonce, b"".join(parts), clear)
    encoded = b"".join((clear, binary_head(len(sealed)), sealed))
    if len(clear) > usual:
        decode_records(encoded)
    return encoded
