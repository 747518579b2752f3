"""The road between the directory's documents and the domain's nouns, both ways. Nothing is decided here."""

from __future__ import annotations

from collections.abc import Iterable

from lienthong.directory.documents import (
    ApprovalDocument,
    EndpointDocument,
    GrantDocument,
    HoursDocument,
    LegalBasisDocument,
    MemberDocument,
    NodeDocument,
    ProviderDocument,
    QuotaDocument,
    ReasonDocument,
    RowScopeDocument,
    ServiceDocument,
    SignerDocument,
    SystemDocument,
)
from lienthong.domain.errors import Malformed
from lienthong.domain.grants import Approval, Grant, Hours, LegalBasis, Quota, Reason, RowScope
from lienthong.domain.identifiers import (
    ClientId,
    MemberId,
    ServiceId,
    parse_member_id,
    parse_node_id,
    parse_system_id,
)
from lienthong.domain.network import Endpoint, Member, Node, Service, SigningCertificate, System


def member_document(member: Member) -> MemberDocument:
    """The document of `member`."""
    aliases = tuple(sorted(map(str, member.aliases)))
    return MemberDocument(id=str(member.member_id), name_vi=member.name_vi, name_en=member.name_en, aliases=aliases)


def member_from(document: MemberDocument) -> Member:
    """The member in `document`; raises Malformed on an identifier that is none."""
    return Member(
        member_id=parse_member_id(document.id),
        name_vi=document.name_vi,
        name_en=document.name_en,
        aliases=tuple(map(parse_member_id, document.aliases)),
    )


def node_document(node: Node) -> NodeDocument:
    """The document of `node`."""
    signers = [SignerDocument(str(signer.member), signer.der) for signer in node.signing_certificates]
    return NodeDocument(
        id=str(node.node_id),
        host=node.host,
        port=node.port,
        tls_sha256=tuple(sorted(node.tls_digests)),
        members=tuple(sorted(map(str, node.members))),
        signers=tuple(sorted(signers, key=lambda signer: (signer.member, signer.certificate))),
        maintenance=node.maintenance,
    )


def node_from(document: NodeDocument, signers: Iterable[SigningCertificate]) -> Node:
    """The node in `document` with its `signers`, which were read before; raises Malformed."""
    return Node(
        node_id=parse_node_id(document.id),
        host=document.host,
        port=document.port,
        tls_digests=frozenset(document.tls_sha256),
        members=frozenset(map(parse_member_id, document.members)),
        signing_certificates=tuple(signers),
        maintenance=document.maintenance,
    )


def system_document(system: System) -> SystemDocument:
    """The document of `system`."""
    return SystemDocument(
        id=str(system.system_id),
        node=str(system.node_id),
        name_vi=system.name_vi,
        name_en=system.name_en,
        security_level=system.security_level,
    )


def system_from(document: SystemDocument) -> System:
    """The system in `document`; raises Malformed."""
    return System(
        system_id=parse_system_id(document.id),
        node_id=parse_node_id(document.node),
        name_vi=document.name_vi,
        name_en=document.name_en,
        security_level=document.security_level,
    )


def provider_document(provider: MemberId, services: Iterable[Service], grants: Iterable[Grant]) -> ProviderDocument:
    """The segment of `provider`; raises Malformed when a service or grant is another member's."""
    return ProviderDocument(
        provider=str(provider),
        services=tuple(service_document(_own(provider, service.service_id), service) for service in services),
        grants=tuple(grant_document(_own(provider, grant.service), grant) for grant in grants),
    )


def _own(provider: MemberId, service: ServiceId) -> ServiceId:
    if service.member != provider:
        raise Malformed("MalformedGlobalConf", f"service {service} is not of provider {provider}")
    return service


def service_document(service_id: ServiceId, service: Service) -> ServiceDocument:
    """The document of `service`."""
    return ServiceDocument(
        system=service_id.system_code,
        service=service_id.service_code,
        kind=service.kind,
        title_vi=service.title_vi,
        title_en=service.title_en,
        data_class=service.data_class,
        endpoints=_endpoint_documents(service.endpoints),
        enabled=service.enabled,
        disabled_notice=service.disabled_notice,
        body_retention=service.body_retention,
        idempotent=tuple(sorted(service.idempotent)),
        openapi=service.openapi,
        signature=service.signature,
    )


