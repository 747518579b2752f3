"""Lines of headers that came before: read once, then known by their bytes. Pure, bounded.

Most lines of a message are the same in the next one (who calls, what type the content has), so what a line says is
worked out once. Only *usual* lines are known here: a name that is a token, a value without breaks and control
characters that means something where the protocol gives it a meaning. Everything else is None, and the reader that
asks goes the long way round in `headers` and `message`, which alone say what is wrong.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from mypy_extensions import mypyc_attr

from lienthong.domain.errors import Malformed
from lienthong.domain.grants import Reason
from lienthong.domain.identifiers import ClientId
from lienthong.domain.memo import Memo
from lienthong.wire.headers import (
    CLIENT,
    HEADER_BYTES_MAX,
    HEADERS_MAX,
    MESSAGE_ID,
    REQUEST_DROPS,
    REQUEST_ID,
    RESPONSE_DROPS,
    Header,
    RequestHeaders,
    client_of,
    id_of,
    lower_name,
    reason_of,
)

_VALUE: Final = re.compile(rb"[\t -~\x80-\xff]*\Z")
_KNOWN_SIZE_MAX: Final = 512
"""Longer lines are read anew each time."""
_PURPOSE: Final = b"lienthong-purpose"
_PROCEDURE: Final = b"lienthong-procedure"
_CASE: Final = b"lienthong-case"
_OFFICER: Final = b"x-road-userid"
_REASONS: Final = frozenset({_PURPOSE, _PROCEDURE, _CASE, _OFFICER})
_UNUSUAL: Final = frozenset(
    {b"x-road-issue", b"x-road-security-server", b"x-road-represented-party", b"lienthong-fields", b"accept"}
)
"""Read the long way: rare, or with more than one value to a request."""
_EACH_TIME: Final = frozenset({MESSAGE_ID, REQUEST_ID, _CASE, b"traceparent"})
"""Another value in each message: knowing them would only push out the others."""

ORDINARY: Final = 0
OF_CLIENT: Final = 1
OF_MESSAGE_ID: Final = 2
OF_REQUEST_ID: Final = 3
OF_REASON: Final = 4


@mypyc_attr(acyclic=True, free_list_len=1)
@dataclass(init=False)
class HeaderLine:
    """A usual line. `text` is ``Name:value`` as it stands in a header part, `size` what it counts towards the bound.

    `travels` in a request, `returns` in an answer of a service; `of_service`: in the header part of an answer it can
    only be the service's word. `role` says which of the headers of the protocol it is.
    """

    name: Final[bytes]
    lower: Final[bytes]
    value: Final[bytes]
    text: Final[bytes]
    size: Final[int]
    role: Final[int]
    travels: Final[bool]
    returns: Final[bool]
    of_service: Final[bool]
    client: Final[ClientId | None]

    def __init__(self, name: bytes, lower: bytes, value: bytes, role: int, client: ClientId | None) -> None:
        self.name = name
        self.lower = lower
        self.value = value
        self.text = name + b":" + value
        self.size = len(name) + len(value) + 4
        self.role = role
        self.travels = lower not in REQUEST_DROPS
        self.returns = lower not in RESPONSE_DROPS
        self.of_service = self.returns and lower[:7] != b"x-road-" and lower[:10] != b"lienthong-"
        self.client = client


_BY_HEADER: Final[Memo[Header, HeaderLine]] = Memo(4096)
_BY_TEXT: Final[Memo[bytes, HeaderLine]] = Memo(4096)


def line_of_header(header: Header) -> HeaderLine | None:
    """The line of a header as HTTP brought it, or None where it is not usual."""
    known = _BY_HEADER.known.get(header)
    if known is not None:
        return known
    made = _made(header[0], header[1])
    if made is not None and made.size <= _KNOWN_SIZE_MAX and made.lower not in _EACH_TIME:
        return _BY_HEADER.keep(header, made)
    return made


def line_of_text(text: bytes) -> HeaderLine | None:
    """The line ``Name:value`` of a header part, or None where it is not usual."""
    known = _BY_TEXT.known.get(text)
    if known is not None:
        return known
    name, colon, value = text.partition(b":")
    made = _made(name, value) if colon else None
    if made is not None and made.size <= _KNOWN_SIZE_MAX and made.lower not in _EACH_TIME:
        return _BY_TEXT.keep(text, made)
    return made


def _made(name: bytes, value: bytes) -> HeaderLine | None:
    try:
        lower = lower_name(name)
    except Malformed:
        return None
    if lower in _UNUSUAL or _VALUE.match(value) is None:
        return None
    if lower == CLIENT:
        try:
            return HeaderLine(name, lower, value, OF_CLIENT, client_of(value))
        except Malformed:
            return None
    role = OF_MESSAGE_ID if lower == MESSAGE_ID else OF_REQUEST_ID if lower == REQUEST_ID else ORDINARY
    return HeaderLine(name, lower, value, OF_REASON if lower in _REASONS else role, None)


class UsualHeaders:
    """Headers of a request all of whose lines are usual, read in one go.

    `read` is what `headers.read_request_headers` gives; `lines` those that travel, each with its line break, of the
    headers of a calling system.
    """

    __slots__ = ("lines", "read", "request_id")

    def __init__(self, read: RequestHeaders, lines: bytes, request_id: bytes | None) -> None:
        self.read = read
        self.lines = lines
        self.request_id = request_id


def usual_of_system(headers: Sequence[Header]) -> UsualHeaders | None:
    """The headers of a calling system, or None where one of them is not usual or a bound is exceeded."""
    lines: list[HeaderLine] = []
    travelling: list[bytes] = []
    size = 0
    for header in headers:
        line = line_of_header(header)
        if line is None:
            return None
        size += line.size
        if line.travels:
            travelling.append(line.text)
        if line.role != ORDINARY:
            lines.append(line)
    if len(headers) > HEADERS_MAX or size > HEADER_BYTES_MAX:
        return None
    travelling.append(b"")
    return _read(lines, b"\r\n".join(travelling))


def usual_of_part(texts: Sequence[bytes]) -> UsualHeaders | None:
    """The lines of a header part that another node made, or None where one of them is not usual."""
    lines: list[HeaderLine] = []
    message_id: bytes | None = None
    request_id: bytes | None = None
    for text in texts:
        line = _BY_TEXT.known.get(text)
        if line is None:
            # As nodes write them; other spellings of the two are read like all other lines.
            if request_id is None and text[:18] == b"x-road-request-id:":
                request_id = text[18:]
                continue
            if message_id is None and text[:10] == b"x-road-id:":
                message_id = text[10:]
                continue
            line = line_of_text(text)
            if line is None:
                return None
        if line.role != ORDINARY:
            lines.append(line)
        elif not line.travels:
            return None
    return _read(lines, b"", message_id, request_id)


def usual_of_service(headers: Iterable[Header]) -> bytes | None:
    """The lines of a service's answer that travel, each with its line break; None where a header is not usual."""
    lines: list[bytes] = []
    for header in headers:
        line = line_of_header(header)
        if line is None:
            return None
        if line.returns:
            lines.append(line.text)
    lines.append(b"")
    return b"\r\n".join(lines)


