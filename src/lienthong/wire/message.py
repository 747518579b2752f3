"""The two halves of an exchange as bytes: what is hashed, signed and logged (PR-REST 4.3, 4.5).

A request's header part is ``METHOD CRLF target CRLF (Name:Value CRLF)*``, a response's is ``status CRLF reason CRLF
(Name:Value CRLF)*``; no space after the colon, names and values as received. The first byte tells them apart.
X-Road-Request-Hash is base64 of SHA-512 over the header part, or over both digests where there is a body; a body
of zero bytes is no body.
"""

from __future__ import annotations

import hashlib
from binascii import b2a_base64
from collections.abc import Iterable
from typing import Final

from lienthong.domain.errors import Malformed, Unproven
from lienthong.domain.identifiers import ClientId, ServiceId, encode_parts, parse_client_id, parse_service_id
from lienthong.domain.memo import Memo
from lienthong.wire.header_line import line_of_text, usual_of_part, usual_of_service
from lienthong.wire.headers import (
    CLIENT,
    CONTROL,
    HEADER_BYTES_MAX,
    HEADERS_MAX,
    MESSAGE_ID,
    REQUEST_DROPS,
    REQUEST_HASH,
    REQUEST_ID,
    RESPONSE_DROPS,
    SERVICE,
    Header,
    lower_name,
    read_bounded_headers,
)
from lienthong.wire.parts import NodeFault, RequestPart, ResponseIds, ResponsePart
from lienthong.wire.request_line import TARGET_LENGTH_MAX, parse_request_line

PART_BYTES_MAX: Final = HEADER_BYTES_MAX + TARGET_LENGTH_MAX + 4096
REASON_LENGTH_MAX: Final = 256

_ADDED_MAX: Final = 7
_HOP_IN_REQUEST: Final = REQUEST_DROPS - {REQUEST_ID}
_MADE_BY_NODE: Final = frozenset({MESSAGE_ID, CLIENT, SERVICE, REQUEST_ID, REQUEST_HASH})
FAULT: Final = b"x-road-error"
CLAUSE: Final = b"lienthong-clause"
_HOP_IN_RESPONSE: Final = RESPONSE_DROPS - _MADE_BY_NODE - {FAULT, CLAUSE}


def request_header_part(
    method: bytes, target: bytes, *, headers: Iterable[Header], request_id: str, generated_id: str | None = None
) -> bytes:
    """The header part of a request; headers that do not travel are left out.

    `generated_id` is the message id where the client sent none. Raises Malformed where a line break or a broken
    name would make the part ambiguous.
    """
    lines = [method, target]
    lines += [name + b":" + value for name, value in headers if lower_name(name) not in REQUEST_DROPS]
    lines.append(b"x-road-request-id:" + request_id.encode())
    if generated_id is not None:
        lines.append(b"x-road-id:" + generated_id.encode())
    return _joined(lines)


def usual_request_part(
    method: bytes, target: bytes, lines: bytes, *, request_id: str, generated_id: str | None = None
) -> bytes:
    """As `request_header_part`, of the lines of usual headers (`header_line`) and a request line that was read."""
    made = b"" if generated_id is None else b"x-road-id:%b\r\n" % generated_id.encode()
    return b"%b\r\n%b\r\n%bx-road-request-id:%b\r\n%b" % (method, target, lines, request_id.encode(), made)


def response_header_part(
    status: int, reason: bytes, *, headers: Iterable[Header], ids: ResponseIds, fault: NodeFault | None = None
) -> bytes:
    """The header part of a response; headers that do not travel are left out, those of the node come last."""
    if fault is None:
        usual = usual_of_service(headers)
        if usual is not None and _one_line(reason):
            return b"%b\r\n%b\r\n%b%b" % (_number(status), reason, usual, _response_tail(ids))
    lines = [b"%d" % status, reason]
    lines += [name + b":" + value for name, value in headers if lower_name(name) not in RESPONSE_DROPS]
    if fault is not None:
        lines.append(b"x-road-error:" + fault.code.encode())
        if fault.clause:
            lines.append(b"lienthong-clause:" + fault.clause.encode())
    lines.append(_response_tail(ids)[:-2])
    return _joined(lines, inner_breaks=4)


_ADDRESSES: Final[Memo[tuple[ClientId, ServiceId], bytes]] = Memo(16384)


def _addresses(client: ClientId, service: ServiceId) -> bytes:
    known = _ADDRESSES.known.get((client, service))
    if known is not None:
        return known
    return _ADDRESSES.keep((client, service), address_lines(client, service))


def address_lines(client: ClientId, service: ServiceId) -> bytes:
    """The lines of a response that name client and service of its request, as they were sent."""
    return f"x-road-client:{encode_parts(client)}\r\nx-road-service:{encode_parts(service)}".encode()


