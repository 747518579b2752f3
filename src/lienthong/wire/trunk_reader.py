"""Reads the frames of a trunk (layout in `trunk`). Pure; bytes may arrive in any pieces.

Law: the same bytes give the same frames, then the same refusal, in whatever pieces they arrive; `trunk` writes what
was read as the same bytes again. At most one incomplete frame is kept, and nothing of one whose head is out of place.
What it does not do: believe anything, or know which requests still wait for an answer.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Final, TypeVar

from lienthong.domain.errors import Malformed
from lienthong.wire.message import PART_BYTES_MAX
from lienthong.wire.trunk import (
    ANSWER_LAYOUT,
    COUNT_LAYOUT,
    FAULT_BYTES_MAX,
    FAULT_LAYOUT,
    FRAME_BYTES_MIN,
    FRAME_LAYOUT,
    HELLO_LAYOUT,
    LEAF_SIZE,
    NO_BODY,
    NUMBER_LAYOUT,
    OPAQUE_SIZE,
    REASON_LAYOUT,
    REQUEST_LAYOUT,
    SIGNATURE_VALUE_MAX,
    SIGNED_LAYOUT,
    VERSION,
    Answers,
    AnswersAhead,
    Bounds,
    Bye,
    Cancel,
    Frame,
    FrameSignature,
    Hello,
    Kind,
    Ping,
    Pong,
    Requests,
    RequestsAhead,
    TrunkAnswer,
    TrunkFault,
    TrunkLeaf,
    TrunkRequest,
    agreed_bounds,
)

_TIME_END: Final = 10**15
"""Signing times have at most 15 digits, as in the text form of a signature."""
_STATUS_MIN: Final = 300
_STATUS_END: Final = 600
_M = TypeVar("_M", TrunkRequest, TrunkAnswer)


class Role(StrEnum):
    """Which side of a trunk reads."""

    OPENER = "opener"
    ACCEPTOR = "acceptor"


class TrunkReader:
    """Cuts arriving bytes into frames: `feed`, then `next_frame` until it gives None."""

    __slots__ = (
        "_ahead", "_ahead_bytes", "_answered", "_at", "_bounds", "_data", "_expected", "_held", "_last_number",
        "_refused", "_role",
    )  # fmt: skip

    def __init__(self, role: Role, bounds: Bounds) -> None:
        self._role = role
        self._bounds = bounds
        self._data = b""
        self._at = 0
        self._held = bytearray()
        self._last_number = -1
        self._ahead = self._ahead_bytes = 0
        self._answered: set[int] = set()
        self._expected: frozenset[int] = _AT_START
        self._refused: str | None = None

    @property
    def bounds(self) -> Bounds:
        """One's own bounds; from HELLO on those that both sides keep."""
        return self._bounds

    @property
    def held(self) -> int:
        """Bytes of an incomplete frame that are kept."""
        return len(self._held)

    def feed(self, data: bytes) -> None:
        """Take the next bytes, after `next_frame` gave None."""
        assert self._at == len(self._data), "there are frames that nobody asked for"
        self._data = data if self._refused is None else b""
        self._at = 0

    def next_frame(self) -> Frame | None:
        """The next whole frame, or None until more bytes are fed.

        Raises Malformed InvalidMessage for anything out of place, and from then on at each call.
        """
        if self._refused is not None:
            raise _out_of_place(self._refused)
        try:
            return self._frame_held() if self._held else self._frame_fed()
        except Malformed as error:
            self._refused = error.message
            self._data = b""
            self._at = 0
            self._held = bytearray()
            raise

    def _frame_fed(self) -> Frame | None:
        """The next frame, of which nothing is held: cut from what was fed, without a copy of the whole."""
        data, start = self._data, self._at
        if len(data) - start >= FRAME_LAYOUT.size:
            length, kind = FRAME_LAYOUT.unpack_from(data, start)
            self._check_head(length, kind)
            end = start + 4 + length
            if end <= len(data):
                self._at = end
                return self._read(kind, data, start + FRAME_LAYOUT.size, end)
        self._held += data[start:]
        self._data = b""
        self._at = 0
        return None

    def _frame_held(self) -> Frame | None:
        """The frame of which the beginning is held."""
        if len(self._held) < FRAME_LAYOUT.size:
            self._hold_up_to(FRAME_LAYOUT.size)
            if len(self._held) < FRAME_LAYOUT.size:
                return None
            length, kind = FRAME_LAYOUT.unpack_from(self._held)
            self._check_head(length, kind)
        length, kind = FRAME_LAYOUT.unpack_from(self._held)
        end = 4 + length
        self._hold_up_to(end)
        if len(self._held) < end:
            return None
        whole = bytes(self._held)
        self._held = bytearray()
        return self._read(kind, whole, FRAME_LAYOUT.size, end)

    def _hold_up_to(self, size: int) -> None:
        end = min(len(self._data), self._at + size - len(self._held))
        self._held += self._data[self._at : end]
        self._at = end

    def _check_head(self, length: int, kind: int) -> None:
        """What can be refused before the payload is there."""
        if kind not in _LENGTHS:
            raise _out_of_place(f"frames of kind {kind} are not known")
        if kind not in self._expected:
            raise _out_of_place(f"a frame {Kind(kind).name} has no place here")
        shortest, longest = _LENGTHS[kind]
        if length > (longest or self._bounds.frame - self._ahead_bytes):
            raise _out_of_place(f"a frame {Kind(kind).name} of {length} bytes is too long")
        if length < shortest:
            raise _out_of_place(f"a frame {Kind(kind).name} of {length} bytes is too short")

    def _read(self, kind: int, data: bytes, start: int, end: int) -> Frame:
        """The frame whose payload is `data[start:end]` and whose head holds."""
        if kind == Kind.REQUESTS:
            return self._requests(data, start, end)
        if kind == Kind.ANSWERS:
            return self._answers(data, start, end)
        if kind == Kind.AHEAD:
            return self._come_ahead(data, start, end)
        if kind == Kind.FAULT:
            return _fault(data, start, end)
        if kind == Kind.CANCEL:
            (number,) = NUMBER_LAYOUT.unpack_from(data, start)
            return Cancel(number)
        if kind == Kind.PING:
            return Ping(data[start:end])
        if kind == Kind.PONG:
            return Pong(data[start:end])
        if kind == Kind.BYE:
            self._expected = self._expected - _NOT_AFTER_BYE
            if self._role is Role.ACCEPTOR:
                self._expected = self._expected - {int(Kind.AHEAD)}
            (reason,) = REASON_LAYOUT.unpack_from(data, start)
            return Bye(reason)
        return self._hello(data, start)

    def _hello(self, data: bytes, start: int) -> Hello:
        version, frame, messages, in_flight = HELLO_LAYOUT.unpack_from(data, start)
        if version != VERSION:
            raise _out_of_place(f"version {version} of the trunk is not known")
        if frame < FRAME_BYTES_MIN or messages == 0 or in_flight == 0:
            raise _out_of_place("a bound in HELLO leaves no room for a message")
        hello = Hello(frame, messages, in_flight)
        self._bounds = agreed_bounds(self._bounds, hello)
        self._expected = _FROM_ACCEPTOR if self._role is Role.OPENER else _FROM_OPENER
        return hello

    def _requests(self, data: bytes, start: int, end: int) -> Requests:
        count, signature, at = self._signed_head(data, start, end)
        messages = self._request_list(count, data, at, end)
        self._nothing_ahead()
        return Requests(signature, tuple(messages))

    def _answers(self, data: bytes, start: int, end: int) -> Answers:
        count, signature, at = self._signed_head(data, start, end)
        messages = self._answer_list(count, data, at, end)
        self._nothing_ahead()
        return Answers(signature, tuple(messages))

    def _come_ahead(self, data: bytes, start: int, end: int) -> RequestsAhead | AnswersAhead:
        """Messages ahead of their signature; with it they keep the bounds of one frame."""
        (count,) = COUNT_LAYOUT.unpack_from(data, start)
        at = start + COUNT_LAYOUT.size
        if self._ahead + count > self._bounds.messages:
            raise _out_of_place(f"more messages come ahead than the {self._bounds.messages} of a frame")
        self._ahead += count
        self._ahead_bytes += end - at
        if not count:
            self._nothing_ahead()
        if self._role is Role.ACCEPTOR:
            requests = self._request_list(count, data, at, end)
            return RequestsAhead(tuple([_no_leaf(one) for one in requests]))
        answers = self._answer_list(count, data, at, end)
        return AnswersAhead(tuple([_no_leaf(one) for one in answers]))

    def _nothing_ahead(self) -> None:
        self._ahead = self._ahead_bytes = 0
        self._answered = set()

    def _request_list(self, count: int, data: bytes, at: int, end: int) -> list[TrunkRequest | TrunkLeaf]:
        """The requests, `count` of them, that are `data[at:end]`."""
        last = self._last_number
        messages: list[TrunkRequest | TrunkLeaf] = []
        for _ in range(count):
            if end - at < REQUEST_LAYOUT.size:
                raise _out_of_place("a frame ends before its messages do")
            number, remaining_ms, part_length, body_length = REQUEST_LAYOUT.unpack_from(data, at)
            if part_length == 0 and number == remaining_ms == 0:
                leaf, at = _leaf(body_length, data, at + REQUEST_LAYOUT.size, end)
                messages.append(leaf)
                continue
            if number <= last:
                raise _out_of_place(f"request {number} comes after request {last}")
            last = number
            body_at, at = self._ends(at + REQUEST_LAYOUT.size, part_length, body_length, end)
            body = None if body_length == NO_BODY else data[body_at:at]
            messages.append(TrunkRequest(number, remaining_ms, data[body_at - part_length : body_at], body))
        if at != end:
            raise _out_of_place("a frame goes on after its messages")
        self._last_number = last
        return messages

    def _answer_list(self, count: int, data: bytes, at: int, end: int) -> list[TrunkAnswer | TrunkLeaf]:
        """The answers, `count` of them, that are `data[at:end]`."""
        answered = self._answered
        messages: list[TrunkAnswer | TrunkLeaf] = []
        for _ in range(count):
            if end - at < ANSWER_LAYOUT.size:
                raise _out_of_place("a frame ends before its messages do")
            number, part_length, body_length = ANSWER_LAYOUT.unpack_from(data, at)
            if part_length == 0 and number == 0:
                leaf, at = _leaf(body_length, data, at + ANSWER_LAYOUT.size, end)
                messages.append(leaf)
                continue
            if number in answered:
                raise _out_of_place(f"request {number} is answered twice in one frame")
            answered.add(number)
            body_at, at = self._ends(at + ANSWER_LAYOUT.size, part_length, body_length, end)
            body = None if body_length == NO_BODY else data[body_at:at]
            messages.append(TrunkAnswer(number, data[body_at - part_length : body_at], body))
        if at != end:
            raise _out_of_place("a frame goes on after its messages")
        return messages

    def _signed_head(self, data: bytes, start: int, end: int) -> tuple[int, FrameSignature, int]:
        """Count, signature, and where the first message begins."""
        count, digest, signed_at_ms, value_length = SIGNED_LAYOUT.unpack_from(data, start)
        if not 0 < self._ahead + count <= self._bounds.messages:
            raise _out_of_place(f"a frame of {count} messages is not taken")
        if not 0 < signed_at_ms < _TIME_END:
            raise _out_of_place("the signing time of a frame is no time")
        if not 0 < value_length <= SIGNATURE_VALUE_MAX:
            raise _out_of_place(f"a signature value has no {value_length} bytes")
        value_at = start + SIGNED_LAYOUT.size
        value_end = value_at + value_length
        if value_end > end:
            raise _out_of_place("a frame ends before its signature does")
        return count, FrameSignature(digest, signed_at_ms, data[value_at:value_end]), value_end

    def _ends(self, part_at: int, part_length: int, body_length: int, end: int) -> tuple[int, int]:
        """Where the header part and the body of a message end."""
        if not 0 < part_length <= PART_BYTES_MAX:
            raise _out_of_place(f"a header part has no {part_length} bytes")
        part_end = body_end = part_at + part_length
        if body_length != NO_BODY:
            if not 0 < body_length <= self._bounds.body:
                raise _out_of_place(f"a body of {body_length} bytes does not go on a trunk")
            body_end += body_length
        if body_end > end:
            raise _out_of_place("a frame ends before its messages do")
        return part_end, body_end


