"""``network.json`` checked and indexed: members with their old codes, nodes, signers, systems.

The rules, each refused with ``MalformedGlobalConf``, since the registry must not publish such a document:

1. every identifier is of this instance;
2. no member, node or system stands twice; no alias is a member's code or another member's alias;
3. a node belongs to a member and serves only members; no channel certificate is of two nodes;
4. a signing certificate is for a member that its node serves, and for one member only;
5. a system belongs to a member and stands on a node that serves this member.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from hashlib import sha256
from typing import NoReturn, TypeVar

from cryptography import x509

from lienthong.directory.conversions import member_from, node_from, system_from
from lienthong.directory.documents import NetworkDocument, NodeDocument, SignerDocument
from lienthong.domain.errors import Malformed
from lienthong.domain.identifiers import ClientId, MemberId, NodeId, SystemId, parse_member_id
from lienthong.domain.network import Member, Node, SigningCertificate, System

_K = TypeVar("_K")
_V = TypeVar("_V")
_Members = dict[tuple[str, ...], Member]


@dataclass(frozen=True, slots=True, eq=False)
class NetworkIndex:
    """The network by key. `canonical` leads every known member code, new or old, to the member's present id;
    `aliases` is the old half of it."""

    instance: str
    version: int
    issued_at_ms: int
    expires_at_ms: int
    digest: bytes
    members: dict[tuple[str, ...], Member]
    canonical: dict[tuple[str, ...], MemberId]
    aliases: dict[tuple[str, ...], MemberId]
    nodes: dict[NodeId, Node]
    nodes_by_tls: dict[bytes, Node]
    signers: dict[bytes, SigningCertificate]
    signers_by_member: dict[MemberId, tuple[SigningCertificate, ...]]
    systems: dict[tuple[str, ...], System]
    node_of_system: dict[tuple[str, ...], Node]
    channel_authorities: tuple[str, ...]

    def resolve(self, client: ClientId) -> ClientId:
        """`client` under the present code of its member; unchanged when its member is not known."""
        member = self.canonical.get(client[:3])
        if member is None or member == client[:3]:
            return client
        return SystemId(*member, client.system_code) if isinstance(client, SystemId) else member

    def knows(self, client: ClientId) -> bool:
        """Whether `client` (under its present code) is on the network; no proof of anything."""
        return client in (self.systems if isinstance(client, SystemId) else self.members)


def index_network(document: NetworkDocument, digest: bytes) -> NetworkIndex:
    """Check the rules above and index `document`, whose bytes have the SHA-256 `digest`; raises Malformed."""
    members: _Members = _unique((member.member_id, member) for member in map(member_from, document.members))
    canonical = _canonical_codes(members.values())
    signers = _signers(document.nodes, document.instance)
    nodes = _unique((node.node_id, node) for node in (_node(node, signers) for node in document.nodes))
    systems: dict[tuple[str, ...], System] = _unique(
        (system.system_id, system) for system in map(system_from, document.systems)
    )
    for identifier in (*canonical, *nodes, *systems):
        if identifier[0] != document.instance:
            _refuse(f"{'/'.join(identifier)} is not of instance {document.instance}")
    for node in nodes.values():
        _check_node(node, members)
    for system in systems.values():
        _check_system(system, members, nodes)
    for authority in document.trust.channel_authorities:
        _check_authority(authority)
    return NetworkIndex(
        instance=document.instance,
        version=document.version,
        issued_at_ms=document.issued_at_ms,
        expires_at_ms=document.expires_at_ms,
        digest=digest,
        members=members,
        canonical=canonical,
        aliases={code: member for code, member in canonical.items() if code != member},
        nodes=nodes,
        nodes_by_tls=_unique((tls, node) for node in nodes.values() for tls in node.tls_digests),
        signers=signers,
        signers_by_member=_by_member(signers.values()),
        systems=systems,
        node_of_system={system.system_id: nodes[system.node_id] for system in systems.values()},
        channel_authorities=document.trust.channel_authorities,
    )


def _refuse(why: str) -> NoReturn:
    raise Malformed("MalformedGlobalConf", why)


def _unique(pairs: Iterable[tuple[_K, _V]]) -> dict[_K, _V]:
    found: dict[_K, _V] = {}
    for key, value in pairs:
        if key in found:
            name = key.hex() if isinstance(key, bytes) else str(key)
            _refuse(f"{name} stands twice")
        found[key] = value
    return found


def _canonical_codes(members: Iterable[Member]) -> dict[tuple[str, ...], MemberId]:
    return _unique((code, member.member_id) for member in members for code in (member.member_id, *member.aliases))


def _signers(nodes: Iterable[NodeDocument], instance: str) -> dict[bytes, SigningCertificate]:
    found: dict[bytes, SigningCertificate] = {}
    for document in nodes:
        for signer_document in document.signers:
            signer = _signer(signer_document)
            other = found.setdefault(signer.digest, signer)
            if other.member != signer.member:
                _refuse(f"one signing certificate is of {other.member} and of {signer.member}")
            if signer.member.instance != instance:
                _refuse(f"signer {signer.member} is not of instance {instance}")
    return found


def _signer(document: SignerDocument) -> SigningCertificate:
    try:
        certificate = x509.load_der_x509_certificate(document.certificate)
        valid_from, valid_to = certificate.not_valid_before_utc, certificate.not_valid_after_utc
    except ValueError as error:
        raise Malformed("MalformedGlobalConf", f"a signing certificate of {document.member} is no X.509") from error
    return SigningCertificate(
        member=parse_member_id(document.member),
        der=document.certificate,
        digest=sha256(document.certificate).digest(),
        valid_from_ms=int(valid_from.timestamp()) * 1000,
        valid_to_ms=int(valid_to.timestamp()) * 1000,
    )


def _node(document: NodeDocument, signers: dict[bytes, SigningCertificate]) -> Node:
    own = [signers[sha256(signer.certificate).digest()] for signer in document.signers]
    return node_from(document, own)


def _check_node(node: Node, members: _Members) -> None:
    for member in (node.node_id.member, *node.members):
        if member not in members:
            _refuse(f"node {node.node_id} names {member}, which is no member")
    for signer in node.signing_certificates:
        if signer.member not in node.members:
            _refuse(f"node {node.node_id} has a signer of {signer.member}, which it does not serve")


def _check_system(system: System, members: _Members, nodes: dict[NodeId, Node]) -> None:
    member = system.system_id.member
    if member not in members:
        _refuse(f"system {system.system_id} is of no member")
    node = nodes.get(system.node_id)
    if node is None:
        _refuse(f"system {system.system_id} stands on {system.node_id}, which is no node")
    if member not in node.members:
        _refuse(f"node {system.node_id} does not serve {member}, whose system stands on it")


def _check_authority(pem: str) -> None:
    try:
        x509.load_pem_x509_certificate(pem.encode())
    except ValueError as error:
        raise Malformed("MalformedGlobalConf", "a channel authority is no PEM certificate") from error


def _by_member(signers: Iterable[SigningCertificate]) -> dict[MemberId, tuple[SigningCertificate, ...]]:
    found: dict[MemberId, tuple[SigningCertificate, ...]] = {}
    for signer in signers:
        found[signer.member] = (*found.get(signer.member, ()), signer)
    return found
