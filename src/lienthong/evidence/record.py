"""One message in the ledger, and its bytes where nothing in it has to be sealed.

A record in clear is a MessagePack array of the fields of `Record`, in their order; version 1 has 27. The last two
came later: records of 25 are read as before. Readers refuse other versions. It holds what proves the message
(digests, header part, signature fields) and what finds it again; whether the body is kept is the service's rule.
Written in clear is what has neither header part nor body; all else is sealed (`sealing`). Layout and example:
docs/protocols/ledger-record.md.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import msgspec

from lienthong.domain.errors import Malformed, Unproven
from lienthong.evidence.batch import BatchPlace
from lienthong.evidence.digest import LEAF_SIZE, DigestAlgorithm, MessageDigests
from lienthong.evidence.merkle import HASH_SIZE, PATH_STEPS_MAX, path_steps
from lienthong.evidence.signature import Signature

RECORD_VERSION = 1
TEXT_MAX = 4096

_Digest = Annotated[bytes, msgspec.Meta(max_length=64)]
_Text = Annotated[str, msgspec.Meta(max_length=TEXT_MAX)]


class RecordKind(StrEnum):
    """REQUEST and RESPONSE are signed messages; OUTCOME says how an exchange without a signed response ended.

    STREAM is the signed beginning of a message whose body is long: it says that the message began, before anything of
    it was passed on; its signature is a mark (`stream`). The REQUEST or RESPONSE follows when the body is complete.
    """

    REQUEST = "request"
    RESPONSE = "response"
    OUTCOME = "outcome"
    STREAM = "stream"


class Direction(StrEnum):
    """On which side of the exchange this node stood."""

    CONSUMER = "consumer"
    PROVIDER = "provider"


class Record(msgspec.Struct, array_like=True, frozen=True, gc=False):
    """One record. Texts are as on the wire (identifiers percent-encoded); empty text or bytes = not stated.

    `sequence` counts up within one run of the writing process, `time_ms` is its clock. `request_id` names the
    exchange (X-Road-Request-Id), `message_id` is the consumer's X-Road-Id. An OUTCOME has no digests and signature.
    `batch_size` is 0 for a message with its own signature. Else the signature is over a batch of so many messages, in
    which this one has the place `batch_index`; `proof` is the path from its leaf to the signed root.
    `key_id` names the day key of a sealed record that was read without it: `header_part` is then only the beginning,
    and `body` is empty where one is kept. Else it is empty. `status` is the HTTP status (0 in a request), `outcome`
    the error code of a refusal or failure.
    """

    version: int
    sequence: int
    time_ms: int
    direction: Direction
    kind: RecordKind
    request_id: _Text
    message_id: _Text
    client: _Text
    service: _Text
    grant_id: _Text = ""
    purpose: _Text = ""
    procedure: _Text = ""
    case: _Text = ""
    officer: _Text = ""
    digest_algorithm: DigestAlgorithm = DigestAlgorithm.SHA256
    header_digest: _Digest = b""
    body_digest: _Digest | None = None
    request_leaf: _Digest | None = None
    header_part: bytes = b""
    body: bytes | None = None
    signature: Signature | None = None
    proof: Annotated[tuple[_Digest, ...], msgspec.Meta(max_length=PATH_STEPS_MAX)] = ()
    key_id: _Text = ""
    status: int = 0
    outcome: _Text = ""
    batch_size: int = 0
    batch_index: int = 0

    @property
    def batch_place(self) -> BatchPlace | None:
        """The place in the batch whose root is signed; None only where nothing says that there is a batch."""
        if not (self.batch_size or self.batch_index or self.proof):
            return None
        return BatchPlace(self.batch_index, self.batch_size, self.proof)

    @property
    def digests(self) -> MessageDigests:
        """The digests that the signature covers."""
        return MessageDigests(self.digest_algorithm, self.header_digest, self.body_digest, self.request_leaf)


_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(Record)


def encode_record(record: Record) -> bytes:
    """The bytes of a record. Raises Malformed for one that could not be read again: one text too long is enough."""
    encoded = _encoder.encode(record)
    # Where all else together is short, no text is too long; else the reader decides.
    if len(encoded) - len(record.header_part) - len(record.body or b"") > TEXT_MAX:
        decode_record(encoded)
    return encoded


def decode_record(encoded: bytes | memoryview) -> Record:
    """Inverse of `encode_record`. Raises Malformed for anything else."""
    try:
        record = _decoder.decode(encoded)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise Malformed("BadRequest", "The ledger record cannot be read") from None
    check_record(record)
    return record


def check_record(record: Record) -> None:
    """What a record that can be read keeps; raises Malformed."""
    if record.version != RECORD_VERSION:
        raise Malformed("BadRequest", f"Ledger records of version {record.version} are not known")
    if record.key_id:
        raise Malformed("BadRequest", "A record in clear names no key")
    if (record.kind is RecordKind.OUTCOME) != (record.signature is None):
        raise Malformed("BadRequest", "A message record has a signature, an outcome record has none")
    _check_place(record)
    if record.kind is RecordKind.OUTCOME:
        return
    size = record.digest_algorithm.size
    if len(record.header_digest) != size:
        raise Malformed("BadRequest", "The header digest has a wrong length")
    if record.body_digest is not None and len(record.body_digest) != size:
        raise Malformed("BadRequest", "The body digest has a wrong length")
    if record.kind is RecordKind.STREAM:
        return
    if (record.kind is RecordKind.RESPONSE) != (record.request_leaf is not None):
        raise Malformed("BadRequest", "A response record names its request, a request record none")
    if record.request_leaf is not None and len(record.request_leaf) != LEAF_SIZE:
        raise Malformed("BadRequest", "The request leaf has a wrong length")


def _check_place(record: Record) -> None:
    place = record.batch_place
    if place is None:
        return
    if record.kind not in (RecordKind.REQUEST, RecordKind.RESPONSE):
        raise Malformed("BadRequest", "Only a whole message has a place in a batch")
    try:
        steps = path_steps(place.index, place.size)
    except Unproven:
        raise Malformed("BadRequest", "There is no such place in a batch of this size") from None
    if len(place.path) != steps or any(len(step) != HASH_SIZE for step in place.path):
        raise Malformed("BadRequest", "The path does not fit the place in the batch")
