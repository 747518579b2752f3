"""What the machines of an exchange ask the outside to do."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from mypy_extensions import mypyc_attr

from lienthong.domain.decision import Permit
from lienthong.domain.errors import LienthongError
from lienthong.domain.identifiers import MemberId
from lienthong.domain.network import Node, SigningCertificate
from lienthong.domain.value import Value
from lienthong.evidence.batch import Seat
from lienthong.evidence.digest import Draft, MessageDigests
from lienthong.evidence.record import Record, RecordKind
from lienthong.evidence.signature import Signature
from lienthong.wire.faults import Side


@mypyc_attr(acyclic=True, free_list_len=1)
@dataclass(init=False)
class Sign:
    """Sign `message` with the key of `member`; answer with Signed or CannotSign.

    With `at_once` before any other input; else whenever it suits, so that many can be signed together. `size` is that
    of header part and body; `node` is to which a request goes: messages to one node may share a signature.
    """

    message: Final[MessageDigests | Draft]
    member: Final[MemberId]
    size: Final[int]
    node: Final[Node | None]
    at_once: Final[bool]

    def __init__(
        self,
        message: MessageDigests | Draft,
        member: MemberId,
        size: int = 0,
        node: Node | None = None,
        at_once: bool = False,
    ) -> None:
        self.message = message
        self.member = member
        self.size = size
        self.node = node
        self.at_once = at_once

    @property
    def digests(self) -> MessageDigests:
        """What is signed of the message."""
        message = self.message
        return message.digests if isinstance(message, Draft) else message


@mypyc_attr(acyclic=True, free_list_len=1)
@dataclass(init=False)
class Verify:
    """Verify; answer with SignatureVerified or SignatureUnproven. `seat`: in its batch; `at_once` as in Sign."""

    signature: Final[Signature]
    digests: Final[MessageDigests]
    certificate: Final[SigningCertificate]
    seat: Final[Seat | None]
    at_once: Final[bool]

    def __init__(
        self,
        signature: Signature,
        digests: MessageDigests,
        certificate: SigningCertificate,
        seat: Seat | None = None,
        at_once: bool = False,
    ) -> None:
        self.signature = signature
        self.digests = digests
        self.certificate = certificate
        self.seat = seat
        self.at_once = at_once


@mypyc_attr(acyclic=True, free_list_len=1)
@dataclass(init=False)
class Append:
    """Make the records durable; answer with Recorded or RecordFailed.

    The record of a message of a batch has its seat there, and no signature: it becomes durable with the signature of
    its batch. Where there is no other record, `in_batch` says which kind it has.
    """

    records: Final[tuple[Record, ...]]
    in_batch: Final[RecordKind | None]

    def __init__(self, records: tuple[Record, ...], in_batch: RecordKind | None = None) -> None:
        self.records = records
        self.in_batch = in_batch


@mypyc_attr(acyclic=True, free_list_len=1)
@dataclass(init=False)
class Send:
    """Send the signed request to the provider's node; answer with AnswerReceived or SendFailed."""

    node: Final[Node]
    header_part: Final[bytes]
    body: Final[bytes | None]
    signature: Final[Signature]

    def __init__(self, node: Node, header_part: bytes, body: bytes | None, signature: Signature) -> None:
        self.node = node
        self.header_part = header_part
        self.body = body
        self.signature = signature


@mypyc_attr(acyclic=True, free_list_len=1)
@dataclass(init=False)
class CallService:
    """Call the provider's system. It needs the Permit. Answer with ServiceAnswered or ServiceFailed."""

    permit: Final[Permit]
    method: Final[str]
    path: Final[str]
    query: Final[str | None]
    header_lines: Final[bytes]
    body: Final[bytes | None]
    repeatable: Final[bool]

    def __init__(
        self,
        permit: Permit,
        method: str,
        path: str,
        query: str | None,
        header_lines: bytes,
        body: bytes | None,
        repeatable: bool,
    ) -> None:
        self.permit = permit
        self.method = method
        self.path = path
        self.query = query
        self.header_lines = header_lines
        self.body = body
        self.repeatable = repeatable


@mypyc_attr(acyclic=True, free_list_len=1)
@dataclass(init=False)
class Reply:
    """Answer the consumer's node with a signed message; `outcome` is the code of a refusal, else empty."""

    header_part: Final[bytes]
    body: Final[bytes | None]
    signature: Final[Signature]
    outcome: Final[str]

    def __init__(self, header_part: bytes, body: bytes | None, signature: Signature, outcome: str) -> None:
        self.header_part = header_part
        self.body = body
        self.signature = signature
        self.outcome = outcome


@mypyc_attr(acyclic=True, free_list_len=1)
@dataclass(init=False)
class Answer:
    """Answer the calling system. `header_lines` are ``Name:Value CRLF`` lines as they were signed."""

    status: Final[int]
    reason: Final[bytes]
    header_lines: Final[bytes]
    body: Final[bytes | None]

    def __init__(self, status: int, reason: bytes, header_lines: bytes, body: bytes | None) -> None:
        self.status = status
        self.reason = reason
        self.header_lines = header_lines
        self.body = body


@mypyc_attr(acyclic=True, free_list_len=1)
@dataclass(init=False)
class Fault:
    """Answer with an error that this node makes; `side` decides the prefix of its code."""

    error: Final[LienthongError]
    side: Final[Side]
    message_id: Final[str | None]

    def __init__(self, error: LienthongError, side: Side, message_id: str | None) -> None:
        self.error = error
        self.side = side
        self.message_id = message_id


class SignMark(Value):
    """Sign the beginning of a stream with the key of `member`; answer with MarkSigned or CannotSign."""

    header_digest: bytes
    member: MemberId
    response: bool


class VerifyMark(Value):
    """Verify the beginning of a stream; answer with MarkVerified or SignatureUnproven."""

    header_digest: bytes
    mark: Signature
    certificate: SigningCertificate
    response: bool


class OpenStream(Value):
    """Begin to send a streamed request to the provider's node; its body is what the caller still sends."""

    node: Node
    header_part: bytes
    mark: Signature


class EndStream(Value):
    """End it with the message signature; answer as to Send."""

    signature: Signature


class OpenService(Value):
    """Call the provider's system with a body that arrives in pieces (the Permit is in `call`); answer as to it."""

    call: CallService


class EndService(Value):
    """The streamed body is proven whole: let the provider's system have its end."""


class ReplyBegins(Value):
    """Begin a streamed answer to the consumer's node; its body is what the service still sends."""

    header_part: bytes
    mark: Signature


class ReplyEnds(Value):
    """End it with the message signature."""

    signature: Signature
    outcome: str


class ReplyBreaks(Value):
    """A begun answer cannot be completed: break the channel off."""

    error: LienthongError


class AnswerBegins(Value):
    """Begin to answer the calling system; the body follows as it is verified."""

    status: int
    reason: bytes
    header_lines: bytes


class AnswerEnds(Value):
    """The streamed answer is proven whole: let the calling system have its end."""


class AnswerBreaks(Value):
    """A begun answer cannot be completed: break the connection off."""

    error: LienthongError


Effect = (
    Sign
    | Verify
    | Append
    | Send
    | CallService
    | Reply
    | Answer
    | Fault
    | SignMark
    | VerifyMark
    | OpenStream
    | EndStream
    | OpenService
    | EndService
    | ReplyBegins
    | ReplyEnds
    | ReplyBreaks
    | AnswerBegins
    | AnswerEnds
    | AnswerBreaks
)
Effects = tuple[Effect, ...]
