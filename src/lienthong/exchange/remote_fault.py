"""Errors that the provider's node tells the consumer's node: a signed response with X-Road-Error. Pure.

The body is the JSON error document of PR-REST 4.6; the clause of a refusal is in ``Lienthong-Clause``.
"""

from __future__ import annotations

from typing import NamedTuple

import msgspec

from lienthong.domain.errors import LienthongError, Refused, Unavailable

ERROR_HEADER = b"x-road-error"
CLAUSE_HEADER = b"lienthong-clause"
_PREFIX = "Server.ServerProxy."


class _Document(msgspec.Struct):
    type: str
    message: str = ""
    detail: str = ""


class RefusalMessage(NamedTuple):
    """What becomes the signed response of a refusal."""

    status: int
    reason: bytes
    headers: list[tuple[bytes, bytes]]
    body: bytes


_encoder = msgspec.json.Encoder()
_decoder = msgspec.json.Decoder(_Document)


def refusal_message(error: LienthongError, detail: str) -> RefusalMessage:
    """The response in which the provider's node refuses or fails; always 500, the consumer's node decides the rest."""
    fault_type = _PREFIX + error.code
    headers = [(b"content-type", b"application/json"), (ERROR_HEADER, fault_type.encode())]
    if error.clause:
        headers.append((CLAUSE_HEADER, error.clause.encode()))
    body = _encoder.encode(_Document(fault_type, error.message, detail))
    return RefusalMessage(500, b"Internal Server Error", headers, body)


def remote_fault(headers: list[tuple[bytes, bytes]], body: bytes | None) -> LienthongError | None:
    """The error in a verified response, or None for an ordinary answer."""
    fault_type = clause = None
    for name, value in headers:
        if name == ERROR_HEADER:
            fault_type = value.decode("latin-1")
        elif name == CLAUSE_HEADER:
            clause = value.decode("latin-1")
    if fault_type is None:
        return None
    try:
        message = _decoder.decode(body or b"{}").message
    except msgspec.DecodeError:
        message = "the provider's node refused without a readable reason"
    code = fault_type.removeprefix(_PREFIX)
    return Refused(code, message, clause=clause) if clause else Unavailable(code, message)
