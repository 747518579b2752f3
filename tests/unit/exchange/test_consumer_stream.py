"""Conversations of the consumer side with large bodies."""

from __future__ import annotations

from hashlib import sha512

import pytest
from tests.doubles.exchange_country import POLICE, consumer_context, forger
from tests.doubles.playbook import (
    BROKEN,
    CALLER_GONE,
    CANNOT_SIGN,
    GONE,
    LOST,
    OUTCOME,
    RECORDED,
    REQUEST,
    RESPONSE,
    SEND_FAILED,
    STREAM,
    UNRECORDED,
    Playbook,
    answers,
    breaks,
    ends_answer,
    faults,
    marks,
    opens_answer,
    records,
    request,
    response_part,
    signs,
    verifies,
    verifies_mark,
)
from tests.doubles.values import replace

from lienthong.evidence.digest import leaf
from lienthong.exchange import inputs
from lienthong.exchange.consumer_stream import StreamingConsumer
from lienthong.exchange.effects import (
    Answer,
    AnswerBegins,
    AnswerBreaks,
    AnswerEnds,
    Append,
    EndStream,
    OpenStream,
    Send,
    Sign,
    SignMark,
    Verify,
    VerifyMark,
)
from lienthong.wire.parts import NodeFault

BODY_ENDED = inputs.BodyEnded(sha512(b"large").digest())
REFUSAL = NodeFault("Server.ServerProxy.AccessDenied", "validity")
DOCUMENT = b'{"type":"x","message":"ended","detail":"d"}'


@pytest.fixture
def play() -> Playbook:
    return Playbook(StreamingConsumer(consumer_context()))


@pytest.fixture
def streaming(play: Playbook) -> Playbook:
    """A streamed request has begun; the record of its beginning is not durable yet."""
    play >> request(streamed=True) << SignMark
    return play >> marks << OpenStream << records(STREAM)


@pytest.fixture
def streamed(streaming: Playbook) -> Playbook:
    """It was sent to its end, and both records are durable."""
    streaming >> RECORDED
    streaming >> BODY_ENDED << Sign
    streaming >> signs << EndStream << records(REQUEST)
    return streaming >> RECORDED


@pytest.fixture
def asked(play: Playbook) -> Playbook:
    """An ordinary request was sent, and its record is durable."""
    play >> request() << Sign
    play >> signs << Send << records(REQUEST)
    return play >> RECORDED


@pytest.fixture
def answering(asked: Playbook) -> Playbook:
    """A streamed answer is passing by."""
    asked >> opens_answer() << VerifyMark
    asked >> verifies_mark << records(STREAM)
    return asked >> RECORDED << AnswerBegins


# ---- a streamed request
def test_a_streamed_request(streamed: Playbook) -> None:
    streamed >> answers() << Verify
    streamed >> verifies << records(RESPONSE)
    streamed >> RECORDED << Answer
    streamed.over()


def test_the_records_of_a_streamed_request_say_that_it_began_and_that_it_was_whole(streamed: Playbook) -> None:
    began, whole = (effect.records[0] for effect in streamed.seen if isinstance(effect, Append))
    assert (began.body_digest, whole.body_digest) == (None, BODY_ENDED.body_digest)
    assert began.header_digest == whole.header_digest
    assert (began.body, whole.body) == (None, None)


def test_no_key_for_the_beginning(play: Playbook) -> None:
    play >> request(streamed=True) << SignMark
    play >> CANNOT_SIGN << faults("CannotCreateSignature")
    play.over()


def test_no_key_for_the_end(streaming: Playbook) -> None:
    streaming >> RECORDED
    streaming >> BODY_ENDED << Sign
    streaming >> CANNOT_SIGN << faults("CannotCreateSignature")
    streaming.over()


def test_the_caller_breaks_off(streaming: Playbook) -> None:
    streaming >> CALLER_GONE << records(OUTCOME, outcome="IOError")
    streaming >> RECORDED
    streaming >> RECORDED << faults("IOError")
    streaming.over()


