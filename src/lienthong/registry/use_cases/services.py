"""Registering services with their contracts, and their life (NĐ 47/2020 Đ24, Đ43, Đ44)."""

from __future__ import annotations

import hashlib

import msgspec

from lienthong.domain.errors import Malformed, Refused
from lienthong.domain.network import Endpoint, ServiceKind
from lienthong.registry.rules import identifiers
from lienthong.registry.rules.contracts import read_openapi
from lienthong.registry.rules.events import AuditEvent
from lienthong.registry.rules.roles import Permission, require
from lienthong.registry.rules.states import SERVICE, ServiceAct, ServiceState
from lienthong.registry.rules.terms import check_endpoints
from lienthong.registry.store.tables import DocumentRow, ServiceRow, SystemRow
from lienthong.registry.use_cases.acting import Act
from lienthong.registry.use_cases.members import check_name, check_text
from lienthong.registry.use_cases.network_document import ServiceContent

_EVENTS = {
    ServiceAct.PUBLISH: AuditEvent.SERVICE_PUBLISH,
    ServiceAct.SUSPEND_PLANNED: AuditEvent.SERVICE_SUSPEND,
    ServiceAct.SUSPEND_FORCED: AuditEvent.SERVICE_SUSPEND,
    ServiceAct.RESUME: AuditEvent.SERVICE_RESUME,
    ServiceAct.RETIRE: AuditEvent.SERVICE_RETIRE,
}
_METHODS = frozenset({"GET", "HEAD", "OPTIONS", "PUT", "DELETE", "TRACE", "POST", "PATCH"})


def add_service(act: Act, content: ServiceContent) -> ServiceRow:
    """Register a service as a draft, its operations taken from its contract. Raises Malformed, Refused."""
    return _add(act, content, ServiceState.DRAFT, "")


def import_service(act: Act, content: ServiceContent, state: ServiceState, notice: str) -> ServiceRow:
    """Register a service in the state it already has elsewhere."""
    check_text(notice)
    return _add(act, content, state, notice)


def step_service(act: Act, service: str, service_act: ServiceAct, notice: str) -> ServiceRow:
    """Publish, suspend, resume or retire; `notice` is what the public is told. Raises Refused."""
    row = act.unit.need(ServiceRow, "service", xroad_id=service)
    require(act.actor, Permission.SERVICE_MANAGE, row.member)
    check_text(notice, 1000)
    state = SERVICE.step(ServiceState(row.state), service_act, reason=notice)
    if service_act is ServiceAct.PUBLISH and not row.usage_rule.strip():
        raise Refused("Incomplete", "a service is published with its usage rule (NĐ 47/2020 Đ22, Đ24.3)")
    act.change(_EVENTS[service_act], row, why=notice, state=state.value, state_notice=notice)
    return row


def _add(act: Act, content: ServiceContent, state: ServiceState, notice: str) -> ServiceRow:
    service_id = identifiers.service_id(content.id, act.instance)
    member = str(service_id.member)
    require(act.actor, Permission.SERVICE_MANAGE, member)
    check_name(content.title_vi, content.title_en)
    check_text(content.usage_rule)
    _check_idempotent(content.idempotent)
    system = act.unit.need(SystemRow, "system", xroad_id=str(service_id.system))
    endpoints = _endpoints(content)
    row = ServiceRow(
        id=act.new_id(),
        xroad_id=str(service_id),
        system=system.xroad_id,
        member=member,
        kind=content.kind.value,
        title_vi=content.title_vi.strip(),
        title_en=content.title_en.strip(),
        data_class=content.data_class.value,
        state=state.value,
        state_notice=notice,
        usage_rule=content.usage_rule,
        body_retention=content.body_retention.value,
        signature=content.signature.value,
        idempotent=msgspec.json.encode(sorted(set(content.idempotent))).decode(),
        endpoints=msgspec.json.encode([[endpoint.method, endpoint.path] for endpoint in endpoints]).decode(),
        openapi_digest=_keep_document(act, content.openapi),
        created_at_ms=act.now_ms,
    )
    act.create(AuditEvent.SERVICE_ADD, row)
    return row


def _endpoints(content: ServiceContent) -> tuple[Endpoint, ...]:
    """From the contract where there is one, so that the two can never disagree."""
    if content.openapi is not None:
        if content.kind is not ServiceKind.OPENAPI or content.endpoints:
            raise Malformed(
                "InvalidContract", "a service with an OpenAPI document is of kind OPENAPI, without endpoints"
            )
        return read_openapi(content.openapi)
    if content.kind is ServiceKind.OPENAPI:
        raise Malformed("InvalidContract", "a service of kind OPENAPI comes with its document")
    endpoints = tuple(Endpoint(entry.method, entry.path) for entry in content.endpoints)
    check_endpoints(endpoints)
    return endpoints


def _check_idempotent(methods: tuple[str, ...]) -> None:
    if not _METHODS.issuperset(methods):
        raise Malformed("InvalidTerms", "idempotent names HTTP methods in capitals")


def _keep_document(act: Act, text: str | None) -> str | None:
    """Keep a contract once per content; its digest."""
    if text is None:
        return None
    digest = hashlib.sha256(text.encode()).hexdigest()
    if act.unit.get(DocumentRow, digest) is None:
        act.unit.add(DocumentRow(digest=digest, text=text))
    return digest
