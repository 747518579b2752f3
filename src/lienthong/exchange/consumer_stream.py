"""The consumer side with large bodies: the same exchange, whose request or answer passes by in pieces. Pure.

What differs: the beginning of a stream is signed and recorded before its body passes; pieces are passed on only up to
a verified mark, and the last of them only when the message signature over the whole body holds and is on record. What
a caller has of an answer that breaks off is incomplete in the eyes of HTTP, too.
"""

from __future__ import annotations

from hashlib import sha256, sha512
from typing import Any

from mypy_extensions import mypyc_attr

from lienthong.domain.errors import LienthongError, Malformed, Unavailable
from lienthong.domain.network import member_of
from lienthong.evidence.digest import DigestAlgorithm, MessageDigests, leaf
from lienthong.evidence.record import Direction, Record, RecordKind
from lienthong.evidence.signature import Signature
from lienthong.exchange import inputs
from lienthong.exchange.access import ids_of
from lienthong.exchange.consumer import ConsumerExchange, State
from lienthong.exchange.effects import (
    AnswerBegins,
    AnswerBreaks,
    AnswerEnds,
    Append,
    Effects,
    EndStream,
    OpenStream,
    Sign,
    SignMark,
    Verify,
    VerifyMark,
)
from lienthong.exchange.records import NO_END, End, SignedMessage, message_record, outcome_record
from lienthong.wire.message import check_response, header_lines, parse_response_part, request_hash
from lienthong.wire.parts import ResponsePart