def _read(
    lines: list[HeaderLine], travelling: bytes, message_id: bytes | None = None, request_id: bytes | None = None
) -> UsualHeaders | None:
    """From the lines that mean something to the protocol, and the ids that were read already.

    None where one comes twice, or the client is missing.
    """
    client: ClientId | None = None
    reasons: list[HeaderLine] = []
    for line in lines:
        role = line.role
        if role == OF_REASON:
            reasons.append(line)
        elif role == OF_CLIENT and client is None:
            client = line.client
        elif role == OF_MESSAGE_ID and message_id is None:
            message_id = line.value
        elif role == OF_REQUEST_ID and request_id is None:
            request_id = line.value
        else:
            return None
    if client is None:
        return None
    try:
        identity = None if message_id is None else id_of(message_id)
        reason = _reason(reasons) if reasons else _NO_REASON
    except Malformed:
        return None
    read = RequestHeaders(client, identity, reason.officer, None, None, None, reason, (), ())
    return UsualHeaders(read, travelling, request_id)


_NO_REASON: Final = Reason()


def _reason(lines: list[HeaderLine]) -> Reason:
    """Raises Malformed where one of its headers comes twice or is broken."""
    found: dict[bytes, bytes] = {}
    for line in lines:
        if line.lower in found:
            raise Malformed("DuplicateHeaderField", "a header comes twice")
        found[line.lower] = line.value
    return reason_of(found)