def test_the_channel_breaks_off(streaming: Playbook) -> None:
    streaming >> RECORDED
    streaming >> SEND_FAILED << records(OUTCOME, outcome=GONE.code)
    streaming >> CALLER_GONE
    streaming >> BODY_ENDED
    streaming >> RECORDED << faults(GONE.code)
    streaming >> CALLER_GONE
    streaming.over()


def test_the_record_of_the_beginning_is_lost(streaming: Playbook) -> None:
    streaming >> UNRECORDED << faults(LOST.code)
    streaming >> BODY_ENDED
    streaming >> opens_answer()
    streaming >> BROKEN
    streaming.over()


def test_a_refusal_while_the_body_is_still_sent(streaming: Playbook) -> None:
    streaming >> RECORDED
    streaming >> answers(500, DOCUMENT, fault=REFUSAL, beginning=True) << Verify
    streaming >> verifies << records(RESPONSE, outcome="AccessDenied")
    streaming >> BODY_ENDED
    streaming >> RECORDED << faults("AccessDenied", "validity")
    streaming.over()


def test_a_refusal_that_crosses_the_end_of_the_body(streamed: Playbook) -> None:
    """The provider refused at the beginning, when we had sent everything already: its answer names the beginning."""
    streamed >> answers(500, DOCUMENT, fault=REFUSAL, beginning=True) << Verify
    streamed >> verifies << records(RESPONSE, outcome="AccessDenied")
    streamed >> RECORDED << faults("AccessDenied", "validity")
    streamed.over()
    began = next(effect.records[0] for effect in streamed.seen if isinstance(effect, Append))
    assert streamed.last(Append).records[0].request_leaf == leaf(began.digests)


def test_a_large_answer_before_the_request_is_whole(streaming: Playbook) -> None:
    streaming >> RECORDED
    streaming >> opens_answer() << records(OUTCOME, outcome="HttpError")
    streaming >> BROKEN
    streaming >> RECORDED << faults("HttpError")
    streaming.over()


def test_a_stream_without_a_beginning_while_the_body_is_still_sent(streaming: Playbook) -> None:
    streaming >> RECORDED
    streaming >> BROKEN << records(OUTCOME, outcome=GONE.code)
    streaming >> RECORDED << faults(GONE.code)
    streaming.over()


def test_a_large_answer_after_the_caller_has_gone(streaming: Playbook) -> None:
    streaming >> RECORDED
    streaming >> CALLER_GONE << records(OUTCOME)
    streaming >> opens_answer()
    streaming >> RECORDED << faults("IOError")


# ---- a streamed answer
def test_a_streamed_answer(answering: Playbook) -> None:
    answering >> ends_answer() << Verify
    answering >> verifies << records(RESPONSE)
    answering >> RECORDED << AnswerEnds
    answering.over()


def test_a_streamed_answer_waits_for_the_record_of_the_request(play: Playbook) -> None:
    play >> request() << Sign
    play >> signs << Send << records(REQUEST)
    play >> opens_answer() << VerifyMark
    play >> verifies_mark << records(STREAM)
    play >> RECORDED
    play >> RECORDED << AnswerBegins


def test_a_streamed_answer_to_a_streamed_request(streamed: Playbook) -> None:
    streamed >> opens_answer() << VerifyMark
    streamed >> verifies_mark << records(STREAM)
    streamed >> RECORDED << AnswerBegins
    streamed >> ends_answer() << Verify
    streamed >> verifies << records(RESPONSE)
    streamed >> RECORDED << AnswerEnds
    streamed.over()


def test_a_forged_beginning(asked: Playbook) -> None:
    def forged(play: Playbook) -> inputs.AnswerStreamOpened:
        given = opens_answer()(play)
        value = given.mark.value
        return replace(given, mark=replace(given.mark, value=value[:-1] + bytes([value[-1] ^ 1])))

    asked >> forged << VerifyMark
    asked >> verifies_mark << records(OUTCOME, outcome="InvalidSignatureValue")
    asked >> BROKEN
    asked >> RECORDED << faults("InvalidSignatureValue")
    asked.over()


