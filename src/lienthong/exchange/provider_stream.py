"""The provider side with large bodies: the same exchange, whose request or answer passes by in pieces. Pure.

The beginning of a streamed request is verified and on record, and the decision made, before the service is called;
the service gets only what a verified mark covers, and the end of the body only when the message signature over all of
it holds and is on record. A streamed answer is possible only where nothing has to be cut from it.
"""

from __future__ import annotations

from dataclasses import replace
from hashlib import sha256, sha512
from typing import Any

from mypy_extensions import mypyc_attr

from lienthong.domain.errors import LienthongError, Malformed, Unavailable
from lienthong.domain.grants import AnswerForm
from lienthong.evidence.digest import DigestAlgorithm, MessageDigests, leaf
from lienthong.evidence.record import Direction, Record, RecordKind
from lienthong.evidence.signature import Signature
from lienthong.exchange import inputs
from lienthong.exchange.access import ids_of, with_reason
from lienthong.exchange.effects import (
    Append,
    Effects,
    EndService,
    OpenService,
    ReplyBegins,
    ReplyBreaks,
    ReplyEnds,
    Sign,
    SignMark,
    Verify,
    VerifyMark,
)
from lienthong.exchange.provider import ProviderExchange, State
from lienthong.exchange.records import NO_END, End, SignedMessage, message_record, outcome_record
from lienthong.wire.message import response_header_part


