"""Conversations of the provider side with whole messages."""

from __future__ import annotations

import pytest
from tests.doubles.exchange_country import (
    ELSEWHERE,
    FIELDS,
    HANOI,
    KEPT,
    OWN,
    POLICE,
    RARE,
    ROWS,
    SOAP,
    SUSPENDED,
    WHOLE,
    YES_NO,
    forger,
    nodes,
    provider_context,
    signer_of,
)
from tests.doubles.playbook import (
    CANNOT_SIGN,
    LOST,
    NOT_SERVED,
    RECORDED,
    REQUEST,
    RESPONSE,
    UNRECORDED,
    Playbook,
    faults,
    message,
    message_in_batch,
    records,
    replies,
    request,
    served,
    signs,
    verifies,
)
from tests.doubles.signing import NOW_MS
from tests.doubles.values import replace

from lienthong.domain.identifiers import ServiceId
from lienthong.exchange import inputs
from lienthong.exchange.effects import CallService, Reply, Sign, Verify
from lienthong.exchange.provider import ProviderContext, ProviderExchange


def playbook(context: ProviderContext | None = None) -> Playbook:
    return Playbook(ProviderExchange(context or provider_context()))


def calling(play: Playbook, given: inputs.RequestReceived) -> Playbook:
    """The service is being called."""
    play >> message(given) << Verify
    play >> verifies << records(REQUEST)
    return play >> RECORDED << CallService


def answered(service: ServiceId, given: inputs.ServiceAnswered, method: bytes = b"POST") -> Reply:
    """The reply where the service answered so."""
    play = calling(playbook(), request(service, method=method))
    play >> given << Sign
    play >> signs << records(RESPONSE)
    play >> RECORDED << Reply
    play.over()
    return play.last(Reply)


def refused(given: inputs.RequestReceived, code: str, context: ProviderContext | None = None) -> Playbook:
    """The message is refused: signed, and both records are written before it is told."""
    play = playbook(context)
    play >> message(given) << Verify
    play >> verifies << Sign
    play >> signs << records(REQUEST, RESPONSE, outcome=code)
    play >> RECORDED << replies(code)
    play.over()
    return play


def test_an_allowed_call() -> None:
    reply = answered(WHOLE, served(201, b'{"a":1}'))
    assert (reply.body, reply.outcome) == (b'{"a":1}', "")
    assert reply.header_part.startswith(b"201\r\n")


def test_the_call_is_what_the_client_sent() -> None:
    play = calling(playbook(), request(WHOLE, (b"X-Own", b"1")))
    call = play.last(CallService)
    assert (call.method, call.path, call.query, call.body) == ("POST", "/v1/nguoi", None, b"{}")
    assert b"X-Own:1\r\n" in call.header_lines
    assert call.permit.service == WHOLE
    assert not call.repeatable


def test_get_may_be_repeated() -> None:
    assert calling(playbook(), request(WHOLE, method=b"GET", body=None)).last(CallService).repeatable


def test_only_granted_fields_leave() -> None:
    body = '{"hoTen":"Nguyễn","ngaySinh":"1990","noiO":{"tinh":"01","so":"5"}}'.encode()
    assert answered(FIELDS, served(200, body)).body == '{"hoTen":"Nguyễn","noiO":{"tinh":"01"}}'.encode()


def test_only_granted_rows_leave() -> None:
    reply = answered(ROWS, served(200, b'[{"tinh":"01","a":1},{"tinh":"79","a":2}]'))
    assert reply.body == b'[{"tinh":"01","a":1}]'


def test_only_yes_or_no_leaves() -> None:
    assert answered(YES_NO, served(200, b'{"hoTen":"A"}')).body == b'{"found":true}'
    assert answered(YES_NO, served(404, None)).body == b'{"found":false}'


def test_an_answer_that_cannot_be_cut_does_not_leave() -> None:
    reply = answered(FIELDS, served(200, b"hoTen=A", b"text/plain"))
    assert reply.outcome == "ServiceFailed.InvalidContentType"
    assert b"hoTen" not in (reply.body or b"")


@pytest.mark.parametrize("broken", [(b"X Y", b"1"), (b"X", b"1\r\nY: 2")], ids=["name", "value"])
def test_an_answer_with_a_broken_header_does_not_leave(broken: tuple[bytes, bytes]) -> None:
    given = served()
    reply = answered(WHOLE, replace(given, headers=[*given.headers, broken]))
    assert reply.outcome == "ServiceFailed.InvalidMessage"


def test_a_service_that_fails_is_a_signed_answer() -> None:
    play = calling(playbook(), request())
    play >> NOT_SERVED << Sign
    play >> signs << records(RESPONSE, outcome="ServiceFailed.NetworkError")
    play >> RECORDED << replies("ServiceFailed.NetworkError")
    play.over()


def test_bodies_are_kept_only_where_the_service_says_so() -> None:
    play = calling(playbook(), request(KEPT))
    play >> served(200, b"answer") << Sign
    play >> signs << records(RESPONSE)
    kept = [effect.records[0].body for effect in play.seen if hasattr(effect, "records")]
    assert kept == [b"{}", b"answer"]