def _joined(lines: list[bytes], inner_breaks: int = 0) -> bytes:
    part = b"\r\n".join(lines) + b"\r\n"
    breaks = len(lines) + inner_breaks
    if part.count(b"\n") != breaks or part.count(b"\r") != breaks:
        raise Malformed("BadRequest", "a line break inside a header")
    return part


def request_hash(header_digest: bytes, body_digest: bytes | None) -> bytes:
    """X-Road-Request-Hash in base64 from the SHA-512 digests of header part and body (None = no body)."""
    if body_digest is None:
        return request_hash_text(header_digest)
    return request_hash_text(hashlib.sha512(header_digest + body_digest).digest())


def request_hash_text(whole: bytes) -> bytes:
    """X-Road-Request-Hash from the digest that it tells."""
    return b2a_base64(whole, newline=False)


def parse_request_part(part: bytes) -> RequestPart:
    """Read a request header part that came from another node; raises Malformed."""
    usual = _usual_request(part)
    return _unusual_request(part) if usual is None else usual


def _usual_request(part: bytes) -> RequestPart | None:
    """The part, where all of its lines are usual; what is wrong with another one, `_unusual_request` says."""
    lines = part.split(b"\r\n")
    if len(part) > PART_BYTES_MAX or not 3 < len(lines) <= HEADERS_MAX or lines[-1]:
        return None
    texts = lines[2:-1]
    usual = usual_of_part(texts)
    if usual is None:
        return None
    try:
        line = parse_request_line(lines[0], lines[1])
        request_id = None if usual.request_id is None else _id_text(usual.request_id)
    except Malformed:
        return None
    return RequestPart(line, lines[1], tuple(texts), usual.read, request_id)


def _unusual_request(part: bytes) -> RequestPart:
    method, target, lines = _lines(part)
    line = parse_request_line(method, target)
    headers: list[Header] = []
    request_id: bytes | None = None
    for text in lines:
        name, colon, value = text.partition(b":")
        lower = lower_name(name)
        if not colon or lower in _HOP_IN_REQUEST:
            raise Malformed("InvalidMessage", "the header part holds a line that must not be there")
        if lower != REQUEST_ID:
            headers.append((name, value))
        elif request_id is None:
            request_id = value
        else:
            raise Malformed("DuplicateHeaderField", "the header x-road-request-id comes twice")
    read = read_bounded_headers(headers)
    return RequestPart(line, target, tuple(lines), read, None if request_id is None else _id_text(request_id))


def parse_response_part(part: bytes) -> ResponsePart:
    """Read a response header part that came from another node; raises Malformed."""
    status, reason, lines = _lines(part)
    if len(status) != 3 or not status.isdigit() or status[0] == 0x30:
        raise Malformed("InvalidMessage", "the status of the response is not a number from 100 to 999")
    if len(reason) > REASON_LENGTH_MAX:
        raise Malformed("InvalidMessage", "the reason phrase of the response is too long")
    made: dict[bytes, bytes] = {}
    kept: list[Header] = []
    for text in lines:
        name, colon, value = text.partition(b":")
        lower = lower_name(name)
        if not colon or lower in _HOP_IN_RESPONSE:
            raise Malformed("InvalidMessage", "the header part holds a line that must not be there")
        if lower not in _MADE_BY_NODE and lower != FAULT and lower != CLAUSE:
            kept.append((name, value))
        elif lower in made:
            raise Malformed("DuplicateHeaderField", f"the header {lower.decode()} comes twice")
        else:
            made[lower] = value
    if not made.get(REQUEST_HASH):
        raise Malformed("MissingHeader", "the response lacks x-road-request-hash")
    return ResponsePart(
        int(status),
        reason,
        tuple(kept),
        _id_text(made[MESSAGE_ID]) if MESSAGE_ID in made else None,
        parse_client_id(_id_text(made[CLIENT])) if CLIENT in made else None,
        parse_service_id(_id_text(made[SERVICE])) if SERVICE in made else None,
        _id_text(made[REQUEST_ID]) if REQUEST_ID in made else None,
        made[REQUEST_HASH],
        _id_text(made[FAULT]) if FAULT in made else None,
        _id_text(made[CLAUSE]) if CLAUSE in made else None,
    )


