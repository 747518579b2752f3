"""Conversations of the provider side with large bodies."""

from __future__ import annotations

import pytest
from tests.doubles.exchange_country import FIELDS, HANOI, WHOLE, YES_NO, forger, provider_context, signer_of
from tests.doubles.playbook import (
    BROKEN,
    CANNOT_SIGN,
    GONE,
    LOST,
    NOT_SERVED,
    OUTCOME,
    RECORDED,
    REQUEST,
    RESPONSE,
    SERVICE_ENDS,
    SERVICE_OPENS,
    STREAM,
    UNRECORDED,
    Playbook,
    breaks,
    faults,
    marks,
    message,
    message_stream,
    records,
    replies,
    request,
    served,
    signs,
    stream_ends,
    verifies,
    verifies_mark,
)
from tests.doubles.values import replace

from lienthong.evidence.digest import leaf
from lienthong.exchange.effects import (
    Append,
    CallService,
    EndService,
    OpenService,
    Reply,
    ReplyBegins,
    ReplyBreaks,
    ReplyEnds,
    Sign,
    SignMark,
    Verify,
    VerifyMark,
)
from lienthong.exchange.provider_stream import StreamingProvider

ASKED = request(streamed=True)
ENDED = stream_ends(ASKED, b"large")


@pytest.fixture
def play() -> Playbook:
    return Playbook(StreamingProvider(provider_context()))


@pytest.fixture
def beginning(play: Playbook) -> Playbook:
    """The beginning of a stream is verified; its record is not durable yet."""
    play >> message_stream(ASKED) << VerifyMark
    return play >> verifies_mark << records(STREAM)


@pytest.fixture
def receiving(beginning: Playbook) -> Playbook:
    """The body passes to the service."""
    return beginning >> RECORDED << OpenService


@pytest.fixture
def whole(receiving: Playbook) -> Playbook:
    """The stream is whole and proven; that is not on record yet."""
    receiving >> ENDED << Verify
    return receiving >> verifies << records(REQUEST)


@pytest.fixture
def called(play: Playbook) -> Playbook:
    """An ordinary call."""
    play >> message(request()) << Verify
    play >> verifies << records(REQUEST)
    return play >> RECORDED << CallService


@pytest.fixture
def opened(called: Playbook) -> Playbook:
    """The service began a large answer; its beginning is signed and not on record yet."""
    called >> SERVICE_OPENS << SignMark
    return called >> marks << records(STREAM)


@pytest.fixture
def replying(opened: Playbook) -> Playbook:
    """The answer passes by."""
    return opened >> RECORDED << ReplyBegins


# ---- a streamed request
def test_a_streamed_request(whole: Playbook) -> None:
    whole >> RECORDED << EndService
    whole >> served(200, b"{}") << Sign
    whole >> signs << records(RESPONSE)
    whole >> RECORDED << Reply
    whole.over()
    began, said, answered = (effect.records[0] for effect in whole.seen if isinstance(effect, Append))
    assert (began.body_digest, said.body_digest) == (None, ENDED.body_digest)
    assert answered.request_leaf == leaf(said.digests)
    assert began.purpose == said.purpose != ""


def test_a_refusal_at_the_beginning(play: Playbook) -> None:
    play >> message_stream(request(purpose="khác", streamed=True)) << VerifyMark
    play >> verifies_mark << Sign
    play >> signs << records(STREAM, RESPONSE, outcome="AccessDenied/purpose")
    play >> BROKEN
    play >> RECORDED << replies("AccessDenied/purpose")
    play >> BROKEN
    play.over()
    began, answered = play.last(Append).records
    assert answered.request_leaf == leaf(began.digests)


@pytest.mark.parametrize(
    ("given", "code"),
    [
        (message_stream(ASKED, forger()), "CertValidation"),
        (replace(message_stream(ASKED), header_part=b"x"), "InvalidMessage"),
    ],
)
def test_a_beginning_that_is_not_believed(play: Playbook, given: object, code: str) -> None:
    play >> given << faults(code)
    play >> BROKEN
    play.over()


def test_a_forged_beginning(play: Playbook) -> None:
    opening = message_stream(ASKED)
    play >> replace(opening, mark=replace(opening.mark, signed_at_ms=opening.mark.signed_at_ms + 1)) << VerifyMark
    play >> verifies_mark << faults("InvalidSignatureValue")
    play >> BROKEN
    play.over()


def test_the_beginning_cannot_be_recorded(beginning: Playbook) -> None:
    beginning >> UNRECORDED << faults(LOST.code)
    beginning.over()


def test_the_stream_breaks_before_its_beginning_is_on_record(beginning: Playbook) -> None:
    """The service is never called, and how it ended is on record before the channel is broken off."""
    beginning >> BROKEN << records(OUTCOME, outcome=GONE.code)
    beginning >> RECORDED
    beginning >> RECORDED << breaks(ReplyBreaks, GONE.code)
    beginning.over()


def test_the_stream_breaks_in_the_middle(receiving: Playbook) -> None:
    receiving >> BROKEN << records(OUTCOME, outcome=GONE.code)
    receiving >> NOT_SERVED
    receiving >> SERVICE_OPENS
    receiving >> RECORDED << breaks(ReplyBreaks, GONE.code)
    receiving >> served()
    receiving.over()


def test_the_stream_breaks_and_that_cannot_be_recorded(receiving: Playbook) -> None:
    receiving >> BROKEN << records(OUTCOME)
    receiving >> UNRECORDED << breaks(ReplyBreaks, GONE.code)
    receiving.over()


def test_the_end_does_not_fit_the_body(receiving: Playbook) -> None:
    receiving >> replace(ENDED, body_digest=bytes(64)) << Verify
    receiving >> verifies << records(OUTCOME, outcome="InvalidSignatureValue")
    receiving >> RECORDED << breaks(ReplyBreaks, "InvalidSignatureValue")
    receiving.over()