@pytest.mark.parametrize(
    ("given", "code"),
    [
        (opens_answer(signer=forger()), "CertValidation"),
        (opens_answer(request_id="other"), "InconsistentResponse"),
        (opens_answer(fault=REFUSAL), "InvalidMessage"),
    ],
    ids=["stranger", "something else", "refusal as a stream"],
)
def test_a_beginning_that_is_not_believed(asked: Playbook, given: object, code: str) -> None:
    asked >> given << records(OUTCOME, outcome=code)
    asked >> RECORDED << faults(code)
    asked.over()


def test_the_answer_breaks_before_it_begins(asked: Playbook) -> None:
    asked >> BROKEN << records(OUTCOME, outcome=GONE.code)
    asked >> RECORDED << faults(GONE.code)
    asked.over()


def test_the_answer_breaks_before_its_beginning_is_on_record(asked: Playbook) -> None:
    asked >> opens_answer() << VerifyMark
    asked >> verifies_mark << records(STREAM)
    asked >> BROKEN << records(OUTCOME)
    asked >> RECORDED
    asked >> RECORDED << faults(GONE.code)
    asked.over()


def test_the_beginning_of_the_answer_cannot_be_recorded(asked: Playbook) -> None:
    asked >> opens_answer() << VerifyMark
    asked >> verifies_mark << records(STREAM)
    asked >> UNRECORDED << faults(LOST.code)
    asked >> BROKEN
    asked.over()


def test_the_answer_breaks_in_the_middle(answering: Playbook) -> None:
    answering >> BROKEN << records(OUTCOME, outcome=GONE.code)
    answering >> RECORDED << breaks(AnswerBreaks, GONE.code)
    answering.over()


def test_the_end_of_the_answer_does_not_fit_its_body(answering: Playbook) -> None:
    def altered(play: Playbook) -> inputs.AnswerStreamEnded:
        return replace(ends_answer()(play), body_digest=bytes(32))

    answering >> altered << Verify
    answering >> verifies << records(OUTCOME, outcome="InvalidSignatureValue")
    answering >> RECORDED << breaks(AnswerBreaks, "InvalidSignatureValue")
    answering.over()


def test_the_end_of_the_answer_is_signed_by_a_stranger(answering: Playbook) -> None:
    answering >> ends_answer(signer=forger()) << records(OUTCOME, outcome="CertValidation")
    answering >> RECORDED << breaks(AnswerBreaks, "CertValidation")
    answering.over()


def test_the_record_of_a_begun_answer_is_lost(answering: Playbook) -> None:
    """What the caller has of it must not be followed by an error document: it is broken off."""
    answering >> ends_answer() << Verify
    answering >> verifies << records(RESPONSE)
    answering >> UNRECORDED << breaks(AnswerBreaks, LOST.code)
    answering.over()


def test_the_record_of_how_a_begun_answer_broke_is_lost(answering: Playbook) -> None:
    answering >> BROKEN << records(OUTCOME)
    answering >> UNRECORDED << breaks(AnswerBreaks, LOST.code)
    answering.over()


def test_something_follows_the_end_of_the_answer(answering: Playbook) -> None:
    """What was kept back is dropped then: the answer is not told as whole."""
    answering >> ends_answer() << Verify
    answering >> verifies << records(RESPONSE)
    answering >> BROKEN
    answering >> RECORDED << breaks(AnswerBreaks, GONE.code)
    answering.over()


def test_the_beginning_of_the_answer_is_of_the_providers_member(answering: Playbook) -> None:
    stream = [effect.records[0] for effect in answering.seen if isinstance(effect, Append)][-1]
    assert stream.kind is STREAM
    assert stream.request_leaf is not None
    assert answering.last(VerifyMark).certificate.member == POLICE
    assert stream.header_part == response_part(answering, 200)
