"""Access requests: what a consumer asks for (NĐ 47/2020 Đ35.2) and how the data owner answers (Đ35.3)."""

from __future__ import annotations

import msgspec

from lienthong.domain.errors import Malformed, Refused
from lienthong.domain.grants import Approval
from lienthong.domain.identifiers import parse_client_id
from lienthong.domain.network import member_of
from lienthong.registry.rules import identifiers
from lienthong.registry.rules.events import AuditEvent
from lienthong.registry.rules.roles import Permission, require, require_four_eyes
from lienthong.registry.rules.states import REQUEST, RequestAct, RequestState, ServiceState
from lienthong.registry.rules.terms import WHOLE_ANSWER, check_fields, check_within_request
from lienthong.registry.store.tables import GrantRow, RequestRow, ServiceRow
from lienthong.registry.use_cases.acting import Act
from lienthong.registry.use_cases.grants import Origin, consumer_facts, grant_of, make_grant
from lienthong.registry.use_cases.members import check_text
from lienthong.registry.use_cases.network_document import GrantTerms, LegalBasisEntry

ITEMS_MAX = 2000
_NO = {RequestAct.REFUSE: AuditEvent.REQUEST_REFUSE, RequestAct.RETURN: AuditEvent.REQUEST_RETURN}


class ItemEntry(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A data item that is wanted: dotted path in the answer (``*`` = the whole answer), how many records a year."""

    field: str
    records_per_year: int


class RequestEntry(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The content that Đ35.2 asks for: agency and application, purpose and use, items, service, frequency, other."""

    consumer: str
    service: str
    purpose: str
    use_of_data: str
    items: tuple[ItemEntry, ...]
    frequency: str
    legal_basis: tuple[LegalBasisEntry, ...]
    procedures: tuple[str, ...] = ()
    other: str = ""


def submit(act: Act, entry: RequestEntry) -> RequestRow:
    """Ask for access; the day of receipt starts the clock of the answer. Raises Malformed, Refused."""
    consumer = identifiers.client_id(entry.consumer, act.instance)
    require(act.actor, Permission.REQUEST_SUBMIT, str(member_of(consumer)))
    member, _ = consumer_facts(act, consumer)
    check_content(entry)
    service = act.unit.need(ServiceRow, "service", xroad_id=entry.service)
    if service.state in (ServiceState.DRAFT, ServiceState.RETIRED):
        raise Refused("WrongState", f"service {service.xroad_id} is {service.state}: it takes no requests")
    row = RequestRow(
        id=act.new_id(),
        consumer=str(consumer),
        consumer_member=member,
        service=service.xroad_id,
        provider_member=service.member,
        state=RequestState.SUBMITTED.value,
        content=msgspec.json.encode(entry).decode(),
        asked_by=act.actor.holder,
        received_at_ms=act.now_ms,
        reason="",
    )
    act.create(AuditEvent.REQUEST_SUBMIT, row)
    return row


def check_content(entry: RequestEntry) -> None:
    """Raises Malformed (``Incomplete``) naming what Đ35.2 wants and the request lacks."""
    for name, text in (
        ("purpose", entry.purpose),
        ("use_of_data", entry.use_of_data),
        ("frequency", entry.frequency),
    ):
        if not text.strip():
            raise Malformed("Incomplete", f"the request lacks {name} (NĐ 47/2020 Đ35.2)")
        check_text(text)
    check_text(entry.other)
    if not 1 <= len(entry.items) <= ITEMS_MAX or any(item.records_per_year < 1 for item in entry.items):
        raise Malformed("Incomplete", "the request names the items wanted with the number of each (NĐ 47/2020 Đ35.2)")
    if not entry.legal_basis:
        raise Malformed("Incomplete", "the request names its legal basis")
    check_fields(item.field for item in entry.items if item.field != WHOLE_ANSWER)


def resubmit(act: Act, request_id: str, entry: RequestEntry) -> RequestRow:
    """Send a returned request again, completed: a new day of receipt. Raises Malformed, Refused."""
    row = act.unit.need(RequestRow, "access request", id=request_id)
    require(act.actor, Permission.REQUEST_SUBMIT, row.consumer_member)
    check_content(entry)
    if (entry.consumer, entry.service) != (row.consumer, row.service):
        raise Malformed("Incomplete", "a completed request stays one for the same consumer and service")
    state = REQUEST.step(RequestState(row.state), RequestAct.RESUBMIT)
    act.change(
        AuditEvent.REQUEST_RESUBMIT,
        row,
        state=state.value,
        content=msgspec.json.encode(entry).decode(),
        asked_by=act.actor.holder,
        received_at_ms=act.now_ms,
        reason="",
    )
    return row


def withdraw(act: Act, request_id: str) -> RequestRow:
    """Take a request back; raises Refused."""
    row = act.unit.need(RequestRow, "access request", id=request_id)
    require(act.actor, Permission.REQUEST_SUBMIT, row.consumer_member)
    state = REQUEST.step(RequestState(row.state), RequestAct.WITHDRAW)
    act.change(AuditEvent.REQUEST_WITHDRAW, row, state=state.value)
    return row


def approve(act: Act, request_id: str, terms: GrantTerms) -> GrantRow:
    """The data owner grants, at most what was asked; never the person who asked. Raises Malformed, Refused."""
    row = _for_answer(act, request_id)
    require_four_eyes(row.asked_by, act.actor.holder)
    state = REQUEST.step(RequestState(row.state), RequestAct.GRANT)
    asked = msgspec.json.decode(row.content, type=RequestEntry)
    consumer = parse_client_id(row.consumer)
    service = act.unit.need(ServiceRow, "service", xroad_id=row.service)
    origin = Origin(
        code=f"g-{row.id}",
        requested_by=row.asked_by,
        approvals=(Approval(act.actor.holder, act.now_ms),),
        request_id=row.id,
    )
    wanted = grant_of(consumer, identifiers.service_id(row.service, act.instance), terms, origin)
    check_within_request(wanted, asked.purpose, frozenset(item.field for item in asked.items))
    row.state, row.answered_by, row.answered_at_ms = state.value, act.actor.holder, act.now_ms
    return make_grant(act, consumer, service, terms=terms, origin=origin)


def refuse(act: Act, request_id: str, reason: str) -> RequestRow:
    """Answer no, with the reason, which is also for the body that settles disputes (Đ51.1.a). Raises Refused."""
    return _answer_no(act, request_id, RequestAct.REFUSE, reason=reason)


def give_back(act: Act, request_id: str, reason: str) -> RequestRow:
    """Return a request whose content is not complete: not a refusal. Raises Refused."""
    return _answer_no(act, request_id, RequestAct.RETURN, reason=reason)


def _answer_no(act: Act, request_id: str, request_act: RequestAct, *, reason: str) -> RequestRow:
    row = _for_answer(act, request_id)
    check_text(reason)
    state = REQUEST.step(RequestState(row.state), request_act, reason=reason)
    answer = {"answered_by": act.actor.holder, "answered_at_ms": act.now_ms}
    act.change(_NO[request_act], row, why=reason, state=state.value, reason=reason, **answer)
    return row


def _for_answer(act: Act, request_id: str) -> RequestRow:
    row = act.unit.need(RequestRow, "access request", id=request_id)
    require(act.actor, Permission.REQUEST_ANSWER, row.provider_member)
    return row
