"""Conversations of the consumer side with whole messages; see `tests.doubles.playbook` for how they read."""

from __future__ import annotations

import pytest
from tests.doubles.exchange_country import (
    FIELDS,
    HANOI,
    KEPT,
    ONE_STOP,
    OWN,
    RARE,
    SOAP,
    SUSPENDED,
    consumer_context,
    forger,
    signer_of,
)
from tests.doubles.playbook import (
    CANNOT_SIGN,
    GONE,
    LOST,
    OUTCOME,
    RECORDED,
    REQUEST,
    RESPONSE,
    SEND_FAILED,
    UNRECORDED,
    Playbook,
    answers,
    faults,
    records,
    request,
    signs,
    verifies,
)
from tests.doubles.signing import NOW_MS
from tests.doubles.values import replace

from lienthong.domain.identifiers import ServiceId, SystemId
from lienthong.exchange import inputs
from lienthong.exchange.consumer import ConsumerExchange
from lienthong.exchange.effects import Answer, Fault, Send, Sign, Verify
from lienthong.wire.parts import NodeFault


@pytest.fixture
def play() -> Playbook:
    return Playbook(ConsumerExchange(consumer_context()))


@pytest.fixture
def sent(play: Playbook) -> Playbook:
    """The request was signed and sent; its record is not durable yet."""
    play >> request() << Sign
    return play >> signs << Send << records(REQUEST)


@pytest.mark.parametrize(("service", "shared"), [(KEPT, True), (OWN, False)])
def test_a_signature_is_shared_with_others_unless_the_service_demands_its_own(
    play: Playbook, service: ServiceId, shared: bool
) -> None:
    play >> request(service) << Sign
    assert (play.last(Sign).node is not None) is shared


def test_an_allowed_call(sent: Playbook) -> None:
    sent >> RECORDED
    sent >> answers(200, b'{"ok":true}') << Verify
    sent >> verifies << records(RESPONSE, outcome="")
    sent >> RECORDED << Answer
    sent.over()
    answer = sent.last(Answer)
    assert (answer.status, answer.body) == (200, b'{"ok":true}')
    assert b"x-road-request-hash:" in answer.header_lines


def test_the_answer_waits_for_both_records(sent: Playbook) -> None:
    sent >> answers() << Verify
    sent >> verifies << records(RESPONSE)
    sent >> RECORDED
    sent >> RECORDED << Answer
    sent.over()


def test_bodies_are_kept_only_where_the_service_says_so(play: Playbook) -> None:
    play >> request(KEPT, body=b"big secret") << Sign
    play >> signs << Send << records(REQUEST)
    assert play.seen[-1].records[0].body == b"big secret"
    other = Playbook(ConsumerExchange(consumer_context()))
    other >> request(body=b"big secret") << Sign
    other >> signs << Send << records(REQUEST)
    assert other.seen[-1].records[0].body is None


# ---- refusals before anything is signed
@pytest.mark.parametrize(
    ("given", "code"),
    [
        (replace(request(), target=b"/r1/VN/GOV"), "BadRequest"),
        (replace(request(), method=b"BREW"), "InvalidHttpMethod"),
        (replace(request(), headers=[]), "InvalidClientIdentifier"),
        (replace(request(), speaks_for=frozenset()), "ClientUnauthenticated"),
        (replace(request(), speaks_for=frozenset({SystemId("VN", "GOV", "G01", "dan-cu")})), "ClientUnauthenticated"),
        (request(ServiceId("VN", "GOV", "G99", "x", "y")), "UnknownMember"),
        (replace(request(), now_ms=NOW_MS + 10**11), "OutdatedGlobalConf"),
        (request(streamed=True), "MessageTooLarge"),
    ],
)
def test_told_at_once(play: Playbook, given: inputs.RequestReceived, code: str) -> None:
    """Nobody is known to have done anything: there is nothing to record."""
    play >> given << faults(code)
    play.over()


@pytest.mark.parametrize(
    ("given", "code", "clause"),
    [
        (request(purpose="tò mò"), "AccessDenied", "purpose"),
        (request(ServiceId("VN", "GOV", "G01", "dan-cu", "moi")), "UnknownService", None),
        (request(FIELDS, (b"Lienthong-Fields", b"ngaySinh")), "AccessDenied", "fields"),
        (request(SOAP), "ServiceType", None),
        (request(SUSPENDED), "ServiceDisabled", None),
        (replace(request(), headers=[(b"x-road-client", b"VN/PROV/H26/khac")]), "AccessDenied", "no-grant"),
    ],
)
def test_a_refusal_of_a_known_caller_is_on_record(
    play: Playbook, given: inputs.RequestReceived, code: str, clause: str | None
) -> None:
    given = replace(given, speaks_for=frozenset({ONE_STOP, SystemId("VN", "PROV", "H26", "khac")}))
    outcome = code if clause is None else f"{code}/{clause}"
    play >> given << records(OUTCOME, outcome=outcome)
    play >> RECORDED << faults(code, clause)
    play.over()


def test_a_refusal_that_cannot_be_recorded_is_told_as_that(play: Playbook) -> None:
    play >> request(purpose="khác") << records(OUTCOME)
    play >> UNRECORDED << faults(LOST.code)
    play.over()


def test_a_quota_is_counted(play: Playbook) -> None:
    context = consumer_context()
    Playbook(ConsumerExchange(context)) >> request(RARE) << Sign
    play = Playbook(ConsumerExchange(context))
    play >> request(RARE) << records(OUTCOME, outcome="AccessDenied/quota")


