"""HTTP headers of a message: which travel, and what the protocol headers say.

Hop-by-hop headers and those that the node makes itself do not travel; everything else passes unchanged, in order.
Header names are compared without case. A protocol header may come twice only with one and the same value (X-Road
takes the last one, which lets two readers see two different callers).
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from mypy_extensions import mypyc_attr

from lienthong.domain.errors import Malformed
from lienthong.domain.grants import Reason
from lienthong.domain.identifiers import (
    ClientId,
    NodeId,
    RepresentedParty,
    parse_client_id,
    parse_node_id,
    parse_represented_party,
)
from lienthong.domain.memo import Memo

Header = tuple[bytes, bytes]
"""Name and value as received."""

HEADERS_MAX: Final = 64
HEADER_BYTES_MAX: Final = 32 * 1024
VALUE_BYTES_MAX: Final = 1024
MESSAGE_ID_LENGTH_MAX: Final = 255
FIELDS_MAX: Final = 256
FIELD_DEPTH_MAX: Final = 16

HOP_HEADERS: Final = frozenset(
    {
        b"transfer-encoding",
        b"keep-alive",
        b"proxy-authenticate",
        b"proxy-authorization",
        b"te",
        b"trailer",
        b"upgrade",
        b"connection",
        b"user-agent",
        b"host",
        b"content-length",
        b"server",
        b"expect",
    }
)
"""Dropped in both directions (PR-REST 4.3)."""

_NODE_HEADERS: Final = frozenset({b"lienthong-signature", b"lienthong-header-length", b"lienthong-clause"})

REQUEST_DROPS: Final = HOP_HEADERS | _NODE_HEADERS | {b"x-road-request-id", b"x-road-request-hash"}
"""Not taken from an information system that calls."""

RESPONSE_DROPS: Final = REQUEST_DROPS | {b"x-road-id", b"x-road-client", b"x-road-service", b"x-road-error"}
"""Not taken from a service that answers: the node makes them, and an error of a node is never a service's word."""

CLIENT: Final = b"x-road-client"
MESSAGE_ID: Final = b"x-road-id"
REQUEST_ID: Final = b"x-road-request-id"
SERVICE: Final = b"x-road-service"
REQUEST_HASH: Final = b"x-road-request-hash"

_PROTOCOL_HEADERS: Final = frozenset(
    {
        CLIENT,
        MESSAGE_ID,
        REQUEST_ID,
        b"x-road-userid",
        b"x-road-issue",
        b"x-road-security-server",
        b"x-road-represented-party",
        b"lienthong-purpose",
        b"lienthong-procedure",
        b"lienthong-case",
        b"lienthong-fields",
    }
)
_TOKEN = re.compile(rb"[!#$%&'*+\-.^_`|~0-9A-Za-z]+\Z")
CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_FIELD = re.compile(r"[^\s.,]{1,100}(?:\.[^\s.,]{1,100}){0,15}\Z")


@mypyc_attr(acyclic=True, free_list_len=1)
@dataclass(init=False)
class RequestHeaders:
    """What the protocol headers of a request say; None = not sent.

    `fields` are the dotted fields that the caller wants (empty = all that it may have); `accept` the Accept values.
    """

    client: Final[ClientId]
    message_id: Final[str | None]
    user_id: Final[str | None]
    issue: Final[str | None]
    security_server: Final[NodeId | None]
    represented_party: Final[RepresentedParty | None]
    reason: Final[Reason]
    fields: Final[tuple[str, ...]]
    accept: Final[tuple[bytes, ...]]

    def __init__(
        self,
        client: ClientId,
        message_id: str | None,
        user_id: str | None,
        issue: str | None,
        security_server: NodeId | None,
        represented_party: RepresentedParty | None,
        reason: Reason,
        fields: tuple[str, ...],
        accept: tuple[bytes, ...],
    ) -> None:
        self.client = client
        self.message_id = message_id
        self.user_id = user_id
        self.issue = issue
        self.security_server = security_server
        self.represented_party = represented_party
        self.reason = reason
        self.fields = fields
        self.accept = accept


_NAMES: Final[Memo[bytes, bytes]] = Memo(8192)
_CLIENTS: Final[Memo[bytes, ClientId]] = Memo(16384)
_REASONS: Final[Memo[tuple[bytes | None, bytes | None, bytes | None, bytes | None], Reason]] = Memo(1024)


def lower_name(name: bytes) -> bytes:
    """`name` in lower case; raises Malformed where it is not an RFC 9110 token."""
    known = _NAMES.known.get(name)
    if known is not None:
        return known
    if _TOKEN.match(name) is None:
        raise Malformed("BadRequest", "a header name holds characters that are not allowed")
    return _NAMES.keep(name, name.lower())


def kept_request_headers(headers: Iterable[Header]) -> tuple[Header, ...]:
    """The headers of a calling system that travel to the service."""
    return tuple([header for header in headers if lower_name(header[0]) not in REQUEST_DROPS])


def kept_response_headers(headers: Iterable[Header]) -> tuple[Header, ...]:
    """The headers of an answering service that travel to the caller."""
    return tuple([header for header in headers if lower_name(header[0]) not in RESPONSE_DROPS])


