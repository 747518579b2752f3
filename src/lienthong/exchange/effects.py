"""What the machines of an exchange ask the outside to do."""

from __future__ import annotations

from lienthong.domain.decision import Permit
from lienthong.domain.errors import LienthongError
from lienthong.domain.identifiers import MemberId
from lienthong.domain.network import Node, SigningCertificate
from lienthong.domain.value import Value
from lienthong.evidence.batch import Seat
from lienthong.evidence.digest import MessageDigests
from lienthong.evidence.record import Record
from lienthong.evidence.signature import Signature
from lienthong.wire.faults import Side


class Sign(Value):
    """Sign the digests with the key of `member`; answer with Signed or CannotSign.

    With `at_once` before any other input; else whenever it suits, so that many can be signed together. `size` is that
    of header part and body; `node` is to which a request goes: messages to one node may share a signature.
    """

    digests: MessageDigests
    member: MemberId
    size: int = 0
    node: Node | None = None
    at_once: bool = False


class Verify(Value):
    """Verify; answer with SignatureVerified or SignatureUnproven. `seat`: in its batch; `at_once` as in Sign."""

    signature: Signature
    digests: MessageDigests
    certificate: SigningCertificate
    seat: Seat | None = None
    at_once: bool = False


class Append(Value):
    """Make the records durable; answer with Recorded or RecordFailed.

    The record of a message of a batch has its seat there, and no signature: it becomes durable with the signature of
    its batch.
    """

    records: tuple[Record, ...]


class Send(Value):
    """Send the signed request to the provider's node; answer with AnswerReceived or SendFailed."""

    node: Node
    header_part: bytes
    body: bytes | None
    signature: Signature


class CallService(Value):
    """Call the provider's system. It needs the Permit. Answer with ServiceAnswered or ServiceFailed."""

    permit: Permit
    method: str
    path: str
    query: str | None
    header_lines: bytes
    body: bytes | None
    repeatable: bool


class Reply(Value):
    """Answer the consumer's node with a signed message; `outcome` is the code of a refusal, else empty."""

    header_part: bytes
    body: bytes | None
    signature: Signature
    outcome: str


class Answer(Value):
    """Answer the calling system. `header_lines` are ``Name:Value CRLF`` lines as they were signed."""

    status: int
    reason: bytes
    header_lines: bytes
    body: bytes | None


class Fault(Value):
    """Answer with an error that this node makes; `side` decides the prefix of its code."""

    error: LienthongError
    side: Side
    message_id: str | None


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