@mypyc_attr(acyclic=True, free_list_len=1)
class StreamingProvider(ProviderExchange):
    """One exchange whose request or answer may be streamed."""

    __slots__ = (
        "_break_error", "_early", "_head", "_left", "_reply_mark", "_reply_part", "_reply_status",
        "_response_digests",
    )  # fmt: skip

    @property
    def passes_whole(self) -> bool:
        """Nothing has to be cut from the answer: it may pass in pieces."""
        permit = self._permit
        if permit is None or permit.grant.answer_form is AnswerForm.YES_NO:
            return False
        return permit.mask.whole and permit.grant.row_scope is None

    # ---- a streamed request
    def _stream_opened(self, given: inputs.MessageStreamOpened) -> Effects:
        try:
            certificate = self._read(given.header_part, given.mark, given.peer, now_ms=given.now_ms)
        except LienthongError as error:
            return self._fault(error)
        self._head = given
        self._early: inputs.ServiceAnswered | inputs.ServiceFailed | None = None
        header_digest = sha512(given.header_part).digest()
        self._digests = MessageDigests(DigestAlgorithm.SHA512, header_digest, None, None)
        self.state = State.VERIFYING_MARK
        return (VerifyMark(header_digest, given.mark, certificate, response=False),)

    def _mark_verified(self, given: inputs.MarkVerified) -> Effects:
        try:
            self._permit = self._admit(given.now_ms, alone=True)
        except LienthongError as error:
            self._refused_request = self._beginning(given.now_ms, error.code)
            return self._refuse(error)
        self.state = State.RECORDING_BEGINNING
        return (Append((self._beginning(given.now_ms, ""),)),)

    def _beginning(self, now_ms: int, outcome: str) -> Record:
        message = SignedMessage(self._head.header_part, None, self._digests, self._head.mark)
        return message_record(self._entry(), RecordKind.STREAM, message, end=End(0, outcome), time_ms=now_ms)

    def _beginning_recorded(self, _given: inputs.Recorded) -> Effects:
        self.state = State.RECEIVING
        return (OpenService(self._service_call(self._head.header_part, None)),)

    def _stream_ended(self, given: inputs.MessageStreamEnded) -> Effects:
        try:
            certificate = self._read(self._head.header_part, given.signature, self._head.peer, now_ms=given.now_ms)
        except LienthongError as error:
            return self._outcome_first(error, given.now_ms)
        self._digests = replace(self._digests, body=given.body_digest)
        self._message = inputs.MessageReceived(
            self._head.header_part, None, given.signature, self._head.peer, given.now_ms
        )
        self.state = State.VERIFYING_WHOLE
        return (Verify(given.signature, self._digests, certificate, at_once=True),)

    def _whole_verified(self, given: inputs.SignatureVerified) -> Effects:
        assert self._permit is not None
        assert self.parties is not None
        self.parties = with_reason(self.parties, self._permit.reason)
        self.state = State.RECORDING_WHOLE
        return (Append((self._request_record(given.now_ms, ""),)),)

    def _whole_recorded(self, _given: inputs.Recorded) -> Effects:
        self.state = State.CALLING
        return (EndService(),) if self._early is None else self.feed(self._early)

    def _service_early(self, given: inputs.ServiceAnswered | inputs.ServiceFailed) -> Effects:
        """The service did not wait for the end of the request; its answer waits for the record."""
        self._early = given
        return ()

    def _service_opened_early(self, given: inputs.ServiceStreamOpened) -> Effects:
        error = Unavailable("ServiceFailed.HttpError", "the service began a large answer before it had the request")
        return self.feed(inputs.ServiceFailed(error, given.now_ms))

    def _broken(self, given: inputs.StreamBroken | inputs.SignatureUnproven) -> Effects:
        return self._outcome_first(given.error, given.now_ms)

    # ---- a streamed answer
    def _service_opened(self, given: inputs.ServiceStreamOpened) -> Effects:
        assert self.parties is not None
        try:
            self._reply_part = response_header_part(
                given.status, given.reason, headers=given.headers, ids=ids_of(self.parties, self._digests)
            )
        except Malformed as error:
            return self._refuse(Unavailable("ServiceFailed.InvalidMessage", error.message))
        self._reply_status = given.status
        self.state = State.MARKING
        return (SignMark(sha256(self._reply_part).digest(), self.parties.service.member, response=True),)

    def _mark_signed(self, given: inputs.MarkSigned) -> Effects:
        message = SignedMessage(self._reply_part, None, self._reply_digests(None), given.signature)
        self._reply_mark: Signature = given.signature
        self.state = State.RECORDING_REPLY
        record = message_record(
            self._entry(), RecordKind.STREAM, message, end=NO_END, time_ms=given.signature.signed_at_ms
        )
        return (Append((record,)),)

    def _reply_digests(self, body_digest: bytes | None) -> MessageDigests:
        return MessageDigests(
            DigestAlgorithm.SHA256, sha256(self._reply_part).digest(), body_digest, leaf(self._digests)
        )

    def _reply_recorded(self, _given: inputs.Recorded) -> Effects:
        self.state = State.REPLYING
        return (ReplyBegins(self._reply_part, self._reply_mark),)

    def _service_ended(self, given: inputs.ServiceStreamEnded) -> Effects:
        assert self.parties is not None
        self._response_digests = self._reply_digests(given.body_digest)
        self.state = State.SIGNING_WHOLE
        return (Sign(self._response_digests, self.parties.service.member, at_once=True),)

    def _whole_signed(self, given: inputs.Signed) -> Effects:
        self._message_out = SignedMessage(self._reply_part, None, self._response_digests, given.signature)
        self.state = State.RECORDING_END
        record = message_record(
            self._entry(),
            RecordKind.RESPONSE,
            self._message_out,
            end=End(self._reply_status),
            time_ms=given.signature.signed_at_ms,
        )
        return (Append((record,)),)

    def _end_recorded(self, _given: inputs.Recorded) -> Effects:
        self.state = State.DONE
        return (ReplyEnds(self._message_out.signature, ""),)

    def _reply_fails(self, given: inputs.ServiceFailed) -> Effects:
        return self._outcome_first(given.error, given.now_ms)

    def _reply_lost(self, given: inputs.RecordFailed | inputs.CannotSign) -> Effects:
        self.state = State.DONE
        return (ReplyBreaks(given.error),)

    # ---- ends without a signed answer
    def _outcome_first(self, error: LienthongError, now_ms: int) -> Effects:
        assert self.parties is not None
        self._break_error = error
        self._left = 2 if self.state in _RECORDING else 1
        self.state = State.BREAKING
        return (Append((outcome_record(self.parties, Direction.PROVIDER, error, now_ms),)),)

    def _outcome_recorded(self, _given: inputs.Recorded) -> Effects:
        self._left -= 1
        return () if self._left else self._outcome_lost()

    def _outcome_lost(self, _given: inputs.RecordFailed | None = None) -> Effects:
        self.state = State.DONE
        return (ReplyBreaks(self._break_error),)

    def _nothing(self, _given: object) -> Effects:
        return ()


