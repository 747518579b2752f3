"""Making grants and ending them (NĐ 47/2020 Đ35, Đ43, Đ44)."""

from __future__ import annotations

from typing import NamedTuple

import msgspec

from lienthong.domain.errors import Refused
from lienthong.domain.grants import (
    Approval,
    Grant,
    GrantState,
    Hours,
    LegalBasis,
    Quota,
    Reason,
    RowScope,
)
from lienthong.domain.identifiers import ClientId, MemberId, ServiceId, SystemId, parse_client_id, parse_service_id
from lienthong.domain.network import Endpoint
from lienthong.registry.rules.events import AuditEvent
from lienthong.registry.rules.roles import Permission, Role, require
from lienthong.registry.rules.states import GRANT, GrantAct, ServiceState
from lienthong.registry.rules.terms import check_grant, check_level
from lienthong.registry.store.tables import GrantRow, MemberRow, ServiceRow, SystemRow
from lienthong.registry.use_cases.acting import Act
from lienthong.registry.use_cases.members import check_text
from lienthong.registry.use_cases.network_document import GrantTerms, validity_ms

_EVENTS = {
    GrantAct.SUSPEND: AuditEvent.GRANT_SUSPEND,
    GrantAct.RESUME: AuditEvent.GRANT_RESUME,
    GrantAct.END: AuditEvent.GRANT_END,
}


class Origin(NamedTuple):
    """Where a grant comes from: who asked, who approved, by which request; its name and state."""

    code: str
    requested_by: str
    approvals: tuple[Approval, ...]
    request_id: str | None = None
    state: GrantState = GrantState.ACTIVE
    state_reason: str = ""


def grant_of(consumer: ClientId, service: ServiceId, terms: GrantTerms, origin: Origin) -> Grant:
    """The domain's grant for `terms`; raises Malformed."""
    start_ms, end_ms = validity_ms(terms)
    rows, quota, hours = terms.row_scope, terms.quota, terms.hours
    stated = terms.defaults
    return Grant(
        grant_id=origin.code,
        consumer=consumer,
        service=service,
        legal_basis=tuple(LegalBasis(basis.document, basis.article) for basis in terms.legal_basis),
        purpose=terms.purpose,
        valid_from_ms=start_ms,
        valid_to_ms=end_ms,
        state=origin.state,
        state_reason=origin.state_reason,
        endpoints=tuple(Endpoint(entry.method, entry.path) for entry in terms.endpoints),
        procedures=frozenset(terms.procedures),
        fields=terms.fields,
        answer_form=terms.answer_form,
        row_scope=None if rows is None else RowScope(rows.field, frozenset(rows.values)),
        data_class=terms.data_class,
        level_min=terms.level_min,
        needs_case=terms.needs_case,
        needs_officer=terms.needs_officer,
        quota=None if quota is None else Quota(quota.calls, quota.period_s),
        hours=None if hours is None else Hours(hours.start, hours.end),
        defaults=Reason(stated.purpose, stated.procedure, stated.case, stated.officer),
        approvals=origin.approvals,
        contact=terms.contact,
    )


def grant_in(row: GrantRow) -> Grant:
    """The domain's grant in a row of the register."""
    approvals = msgspec.json.decode(row.approvals, type=list[tuple[str, int]])
    origin = Origin(
        code=row.code,
        requested_by=row.requested_by,
        approvals=tuple(Approval(by, at_ms) for by, at_ms in approvals),
        state=GrantState(row.state),
        state_reason=row.state_reason,
    )
    terms = msgspec.json.decode(row.terms, type=GrantTerms)
    return grant_of(parse_client_id(row.consumer), parse_service_id(row.service), terms, origin)


def make_grant(act: Act, consumer: ClientId, service: ServiceRow, *, terms: GrantTerms, origin: Origin) -> GrantRow:
    """Put a grant into the register after checking its terms and the consumer's level. Raises Malformed, Refused."""
    grant = grant_of(consumer, parse_service_id(service.xroad_id), terms, origin)
    check_grant(grant)
    check_text(grant.contact, 1000)
    member, level = consumer_facts(act, consumer)
    check_level(grant, level)
    if service.state == ServiceState.RETIRED:
        raise Refused("WrongState", f"service {service.xroad_id} is retired")
    row = GrantRow(
        id=act.new_id(),
        code=origin.code,
        consumer=str(consumer),
        consumer_member=member,
        service=service.xroad_id,
        provider_member=service.member,
        request_id=origin.request_id,
        state=origin.state.value,
        state_reason=origin.state_reason,
        terms=msgspec.json.encode(terms).decode(),
        valid_from_ms=grant.valid_from_ms,
        valid_to_ms=grant.valid_to_ms,
        requested_by=origin.requested_by,
        approvals=msgspec.json.encode([(approval.by, approval.at_ms) for approval in origin.approvals]).decode(),
        created_at_ms=act.now_ms,
    )
    act.create(AuditEvent.GRANT_APPROVE, row)
    return row


def consumer_facts(act: Act, consumer: ClientId) -> tuple[str, int | None]:
    """The member that answers for `consumer`, and the approved level of the system; raises Refused (``NotFound``)."""
    if isinstance(consumer, SystemId):
        system = act.unit.need(SystemRow, "system", xroad_id=str(consumer))
        return system.member, system.security_level
    assert isinstance(consumer, MemberId)
    return act.unit.need(MemberRow, "member", xroad_id=str(consumer)).xroad_id, None


def step_grant(act: Act, code: str, grant_act: GrantAct, reason: str) -> GrantRow:
    """Suspend, resume or end. The provider's data owner may all, the consumer may end. Raises Refused."""
    row = act.unit.need(GrantRow, "grant", code=code)
    _require_party(act, row, grant_act)
    check_text(reason, 1000)
    state = GRANT.step(GrantState(row.state), grant_act, reason=reason)
    act.change(_EVENTS[grant_act], row, why=reason, state=state.value, state_reason=reason)
    return row


def _require_party(act: Act, row: GrantRow, grant_act: GrantAct) -> None:
    if grant_act is GrantAct.RESUME:
        require(act.actor, Permission.GRANT_RESUME, row.provider_member)
        return
    ends_own = act.actor.role is Role.MEMBER_ADMIN and act.actor.member == row.consumer_member
    if grant_act is GrantAct.END and ends_own:
        return
    require(act.actor, Permission.GRANT_STOP, row.provider_member)