def check_bounds(headers: tuple[Header, ...] | list[Header]) -> None:
    """Raise Malformed where there are too many headers, too many bytes of them, or a line break in a value."""
    if len(headers) > HEADERS_MAX:
        raise Malformed("BadRequest", f"more than {HEADERS_MAX} headers")
    values = b"".join([value for _, value in headers])
    if len(values) + sum([len(name) + 4 for name, _ in headers]) > HEADER_BYTES_MAX:
        raise Malformed("BadRequest", f"the headers are longer than {HEADER_BYTES_MAX} bytes")
    if b"\r" in values or b"\n" in values or b"\x00" in values:
        raise Malformed("BadRequest", "a line break or a zero byte inside a header")


def read_request_headers(headers: tuple[Header, ...] | list[Header]) -> RequestHeaders:
    """Read the protocol headers of a request that came from an information system.

    Raises Malformed: InvalidClientIdentifier without a usable X-Road-Client, DuplicateHeaderField where a protocol
    header comes with two values, BadRequest for everything else that is broken, and above the bounds.
    """
    check_bounds(headers)
    return read_bounded_headers(headers)


def read_bounded_headers(headers: Iterable[Header]) -> RequestHeaders:
    """As `read_request_headers`, for headers whose number and size were looked at already."""
    found, accept = _protocol_values(headers)
    client = found.get(CLIENT)
    if not client:
        raise Malformed("InvalidClientIdentifier", "the header X-Road-Client is missing")
    security_server = found.get(b"x-road-security-server")
    party = found.get(b"x-road-represented-party")
    fields = found.get(b"lienthong-fields")
    return RequestHeaders(
        client_of(client),
        id_of(found.get(MESSAGE_ID)),
        _optional(found, b"x-road-userid"),
        _optional(found, b"x-road-issue"),
        parse_node_id(_text(security_server)) if security_server else None,
        parse_represented_party(_text(party)) if party else None,
        reason_of(found),
        _fields(fields) if fields else (),
        accept,
    )


def _protocol_values(headers: Iterable[Header]) -> tuple[dict[bytes, bytes], tuple[bytes, ...]]:
    found: dict[bytes, bytes] = {}
    accept: list[bytes] = []
    for name, value in headers:
        lower = lower_name(name)
        if lower in _PROTOCOL_HEADERS:
            if found.setdefault(lower, value) != value:
                raise Malformed("DuplicateHeaderField", f"the header {lower.decode()} comes with two values")
        elif lower == b"accept":
            accept.append(value)
    return found, tuple(accept)


def client_of(value: bytes) -> ClientId:
    known = _CLIENTS.known.get(value)
    if known is not None:
        return known
    try:
        return _CLIENTS.keep(value, parse_client_id(_text(value)))
    except Malformed as broken:
        raise Malformed("InvalidClientIdentifier", f"X-Road-Client: {broken.message}") from None


def id_of(value: bytes | None) -> str | None:
    if value is None:
        return None
    if not value:
        raise Malformed("BadRequest", "the header X-Road-Id is empty")
    text = _text(value)
    if len(text) > MESSAGE_ID_LENGTH_MAX:
        raise Malformed("BadRequest", f"X-Road-Id is longer than {MESSAGE_ID_LENGTH_MAX} characters")
    return text


def _text(value: bytes) -> str:
    if len(value) > VALUE_BYTES_MAX:
        raise Malformed("BadRequest", f"a protocol header is longer than {VALUE_BYTES_MAX} bytes")
    try:
        text = value.decode("utf-8")
    except UnicodeDecodeError:
        raise Malformed("BadRequest", "a protocol header is not UTF-8") from None
    if CONTROL.search(text) is not None:
        raise Malformed("BadRequest", "a protocol header holds control characters")
    return text


def _optional(found: dict[bytes, bytes], name: bytes) -> str | None:
    value = found.get(name)
    return _text(value) if value else None


def reason_of(found: dict[bytes, bytes]) -> Reason:
    purpose, procedure = found.get(b"lienthong-purpose"), found.get(b"lienthong-procedure")
    case, officer = found.get(b"lienthong-case"), found.get(b"x-road-userid")
    stated = (purpose, procedure, case, officer)
    known = _REASONS.known.get(stated)
    if known is not None:
        return known
    reason = Reason(
        _text(purpose) if purpose else None,
        _text(procedure) if procedure else None,
        _text(case) if case else None,
        _text(officer) if officer else None,
    )
    return _REASONS.keep(stated, reason)


@lru_cache(maxsize=4096)
def _fields(value: bytes) -> tuple[str, ...]:
    try:
        names = [name.strip() for name in value.decode("utf-8").split(",")]
    except UnicodeDecodeError:
        raise Malformed("BadRequest", "Lienthong-Fields is not UTF-8") from None
    if len(names) > FIELDS_MAX:
        raise Malformed("BadRequest", f"Lienthong-Fields names more than {FIELDS_MAX} fields")
    if any(_FIELD.match(name) is None for name in names):
        raise Malformed("BadRequest", "Lienthong-Fields is not a comma-separated list of dotted field names")
    return tuple(dict.fromkeys(names))