_ONE = StreamingProvider
_RECORDING = frozenset({State.RECORDING_BEGINNING, State.RECORDING_WHOLE, State.RECORDING_REPLY})
_LATE: tuple[type, ...] = (
    inputs.MessageStreamEnded,
    inputs.StreamBroken,
    inputs.ServiceAnswered,
    inputs.ServiceFailed,
    inputs.ServiceStreamOpened,
    inputs.ServiceStreamEnded,
)
_AFTER_REQUEST = (
    State.CALLING,
    State.MARKING,
    State.RECORDING_REPLY,
    State.REPLYING,
    State.SIGNING_WHOLE,
    State.RECORDING_END,
)
_STREAMED: dict[tuple[State, type], Any] = (
    {
        (State.NEW, inputs.MessageStreamOpened): _ONE._stream_opened,
        (State.VERIFYING_MARK, inputs.MarkVerified): _ONE._mark_verified,
        (State.VERIFYING_MARK, inputs.SignatureUnproven): _ONE._ended_by,
        (State.RECORDING_BEGINNING, inputs.Recorded): _ONE._beginning_recorded,
        (State.RECORDING_BEGINNING, inputs.RecordFailed): _ONE._not_taken,
        (State.RECORDING_BEGINNING, inputs.StreamBroken): _ONE._broken,
        (State.RECEIVING, inputs.MessageStreamEnded): _ONE._stream_ended,
        (State.RECEIVING, inputs.StreamBroken): _ONE._broken,
        (State.RECEIVING, inputs.ServiceAnswered): _ONE._service_answered,
        (State.RECEIVING, inputs.ServiceFailed): _ONE._service_failed,
        (State.RECEIVING, inputs.ServiceStreamOpened): _ONE._service_opened_early,
        (State.VERIFYING_WHOLE, inputs.SignatureVerified): _ONE._whole_verified,
        (State.VERIFYING_WHOLE, inputs.SignatureUnproven): _ONE._broken,
        (State.RECORDING_WHOLE, inputs.Recorded): _ONE._whole_recorded,
        (State.RECORDING_WHOLE, inputs.RecordFailed): _ONE._ended_by,
        (State.RECORDING_WHOLE, inputs.StreamBroken): _ONE._broken,
        (State.RECORDING_WHOLE, inputs.ServiceAnswered): _ONE._service_early,
        (State.RECORDING_WHOLE, inputs.ServiceFailed): _ONE._service_early,
        (State.RECORDING_WHOLE, inputs.ServiceStreamOpened): _ONE._service_opened_early,
        (State.CALLING, inputs.ServiceStreamOpened): _ONE._service_opened,
        (State.MARKING, inputs.MarkSigned): _ONE._mark_signed,
        (State.MARKING, inputs.CannotSign): _ONE._ended_by,
        (State.RECORDING_REPLY, inputs.Recorded): _ONE._reply_recorded,
        (State.RECORDING_REPLY, inputs.RecordFailed): _ONE._ended_by,
        (State.RECORDING_REPLY, inputs.ServiceFailed): _ONE._reply_fails,
        (State.REPLYING, inputs.ServiceStreamEnded): _ONE._service_ended,
        (State.REPLYING, inputs.ServiceFailed): _ONE._reply_fails,
        (State.SIGNING_WHOLE, inputs.Signed): _ONE._whole_signed,
        (State.SIGNING_WHOLE, inputs.CannotSign): _ONE._reply_lost,
        (State.RECORDING_END, inputs.Recorded): _ONE._end_recorded,
        (State.RECORDING_END, inputs.RecordFailed): _ONE._reply_lost,
        (State.BREAKING, inputs.Recorded): _ONE._outcome_recorded,
        (State.BREAKING, inputs.RecordFailed): _ONE._outcome_lost,
    }
    # what the sender or the service still do once the exchange goes to its end changes nothing
    | {
        (state, late): _ONE._nothing
        for state in (State.SIGNING, State.RECORDING_ANSWER, State.BREAKING, State.DONE)
        for late in _LATE
    }
    | {(state, inputs.StreamBroken): _ONE._nothing for state in _AFTER_REQUEST}
    | {(State.DONE, late): _ONE._nothing for late in (inputs.Recorded, inputs.RecordFailed)}
)
StreamingProvider.TABLE = ProviderExchange.TABLE | _STREAMED
