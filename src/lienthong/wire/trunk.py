"""The trunk: one connection between two nodes that carries many messages in frames (docs/protocols/trunk.md). Pure.

Who opened it (the consumer's node) sends requests, who accepted it (the provider's node) sends answers. Each frame is
a length (4 bytes, of all that follows), a kind (1 byte) and a payload; all integers are big-endian:

    HELLO     1  version (2) ‖ frame bytes (4) ‖ messages in a frame (2) ‖ requests in flight (4), at most
    REQUESTS  2  count (2) ‖ certificate digest (32) ‖ signing time (8, ms) ‖ value length (1) ‖ value ‖ requests
    ANSWERS   3  the same ‖ answers
    FAULT     4  number (4) ‖ status (2) ‖ JSON error document, not signed
    CANCEL    5  number (4)
    PING      6  8 bytes
    PONG      7  the same 8 bytes
    BYE       8  reason (2)
    AHEAD     9  count (2) ‖ requests or answers, by who sends it

    request   number (4) ‖ remaining time (4, ms) ‖ header part length (4) ‖ body length (4) ‖ header part ‖ body
    answer    number of its request (4) ‖ header part length (4) ‖ body length (4) ‖ header part ‖ body

A body length of all ones says that there is no body. A message that shares the signature and does not travel in the
frame is stood for by its leaf: all else 0, no body, then the leaf (32). One signature stands for all messages of a
frame, and for those that went AHEAD of it. This module takes the upgrade up and writes frames; `trunk_reader` reads
them.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import Final

from mypy_extensions import mypyc_attr

from lienthong.domain.errors import Malformed, Unavailable
from lienthong.domain.value import Value

TRUNK_PATH: Final = b"/trunk"
TOKEN: Final = b"lienthong-trunk/1"
VERSION: Final = 1
UPGRADE_ANSWER: Final = (
    b"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: lienthong-trunk/1\r\n\r\n"
)
UPGRADE_BYTES_MAX: Final = 4096
SIGNATURE_VALUE_MAX: Final = 72
FAULT_BYTES_MAX: Final = 4096
FRAME_BYTES_MIN: Final = 64 << 10
"""The smallest bound that a HELLO may name: a message with the longest header part fits in it."""
NUMBER_MAX: Final = 2**32 - 1
ELSEWHERE: Final = 303
"""Status of a FAULT that says: the answer waits under the token that is its document."""
SIGNED_HEAD_MAX: Final = 1 + 43 + SIGNATURE_VALUE_MAX
"""Bytes of a REQUESTS or ANSWERS frame that count towards its bound besides its messages, at most."""
MESSAGE_HEAD_MAX: Final = 16
"""Bytes of a message in a frame besides its header part and its body, at most."""

FRAME_LAYOUT: Final = struct.Struct(">IB")
HELLO_LAYOUT: Final = struct.Struct(">HIHI")
SIGNED_LAYOUT: Final = struct.Struct(">H32sQB")
REQUEST_LAYOUT: Final = struct.Struct(">IIII")
ANSWER_LAYOUT: Final = struct.Struct(">III")
FAULT_LAYOUT: Final = struct.Struct(">IH")
NUMBER_LAYOUT: Final = struct.Struct(">I")
REASON_LAYOUT: Final = struct.Struct(">H")
COUNT_LAYOUT: Final = struct.Struct(">H")
OPAQUE_SIZE: Final = 8
NO_BODY: Final = 2**32 - 1

LEAF_SIZE: Final = 32
_NUMBER_AND_TIME = struct.Struct(">II")
_TWO_LENGTHS = struct.Struct(">II")
_REQUEST_LEAF = REQUEST_LAYOUT.pack(0, 0, 0, NO_BODY)
_ANSWER_LEAF = ANSWER_LAYOUT.pack(0, 0, NO_BODY)
_SWITCHED = b"HTTP/1.1 101 "
_REQUEST_HEAD = b"GET /trunk HTTP/1.1\r\nHost: %b\r\nConnection: Upgrade\r\nUpgrade: lienthong-trunk/1\r\n\r\n"


class Kind(IntEnum):
    """Frame kinds."""

    HELLO = 1
    REQUESTS = 2
    ANSWERS = 3
    FAULT = 4
    CANCEL = 5
    PING = 6
    PONG = 7
    BYE = 8
    AHEAD = 9


class Reason(IntEnum):
    """Why a side says BYE. After DRAIN what is in flight is still answered, after any other the connection ends."""

    DRAIN = 0
    BROKEN = 1
    UNPROVEN = 2
    SILENT = 3


class Bounds(Value):
    """What one trunk may carry: bytes of a frame after its length, messages in a frame, requests without an answer,
    bytes of one body."""

    frame: int = 4 << 20
    messages: int = 256
    in_flight: int = 4096
    body: int = 256 << 10

    def room(self, messages: int) -> int:
        """Bytes of header parts and bodies that a frame with so many messages has room for, at least."""
        return self.frame - SIGNED_HEAD_MAX - messages * MESSAGE_HEAD_MAX


class FrameSignature(Value):
    """The signature over the messages of a frame: SHA-256 of the certificate (32 bytes), time, DER ECDSA value."""

    certificate_digest: bytes
    signed_at_ms: int
    value: bytes


@mypyc_attr(acyclic=True, free_list_len=1)
@dataclass(init=False)
class TrunkRequest:
    """A request in a frame. `remaining_ms` is the time until its deadline, counted from when the frame arrives."""

    number: Final[int]
    remaining_ms: Final[int]
    header_part: Final[bytes]
    body: Final[bytes | None]

    def __init__(self, number: int, remaining_ms: int, header_part: bytes, body: bytes | None) -> None:
        self.number = number
        self.remaining_ms = remaining_ms
        self.header_part = header_part
        self.body = body


@mypyc_attr(acyclic=True, free_list_len=1)
@dataclass(init=False)
class TrunkAnswer:
    """An answer in a frame, to the request `number`."""

    number: Final[int]
    header_part: Final[bytes]
    body: Final[bytes | None]

    def __init__(self, number: int, header_part: bytes, body: bytes | None) -> None:
        self.number = number
        self.header_part = header_part
        self.body = body


@mypyc_attr(acyclic=True, free_list_len=1)
@dataclass(init=False)
class TrunkLeaf:
    """The leaf (32 bytes) of a message that shares the signature and is not in the frame."""

    leaf: Final[bytes]

    def __init__(self, leaf: bytes) -> None:
        self.leaf = leaf


class Hello(Value):
    """The bounds of the side that sends it."""

    frame: int
    messages: int
    in_flight: int


class Requests(Value):
    """Requests under one signature, as they arrived: not verified yet."""

    signature: FrameSignature
    messages: tuple[TrunkRequest | TrunkLeaf, ...]


class Answers(Value):
    """Answers under one signature, as they arrived: not verified yet."""

    signature: FrameSignature
    messages: tuple[TrunkAnswer | TrunkLeaf, ...]


class RequestsAhead(Value):
    """Requests that come ahead of the signature they will share; none: those that came ahead so far are void."""

    messages: tuple[TrunkRequest, ...]


class AnswersAhead(Value):
    """Answers, as `RequestsAhead`."""

    messages: tuple[TrunkAnswer, ...]


class TrunkFault(Value):
    """Why one request got no signed answer; `document` is as `node_message.fault_body` makes it."""

    number: int
    status: int
    document: bytes


class Cancel(Value):
    """Nobody waits for the answer to this request any more."""

    number: int


class Ping(Value):
    """Are you there? `opaque` is 8 bytes."""

    opaque: bytes


class Pong(Value):
    """The answer to a `Ping`, with its 8 bytes."""

    opaque: bytes


class Bye(Value):
    """No requests after this; `reason` is a number of `Reason`, or one that a later version knows."""

    reason: int


Frame = Hello | Requests | Answers | RequestsAhead | AnswersAhead | TrunkFault | Cancel | Ping | Pong | Bye


def upgrade_request(host: bytes) -> bytes:
    """The HTTP request that asks for a trunk (RFC 9110 section 7.8)."""
    return _REQUEST_HEAD % host


def upgrade_answered(data: bytes) -> int | None:
    """How many bytes of `data`, all that came so far, are the head of the answer 101; None while it is incomplete.

    What follows the head are frames. Raises Unavailable HttpError for any other answer.
    """
    if not data.startswith(_SWITCHED[: len(data)]):
        raise Unavailable("HttpError", "the other node does not take up a trunk")
    end = data.find(b"\r\n\r\n", 0, UPGRADE_BYTES_MAX)
    if end < 0:
        if len(data) >= UPGRADE_BYTES_MAX:
            raise Unavailable("HttpError", "the answer of the other node to the upgrade has no end")
        return None
    lines = [line.partition(b":") for line in data[:end].split(b"\r\n")[1:]]
    headers = [(name, value) for name, _, value in lines]
    if not _offers_trunk(headers):
        raise Unavailable("HttpError", "the other node switched to a protocol that was not asked for")
    return end + 4


def check_upgrade(method: bytes, target: bytes, headers: list[tuple[bytes, bytes]]) -> None:
    """For who is asked: that a request asks for a trunk. Raises Malformed BadRequest."""
    if method != b"GET" or target != TRUNK_PATH:
        raise Malformed("BadRequest", "a trunk is asked for by GET /trunk")
    if not _offers_trunk(headers):
        raise Malformed("BadRequest", "GET /trunk takes the upgrade to lienthong-trunk/1")
    # Where a body ends and the first frame begins must not be a question.
    if any(name.lower() in (b"content-length", b"transfer-encoding") for name, _ in headers):
        raise Malformed("BadRequest", "a request for a trunk has no body")


def _offers_trunk(headers: list[tuple[bytes, bytes]]) -> bool:
    return b"upgrade" in _tokens(headers, b"connection") and TOKEN in _tokens(headers, b"upgrade")


def _tokens(headers: list[tuple[bytes, bytes]], wanted: bytes) -> list[bytes]:
    values = [value for name, value in headers if name.lower() == wanted]
    return [token.strip(b" \t").lower() for value in values for token in value.split(b",")]


def agreed_bounds(own: Bounds, other: Hello) -> Bounds:
    """What both sides keep: of each bound the smaller. The bound of a body is no matter of negotiation."""
    return Bounds(
        min(own.frame, other.frame), min(own.messages, other.messages), min(own.in_flight, other.in_flight), own.body
    )


def hello_frame(bounds: Bounds) -> bytes:
    """A HELLO frame with the bounds of who sends it."""
    return _framed(Kind.HELLO, HELLO_LAYOUT.pack(VERSION, bounds.frame, bounds.messages, bounds.in_flight))


def requests_frame(signature: FrameSignature, messages: Sequence[TrunkRequest | TrunkLeaf]) -> bytes:
    """A REQUESTS frame. Who fills it keeps the bounds: `SIGNED_HEAD_MAX` and `MESSAGE_HEAD_MAX` help to count."""
    pieces = [b"", b""]
    _add_requests(pieces, messages)
    return _signed_frame(Kind.REQUESTS, signature, len(messages), pieces)


def answers_frame(signature: FrameSignature, messages: Sequence[TrunkAnswer | TrunkLeaf]) -> bytes:
    """An ANSWERS frame; the bounds as in `requests_frame`."""
    pieces = [b"", b""]
    _add_answers(pieces, messages)
    return _signed_frame(Kind.ANSWERS, signature, len(messages), pieces)


def requests_ahead(messages: Sequence[TrunkRequest]) -> bytes:
    """An AHEAD frame of requests; with none, what went ahead is void."""
    pieces = [b""]
    _add_requests(pieces, messages)
    return _frame_ahead(len(messages), pieces)


def answers_ahead(messages: Sequence[TrunkAnswer]) -> bytes:
    """An AHEAD frame of answers; with none, what went ahead is void."""
    pieces = [b""]
    _add_answers(pieces, messages)
    return _frame_ahead(len(messages), pieces)


def _add_requests(pieces: list[bytes], messages: Sequence[TrunkRequest | TrunkLeaf]) -> None:
    for message in messages:
        if isinstance(message, TrunkLeaf):
            pieces += (_REQUEST_LEAF, message.leaf)
        else:
            begins = _NUMBER_AND_TIME.pack(message.number, message.remaining_ms)
            _add_message(pieces, begins, message.header_part, message.body)


def _add_answers(pieces: list[bytes], messages: Sequence[TrunkAnswer | TrunkLeaf]) -> None:
    for message in messages:
        if isinstance(message, TrunkLeaf):
            pieces += (_ANSWER_LEAF, message.leaf)
        else:
            _add_message(pieces, NUMBER_LAYOUT.pack(message.number), message.header_part, message.body)


def _add_message(pieces: list[bytes], begins: bytes, part: bytes, body: bytes | None) -> None:
    """A message after `begins`, which differs between requests and answers."""
    if body is None:
        pieces += (begins, _TWO_LENGTHS.pack(len(part), NO_BODY), part)
    else:
        assert body, "a body of zero bytes is no body"
        pieces += (begins, _TWO_LENGTHS.pack(len(part), len(body)), part, body)


def _signed_frame(kind: Kind, signature: FrameSignature, count: int, pieces: list[bytes]) -> bytes:
    """The frame whose first two `pieces` are still empty: the head, which has the length, is written last."""
    value = signature.value
    digest, signed_at_ms = signature.certificate_digest, signature.signed_at_ms
    pieces[1] = SIGNED_LAYOUT.pack(count, digest, signed_at_ms, len(value)) + value
    pieces[0] = FRAME_LAYOUT.pack(1 + sum(map(len, pieces)), kind)
    return b"".join(pieces)


def _frame_ahead(count: int, pieces: list[bytes]) -> bytes:
    """The frame whose first piece is still empty."""
    size = 1 + COUNT_LAYOUT.size + sum(map(len, pieces))
    pieces[0] = FRAME_LAYOUT.pack(size, Kind.AHEAD) + COUNT_LAYOUT.pack(count)
    return b"".join(pieces)


def fault_frame(number: int, status: int, document: bytes) -> bytes:
    """A FAULT frame; a document over `FAULT_BYTES_MAX` is left out, the status then stands alone."""
    said = document if len(document) <= FAULT_BYTES_MAX else b""
    return _framed(Kind.FAULT, FAULT_LAYOUT.pack(number, status) + said)


def cancel_frame(number: int) -> bytes:
    """A CANCEL frame."""
    return _framed(Kind.CANCEL, NUMBER_LAYOUT.pack(number))


def ping_frame(opaque: bytes) -> bytes:
    """A PING frame with 8 bytes."""
    assert len(opaque) == OPAQUE_SIZE
    return _framed(Kind.PING, opaque)


def pong_frame(opaque: bytes) -> bytes:
    """The PONG frame to the PING with these 8 bytes."""
    assert len(opaque) == OPAQUE_SIZE
    return _framed(Kind.PONG, opaque)


def bye_frame(reason: int) -> bytes:
    """A BYE frame."""
    return _framed(Kind.BYE, REASON_LAYOUT.pack(reason))


def _framed(kind: Kind, payload: bytes) -> bytes:
    return FRAME_LAYOUT.pack(1 + len(payload), kind) + payload