def service_from(provider: MemberId, document: ServiceDocument) -> Service:
    """The service of `provider` in `document`."""
    return Service(
        service_id=ServiceId(*provider, document.system, document.service),
        kind=document.kind,
        title_vi=document.title_vi,
        title_en=document.title_en,
        data_class=document.data_class,
        endpoints=_endpoints_from(document.endpoints),
        enabled=document.enabled,
        disabled_notice=document.disabled_notice,
        body_retention=document.body_retention,
        idempotent=frozenset(document.idempotent),
        openapi=document.openapi,
        signature=document.signature,
    )


def grant_document(service: ServiceId, grant: Grant) -> GrantDocument:
    """The document of `grant`."""
    rows, quota, hours, stated = grant.row_scope, grant.quota, grant.hours, grant.defaults
    return GrantDocument(
        id=grant.grant_id,
        consumer=str(grant.consumer),
        system=service.system_code,
        service=service.service_code,
        legal_basis=tuple(LegalBasisDocument(basis.document, basis.article) for basis in grant.legal_basis),
        purpose=grant.purpose,
        valid_from_ms=grant.valid_from_ms,
        valid_to_ms=grant.valid_to_ms,
        state=grant.state,
        state_reason=grant.state_reason,
        endpoints=_endpoint_documents(grant.endpoints),
        procedures=tuple(sorted(grant.procedures)),
        fields=grant.fields,
        answer_form=grant.answer_form,
        row_scope=None if rows is None else RowScopeDocument(rows.field, tuple(sorted(rows.values))),
        data_class=grant.data_class,
        level_min=grant.level_min,
        needs_case=grant.needs_case,
        needs_officer=grant.needs_officer,
        quota=None if quota is None else QuotaDocument(quota.calls, quota.period_s),
        hours=None if hours is None else HoursDocument(hours.start, hours.end),
        defaults=ReasonDocument(stated.purpose, stated.procedure, stated.case, stated.officer),
        approvals=tuple(ApprovalDocument(approval.by, approval.at_ms) for approval in grant.approvals),
        contact=grant.contact,
    )


def grant_from(provider: MemberId, consumer: ClientId, document: GrantDocument) -> Grant:
    """The grant in `document`, to `consumer` under its present code."""
    rows, quota, hours, stated = document.row_scope, document.quota, document.hours, document.defaults
    return Grant(
        grant_id=document.id,
        consumer=consumer,
        service=ServiceId(*provider, document.system, document.service),
        legal_basis=tuple(LegalBasis(basis.document, basis.article) for basis in document.legal_basis),
        purpose=document.purpose,
        valid_from_ms=document.valid_from_ms,
        valid_to_ms=document.valid_to_ms,
        state=document.state,
        state_reason=document.state_reason,
        endpoints=_endpoints_from(document.endpoints),
        procedures=frozenset(document.procedures),
        fields=document.fields,
        answer_form=document.answer_form,
        row_scope=None if rows is None else RowScope(rows.field, frozenset(rows.values)),
        data_class=document.data_class,
        level_min=document.level_min,
        needs_case=document.needs_case,
        needs_officer=document.needs_officer,
        quota=None if quota is None else Quota(quota.calls, quota.period_s),
        hours=None if hours is None else Hours(hours.start, hours.end),
        defaults=Reason(stated.purpose, stated.procedure, stated.case, stated.officer),
        approvals=tuple(Approval(approval.by, approval.at_ms) for approval in document.approvals),
        contact=document.contact,
    )


def _endpoint_documents(endpoints: Iterable[Endpoint]) -> tuple[EndpointDocument, ...]:
    return tuple(EndpointDocument(endpoint.method, endpoint.path) for endpoint in endpoints)


def _endpoints_from(documents: Iterable[EndpointDocument]) -> tuple[Endpoint, ...]:
    return tuple(Endpoint(document.method, document.path) for document in documents)
