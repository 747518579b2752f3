"""What the machines of an exchange are told. Nouns only; times are ms since the epoch, ids are made outside."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from mypy_extensions import mypyc_attr

from lienthong.domain.errors import LienthongError
from lienthong.domain.identifiers import ClientId
from lienthong.domain.network import Node
from lienthong.domain.value import Value
from lienthong.evidence.batch import Seat
from lienthong.evidence.digest import MessageDigests
from lienthong.evidence.signature import Signature, Verified

Headers = list[tuple[bytes, bytes]]


@mypyc_attr(acyclic=True, free_list_len=1)
@dataclass(init=False)
class RequestReceived:
    """A system sent a request to its node. `speaks_for` are the clients whose name it has proved it may use.

    With `streamed` the body follows in pieces and ends with BodyEnded.
    """

    method: Final[bytes]
    target: Final[bytes]
    headers: Final[Headers]
    body: Final[bytes | None]
    speaks_for: Final[frozenset[ClientId]]
    request_id: Final[str]
    generated_id: Final[str]
    now_ms: Final[int]
    streamed: Final[bool]

    def __init__(
        self,
        method: bytes,
        target: bytes,
        headers: Headers,
        body: bytes | None,
        speaks_for: frozenset[ClientId],
        request_id: str,
        generated_id: str,
        now_ms: int,
        streamed: bool = False,
    ) -> None:
        self.method = method
        self.target = target
        self.headers = headers
        self.body = body
        self.speaks_for = speaks_for
        self.request_id = request_id
        self.generated_id = generated_id
        self.now_ms = now_ms
        self.streamed = streamed


@mypyc_attr(acyclic=True, free_list_len=1)
@dataclass(init=False)
class InBatch:
    """What is known of a message that came among others under one signature: its digests and its seat there.

    Where they were worked out already: `leaf` is that of the digests, `whole` what `whole_digests` says of a request.
    """

    digests: Final[MessageDigests]
    seat: Final[Seat]
    leaf: Final[bytes | None]
    whole: Final[bytes | None]

    def __init__(
        self, digests: MessageDigests, seat: Seat, leaf: bytes | None = None, whole: bytes | None = None
    ) -> None:
        self.digests = digests
        self.seat = seat
        self.leaf = leaf
        self.whole = whole


@mypyc_attr(acyclic=True, free_list_len=1)
@dataclass(init=False)
class MessageReceived:
    """A node sent a signed request message. `peer` is the node whose channel certificate it came through."""

    header_part: Final[bytes]
    body: Final[bytes | None]
    signature: Final[Signature]
    peer: Final[Node]
    now_ms: Final[int]
    batch: Final[InBatch | None]

    def __init__(
        self,
        header_part: bytes,
        body: bytes | None,
        signature: Signature,
        peer: Node,
        now_ms: int,
        batch: InBatch | None = None,
    ) -> None:
        self.header_part = header_part
        self.body = body
        self.signature = signature
        self.peer = peer
        self.now_ms = now_ms
        self.batch = batch


@mypyc_attr(acyclic=True, free_list_len=1)
@dataclass(init=False)
class Signed:
    """The digests of the last Sign effect are signed, alone or at a `seat` among others."""

    signature: Final[Signature]
    seat: Final[Seat | None]

    def __init__(self, signature: Signature, seat: Seat | None = None) -> None:
        self.signature = signature
        self.seat = seat


class CannotSign(Value):
    """They could not be signed."""

    error: LienthongError


@mypyc_attr(acyclic=True, free_list_len=1)
@dataclass(init=False)
class Recorded:
    """The records of the last Append effect are durable."""


class RecordFailed(Value):
    """They could not be made durable."""

    error: LienthongError


@mypyc_attr(acyclic=True, free_list_len=1)
@dataclass(init=False)
class SignatureVerified:
    """The signature of the last Verify effect holds."""

    proof: Final[Verified[MessageDigests]]
    now_ms: Final[int]

    def __init__(self, proof: Verified[MessageDigests], now_ms: int) -> None:
        self.proof = proof
        self.now_ms = now_ms


class SignatureUnproven(Value):
    """It does not hold."""

    error: LienthongError
    now_ms: int


@mypyc_attr(acyclic=True, free_list_len=1)
@dataclass(init=False)
class AnswerReceived:
    """The provider node answered with a signed message."""

    header_part: Final[bytes]
    body: Final[bytes | None]
    signature: Final[Signature]
    now_ms: Final[int]
    batch: Final[InBatch | None]

    def __init__(
        self, header_part: bytes, body: bytes | None, signature: Signature, now_ms: int, batch: InBatch | None = None
    ) -> None:
        self.header_part = header_part
        self.body = body
        self.signature = signature
        self.now_ms = now_ms
        self.batch = batch


class SendFailed(Value):
    """The provider node did not answer with a signed message."""

    error: LienthongError
    now_ms: int


@mypyc_attr(acyclic=True, free_list_len=1)
@dataclass(init=False)
class ServiceAnswered:
    """The provider's system answered the call."""

    status: Final[int]
    reason: Final[bytes]
    headers: Final[Headers]
    body: Final[bytes | None]
    now_ms: Final[int]

    def __init__(self, status: int, reason: bytes, headers: Headers, body: bytes | None, now_ms: int) -> None:
        self.status = status
        self.reason = reason
        self.headers = headers
        self.body = body
        self.now_ms = now_ms


class ServiceFailed(Value):
    """The provider's system could not be called or did not answer properly."""

    error: LienthongError
    now_ms: int


class MarkSigned(Value):
    """The mark of the last SignMark effect."""

    signature: Signature


class MarkVerified(Value):
    """The mark of the last VerifyMark effect holds."""

    now_ms: int


class BodyEnded(Value):
    """The streamed body of the request is complete."""

    body_digest: bytes


class CallerGone(Value):
    """The caller broke off before its streamed body was complete."""

    now_ms: int


class AnswerStreamOpened(Value):
    """The provider node began a streamed answer. `mark` is its signed beginning, not believed yet."""

    header_part: bytes
    mark: Signature
    now_ms: int


class AnswerStreamEnded(Value):
    """The streamed answer is complete."""

    body_digest: bytes
    signature: Signature
    now_ms: int


class MessageStreamOpened(Value):
    """A node began a streamed request message. `mark` is its signed beginning, not believed yet."""

    header_part: bytes
    mark: Signature
    peer: Node
    now_ms: int


class MessageStreamEnded(Value):
    """The streamed request message is complete."""

    body_digest: bytes
    signature: Signature
    now_ms: int


class StreamBroken(Value):
    """A stream that arrives ended early, or a piece of it does not hold."""

    error: LienthongError
    now_ms: int


class ServiceStreamOpened(Value):
    """The provider's system began a large answer."""

    status: int
    reason: bytes
    headers: Headers
    now_ms: int


class ServiceStreamEnded(Value):
    """The large answer is complete."""

    body_digest: bytes
    now_ms: int
