"""Whole messages in the form that nearly all have, read without a parser: by their head, where it was seen before,
else line by line.

Only bytes that are, as a whole, one message of exactly this form are read here: HTTP/1.1, lines that end with CRLF,
a body whose length is said once, nothing that changes framing or connection. For everything else the answer is None,
and the general parser reads the same bytes; a property test holds the two against each other.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final

from lienthong.adapters.http.answer import REASON_LENGTH_MAX, WITHOUT_BODY, ClientBounds, HttpAnswer
from lienthong.adapters.http.request import Bounds, HttpRequest
from lienthong.domain.memo import Memo

_REQUEST_LINE: Final = re.compile(rb"(DELETE|GET|HEAD|OPTIONS|PATCH|POST|PUT|TRACE) (/[!-~]*) HTTP/1\.1")
_STATUS_LINE: Final = re.compile(rb"HTTP/1\.1 ([2-5][0-9]{2}) ([!-~](?:[ -~]*[!-~])?)")
_LINE: Final = re.compile(
    rb"([!#$%&'*+\-.^_`|~0-9A-Za-z]+):[ \t]*((?:[!-~\x80-\xff](?:[\t -~\x80-\xff]*[!-~\x80-\xff])?)?)"
)
_LENGTH: Final = re.compile(rb"[0-9]{1,9}")
_UNUSUAL: Final = frozenset({b"transfer-encoding", b"expect", b"upgrade", b"trailer", b"te", b"proxy-connection"})
_EACH_TIME: Final = frozenset({b"x-road-id", b"lienthong-case", b"traceparent", b"x-request-id"})
"""Another value in each message: knowing them would only push out the others."""
_KNOWN_SIZE_MAX: Final = 512
_HEAD_SIZE_MAX: Final = 2048
_NO_LENGTH: Final = -1


class _Line:
    """A header as the general parser would tell it; `length` where it says that of the body."""

    __slots__ = ("header", "length")

    def __init__(self, header: tuple[bytes, bytes], length: int) -> None:
        self.header = header
        self.length = length


class _First:
    """A request line or status line."""

    __slots__ = ("status", "text", "word")

    def __init__(self, word: bytes, text: bytes, status: int) -> None:
        self.word = word
        self.text = text
        self.status = status


_LINES: Final[Memo[bytes, _Line]] = Memo(4096)
_FIRSTS: Final[Memo[bytes, _First]] = Memo(4096)


class _Head:
    """All before the empty line. `headers` belong to every message that begins so: nobody changes them."""

    __slots__ = ("first", "headers", "length")

    def __init__(self, first: _First, headers: list[tuple[bytes, bytes]], length: int) -> None:
        self.first = first
        self.headers = headers
        self.length = length


_REQUESTS: Final[Memo[bytes, _Head]] = Memo(1024)
_ANSWERS: Final[Memo[bytes, _Head]] = Memo(1024)


def usual_request(data: bytes, request: HttpRequest, bounds: Bounds) -> HttpRequest | None:
    """`request`, filled with what `data` is if it is one whole request of the usual form."""
    end = data.find(b"\r\n\r\n", 0, bounds.header_bytes)
    if end < 0:
        return None
    text = data[:end]
    head = _REQUESTS.known.get(text)
    if head is None:
        head = _head(text, _request_line, _REQUESTS)
    if head is None or len(head.headers) >= bounds.header_count:
        return None
    length, size = head.length, end + 4
    if length > bounds.inline_body or len(data) - size != max(length, 0):
        return None
    first = head.first
    request.method, request.target, request.headers = first.word, first.text, head.headers
    if length > 0:
        request.body = data[size:]
    return request


def usual_answer(data: bytes, bounds: ClientBounds) -> HttpAnswer | None:
    """What `data` is, if it is one whole answer of the usual form."""
    end = data.find(b"\r\n\r\n", 0, bounds.header_bytes)
    if end < 0:
        return None
    text = data[:end]
    head = _ANSWERS.known.get(text)
    if head is None:
        head = _head(text, _status_line, _ANSWERS)
    if head is None or len(head.headers) >= bounds.header_count:
        return None
    length, size = head.length, end + 4
    if length < 0 or length > bounds.inline_body or len(data) - size != length:
        return None
    answer = HttpAnswer()
    answer.headers = head.headers
    answer.status, answer.reason = head.first.status, head.first.text
    if length > 0:
        answer.body = data[size:]
    return answer


def _head(text: bytes, first_line: Callable[[bytes], _First | None], known: Memo[bytes, _Head]) -> _Head | None:
    """What `text` says, None where a line is not usual or the length comes twice."""
    lines = text.split(b"\r\n")
    first = first_line(lines[0])
    if first is None:
        return None
    headers: list[tuple[bytes, bytes]] = []
    length, lasting = _NO_LENGTH, len(text) <= _HEAD_SIZE_MAX
    for at in range(1, len(lines)):
        line = _LINES.known.get(lines[at])
        if line is None:
            line = _line(lines[at])
            if line is None:
                return None
            # One that is not kept as a line is another one in each message.
            lasting = lasting and lines[at] in _LINES.known
        if line.length != _NO_LENGTH:
            if length != _NO_LENGTH:
                return None
            length = line.length
        headers.append(line.header)
    head = _Head(first, headers, length)
    return known.keep(text, head) if lasting else head


def _line(text: bytes) -> _Line | None:
    found = _LINE.fullmatch(text)
    if found is None:
        return None
    name, value = found[1], found[2]
    lower, length = name.lower(), _NO_LENGTH
    if lower in _UNUSUAL or (lower == b"connection" and value.lower() != b"keep-alive"):
        return None
    if lower == b"content-length":
        if _LENGTH.fullmatch(value) is None:
            return None
        length = int(value)
    line = _Line((name, value), length)
    if len(text) > _KNOWN_SIZE_MAX or lower in _EACH_TIME:
        return line
    return _LINES.keep(text, line)


def _request_line(text: bytes) -> _First | None:
    known = _FIRSTS.known.get(text)
    if known is not None:
        return known if known.status == 0 else None
    found = _REQUEST_LINE.fullmatch(text)
    return None if found is None else _keep(text, _First(found[1], found[2], 0))


def _status_line(text: bytes) -> _First | None:
    known = _FIRSTS.known.get(text)
    if known is not None:
        return known if known.status != 0 else None
    found = _STATUS_LINE.fullmatch(text)
    if found is None or int(found[1]) in WITHOUT_BODY or len(found[2]) > REASON_LENGTH_MAX:
        return None
    return _keep(text, _First(b"", found[2], int(found[1])))


def _keep(text: bytes, first: _First) -> _First:
    return first if len(text) > _KNOWN_SIZE_MAX else _FIRSTS.keep(text, first)


_STATUS_LINES: Final[Memo[tuple[int, bytes], bytes]] = Memo(256)
_LENGTHS: Final[Memo[int, bytes]] = Memo(4096)


def status_line(status: int, reason: bytes) -> bytes:
    """``HTTP/1.1 status reason CRLF``."""
    known = _STATUS_LINES.known.get((status, reason))
    if known is not None:
        return known
    return _STATUS_LINES.keep((status, reason), b"HTTP/1.1 %d %b\r\n" % (status, reason))


def content_length(size: int) -> bytes:
    """``Content-Length: size CRLF``."""
    known = _LENGTHS.known.get(size)
    return _LENGTHS.keep(size, b"Content-Length: %d\r\n" % size) if known is None else known
