"""Conversations with an exchange machine, written as they go.

    play = Playbook(ConsumerExchange(context))
    play >> request() << Sign
    play >> signs << Send << records(REQUEST)
    play >> RECORDED
    play >> answers(200, b"{}") << Verify
    play >> verifies << records(RESPONSE)
    play >> RECORDED << Answer
    play.over()

``>>`` gives an input: a value, or a function that makes it from the conversation so far (whoever signs, verifies and
answers does so with real keys). ``<<`` is the next effect: its type, the very value, or a function that looks at it.
No effect may be left over when the next input comes.
"""

from __future__ import annotations

from collections.abc import Callable
from hashlib import sha256, sha512
from typing import Any, TypeVar

from tests.doubles.exchange_country import HANOI, ONE_STOP, POLICE, PURPOSE, WHOLE, nodes, signer_of
from tests.doubles.signing import NOW_MS, Signer
from tests.doubles.values import replace

from lienthong.domain.errors import Unavailable, Unproven
from lienthong.domain.identifiers import ServiceId
from lienthong.evidence.batch import BatchPlace, Placed, batch_of
from lienthong.evidence.digest import DigestAlgorithm, MessageDigests, leaf, request_digests, response_digests
from lienthong.evidence.record import RecordKind
from lienthong.evidence.signature import ECDSA_P256_SHA256, Signature, verify, verify_in_batch
from lienthong.evidence.stream import Mark, StreamDigest, sign_mark, verify_mark
from lienthong.exchange import effects, inputs
from lienthong.wire.message import parse_request_part, request_hash, request_header_part, response_header_part
from lienthong.wire.parts import NodeFault, ResponseIds

WINDOW_MS = 300_000
RECORDED = inputs.Recorded()
LOST = Unavailable("LoggingFailed", "the disk is full")
GONE = Unavailable("NetworkError", "the connection ended")
UNRECORDED = inputs.RecordFailed(LOST)
CANNOT_SIGN = inputs.CannotSign(Unavailable("CannotCreateSignature", "no key"))
REQUEST, RESPONSE, OUTCOME, STREAM = RecordKind.REQUEST, RecordKind.RESPONSE, RecordKind.OUTCOME, RecordKind.STREAM
_E = TypeVar("_E")


class Playbook:
    """One conversation. `seen` are all effects so far, in order."""

    def __init__(self, machine: Any) -> None:
        self.machine = machine
        self.seen: list[Any] = []
        self._left: list[Any] = []

    def __rshift__(self, given: Any) -> Playbook:
        assert not self._left, f"not awaited: {self._left}"
        made = given(self) if callable(given) else given
        self._left = list(self.machine.feed(made))
        self.seen += self._left
        return self

    def __lshift__(self, expected: Any) -> Playbook:
        assert self._left, f"no effect is left, awaited: {expected}"
        effect = self._left.pop(0)
        if isinstance(expected, type):
            assert type(effect) is expected, effect
        elif callable(expected):
            expected(effect)
        else:
            assert effect == expected
        return self

    def last(self, kind: type[_E]) -> _E:
        """The last effect of this type."""
        return next(effect for effect in reversed(self.seen) if type(effect) is kind)

    def over(self) -> None:
        """Nothing is left to do, and the machine is at its end."""
        assert not self._left, f"not awaited: {self._left}"
        assert self.machine.state.name == "DONE"


# ---- effects to look at
def records(*kinds: RecordKind, outcome: str | None = None) -> Callable[[Any], None]:
    """An Append of records of these kinds; `outcome` is that of the last."""

    def look(effect: Any) -> None:
        assert type(effect) is effects.Append, effect
        assert tuple(record.kind for record in effect.records) == kinds
        if outcome is not None:
            assert effect.records[-1].outcome == outcome

    return look


def faults(code: str, clause: str | None = None) -> Callable[[Any], None]:
    """A Fault with this code."""

    def look(effect: Any) -> None:
        assert type(effect) is effects.Fault, effect
        assert (effect.error.code, effect.error.clause) == (code, clause)

    return look


def breaks(kind: type, code: str) -> Callable[[Any], None]:
    """An AnswerBreaks or ReplyBreaks with this code."""

    def look(effect: Any) -> None:
        assert type(effect) is kind, effect
        assert effect.error.code == code

    return look


def replies(code: str) -> Callable[[Any], None]:
    """A signed refusal with this outcome."""

    def look(effect: Any) -> None:
        assert type(effect) is effects.Reply, effect
        assert effect.outcome == code
        assert b"x-road-error:Server.ServerProxy." in effect.header_part

    return look