def test_the_end_is_signed_by_a_stranger(receiving: Playbook) -> None:
    receiving >> stream_ends(ASKED, b"large", forger()) << records(OUTCOME, outcome="CertValidation")
    receiving >> RECORDED << breaks(ReplyBreaks, "CertValidation")


def test_the_end_cannot_be_recorded(whole: Playbook) -> None:
    whole >> UNRECORDED << faults(LOST.code)
    whole.over()


def test_something_follows_the_end(whole: Playbook) -> None:
    """The service does not get the end of a request whose rest was dropped."""
    whole >> BROKEN << records(OUTCOME)
    whole >> RECORDED
    whole >> RECORDED << breaks(ReplyBreaks, GONE.code)
    whole.over()


# ---- a service that does not wait
def test_the_service_answers_before_the_request_is_whole(receiving: Playbook) -> None:
    receiving >> served(413, b"{}") << Sign
    receiving >> ENDED
    receiving >> signs << records(RESPONSE)
    receiving >> BROKEN
    receiving >> RECORDED << Reply
    receiving.over()


@pytest.mark.parametrize(("given", "outcome"), [(served(413, b"{}"), ""), (NOT_SERVED, "ServiceFailed.NetworkError")])
def test_the_service_answers_while_the_end_is_being_recorded(whole: Playbook, given: object, outcome: str) -> None:
    whole >> given
    whole >> RECORDED << Sign
    whole >> signs << records(RESPONSE, outcome=outcome)
    whole >> RECORDED << Reply
    whole.over()


def test_a_large_answer_before_the_request_is_whole(receiving: Playbook) -> None:
    receiving >> SERVICE_OPENS << Sign
    receiving >> signs << records(RESPONSE, outcome="ServiceFailed.HttpError")
    receiving >> RECORDED << replies("ServiceFailed.HttpError")
    receiving.over()


def test_a_large_answer_while_the_end_is_being_recorded(whole: Playbook) -> None:
    whole >> SERVICE_OPENS
    whole >> RECORDED << Sign
    whole >> signs << records(RESPONSE, outcome="ServiceFailed.HttpError")


# ---- a streamed answer
def test_a_streamed_answer(replying: Playbook) -> None:
    replying >> SERVICE_ENDS << Sign
    replying >> signs << records(RESPONSE)
    replying >> RECORDED << ReplyEnds
    replying.over()
    assert [effect.records[0].kind for effect in replying.seen if isinstance(effect, Append)] == [
        REQUEST,
        STREAM,
        RESPONSE,
    ]


def test_a_streamed_answer_to_a_streamed_request(whole: Playbook) -> None:
    whole >> RECORDED << EndService
    whole >> SERVICE_OPENS << SignMark
    whole >> marks << records(STREAM)
    whole >> BROKEN
    whole >> RECORDED << ReplyBegins
    whole >> BROKEN
    whole >> SERVICE_ENDS << Sign
    whole >> signs << records(RESPONSE)
    whole >> BROKEN
    whole >> RECORDED << ReplyEnds
    whole.over()


@pytest.mark.parametrize(("service", "whole"), [(WHOLE, True), (FIELDS, False), (YES_NO, False)])
def test_what_must_be_cut_does_not_pass_in_pieces(service: object, whole: bool) -> None:
    play = Playbook(StreamingProvider(provider_context()))
    assert not play.machine.passes_whole
    play >> message(request(service)) << Verify  # type: ignore[arg-type]
    play >> verifies << records(REQUEST)
    play >> RECORDED << CallService
    assert play.machine.passes_whole is whole


def test_a_large_answer_with_a_broken_header(called: Playbook) -> None:
    called >> replace(SERVICE_OPENS, headers=[(b"X Y", b"1")]) << Sign
    called >> signs << records(RESPONSE, outcome="ServiceFailed.InvalidMessage")


def test_no_key_for_the_beginning(called: Playbook) -> None:
    called >> SERVICE_OPENS << SignMark
    called >> CANNOT_SIGN << faults("CannotCreateSignature")
    called.over()


def test_the_beginning_of_the_answer_cannot_be_recorded(opened: Playbook) -> None:
    opened >> UNRECORDED << faults(LOST.code)
    opened >> NOT_SERVED
    opened.over()


def test_the_service_breaks_off_before_the_answer_begins(opened: Playbook) -> None:
    opened >> NOT_SERVED << records(OUTCOME, outcome="ServiceFailed.NetworkError")
    opened >> RECORDED
    opened >> RECORDED << breaks(ReplyBreaks, "ServiceFailed.NetworkError")
    opened.over()


def test_the_service_breaks_off_in_the_middle(replying: Playbook) -> None:
    replying >> NOT_SERVED << records(OUTCOME, outcome="ServiceFailed.NetworkError")
    replying >> RECORDED << breaks(ReplyBreaks, "ServiceFailed.NetworkError")
    replying.over()


def test_no_key_for_the_end_of_the_answer(replying: Playbook) -> None:
    replying >> SERVICE_ENDS << Sign
    replying >> CANNOT_SIGN << breaks(ReplyBreaks, "CannotCreateSignature")
    replying.over()


def test_the_end_of_the_answer_cannot_be_recorded(replying: Playbook) -> None:
    replying >> SERVICE_ENDS << Sign
    replying >> signs << records(RESPONSE)
    replying >> UNRECORDED << breaks(ReplyBreaks, LOST.code)
    replying.over()


def test_who_signs_the_end_is_who_signed_the_beginning(receiving: Playbook) -> None:
    receiving >> ENDED << Verify
    assert receiving.last(Verify).certificate.digest == signer_of(HANOI).certificate.digest
