"""Building the directory from the register, and publishing it.

What is published: members; nodes with a certificate that holds now; systems behind such nodes; services that were
published once and are not retired (a suspended one is there with its notice); grants between published parties that
are not ended. The rest is counted, not published: a node that cannot be called has no place in the directory.
"""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol

import msgspec
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from lienthong.adapters.directory_publisher import Publication
from lienthong.directory import conversions
from lienthong.directory.documents import (
    NetworkDocument,
    ProviderDocument,
    TrustDocument,
    encode_network,
    encode_provider,
    provider_target,
)
from lienthong.domain.grants import Grant
from lienthong.domain.identifiers import (
    MemberId,
    parse_member_id,
    parse_node_id,
    parse_service_id,
    parse_system_id,
)
from lienthong.domain.network import (
    BodyRetention,
    DataClass,
    Endpoint,
    Member,
    Node,
    Service,
    ServiceKind,
    SignatureForm,
    SigningCertificate,
    System,
)
from lienthong.registry.rules.events import AuditEvent
from lienthong.registry.rules.roles import Permission, require
from lienthong.registry.rules.states import NodeState, ServiceState
from lienthong.registry.store.tables import (
    AliasRow,
    CertificateRow,
    DocumentRow,
    GrantRow,
    MemberRow,
    NodeRow,
    PublicationRow,
    ServedRow,
    ServiceRow,
    SystemRow,
)
from lienthong.registry.store.unit import Unit
from lienthong.registry.use_cases.acting import Act
from lienthong.registry.use_cases.grants import grant_in


class Publisher(Protocol):
    """Signs the documents and puts them where nodes read: whole or not at all."""

    def publish(self, network: bytes, providers: Mapping[str, bytes], *, now_ms: int) -> Publication:
        """Publish these documents; raises Malformed, Unavailable."""

    def renew(self, *, now_ms: int) -> Publication:
        """Sign anew what is published; raises Unavailable where nothing is."""


@dataclass(frozen=True, slots=True)
class DirectoryTerms:
    """What the documents say beside the register: how long they hold, and the channel authorities (PEM)."""

    valid_s: int
    channel_authorities: tuple[str, ...]


class DirectoryDocuments(NamedTuple):
    """The directory as documents, and what stays out of it: registered, but not connected yet."""

    network: NetworkDocument
    providers: tuple[ProviderDocument, ...]
    not_connected: dict[str, int]


class Published(msgspec.Struct, frozen=True):
    """One publication: version of the snapshot, SHA-256 over the documents, which of them changed, what nodes will
    not be able to use (`findings`), and how many nodes, systems, services and grants are `not_connected` yet."""

    version: int
    digest: str
    documents: int
    changed: list[str]
    expires_at_ms: int
    findings: list[str]
    not_connected: dict[str, int]


def publish(act: Act, publisher: Publisher, terms: DirectoryTerms) -> Published:
    """Build, sign and publish the directory; raises Refused, Malformed, Unavailable.

    The audit row is committed after the documents are out: a crash between leaves a directory that is right and a
    row short, never a row about what no node can read.
    """
    require(act.actor, Permission.DIRECTORY_PUBLISH)
    documents = build(act.unit, act.now_ms, act.instance, terms)
    network = encode_network(documents.network)
    providers = {
        provider_target(parse_member_id(segment.provider)): encode_provider(segment)
        for segment in documents.providers
    }
    done = publisher.publish(network, providers, now_ms=act.now_ms)
    digest = _digest(network, providers)
    count = 1 + len(providers)
    row = PublicationRow(id=act.new_id(), digest=digest, documents=count, published_at_ms=act.now_ms)
    act.create(AuditEvent.DIRECTORY_PUBLISH, row, why=f"version {done.version}")
    return Published(
        version=done.version,
        digest=digest,
        documents=count,
        changed=list(done.changed),
        expires_at_ms=done.expires_at_ms,
        findings=[f"{finding.code} {finding.subject}" for finding in done.findings],
        not_connected=documents.not_connected,
    )


def _digest(network: bytes, providers: Mapping[str, bytes]) -> str:
    """Hex SHA-256 over path and SHA-256 of each document, in order of path."""
    total = hashlib.sha256(hashlib.sha256(network).digest())
    for path in sorted(providers):
        total.update(path.encode() + b"\0" + hashlib.sha256(providers[path]).digest())
    return total.hexdigest()


