"""What the node answers: data with its proofs, or an error with a documented code.

Errors are of the four families of `lienthong.domain.errors`, so that a caller writes ``except Refused``; beside code,
message and clause they carry `told`: where the error came from and under which id the node's log has more.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

import msgspec

from lienthong.domain.error_codes.outages import OUTAGES
from lienthong.domain.error_codes.proofs import PROOFS
from lienthong.domain.error_codes.refusals import REFUSALS
from lienthong.domain.errors import LienthongError, Malformed, Refused, Unavailable, Unproven
from lienthong.wire.faults import CodeStyle, in_style

_TEXT_MAX = 2000


class Told(NamedTuple):
    """How an error was told: HTTP status, full code, id in the node's log, message id."""

    status: int
    full_code: str
    detail: str
    message_id: str


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer of a service through the node. `headers` have lower-case names; times are ISO 8601 as received."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    message_id: str
    request_id: str
    request_hash: str

    @property
    def as_of(self) -> str | None:
        """Of when the data is (Lienthong-Data-As-Of)."""
        return self.headers.get("lienthong-data-as-of")

    @property
    def valid_until(self) -> str | None:
        """Until when it may be used (Lienthong-Valid-Until); None = at once, for this purpose."""
        return self.headers.get("lienthong-valid-until")

    def json(self) -> Any:
        """The body parsed; raises Malformed where it is not JSON."""
        try:
            return msgspec.json.decode(self.body)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            raise Malformed("InvalidBody", "the answer is not JSON") from None


class _FaultBody(msgspec.Struct):
    """X-Road's error document."""

    message: str = ""
    detail: str = ""


class NodeMalformed(Malformed):
    """The node or the other node could not take the request as it was sent."""

    told: Told


class NodeRefused(Refused):
    """Not allowed; `clause` names the clause of the grant that failed."""

    told: Told


class NodeUnproven(Unproven):
    """A signature, certificate or digest did not hold on the way."""

    told: Told


class NodeUnavailable(Unavailable):
    """A node, the service or a document it needs is not there now."""

    told: Told


_FAMILIES = (
    (NodeRefused, frozenset(page.code for page in REFUSALS)),
    (NodeUnproven, frozenset(page.code for page in PROOFS)),
    (NodeUnavailable, frozenset(page.code for page in OUTAGES)),
)


def fault_of(status: int, headers: Mapping[str, str], body: bytes, *, message_id: str) -> LienthongError:
    """The exception for an error that a node answered (header X-Road-Error), in either spelling of codes."""
    full_code = in_style(headers["x-road-error"][:200], CodeStyle.DOCUMENTED)
    try:
        said = msgspec.json.decode(body, type=_FaultBody)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        said = _FaultBody()
    words = full_code.split(".")
    code = ".".join(words[1:] if words[0] in ("Client", "Signer") else words[2:]) or "BadRequest"
    family: Any = NodeMalformed
    for candidate, codes in _FAMILIES:
        if codes & {code, code.partition(".")[0]}:
            family = candidate
    message = said.message[:_TEXT_MAX] or f"the node answered {full_code}"
    error: LienthongError = family(code, message, clause=headers.get("lienthong-clause"))
    error.told = Told(status, full_code, said.detail[:_TEXT_MAX], message_id)  # type: ignore[attr-defined]
    return error