def test_another_security_server_is_refused(play: Playbook) -> None:
    given = request()
    wrong = replace(given, headers=[*given.headers, (b"X-Road-Security-Server", b"VN/GOV/G01/khac")])
    play >> wrong << records(OUTCOME, outcome="InvalidSecurityServer")


# ---- the provider's node is under maintenance
NOTICE = "thay ổ đĩa, đến 6 giờ"


def test_a_node_under_maintenance_is_sent_nothing() -> None:
    play = Playbook(ConsumerExchange(consumer_context(NOTICE)))
    play >> request() << records(OUTCOME, outcome="MaintenanceMode")
    play >> RECORDED << faults("MaintenanceMode")
    assert NOTICE in play.last(Fault).error.message
    play.over()


def test_maintenance_uses_up_no_quota() -> None:
    context = consumer_context(NOTICE)
    Playbook(ConsumerExchange(context)) >> request(RARE) << records(OUTCOME, outcome="MaintenanceMode")
    context.directory = consumer_context().directory
    Playbook(ConsumerExchange(context)) >> request(RARE) << Sign


def test_maintenance_does_not_hold_up_what_was_sent_before() -> None:
    context = consumer_context()
    play = Playbook(ConsumerExchange(context))
    play >> request() << Sign
    play >> signs << Send << records(REQUEST)
    context.directory = consumer_context(NOTICE).directory
    play >> RECORDED
    play >> answers() << Verify
    play >> verifies << records(RESPONSE, outcome="")
    play >> RECORDED << Answer


# ---- failures on the way
def test_no_key(play: Playbook) -> None:
    play >> request() << Sign
    play >> CANNOT_SIGN << faults("CannotCreateSignature")
    play.over()


def test_not_sent(sent: Playbook) -> None:
    sent >> SEND_FAILED << records(OUTCOME, outcome=GONE.code)
    sent >> RECORDED
    sent >> RECORDED << faults(GONE.code)
    sent.over()


def test_the_record_of_the_request_is_lost(sent: Playbook) -> None:
    sent >> UNRECORDED << faults(LOST.code)
    sent >> answers()
    sent.over()


def test_the_record_of_the_request_is_lost_after_the_answer(sent: Playbook) -> None:
    sent >> answers() << Verify
    sent >> verifies << records(RESPONSE)
    sent >> UNRECORDED << faults(LOST.code)
    sent >> RECORDED
    sent.over()


def test_the_record_of_the_answer_is_lost(sent: Playbook) -> None:
    sent >> RECORDED
    sent >> answers() << Verify
    sent >> verifies << records(RESPONSE)
    sent >> UNRECORDED << faults(LOST.code)
    sent.over()


def test_late_inputs_change_nothing(sent: Playbook) -> None:
    sent >> UNRECORDED << faults(LOST.code)
    for late in (SEND_FAILED, RECORDED, UNRECORDED, answers()):
        sent >> late
    sent.over()


# ---- answers that are not believed
def test_forged(sent: Playbook) -> None:
    """Signed by a key of the provider's organisation that fits another body."""
    sent >> RECORDED

    def altered(play: Playbook) -> inputs.AnswerReceived:
        return replace(answers()(play), body=b'{"ok":false}')

    sent >> altered << Verify
    sent >> verifies << records(OUTCOME, outcome="InvalidSignatureValue")
    sent >> RECORDED << faults("InvalidSignatureValue")
    sent.over()


def test_signed_by_a_stranger(sent: Playbook) -> None:
    sent >> RECORDED
    sent >> answers(signer=forger()) << records(OUTCOME, outcome="CertValidation")
    sent >> RECORDED << faults("CertValidation")


def test_signed_by_another_member(sent: Playbook) -> None:
    sent >> RECORDED
    sent >> answers(signer=signer_of(HANOI)) << records(OUTCOME, outcome="CertValidation")


@pytest.mark.parametrize(
    "wrong",
    [
        {"message_id": "other"},
        {"request_id": "other"},
        {"client": SystemId("VN", "PROV", "H26", "khac")},
        {"service": FIELDS},
        {"request_hash": b"AAAA"},
    ],
    ids=lambda wrong: next(iter(wrong)),
)
def test_an_answer_to_something_else(sent: Playbook, wrong: dict[str, object]) -> None:
    sent >> RECORDED
    sent >> answers(**wrong) << Verify  # type: ignore[arg-type]
    sent >> verifies << records(OUTCOME, outcome="InconsistentResponse")
    sent >> RECORDED << faults("InconsistentResponse")
    sent.over()


def test_unreadable(sent: Playbook) -> None:
    sent >> RECORDED
    given = inputs.AnswerReceived(b"nonsense", None, signs(sent).signature, NOW_MS)
    sent >> given << records(OUTCOME, outcome="InvalidMessage")


def test_a_signed_refusal_is_told_with_its_clause(sent: Playbook) -> None:
    sent >> RECORDED
    refusal = NodeFault("Server.ServerProxy.AccessDenied", "validity")
    sent >> answers(500, b'{"type":"x","message":"ended","detail":"d"}', fault=refusal) << Verify
    sent >> verifies << records(RESPONSE, outcome="AccessDenied")
    sent >> RECORDED << faults("AccessDenied", "validity")
    sent.over()
