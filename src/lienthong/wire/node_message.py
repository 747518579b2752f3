"""Node to node, baseline form: one signed message in one HTTP/1.1 exchange (docs/protocols/node-to-node.md). Pure.

Content is the header part followed by the body; ``Lienthong-Header-Length`` says where the body begins and
``Lienthong-Signature`` carries the sender's signature. An answer has the same shape. A content of another type is
an unsigned error of the other node.
"""

from __future__ import annotations

import re

import msgspec

from lienthong.domain.errors import LienthongError, Malformed, Unavailable, Unproven
from lienthong.domain.value import Value

EXCHANGE_PATH = b"/exchange"
ANSWER_PATH = b"/exchange/"
_PREFIX = "Server.ServerProxy."
_CODE_LENGTH_MAX = 200
MEDIA_TYPE = b"application/vnd.lienthong.message"

_REQUEST_HEAD = (
    b"POST /exchange HTTP/1.1\r\nHost: %b\r\nContent-Type: application/vnd.lienthong.message\r\n"
    b"Lienthong-Header-Length: %d\r\nLienthong-Signature: %b\r\nContent-Length: %d\r\n\r\n"
)
_ANSWER_HEAD = (
    b"HTTP/1.1 200 OK\r\nContent-Type: application/vnd.lienthong.message\r\n"
    b"Lienthong-Header-Length: %d\r\nLienthong-Signature: %b\r\nContent-Length: %d\r\n\r\n"
)
_STREAM_REQUEST = b"POST /exchange HTTP/1.1\r\nHost: %b\r\nContent-Type: application/vnd.lienthong.stream\r\n"
_STREAM_ANSWER = b"HTTP/1.1 200 OK\r\nContent-Type: application/vnd.lienthong.stream\r\n"


class CarriedMessage(Value):
    """A message as it arrived: not verified yet."""

    header_part: bytes
    body: bytes | None
    signature: bytes


class _Fault(msgspec.Struct):
    type: str
    message: str = ""
    detail: str = ""


_fault_decoder = msgspec.json.Decoder(_Fault)
_fault_encoder = msgspec.json.Encoder()


def request_bytes(host: bytes, header_part: bytes, body: bytes | None, *, signature: bytes) -> bytes:
    """The whole HTTP request that carries a message."""
    content = header_part if body is None else header_part + body
    return _REQUEST_HEAD % (host, len(header_part), signature, len(content)) + content


def answer_bytes(header_part: bytes, body: bytes | None, *, signature: bytes, ends: bool = False) -> bytes:
    """The whole HTTP answer that carries a message. `ends`: it says that the connection ends with it."""
    content = header_part if body is None else header_part + body
    data = _ANSWER_HEAD % (len(header_part), signature, len(content)) + content
    return data.replace(b"\r\n", b"\r\nConnection: close\r\n", 1) if ends else data


_HEAD_TAIL = (
    rb"Content-Type: application/vnd\.lienthong\.message\r\nLienthong-Header-Length: ([1-9][0-9]{0,5})\r\n"
    rb"Lienthong-Signature: ([!-~]{1,256})\r\nContent-Length: ([1-9][0-9]{0,8})\r\n\r\n"
)
_WHOLE_REQUEST = re.compile(rb"POST /exchange HTTP/1\.1\r\nHost: [!-~]{1,255}\r\n" + _HEAD_TAIL)
_WHOLE_ANSWER = re.compile(rb"HTTP/1\.1 200 OK\r\n" + _HEAD_TAIL)


def whole_request(data: bytes) -> CarriedMessage | None:
    """The message, if `data` is exactly one request as `request_bytes` makes it; None for anything else."""
    return _whole(_WHOLE_REQUEST.match(data), data)


def whole_answer(data: bytes) -> CarriedMessage | None:
    """The message, if `data` is exactly one answer as `answer_bytes` makes it; None for anything else."""
    return _whole(_WHOLE_ANSWER.match(data), data)


