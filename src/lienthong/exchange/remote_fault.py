"""Errors that the provider's node tells the consumer's node: a signed response with X-Road-Error. Pure.

The body is the JSON error document of PR-REST 4.6; the clause of a refusal is in ``Lienthong-Clause``.
"""

from __future__ import annotations

from typing import NamedTuple

import msgspec

from lienthong.domain.errors import LienthongError, Refused, Unavailable
from lienthong.wire.parts import NodeFault, ResponsePart

_PREFIX = "Server.ServerProxy."
_WORD_LENGTH_MAX = 200


class _Document(msgspec.Struct):
    type: str = ""
    message: str = ""
    detail: str = ""


class RefusalMessage(NamedTuple):
    """What becomes the signed response of a refusal."""

    fault: NodeFault
    body: bytes


_encoder = msgspec.json.Encoder()
_decoder = msgspec.json.Decoder(_Document)


def refusal_message(error: LienthongError, detail: str) -> RefusalMessage:
    """The fault and body of the response in which the provider's node refuses or fails.

    `detail` is the id under which the node's logs have the refusal: the request id.
    """
    fault = NodeFault(_PREFIX + error.code, error.clause)
    return RefusalMessage(fault, _encoder.encode(_Document(fault.code, error.message, detail)))


def remote_fault(part: ResponsePart, body: bytes | None) -> LienthongError | None:
    """The error in a verified response, or None for an ordinary answer."""
    if part.fault is None:
        return None
    try:
        message = _decoder.decode(body or b"{}").message
    except msgspec.DecodeError:
        message = "the provider's node refused without a readable reason"
    # What the other node says goes into our ledger, whose texts are bounded.
    code = part.fault.removeprefix(_PREFIX)[:_WORD_LENGTH_MAX]
    if part.clause is None:
        return Unavailable(code, message)
    return Refused(code, message, clause=part.clause[:_WORD_LENGTH_MAX])