def _lines(part: bytes) -> tuple[bytes, bytes, list[bytes]]:
    """First line, second line, header lines; every line ends with CRLF and no other CR or LF is there."""
    if len(part) > PART_BYTES_MAX:
        raise Malformed("InvalidMessage", f"the header part is longer than {PART_BYTES_MAX} bytes")
    lines = part.split(b"\r\n")
    breaks = len(lines) - 1
    if lines[-1] or breaks < 2 or part.count(b"\n") != breaks or part.count(b"\r") != breaks:
        raise Malformed("InvalidMessage", "the header part is not a sequence of lines that end with CRLF")
    if breaks > HEADERS_MAX + _ADDED_MAX + 2:
        raise Malformed("InvalidMessage", "the header part has too many headers")
    return lines[0], lines[1], lines[2:-1]


def _id_text(value: bytes) -> str:
    try:
        text = value.decode("utf-8")
    except UnicodeDecodeError:
        raise Malformed("InvalidMessage", "an identifier of the message is not UTF-8") from None
    if CONTROL.search(text) is not None:
        raise Malformed("InvalidMessage", "an identifier of the message holds control characters")
    return text


def read_response(part: bytes, sent: ResponseIds) -> ResponsePart:
    """As `parse_response_part`, quicker for the usual answer to the request with the ids `sent`; raises as it does.

    A part that ends exactly as that answer must end, and whose other lines are usual and the service's own, needs no
    closer look; its `headers` are left unread then.
    """
    tail = _response_tail(sent)
    if part.endswith(tail) and len(part) <= PART_BYTES_MAX:
        lines = part[: -len(tail)].split(b"\r\n")
        known = _STATUS_LINES.known.get(lines[0])
        if known is None:
            known = _status(lines[0])
        if known and _all_of_service(lines):
            return ResponsePart(
                known,
                lines[1],
                (),
                sent.message_id,
                sent.client,
                sent.service,
                sent.request_id,
                sent.request_hash,
            )
    return parse_response_part(part)


_NUMBERS: Final[Memo[int, bytes]] = Memo(1000)


def _one_line(text: bytes) -> bool:
    """No line break in it. (`in` would make an error of its argument first, which is no number.)"""
    return text.find(b"\r") < 0 and text.find(b"\n") < 0


def _number(status: int) -> bytes:
    known = _NUMBERS.known.get(status)
    return _NUMBERS.keep(status, b"%d" % status) if known is None else known


_STATUS_LINES: Final[Memo[bytes, int]] = Memo(1000)


def _status(text: bytes) -> int:
    """The number, 0 where it is none from 100 to 999."""
    if len(text) != 3 or not text.isdigit() or text[0] == 0x30:
        return 0
    return _STATUS_LINES.keep(text, int(text))


def _all_of_service(lines: list[bytes]) -> bool:
    """Whether status and reason are followed by usual lines of a service alone, and by a line break."""
    last = len(lines) - 1
    if last < 2 or last > HEADERS_MAX + 2 or lines[last]:
        return False
    reason = lines[1]
    if len(reason) > REASON_LENGTH_MAX or not _one_line(reason):
        return False
    for text in lines[2:last]:
        line = line_of_text(text)
        if line is None or not line.of_service:
            return False
    return True


def _response_tail(ids: ResponseIds) -> bytes:
    addresses = ids.addresses
    return b"x-road-id:%b\r\n%b\r\nx-road-request-id:%b\r\nx-road-request-hash:%b\r\n" % (
        ids.message_id.encode(),
        _addresses(ids.client, ids.service) if addresses is None else addresses,
        ids.request_id.encode(),
        ids.request_hash,
    )


def header_lines(part: bytes) -> bytes:
    """The ``Name:Value CRLF`` lines of a header part, as they were signed."""
    return part[part.index(b"\r\n", part.index(b"\r\n") + 2) + 2 :]


def metadata_only_part(part: bytes) -> bytes:
    """What is kept of a header part where content is not: no path after the service code, no query, x-road-* only."""
    first, second, *lines = part.split(b"\r\n")
    if not first[:1].isdigit():
        second = b"/".join(second.partition(b"?")[0].split(b"/")[:7])
    kept = [line for line in lines if line[:7].lower() == b"x-road-"]
    return b"\r\n".join([first, second, *kept, b""])


def check_response(response: ResponsePart, sent: ResponseIds) -> ResponsePart:
    """The response, proven to answer the request; raises Unproven InconsistentResponse (PR-REST 4.3)."""
    if response.message_id != sent.message_id:
        raise Unproven("InconsistentResponse", "the message id of the response is not that of the request")
    if response.client != sent.client:
        raise Unproven("InconsistentResponse", "the client of the response is not that of the request")
    if response.service != sent.service:
        raise Unproven("InconsistentResponse", "the service of the response is not that of the request")
    if response.request_id != sent.request_id:
        raise Unproven("InconsistentResponse", "the request id of the response is not that of the request")
    if response.request_hash != sent.request_hash:
        raise Unproven("InconsistentResponse", "the request hash of the response is not that of the request")
    return response