# ---- whoever signs and verifies, at `NOW_MS`
def signs(play: Playbook) -> inputs.Signed:
    effect = play.last(effects.Sign)
    return inputs.Signed(signer_of(effect.member).sign(effect.digests))


def marks(play: Playbook) -> inputs.MarkSigned:
    effect = play.last(effects.SignMark)
    return inputs.MarkSigned(mark(effect.header_digest, signer_of(effect.member), response=effect.response))


def mark(header_digest: bytes, signer: Signer, *, response: bool) -> Signature:
    """The mark at the beginning of a stream."""
    made = sign_mark(StreamDigest(header_digest, response=response), signer.key, NOW_MS)
    return Signature(ECDSA_P256_SHA256, signer.certificate.digest, made.signed_at_ms, made.value)


def verifies(play: Playbook) -> inputs.SignatureVerified | inputs.SignatureUnproven:
    wish = play.last(effects.Verify)
    try:
        if wish.seat is None:
            proof = verify(wish.signature, wish.digests, wish.certificate, now_ms=NOW_MS, window_ms=WINDOW_MS)
        else:
            placed = Placed(wish.digests, BatchPlace(wish.seat.index, wish.seat.size, ()))  # a batch of one
            proof = verify_in_batch(wish.signature, placed, wish.certificate, now_ms=NOW_MS, window_ms=WINDOW_MS)
    except Unproven as error:
        return inputs.SignatureUnproven(error, NOW_MS)
    return inputs.SignatureVerified(proof, NOW_MS)


def verifies_mark(play: Playbook) -> inputs.MarkVerified | inputs.SignatureUnproven:
    wish = play.last(effects.VerifyMark)
    digest = StreamDigest(wish.header_digest, response=wish.response)
    mark = Mark(wish.mark.signed_at_ms, wish.mark.value)
    try:
        verify_mark(digest, mark, wish.certificate, now_ms=NOW_MS, window_ms=WINDOW_MS)
    except Unproven as error:
        return inputs.SignatureUnproven(error, NOW_MS)
    return inputs.MarkVerified(NOW_MS)


# ---- the calling system
def request(
    service: ServiceId = WHOLE,
    *more: tuple[bytes, bytes],
    method: bytes = b"POST",
    body: bytes | None = b"{}",
    purpose: str = PURPOSE,
    streamed: bool = False,
    request_id: str = "r-1",
) -> inputs.RequestReceived:
    """A request of Hà Nội's one-stop shop, which has proved who it is; `more` are headers."""
    headers = [(b"X-Road-Client", str(ONE_STOP).encode()), (b"Lienthong-Purpose", purpose.encode()), *more]
    return inputs.RequestReceived(
        method,
        f"/r1/{service}/v1/nguoi".encode(),
        headers,
        None if streamed else body,
        frozenset({ONE_STOP}),
        request_id,
        f"VN-{request_id}",
        NOW_MS,
        streamed,
    )


# ---- the consumer's node
def message_part(given: inputs.RequestReceived) -> bytes:
    """The header part of the message that carries the request."""
    has_id = any(name.lower() == b"x-road-id" for name, _ in given.headers)
    return request_header_part(
        given.method,
        given.target,
        headers=given.headers,
        request_id=given.request_id,
        generated_id=None if has_id else given.generated_id,
    )


def message(given: inputs.RequestReceived, signer: Signer | None = None) -> inputs.MessageReceived:
    """The request as a signed message that comes through Hà Nội's node."""
    part = message_part(given)
    signature = (signer or signer_of(HANOI)).sign(request_digests(part, given.body))
    return inputs.MessageReceived(part, given.body, signature, nodes()[HANOI], NOW_MS)


def message_in_batch(given: inputs.RequestReceived) -> inputs.MessageReceived:
    """The same, in a batch with itself alone."""
    alone = message(given)
    batch = batch_of([request_digests(alone.header_part, alone.body)])
    digests = batch.messages[0]
    assert not isinstance(digests, bytes)
    signature = signer_of(HANOI).sign(batch.root)
    return replace(alone, signature=signature, batch=inputs.InBatch(digests, batch.seat(0)))


def message_stream(given: inputs.RequestReceived, signer: Signer | None = None) -> inputs.MessageStreamOpened:
    """The beginning of the request as a stream."""
    part = message_part(given)
    opening = mark(sha512(part).digest(), signer or signer_of(HANOI), response=False)
    return inputs.MessageStreamOpened(part, opening, nodes()[HANOI], NOW_MS)


