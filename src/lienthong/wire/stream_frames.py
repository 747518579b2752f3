"""Frames of a stream between nodes, inside the content of one HTTP exchange. Pure; bytes may arrive in any pieces.

Each frame is a kind (1 byte) and a length (4 bytes, big-endian), then the payload:

    HEAD  1  declared body length (8, all ones = not known) ‖ signing time (8) ‖ certificate digest (32)
             ‖ mark length (1) ‖ mark ‖ header part
    DATA  2  body bytes
    MARK  3  signing time (8) ‖ mark length (1) ‖ mark, zeros up to 72 bytes: covers all DATA so far
    END   4  length (2) ‖ message signature in its text form, zeros up to 256 bytes; the stream is complete

MARK and END have a fixed length so that the whole content has a known length where the body has. HEAD comes first and
once, a MARK at the latest after `DATA_MAX` bytes of DATA, END last, right after a MARK.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from enum import IntEnum
from typing import Final, NamedTuple, Protocol

from lienthong.domain.errors import Malformed

MEDIA_TYPE: Final = b"application/vnd.lienthong.stream"
DATA_MAX: Final = 2 << 20
_PAYLOAD_MAX: Final = 64 << 10
_FRAME = struct.Struct(">BI")
_HEAD = struct.Struct(">QQ32sB")
_MARK = struct.Struct(">QB72s")
_END = struct.Struct(">H256s")
_UNKNOWN: Final = 2**64 - 1


class Kind(IntEnum):
    """Frame kinds."""

    HEAD = 1
    DATA = 2
    MARK = 3
    END = 4


class Head(NamedTuple):
    """Beginning of a stream; `length` None = not known beforehand."""

    length: int | None
    signed_at_ms: int
    certificate_digest: bytes
    mark: bytes
    header_part: bytes


class Frames(Protocol):
    """Who takes the frames of a stream that arrives."""

    def head(self, head: Head) -> None:
        """The beginning."""

    def data(self, piece: bytes) -> None:
        """Body bytes, not believed yet."""

    def mark(self, signed_at_ms: int, value: bytes) -> None:
        """A mark over all body bytes so far."""

    def end(self, signature: bytes) -> None:
        """The message signature; nothing follows."""


def head_frame(head: Head) -> bytes:
    """A HEAD frame."""
    length = _UNKNOWN if head.length is None else head.length
    fixed = _HEAD.pack(length, head.signed_at_ms, head.certificate_digest, len(head.mark))
    payload = fixed + head.mark + head.header_part
    return _FRAME.pack(Kind.HEAD, len(payload)) + payload


def data_frame_start(length: int) -> bytes:
    """What goes before `length` body bytes."""
    return _FRAME.pack(Kind.DATA, length)


def mark_frame(signed_at_ms: int, value: bytes) -> bytes:
    """A MARK frame."""
    return _FRAME.pack(Kind.MARK, _MARK.size) + _MARK.pack(signed_at_ms, len(value), value)


def end_frame(signature: bytes) -> bytes:
    """An END frame."""
    return _FRAME.pack(Kind.END, _END.size) + _END.pack(len(signature), signature)


def content_length(head: bytes, body_length: int, run: int) -> int:
    """Bytes of a whole stream with the HEAD frame `head` whose body is sent in runs of `run` bytes, each marked."""
    runs = -(-body_length // run)
    return len(head) + body_length + runs * (2 * _FRAME.size + _MARK.size) + _FRAME.size + _END.size


class FrameReader:
    """Cuts arriving bytes into frames; raises Malformed InvalidMessage for anything out of place."""

    __slots__ = ("_buffer", "_expected", "_left", "_since_mark", "_taker")

    def __init__(self, taker: Frames) -> None:
        self._taker = taker
        self._buffer = b""
        self._left = 0
        self._since_mark = 0
        self._expected: frozenset[int] = _AT_START

    @property
    def complete(self) -> bool:
        """END was read."""
        return self._expected is _AT_END and not self._buffer

    def feed(self, piece: bytes) -> None:
        """Take the next bytes."""
        if self._left >= len(piece):
            self._data(piece)
            return
        data = self._buffer + piece
        start = 0
        while True:
            if self._left:
                end = min(len(data), start + self._left)
                self._data(data[start:end])
                start = end
                if self._left:
                    break
            if len(data) - start < _FRAME.size:
                break
            kind, length = _FRAME.unpack_from(data, start)
            self._check(kind, length)
            if kind == Kind.DATA:
                self._left = length
                start += _FRAME.size
                continue
            if len(data) - start < _FRAME.size + length:
                break
            start += _FRAME.size
            self._expected = _TAKE[kind](self, data[start : start + length])
            start += length
        self._buffer = data[start:]

    def _data(self, piece: bytes) -> None:
        if piece:
            self._left -= len(piece)
            self._taker.data(piece)

    def _check(self, kind: int, length: int) -> None:
        if kind not in self._expected:
            raise Malformed("InvalidMessage", "a frame of the stream is out of place")
        if kind == Kind.DATA:
            self._since_mark += length
            self._expected = _AFTER_DATA
            if length == 0 or self._since_mark > DATA_MAX:
                raise Malformed("InvalidMessage", "too many bytes of the stream without a mark")
        elif length > _PAYLOAD_MAX:
            raise Malformed("InvalidMessage", "a frame of the stream is too long")

    def _take_head(self, payload: bytes) -> frozenset[int]:
        if len(payload) < _HEAD.size:
            raise Malformed("InvalidMessage", "the head of the stream is too short")
        length, signed_at_ms, certificate, mark_length = _HEAD.unpack_from(payload)
        body = payload[_HEAD.size :]
        mark, part = body[:mark_length], body[mark_length:]
        self._taker.head(Head(None if length == _UNKNOWN else length, signed_at_ms, certificate, mark, part))
        return _AFTER_HEAD

    def _take_mark(self, payload: bytes) -> frozenset[int]:
        if len(payload) != _MARK.size:
            raise Malformed("InvalidMessage", "a mark of the stream has a wrong length")
        self._since_mark = 0
        signed_at_ms, length, value = _MARK.unpack(payload)
        self._taker.mark(signed_at_ms, _unpadded(value, length))
        return _AFTER_MARK

    def _take_end(self, payload: bytes) -> frozenset[int]:
        if len(payload) != _END.size:
            raise Malformed("InvalidMessage", "the end of the stream has a wrong length")
        length, value = _END.unpack(payload)
        self._taker.end(_unpadded(value, length))
        return _AT_END


def _unpadded(value: bytes, length: int) -> bytes:
    if length > len(value) or value[length:].strip(b"\0"):
        raise Malformed("InvalidMessage", "a frame of the stream is not padded with zeros")
    return value[:length]


_AT_START: Final = frozenset({int(Kind.HEAD)})
_AFTER_HEAD: Final = frozenset({int(Kind.DATA)})
_AFTER_DATA: Final = frozenset({int(Kind.DATA), int(Kind.MARK)})
_AFTER_MARK: Final = frozenset({int(Kind.DATA), int(Kind.END)})
_AT_END: Final[frozenset[int]] = frozenset()
_TAKE: Final[dict[int, Callable[[FrameReader, bytes], frozenset[int]]]] = {
    Kind.HEAD: FrameReader._take_head,
    Kind.MARK: FrameReader._take_mark,
    Kind.END: FrameReader._take_end,
}