@mypyc_attr(acyclic=True, free_list_len=1)
class StreamingConsumer(ConsumerExchange):
    """One exchange whose request or answer may be streamed."""

    __slots__ = ("_answer_head", "_header_digest")

    # ---- a streamed request
    def _begin_stream(self) -> Effects:
        assert self.parties is not None
        self._header_digest = sha512(self.header_part).digest()
        self.state = State.MARKING
        return (SignMark(self._header_digest, member_of(self.parties.client), response=False),)

    def _mark_signed(self, given: inputs.MarkSigned) -> Effects:
        self._request_digests = self._body_known(None)
        self._awaited += 1
        self.state = State.STREAMING
        record = self._stream_record(self.header_part, self._request_digests, given.signature, self._request.now_ms)
        return (OpenStream(self._node, self.header_part, given.signature), Append((record,)))

    def _body_known(self, body_digest: bytes | None) -> MessageDigests:
        return MessageDigests(DigestAlgorithm.SHA512, self._header_digest, body_digest, None)

    def _stream_record(self, header_part: bytes, digests: MessageDigests, mark: Signature, time_ms: int) -> Record:
        message = SignedMessage(header_part, None, digests, mark)
        return message_record(self._entry(), RecordKind.STREAM, message, end=NO_END, time_ms=time_ms)

    def _body_ended(self, given: inputs.BodyEnded) -> Effects:
        assert self.parties is not None
        self._request_digests = self._body_known(given.body_digest)
        self.state = State.SIGNING
        return (Sign(self._request_digests, member_of(self.parties.client), at_once=True),)

    def _signed(self, given: inputs.Signed) -> Effects:
        if not self._request.streamed:
            return super()._signed(given)
        message = SignedMessage(self.header_part, None, self._request_digests, given.signature)
        record = message_record(
            self._entry(), RecordKind.REQUEST, message, end=NO_END, time_ms=given.signature.signed_at_ms
        )
        self._awaited += 1
        self.state = State.SENT
        return (EndStream(given.signature), Append((record,)))

    def _answered_digests(self, part: ResponsePart) -> MessageDigests:
        """An answer that the provider gave before it had the whole body names the beginning of the request."""
        if self._request.streamed and part.request_hash == request_hash(self._header_digest, None):
            return self._body_known(None)
        return self._request_digests

    def _caller_gone(self, given: inputs.CallerGone) -> Effects:
        return self._fail(Unavailable("IOError", "the caller broke off before its body was complete"), given.now_ms)

    # ---- a streamed answer
    def _answer_opened(self, given: inputs.AnswerStreamOpened) -> Effects:
        assert self.parties is not None
        try:
            self._part = check_response(
                parse_response_part(given.header_part), ids_of(self.parties, self._request_digests)
            )
            if self._part.fault is not None:
                raise Malformed("InvalidMessage", "the provider's node refused in the form of a stream")
            certificate = self._signer_of_answer(given.mark)
        except LienthongError as error:
            return self._fail(error, given.now_ms)
        self._answer_head = given
        self.state = State.ANSWER_MARK
        return (VerifyMark(sha256(given.header_part).digest(), given.mark, certificate, response=True),)

    def _answer_mark_verified(self, given: inputs.MarkVerified) -> Effects:
        head = self._answer_head
        digests = MessageDigests(
            DigestAlgorithm.SHA256, sha256(head.header_part).digest(), None, leaf(self._request_digests)
        )
        self._awaited += 1
        self.state = State.ANSWER_BEGINNING
        return (Append((self._stream_record(head.header_part, digests, head.mark, given.now_ms),)),)

    def _recorded_before_answer(self, _given: inputs.Recorded) -> Effects:
        self._awaited -= 1
        if self._awaited:
            return ()
        self.state = State.ANSWER_STREAMING
        part = self._part
        return (AnswerBegins(part.status, part.reason, header_lines(self._answer_head.header_part)),)

    def _answer_ended(self, given: inputs.AnswerStreamEnded) -> Effects:
        header_part = self._answer_head.header_part
        digests = MessageDigests(
            DigestAlgorithm.SHA256, sha256(header_part).digest(), given.body_digest, leaf(self._request_digests)
        )
        self._answer = inputs.AnswerReceived(header_part, None, given.signature, given.now_ms)
        try:
            certificate = self._signer_of_answer(given.signature)
        except LienthongError as error:
            return self._break(error, given.now_ms)
        self.state = State.ANSWER_COMPLETE
        return (Verify(given.signature, digests, certificate, at_once=True),)

    def _whole_answer_verified(self, given: inputs.SignatureVerified) -> Effects:
        answer = self._answer
        message = SignedMessage(answer.header_part, None, given.proof.value, answer.signature)
        record = message_record(
            self._entry(), RecordKind.RESPONSE, message, end=End(self._part.status), time_ms=given.now_ms
        )
        self._ending = AnswerEnds()
        self._awaited += 1
        self.state = State.RECORDING
        return (Append((record,)),)

    def _broken(self, given: inputs.StreamBroken | inputs.SendFailed | inputs.SignatureUnproven) -> Effects:
        return self._break(given.error, given.now_ms)

    def _break(self, error: LienthongError, now_ms: int) -> Effects:
        """The caller has a part of the answer: tell it by breaking off, and record how it ended."""
        assert self.parties is not None
        self._ending = AnswerBreaks(error)
        self._awaited += 1
        self.state = State.RECORDING
        return (Append((outcome_record(self.parties, Direction.CONSUMER, error, now_ms),)),)

    def _broken_before_answer(self, given: inputs.StreamBroken) -> Effects:
        return self._fail(given.error, given.now_ms)

    def _answered_too_early(self, given: inputs.AnswerStreamOpened) -> Effects:
        error = Unavailable("HttpError", "the provider's node began a large answer before it had the whole request")
        return self._fail(error, given.now_ms)

    def _broken_at_end(self, given: inputs.StreamBroken) -> Effects:
        """Something follows the end of the answer: what was kept back of it is gone, so it cannot be completed."""
        if isinstance(self._ending, AnswerEnds):
            self._ending = AnswerBreaks(given.error)
        return ()

    def _record_lost(self, given: inputs.RecordFailed) -> Effects:
        """An answer that has begun is broken off; nothing else may be told in its place."""
        if not isinstance(self._ending, AnswerEnds | AnswerBreaks):
            return self._fault(given.error)
        self.state = State.DONE
        return (AnswerBreaks(given.error),)


