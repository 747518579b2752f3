"""What the API shows of the register. Instants are ISO 8601 in UTC; nothing secret is in a view."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Generic, TypeVar

import msgspec

from lienthong.registry.rules.states import NodeState
from lienthong.registry.store.tables import (
    AuditRow,
    Base,
    EnrolmentRow,
    GrantRow,
    MemberRow,
    NodeRow,
    RequestRow,
    ServiceRow,
    SystemRow,
    TokenRow,
)
from lienthong.registry.store.unit import Unit
from lienthong.registry.use_cases.access_requests import RequestEntry
from lienthong.registry.use_cases.network_document import EndpointEntry, GrantTerms

PAGE_MAX = 1000
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
R = TypeVar("R", bound=Base)
V = TypeVar("V")


class Page(msgspec.Struct, Generic[V], frozen=True):
    """At most a thousand things; `next` goes into ``after`` for those that follow, null at the end."""

    items: list[V]
    next: str | None


class MemberView(msgspec.Struct, frozen=True):
    id: str
    name_vi: str
    name_en: str
    contact: str
    created_at: datetime


class NodeView(msgspec.Struct, frozen=True):
    """`waiting` says that it has not enrolled yet; `maintenance` is the notice while it is under maintenance."""

    id: str
    member: str
    host: str
    port: int
    state: str
    waiting: bool
    maintenance: str | None
    created_at: datetime


class EnrolmentView(msgspec.Struct, frozen=True):
    id: str
    node: str
    state: str
    asked_by: str
    asked_at: datetime
    decided_by: str | None
    decided_at: datetime | None
    reason: str


class SystemView(msgspec.Struct, frozen=True):
    id: str
    member: str
    node: str
    name_vi: str
    name_en: str
    security_level: int | None
    created_at: datetime


class ServiceView(msgspec.Struct, frozen=True):
    id: str
    kind: str
    title_vi: str
    title_en: str
    data_class: str
    state: str
    state_notice: str
    usage_rule: str
    body_retention: str
    signature: str
    endpoints: list[EndpointEntry]
    openapi_digest: str | None
    created_at: datetime


class RequestView(msgspec.Struct, frozen=True):
    id: str
    state: str
    content: RequestEntry
    asked_by: str
    received_at: datetime
    answered_by: str | None
    answered_at: datetime | None
    reason: str


class GrantView(msgspec.Struct, frozen=True):
    id: str
    consumer: str
    service: str
    state: str
    state_reason: str
    terms: GrantTerms
    valid_from: datetime
    valid_to: datetime
    requested_by: str
    request_id: str | None
    created_at: datetime


class WhoView(msgspec.Struct, frozen=True):
    holder: str
    role: str
    member: str | None


class TokenView(msgspec.Struct, frozen=True):
    id: str
    holder: str
    role: str
    member: str | None
    created_at: datetime
    expires_at: datetime
    revoked_at: datetime | None


class AuditView(msgspec.Struct, frozen=True):
    id: str
    at: datetime
    actor: str
    role: str
    event: str
    object: str
    before_digest: str
    after_digest: str
    reason: str


def moment(at_ms: int) -> datetime:
    """An instant for people and JSON."""
    return _EPOCH + timedelta(milliseconds=at_ms)


def _maybe(at_ms: int | None) -> datetime | None:
    return None if at_ms is None else moment(at_ms)


def member_view(row: MemberRow) -> MemberView:
    return MemberView(row.xroad_id, row.name_vi, row.name_en, row.contact, moment(row.created_at_ms))


def node_view(row: NodeRow) -> NodeView:
    return NodeView(
        id=row.xroad_id,
        member=row.member,
        host=row.host,
        port=row.port,
        state=row.state,
        waiting=row.state == NodeState.REGISTERED,
        maintenance=row.maintenance,
        created_at=moment(row.created_at_ms),
    )


def enrolment_view(row: EnrolmentRow) -> EnrolmentView:
    asked_at, decided_at = moment(row.asked_at_ms), _maybe(row.decided_at_ms)
    return EnrolmentView(row.id, row.node, row.state, row.asked_by, asked_at, row.decided_by, decided_at, row.reason)


def system_view(row: SystemRow) -> SystemView:
    level, created_at = row.security_level, moment(row.created_at_ms)
    return SystemView(row.xroad_id, row.member, row.node, row.name_vi, row.name_en, level, created_at)


def service_view(row: ServiceRow) -> ServiceView:
    endpoints = msgspec.json.decode(row.endpoints, type=list[tuple[str, str]])
    return ServiceView(
        id=row.xroad_id,
        kind=row.kind,
        title_vi=row.title_vi,
        title_en=row.title_en,
        data_class=row.data_class,
        state=row.state,
        state_notice=row.state_notice,
        usage_rule=row.usage_rule,
        body_retention=row.body_retention,
        signature=row.signature,
        endpoints=[EndpointEntry(method, path) for method, path in endpoints],
        openapi_digest=row.openapi_digest,
        created_at=moment(row.created_at_ms),
    )


def request_view(row: RequestRow) -> RequestView:
    return RequestView(
        id=row.id,
        state=row.state,
        content=msgspec.json.decode(row.content, type=RequestEntry),
        asked_by=row.asked_by,
        received_at=moment(row.received_at_ms),
        answered_by=row.answered_by,
        answered_at=_maybe(row.answered_at_ms),
        reason=row.reason,
    )


def grant_view(row: GrantRow) -> GrantView:
    return GrantView(
        id=row.code,
        consumer=row.consumer,
        service=row.service,
        state=row.state,
        state_reason=row.state_reason,
        terms=msgspec.json.decode(row.terms, type=GrantTerms),
        valid_from=moment(row.valid_from_ms),
        valid_to=moment(row.valid_to_ms),
        requested_by=row.requested_by,
        request_id=row.request_id,
        created_at=moment(row.created_at_ms),
    )


def token_view(row: TokenRow) -> TokenView:
    created_at, expires_at = moment(row.created_at_ms), moment(row.expires_at_ms)
    return TokenView(row.id, row.holder, row.role, row.member, created_at, expires_at, _maybe(row.revoked_at_ms))


def audit_view(row: AuditRow) -> AuditView:
    return AuditView(
        id=row.id,
        at=moment(row.at_ms),
        actor=row.actor,
        role=row.role,
        event=row.event,
        object=row.object_id,
        before_digest=row.before_digest,
        after_digest=row.after_digest,
        reason=row.reason,
    )


def page_of(unit: Unit, table: type[R], view: Callable[[R], V], *, after: str, limit: int, **equal: str) -> Page[V]:
    """A page of the views of the rows of `table`, in order of their making."""
    rows: Sequence[R] = unit.page(table, after=after, limit=limit, **equal)
    last = rows[-1] if len(rows) == limit else None
    following = getattr(last, "id", None) if last is not None else None
    return Page([view(row) for row in rows], following)