def test_a_message_with_its_own_signature_is_taken_by_who_demands_that() -> None:
    calling(playbook(), request(OWN))


# ---- refusals, signed
def test_a_message_in_a_batch_is_refused_by_who_demands_its_own_signature() -> None:
    """Its ids are not taken: alone it may come again."""
    context = provider_context()
    play = playbook(context)
    play >> message_in_batch(request(OWN)) << Verify
    play >> verifies << Sign
    play >> signs << records(REQUEST, RESPONSE, outcome="MissingSignature")
    play >> RECORDED << replies("MissingSignature")
    play.over()
    calling(playbook(context), request(OWN))


def test_a_message_in_a_batch_is_taken_by_who_demands_nothing() -> None:
    play = playbook()
    play >> message_in_batch(request()) << Verify
    play >> verifies << records(REQUEST)


@pytest.mark.parametrize(
    ("given", "code"),
    [
        (request(purpose="khác"), "AccessDenied/purpose"),
        (request(FIELDS, (b"Lienthong-Fields", b"ngaySinh")), "AccessDenied/fields"),
        (request(ELSEWHERE), "UnknownService"),
        (request(SUSPENDED), "ServiceDisabled"),
        (request(SOAP), "ServiceType"),
    ],
)
def test_refused(given: inputs.RequestReceived, code: str) -> None:
    refused(given, code)


def test_a_quota_is_counted() -> None:
    context = provider_context()
    calling(playbook(context), request(RARE))
    refused(request(RARE, request_id="r-2"), "AccessDenied/quota", context)


def test_a_request_id_is_taken_once() -> None:
    context = provider_context()
    calling(playbook(context), request(method=b"GET", body=None))
    refused(request(method=b"GET", body=None), "DuplicateMessage", context)


def test_a_message_that_must_not_be_repeated_is_taken_once() -> None:
    context = provider_context()
    calling(playbook(context), request(WHOLE, (b"X-Road-Id", b"m-1")))
    refused(request(WHOLE, (b"X-Road-Id", b"m-1"), request_id="r-2"), "DuplicateMessage", context)


def test_a_message_that_may_be_repeated_is_taken_again() -> None:
    context = provider_context()
    for request_id in ("r-1", "r-2"):
        given = request(WHOLE, (b"X-Road-Id", b"m-1"), method=b"PUT", request_id=request_id)
        calling(playbook(context), given)


def test_a_refused_message_is_not_taken() -> None:
    context = provider_context()
    refused(request(WHOLE, (b"X-Road-Id", b"m-1"), purpose="khác"), "AccessDenied/purpose", context)
    calling(playbook(context), request(WHOLE, (b"X-Road-Id", b"m-1"), request_id="r-2"))


# ---- not believed: told without a signature
@pytest.mark.parametrize(
    ("given", "code"),
    [
        (replace(message(request()), header_part=b"nonsense"), "InvalidMessage"),
        (message(replace(request(), headers=[])), "InvalidClientIdentifier"),
        (replace(message(request()), peer=nodes()[POLICE]), "SslAuthenticationFailed"),
        (message(request(), forger()), "CertValidation"),
        (message(request(), signer_of(POLICE)), "CertValidation"),
        (replace(message(request()), now_ms=NOW_MS + 10**11), "OutdatedGlobalConf"),
    ],
    ids=["nonsense", "no client", "another node", "unknown key", "another member", "stale directory"],
)
def test_told_without_a_signature(given: inputs.MessageReceived, code: str) -> None:
    play = playbook()
    play >> given << faults(code)
    play.over()


@pytest.mark.parametrize("what", ["body", "header_part"])
def test_altered(what: str) -> None:
    given = message(request())
    altered = {
        "body": replace(given, body=b'{"a":1}'),
        "header_part": replace(given, header_part=given.header_part.replace(b"nguoi", b"nguui")),
    }
    play = playbook()
    play >> altered[what] << Verify
    play >> verifies << faults("InvalidSignatureValue")
    play.over()


# ---- failures of ours
def test_a_request_that_cannot_be_recorded_is_not_executed() -> None:
    play = playbook()
    play >> message(request()) << Verify
    play >> verifies << records(REQUEST)
    play >> UNRECORDED << faults(LOST.code)
    play.over()


def test_an_answer_that_cannot_be_signed_does_not_leave() -> None:
    play = calling(playbook(), request())
    play >> served() << Sign
    play >> CANNOT_SIGN << faults("CannotCreateSignature")
    play.over()


def test_an_answer_that_cannot_be_recorded_does_not_leave() -> None:
    play = calling(playbook(), request())
    play >> served() << Sign
    play >> signs << records(RESPONSE)
    play >> UNRECORDED << faults(LOST.code)
    play.over()


def test_members_sign_for_themselves() -> None:
    play = calling(playbook(), request())
    play >> served() << Sign
    assert play.last(Sign).member == POLICE
    assert play.last(Verify).certificate.member == HANOI