def _whole(head: re.Match[bytes] | None, data: bytes) -> CarriedMessage | None:
    if head is None:
        return None
    start, part_length = head.end(), int(head[1])
    content_length = len(data) - start
    if content_length != int(head[3]) or part_length > content_length:
        return None
    if part_length == content_length:
        return CarriedMessage(data[start:], None, head[2])
    return CarriedMessage(data[start : start + part_length], data[start + part_length :], head[2])


def stream_request_head(host: bytes, first_frame: bytes, length: int | None) -> bytes:
    """The beginning of an HTTP request that carries a stream of `length` bytes (None = not known)."""
    return _STREAM_REQUEST % host + _framed(first_frame, length)


def stream_answer_head(first_frame: bytes, length: int | None) -> bytes:
    """The beginning of an HTTP answer that carries a stream."""
    return _STREAM_ANSWER + _framed(first_frame, length)


def _framed(first_frame: bytes, length: int | None) -> bytes:
    if length is None:
        return b"Transfer-Encoding: chunked\r\n\r\n%x\r\n%b\r\n" % (len(first_frame), first_frame)
    return b"Content-Length: %d\r\n\r\n%b" % (length, first_frame)


def carried_message(headers: list[tuple[bytes, bytes]], content: bytes | None) -> CarriedMessage | None:
    """The message in an HTTP exchange, or None if the content is of another type; raises Malformed."""
    media = signature = length = None
    for name, value in headers:
        lowered = name.lower()
        if lowered == b"content-type":
            media = value
        elif lowered == b"lienthong-signature":
            signature = value
        elif lowered == b"lienthong-header-length":
            length = value
    if media != MEDIA_TYPE:
        return None
    if signature is None:
        raise Malformed("MissingSignature", "the message carries no signature")
    if length is None or not length.isdigit() or len(length) > 6:
        raise Malformed("InvalidMessage", "the message does not say how long its header part is")
    size = int(length)
    if content is None or not 0 < size <= len(content):
        raise Malformed("InvalidMessage", "the header part is longer than the message")
    if size == len(content):
        return CarriedMessage(content, None, signature)
    return CarriedMessage(content[:size], content[size:], signature)


def fault_body(fault_type: str, message: str, detail: str) -> bytes:
    """The unsigned error document one node tells another before it believes a message."""
    return _fault_encoder.encode(_Fault(fault_type, message, detail))


def told_fault(error: LienthongError, detail: str) -> tuple[int, bytes]:
    """Status and document with which a node tells another an error without a signature."""
    status = 400 if isinstance(error, Malformed) else 503 if isinstance(error, Unavailable) else 403
    return status, fault_body(_PREFIX + error.code, error.message, detail)


_TOKEN = re.compile(rb"[!-~]{1,256}")


def waiting_request(host: bytes, token: bytes) -> bytes:
    """The HTTP request for an answer that waits under `token`, because it is too large for a trunk.

    Raises Unavailable HttpError for a token that would be more than one word of the request.
    """
    if _TOKEN.fullmatch(token) is None:
        raise Unavailable("HttpError", "an answer waits under a name that cannot be asked for")
    return b"GET /exchange/%b HTTP/1.1\r\nHost: %b\r\n\r\n" % (token, host)


def node_fault(status: int, body: bytes | None) -> LienthongError:
    """The error that the other node told without a signature: it explains, and proves nothing."""
    try:
        fault = _fault_decoder.decode(body or b"")
    except msgspec.DecodeError:
        return Unavailable("HttpError", f"the provider's node answered {status} without a message")
    # It keeps the prefix of the side that found it, and a bounded length: it goes into our ledger.
    code = fault.type[:_CODE_LENGTH_MAX]
    if not code.startswith(_PREFIX):
        code = _PREFIX + "InternalError"
    family = Unproven if status == 403 else Unavailable
    return family(code, fault.message)