def build(unit: Unit, now_ms: int, instance: str, terms: DirectoryTerms) -> DirectoryDocuments:
    """The documents of the register as it stands; raises Malformed where the register holds what cannot be said."""
    members = _members(unit)
    all_nodes, all_systems, all_services = unit.all(NodeRow), unit.all(SystemRow), unit.all(ServiceRow)
    nodes = _nodes(unit, all_nodes, now_ms)
    on_line = {str(node.node_id) for node in nodes}
    systems = {row.xroad_id: _system(row) for row in all_systems if row.node in on_line}
    services = _services(unit, [row for row in all_services if row.system in systems])
    all_grants = [grant_in(row) for row in unit.all(GrantRow)]
    consumers = systems.keys() | {str(member.member_id) for member in members}
    grants = [grant for grant in all_grants if str(grant.consumer) in consumers and str(grant.service) in services]
    network = NetworkDocument(
        instance=instance,
        version=unit.count(PublicationRow) + 1,
        issued_at_ms=now_ms,
        expires_at_ms=now_ms + terms.valid_s * 1000,
        members=tuple(map(conversions.member_document, members)),
        nodes=tuple(map(conversions.node_document, nodes)),
        systems=tuple(map(conversions.system_document, systems.values())),
        trust=TrustDocument(channel_authorities=terms.channel_authorities),
    )
    left_out = {
        "nodes": len(all_nodes) - len(nodes),
        "systems": len(all_systems) - len(systems),
        "services": len(all_services) - len(services),
        "grants": len(all_grants) - len(grants),
    }
    return DirectoryDocuments(network, _providers(services.values(), grants), left_out)


def _members(unit: Unit) -> list[Member]:
    aliases: dict[str, list[MemberId]] = defaultdict(list)
    for alias in unit.all(AliasRow):
        aliases[alias.member].append(parse_member_id(alias.xroad_id))
    return [
        Member(parse_member_id(row.xroad_id), row.name_vi, row.name_en, tuple(aliases[row.xroad_id]))
        for row in unit.all(MemberRow)
    ]


def _nodes(unit: Unit, rows: Sequence[NodeRow], now_ms: int) -> list[Node]:
    """Active nodes with a channel certificate that has not ended; ended certificates are left out."""
    served: dict[str, set[MemberId]] = defaultdict(set)
    for one in unit.all(ServedRow):
        served[one.node].add(parse_member_id(one.member))
    certificates: dict[str, list[CertificateRow]] = defaultdict(list)
    for kept in unit.all(CertificateRow):
        if kept.valid_to_ms > now_ms:
            certificates[kept.node].append(kept)
    nodes = [_node(row, served[row.xroad_id], certificates[row.xroad_id]) for row in rows if _is_active(row)]
    return [node for node in nodes if node.tls_digests]


def _is_active(row: NodeRow) -> bool:
    return row.state == NodeState.ACTIVE


def _node(row: NodeRow, served: set[MemberId], certificates: list[CertificateRow]) -> Node:
    return Node(
        node_id=parse_node_id(row.xroad_id),
        host=row.host,
        port=row.port,
        tls_digests=frozenset(bytes.fromhex(kept.digest) for kept in certificates if kept.member is None),
        members=frozenset(served),
        signing_certificates=tuple(_signer(kept) for kept in certificates if kept.member is not None),
        maintenance=row.maintenance,
    )


def _signer(row: CertificateRow) -> SigningCertificate:
    assert row.member is not None
    return SigningCertificate(
        member=parse_member_id(row.member),
        der=x509.load_pem_x509_certificate(row.pem.encode()).public_bytes(Encoding.DER),
        digest=bytes.fromhex(row.digest),
        valid_from_ms=row.valid_from_ms,
        valid_to_ms=row.valid_to_ms,
    )


def _system(row: SystemRow) -> System:
    return System(
        parse_system_id(row.xroad_id), parse_node_id(row.node), row.name_vi, row.name_en, row.security_level
    )


def _services(unit: Unit, rows: list[ServiceRow]) -> dict[str, Service]:
    texts = {row.digest: row.text for row in unit.all(DocumentRow)}
    hidden = (ServiceState.DRAFT, ServiceState.RETIRED)
    return {row.xroad_id: _service(row, texts) for row in rows if row.state not in hidden}


def _service(row: ServiceRow, texts: dict[str, str]) -> Service:
    endpoints = msgspec.json.decode(row.endpoints, type=list[tuple[str, str]])
    enabled = row.state == ServiceState.PUBLISHED
    return Service(
        service_id=parse_service_id(row.xroad_id),
        kind=ServiceKind(row.kind),
        title_vi=row.title_vi,
        title_en=row.title_en,
        data_class=DataClass(row.data_class),
        endpoints=tuple(Endpoint(method, path) for method, path in endpoints),
        enabled=enabled,
        disabled_notice="" if enabled else row.state_notice,
        body_retention=BodyRetention(row.body_retention),
        idempotent=frozenset(msgspec.json.decode(row.idempotent, type=list[str])),
        signature=SignatureForm(row.signature),
        openapi=texts[row.openapi_digest] if row.openapi_digest is not None else None,
    )


def _providers(services: Iterable[Service], grants: list[Grant]) -> tuple[ProviderDocument, ...]:
    """One segment per member that has a service."""
    offered: dict[MemberId, list[Service]] = defaultdict(list)
    given: dict[MemberId, list[Grant]] = defaultdict(list)
    for service in services:
        offered[service.service_id.member].append(service)
    for grant in grants:
        given[grant.service.member].append(grant)
    return tuple(conversions.provider_document(member, offered[member], given[member]) for member in sorted(offered))