def stream_ends(
    given: inputs.RequestReceived, body: bytes, signer: Signer | None = None
) -> inputs.MessageStreamEnded:
    """The end of the stream whose body was `body`."""
    digests = MessageDigests(
        DigestAlgorithm.SHA512, sha512(message_part(given)).digest(), sha512(body).digest(), None
    )
    return inputs.MessageStreamEnded(digests.body or b"", (signer or signer_of(HANOI)).sign(digests), NOW_MS)


# ---- the provider's node
def sent_digests(play: Playbook, *, beginning: bool = False) -> tuple[bytes, MessageDigests]:
    """Header part and digests of the request that the consumer's machine sent."""
    part = play.machine.header_part
    sign = next((effect for effect in reversed(play.seen) if type(effect) is effects.Sign), None)
    if beginning or sign is None:
        return part, MessageDigests(DigestAlgorithm.SHA512, sha512(part).digest(), None, None)
    return part, sign.digests


def response_part(
    play: Playbook, status: int, *, fault: NodeFault | None = None, beginning: bool = False, **changed: Any
) -> bytes:
    """The header part of the answer to what was sent; `changed` are ids that it repeats wrongly."""
    part, digests = sent_digests(play, beginning=beginning)
    read = parse_request_part(part)
    message_id, request_id = read.exchange_ids()
    ids = ResponseIds(
        message_id, read.read.client, read.line.service, request_id, request_hash(digests.header, digests.body)
    )
    headers = [(b"content-type", b"application/json")]
    return response_header_part(status, b"OK", headers=headers, ids=replace(ids, **changed), fault=fault)


def answers(
    status: int = 200,
    body: bytes | None = b'{"ok":true}',
    *,
    signer: Signer | None = None,
    fault: NodeFault | None = None,
    beginning: bool = False,
    **changed: Any,
) -> Callable[[Playbook], inputs.AnswerReceived]:
    """The provider's node answers; `beginning`: before it had the whole request."""

    def answer(play: Playbook) -> inputs.AnswerReceived:
        part = response_part(play, status, fault=fault, beginning=beginning, **changed)
        digests = response_digests(part, body, leaf(sent_digests(play, beginning=beginning)[1]))
        return inputs.AnswerReceived(part, body, (signer or signer_of(POLICE)).sign(digests), NOW_MS)

    return answer


def opens_answer(
    *, signer: Signer | None = None, fault: NodeFault | None = None, **changed: Any
) -> Callable[[Playbook], inputs.AnswerStreamOpened]:
    """The provider's node begins a streamed answer."""

    def begin(play: Playbook) -> inputs.AnswerStreamOpened:
        part = response_part(play, 200, fault=fault, **changed)
        opening = mark(sha256(part).digest(), signer or signer_of(POLICE), response=True)
        return inputs.AnswerStreamOpened(part, opening, NOW_MS)

    return begin


def ends_answer(
    body: bytes = b"large", *, signer: Signer | None = None
) -> Callable[[Playbook], inputs.AnswerStreamEnded]:
    """It ends, having been `body`."""

    def end(play: Playbook) -> inputs.AnswerStreamEnded:
        digests = response_digests(response_part(play, 200), body, leaf(sent_digests(play)[1]))
        return inputs.AnswerStreamEnded(digests.body or b"", (signer or signer_of(POLICE)).sign(digests), NOW_MS)

    return end


# ---- the provider's system
def served(
    status: int = 200, body: bytes | None = b'{"hoTen":"A"}', content_type: bytes = b"application/json"
) -> inputs.ServiceAnswered:
    """The provider's system answers."""
    headers = [(b"Content-Type", content_type)] if body else []
    return inputs.ServiceAnswered(status, b"OK", headers, body, NOW_MS)


NOT_SERVED = inputs.ServiceFailed(Unavailable("ServiceFailed.NetworkError", "nobody there"), NOW_MS)
SERVICE_OPENS = inputs.ServiceStreamOpened(200, b"OK", [(b"Content-Type", b"image/tiff")], NOW_MS)
SERVICE_ENDS = inputs.ServiceStreamEnded(sha256(b"large").digest(), NOW_MS)
BROKEN = inputs.StreamBroken(GONE, NOW_MS)
SEND_FAILED = inputs.SendFailed(GONE, NOW_MS)
CALLER_GONE = inputs.CallerGone(NOW_MS)