def _leaf(body_length: int, data: bytes, start: int, end: int) -> tuple[TrunkLeaf, int]:
    """The leaf of a message that is not in the frame, and where it ends."""
    leaf_end = start + LEAF_SIZE
    if body_length != NO_BODY or leaf_end > end:
        raise _out_of_place("a leaf in a frame is not 32 bytes")
    return TrunkLeaf(data[start:leaf_end]), leaf_end


def _no_leaf(message: _M | TrunkLeaf) -> _M:
    """A message that may go ahead."""
    if isinstance(message, TrunkLeaf):
        raise _out_of_place("a leaf does not go ahead of its signature")
    return message


def _fault(data: bytes, start: int, end: int) -> TrunkFault:
    number, status = FAULT_LAYOUT.unpack_from(data, start)
    if not _STATUS_MIN <= status < _STATUS_END:
        raise _out_of_place(f"a fault has no status {status}")
    return TrunkFault(number, status, data[start + FAULT_LAYOUT.size : end])


def _out_of_place(what: str) -> Malformed:
    return Malformed("InvalidMessage", what)


_AT_START: Final = frozenset({int(Kind.HELLO)})
_FROM_BOTH: Final = frozenset({int(Kind.AHEAD), int(Kind.PING), int(Kind.PONG), int(Kind.BYE)})
_FROM_OPENER: Final = _FROM_BOTH | {int(Kind.REQUESTS), int(Kind.CANCEL)}
_FROM_ACCEPTOR: Final = _FROM_BOTH | {int(Kind.ANSWERS), int(Kind.FAULT)}
_NOT_AFTER_BYE: Final = frozenset({int(Kind.REQUESTS), int(Kind.BYE)})
_LENGTHS: Final[dict[int, tuple[int, int]]] = {
    Kind.HELLO: (1 + HELLO_LAYOUT.size, 1 + HELLO_LAYOUT.size),
    Kind.REQUESTS: (1 + SIGNED_LAYOUT.size, 0),
    Kind.ANSWERS: (1 + SIGNED_LAYOUT.size, 0),
    Kind.AHEAD: (1 + COUNT_LAYOUT.size, 0),
    Kind.FAULT: (1 + FAULT_LAYOUT.size, 1 + FAULT_LAYOUT.size + FAULT_BYTES_MAX),
    Kind.CANCEL: (1 + NUMBER_LAYOUT.size, 1 + NUMBER_LAYOUT.size),
    Kind.PING: (1 + OPAQUE_SIZE, 1 + OPAQUE_SIZE),
    Kind.PONG: (1 + OPAQUE_SIZE, 1 + OPAQUE_SIZE),
    Kind.BYE: (1 + REASON_LAYOUT.size, 1 + REASON_LAYOUT.size),
}
"""Shortest and longest length of a frame of each kind; 0 = the bound of the trunk."""