_ONE = StreamingConsumer
_STREAMED: dict[tuple[State, type], Any] = {
    (State.SIGNING, inputs.Signed): _ONE._signed,
    (State.SIGNING, inputs.Recorded): _ONE._recorded,
    (State.SIGNING, inputs.RecordFailed): _ONE._ended_by,
    (State.MARKING, inputs.MarkSigned): _ONE._mark_signed,
    (State.MARKING, inputs.CannotSign): _ONE._ended_by,
    (State.STREAMING, inputs.Recorded): _ONE._recorded,
    (State.STREAMING, inputs.RecordFailed): _ONE._ended_by,
    (State.STREAMING, inputs.BodyEnded): _ONE._body_ended,
    (State.STREAMING, inputs.CallerGone): _ONE._caller_gone,
    (State.STREAMING, inputs.SendFailed): _ONE._failed,
    (State.STREAMING, inputs.AnswerReceived): _ONE._answer_received,
    (State.STREAMING, inputs.AnswerStreamOpened): _ONE._answered_too_early,
    (State.STREAMING, inputs.StreamBroken): _ONE._broken_before_answer,
    (State.SENT, inputs.AnswerStreamOpened): _ONE._answer_opened,
    (State.SENT, inputs.StreamBroken): _ONE._broken_before_answer,
    (State.ANSWER_MARK, inputs.Recorded): _ONE._recorded,
    (State.ANSWER_MARK, inputs.RecordFailed): _ONE._ended_by,
    (State.ANSWER_MARK, inputs.MarkVerified): _ONE._answer_mark_verified,
    (State.ANSWER_MARK, inputs.SignatureUnproven): _ONE._failed,
    (State.ANSWER_BEGINNING, inputs.Recorded): _ONE._recorded_before_answer,
    (State.ANSWER_BEGINNING, inputs.RecordFailed): _ONE._ended_by,
    (State.ANSWER_BEGINNING, inputs.StreamBroken): _ONE._broken_before_answer,
    (State.ANSWER_STREAMING, inputs.AnswerStreamEnded): _ONE._answer_ended,
    (State.ANSWER_STREAMING, inputs.StreamBroken): _ONE._broken,
    (State.ANSWER_COMPLETE, inputs.SignatureVerified): _ONE._whole_answer_verified,
    (State.ANSWER_COMPLETE, inputs.SignatureUnproven): _ONE._broken,
    (State.RECORDING, inputs.RecordFailed): _ONE._record_lost,
    (State.RECORDING, inputs.StreamBroken): _ONE._broken_at_end,
    (State.RECORDING, inputs.CallerGone): _ONE._nothing,
    (State.RECORDING, inputs.BodyEnded): _ONE._nothing,
    (State.RECORDING, inputs.SendFailed): _ONE._nothing,
    (State.RECORDING, inputs.AnswerReceived): _ONE._nothing,
    (State.RECORDING, inputs.AnswerStreamOpened): _ONE._nothing,
    (State.RECORDING, inputs.AnswerStreamEnded): _ONE._nothing,
    (State.VERIFYING, inputs.CallerGone): _ONE._nothing,
    (State.VERIFYING, inputs.BodyEnded): _ONE._nothing,
    (State.VERIFYING, inputs.SendFailed): _ONE._nothing,
    (State.DONE, inputs.StreamBroken): _ONE._nothing,
    (State.DONE, inputs.CallerGone): _ONE._nothing,
    (State.DONE, inputs.BodyEnded): _ONE._nothing,
    (State.DONE, inputs.AnswerStreamOpened): _ONE._nothing,
    (State.DONE, inputs.AnswerStreamEnded): _ONE._nothing,
    (State.DONE, inputs.MarkVerified): _ONE._nothing,
}
StreamingConsumer.TABLE = ConsumerExchange.TABLE | _STREAMED
