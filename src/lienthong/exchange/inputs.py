"""What the machines of an exchange are told. Nouns only; times are ms since the epoch, ids are made outside."""

from __future__ import annotations

from msgspec import Struct

from lienthong.domain.errors import LienthongError
from lienthong.domain.identifiers import ClientId
from lienthong.domain.network import Node
from lienthong.evidence.digest import MessageDigests
from lienthong.evidence.signature import Signature, Verified

Headers = list[tuple[bytes, bytes]]


class RequestReceived(Struct, frozen=True):
    """A system sent a request to its node. `speaks_for` are the clients whose name it has proved it may use.

    With `streamed` the body follows in pieces and ends with BodyEnded.
    """

    method: bytes
    target: bytes
    headers: Headers
    body: bytes | None
    speaks_for: frozenset[ClientId]
    request_id: str
    generated_id: str
    now_ms: int
    streamed: bool = False


class MessageReceived(Struct, frozen=True):
    """A node sent a signed request message. `peer` is the node whose channel certificate it came through."""

    header_part: bytes
    body: bytes | None
    signature: Signature
    peer: Node
    now_ms: int


class Signed(Struct, frozen=True):
    """The digests of the last Sign effect are signed."""

    signature: Signature


class CannotSign(Struct, frozen=True):
    """They could not be signed."""

    error: LienthongError


class Recorded(Struct, frozen=True):
    """The records of the last Append effect are durable."""


class RecordFailed(Struct, frozen=True):
    """They could not be made durable."""

    error: LienthongError


class SignatureVerified(Struct, frozen=True):
    """The signature of the last Verify effect holds."""

    proof: Verified[MessageDigests]
    now_ms: int


class SignatureUnproven(Struct, frozen=True):
    """It does not hold."""

    error: LienthongError
    now_ms: int


class AnswerReceived(Struct, frozen=True):
    """The provider node answered with a signed message."""

    header_part: bytes
    body: bytes | None
    signature: Signature
    now_ms: int


class SendFailed(Struct, frozen=True):
    """The provider node did not answer with a signed message."""

    error: LienthongError
    now_ms: int


class ServiceAnswered(Struct, frozen=True):
    """The provider's system answered the call."""

    status: int
    reason: bytes
    headers: Headers
    body: bytes | None
    now_ms: int


class ServiceFailed(Struct, frozen=True):
    """The provider's system could not be called or did not answer properly."""

    error: LienthongError
    now_ms: int


class MarkSigned(Struct, frozen=True):
    """The mark of the last SignMark effect."""

    signature: Signature


class MarkVerified(Struct, frozen=True):
    """The mark of the last VerifyMark effect holds."""

    now_ms: int


class BodyEnded(Struct, frozen=True):
    """The streamed body of the request is complete."""

    body_digest: bytes


class CallerGone(Struct, frozen=True):
    """The caller broke off before its streamed body was complete."""

    now_ms: int


class AnswerStreamOpened(Struct, frozen=True):
    """The provider node began a streamed answer. `mark` is its signed beginning, not believed yet."""

    header_part: bytes
    mark: Signature
    now_ms: int


class AnswerStreamEnded(Struct, frozen=True):
    """The streamed answer is complete."""

    body_digest: bytes
    signature: Signature
    now_ms: int


class MessageStreamOpened(Struct, frozen=True):
    """A node began a streamed request message. `mark` is its signed beginning, not believed yet."""

    header_part: bytes
    mark: Signature
    peer: Node
    now_ms: int


class MessageStreamEnded(Struct, frozen=True):
    """The streamed request message is complete."""

    body_digest: bytes
    signature: Signature
    now_ms: int


class StreamBroken(Struct, frozen=True):
    """A stream that arrives ended early, or a piece of it does not hold."""

    error: LienthongError
    now_ms: int


class ServiceStreamOpened(Struct, frozen=True):
    """The provider's system began a large answer."""

    status: int
    reason: bytes
    headers: Headers
    now_ms: int


class ServiceStreamEnded(Struct, frozen=True):
    """The large answer is complete."""

    body_digest: bytes
    now_ms: int
