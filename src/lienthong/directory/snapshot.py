"""The directory that a node decides from: one immutable, indexed value, made only by `build_directory`.

Look-ups are dictionary look-ups. Old codes of members are resolved when the directory is built. Grants and services
become nouns when they are first asked for and are then kept; this memory is the only thing that changes, only by
adding what the same documents always give, so that one directory may be read from several threads.

Building 100,000 services takes seconds: do it in a thread and swap the reference. `previous` makes it incremental:
segments whose bytes have not changed are taken over as they are.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Final

from lienthong.directory.conversions import grant_from, service_from
from lienthong.directory.documents import decode_grant, decode_network, decode_service, provider_target
from lienthong.directory.network_index import NetworkIndex, index_network
from lienthong.directory.relation import Relation
from lienthong.directory.segment import Finding, Segment, index_segment
from lienthong.domain.decision import CompiledGrant, compile_grant
from lienthong.domain.errors import Malformed, Refused, Unavailable
from lienthong.domain.grants import Grant
from lienthong.domain.identifiers import ClientId, MemberId, NodeId, ServiceId, SystemId
from lienthong.domain.network import Member, Node, Service, SigningCertificate, System

FINDINGS_MAX: Final = 1000
_SEAL: Final = object()


@dataclass(slots=True)
class _Memory:
    """Nouns made so far. Bounded by the directory's contents: what is not in the directory is not remembered."""

    candidates: dict[tuple[ClientId, ServiceId], tuple[CompiledGrant, ...]]
    services: dict[ServiceId, Service]


@dataclass(frozen=True, slots=True)
class _Contents:
    """The checked indexes, and the nouns made from them."""

    network: NetworkIndex
    segments: Mapping[tuple[str, ...], Segment]
    memory: _Memory


class FreshDirectory:
    """What the registry told the nodes, in force until `expires_at_ms`. Methods raise nothing unless they say so."""

    __slots__ = ("_memory", "_network", "_relations", "_segments", "expires_at_ms", "findings", "version")

    def __init__(self, contents: _Contents, *, version: int, expires_at_ms: int, seal: object) -> None:
        assert seal is _SEAL, "a directory is made by build_directory"
        self._network = contents.network
        self._segments = contents.segments
        self._memory = contents.memory
        self._relations: dict[tuple[ClientId, ServiceId], Relation] = {}
        self.version: Final = version
        self.expires_at_ms: Final = expires_at_ms
        self.findings: Final = _findings(self._network, self._segments.values())

    @property
    def instance(self) -> str:
        """The X-Road instance, ``VN``."""
        return self._network.instance

    @property
    def network_version(self) -> int:
        """The version that the registry wrote into ``network.json``."""
        return self._network.version

    @property
    def issued_at_ms(self) -> int:
        """When the registry wrote ``network.json``: a time that has certainly passed."""
        return self._network.issued_at_ms

    @property
    def channel_authorities(self) -> tuple[str, ...]:
        """Certificates (PEM) of the authorities for node-to-node channels."""
        return self._network.channel_authorities

    def require_fresh(self, now_ms: int) -> None:
        """Raises Unavailable (``OutdatedGlobalConf``) once the directory has expired."""
        if now_ms >= self.expires_at_ms:
            raise Unavailable("OutdatedGlobalConf", f"the directory, version {self.version}, has expired")

    def member(self, member_id: MemberId) -> Member:
        """The member with this code, present or old; raises Refused (``UnknownMember``)."""
        return self._network.members[self._canonical(member_id)]

    def system(self, system_id: SystemId) -> System | None:
        """The system with this present id."""
        return self._network.systems.get(system_id)

    def canonical_client(self, client: ClientId) -> ClientId:
        """`client` under its member's present code; raises Refused (``UnknownMember``)."""
        member = self._canonical(client)
        if member == client[:3]:
            return client
        return SystemId(*member, client.system_code) if isinstance(client, SystemId) else member

    def canonical_service(self, service: ServiceId) -> ServiceId:
        """`service` under its member's present code; raises Refused (``UnknownMember``)."""
        member = self._canonical(service)
        return service if member == service[:3] else ServiceId(*member, *service[3:])

    def _canonical(self, identifier: tuple[str, ...]) -> MemberId:
        member = self._network.canonical.get(identifier[:3])
        if member is None:
            raise Refused("UnknownMember", f"{'/'.join(identifier[:3])} is no member of this network")
        return member

    def relation(self, client: ClientId, service: ServiceId) -> Relation:
        """What is said about the two, as a message names them; raises Refused (``UnknownMember``) for either."""
        known = self._relations.get((client, service))
        return known if known is not None else self._relate(client, service)

    def _relate(self, client: ClientId, service: ServiceId) -> Relation:
        present, asked = self.canonical_client(client), self.canonical_service(service)
        system = self.system(present) if isinstance(present, SystemId) else None
        relation = Relation(
            client,
            service,
            present,
            asked,
            node=self._network.node_of_system.get(asked[:4]),
            described=self.service(asked),
            client_level=None if system is None else system.security_level,
            candidates=self.candidates(present, asked),
            version=self.version,
        )
        # Where there is no grant, anybody could fill the memory with names.
        return self._relations.setdefault((client, service), relation) if relation.candidates else relation

    def node_for(self, address: ServiceId | SystemId) -> Node:
        """The node that serves this system (present id); raises Refused (``UnknownMember``)."""
        node = self._network.node_of_system.get(address[:4])
        if node is None:
            raise Refused("UnknownMember", f"no node is known for {'/'.join(address[:4])}")
        return node

    def node(self, node_id: NodeId) -> Node | None:
        """The node with this id."""
        return self._network.nodes.get(node_id)

    def node_by_tls_digest(self, digest: bytes) -> Node | None:
        """The node whose channel certificate has this SHA-256."""
        return self._network.nodes_by_tls.get(digest)

    def signing_certificate(self, digest: bytes) -> SigningCertificate | None:
        """The signing certificate with this SHA-256, of whichever member; its validity is the verifier's to judge."""
        return self._network.signers.get(digest)

    def signers_of(self, member_id: MemberId) -> tuple[SigningCertificate, ...]:
        """All signing certificates of the member (present id)."""
        return self._network.signers_by_member.get(member_id, ())

    def service(self, service_id: ServiceId) -> Service | None:
        """The service with this present id."""
        known = self._memory.services.get(service_id)
        return known if known is not None else self._make_service(service_id)

    def _make_service(self, service_id: ServiceId) -> Service | None:
        segment = self._segments.get(service_id[:3])
        item = None if segment is None else segment.services.get(service_id[3:])
        if segment is None or item is None:
            return None
        return self._memory.services.setdefault(service_id, service_from(segment.provider, decode_service(item)))

    def services_of(self, system_id: SystemId) -> tuple[Service, ...]:
        """All services of the system (present id), by code."""
        segment = self._segments.get(system_id[:3])
        if segment is None:
            return ()
        codes = segment.services_by_system.get(system_id.system_code, ())
        found = (self.service(ServiceId(*system_id, code)) for code in codes)
        return tuple(service for service in found if service is not None)

    def candidates(self, client: ClientId, service: ServiceId) -> tuple[CompiledGrant, ...]:
        """The grants that name exactly this consumer and service (present ids); none = no grant, so refuse.

        A grant to a member is for calls of the member as such, not for its systems. A grant that cannot be compiled
        allows nothing; `unusable_grants` names it.
        """
        known = self._memory.candidates.get((client, service))
        return known if known is not None else self._compile(client, service)

    def _compile(self, client: ClientId, service: ServiceId) -> tuple[CompiledGrant, ...]:
        segment = self._segments.get(service[:3])
        items = None if segment is None else segment.grants.get((*client, *service[3:]))
        if segment is None or items is None or not self._network.knows(client):
            return ()
        grants = (grant_from(segment.provider, client, decode_grant(item)) for item in items)
        compiled = tuple(ready for ready in map(_compiled, grants) if ready is not None)
        return self._memory.candidates.setdefault((client, service), compiled)

    def grants_of_consumer(self, client: ClientId) -> tuple[Grant, ...]:
        """Every grant to this consumer (present id), over all providers."""
        if not self._network.knows(client):
            return ()
        return tuple(grant for segment in self._segments.values() for grant in _grants(segment, client))

    def unusable_grants(self) -> tuple[Finding, ...]:
        """Grants that cannot be compiled (bad glob or field). Reads all: for the registry, before it publishes."""
        return tuple(
            Finding("UnusableGrant", grant.grant_id)
            for segment in self._segments.values()
            for consumer in segment.consumers
            for grant in _grants(segment, consumer)
            if _compiled(grant) is None
        )

    def members(self) -> tuple[Member, ...]:
        """All members."""
        return tuple(self._network.members.values())

    def nodes(self) -> tuple[Node, ...]:
        """All nodes."""
        return tuple(self._network.nodes.values())

    def systems(self) -> tuple[System, ...]:
        """All systems."""
        return tuple(self._network.systems.values())


def _grants(segment: Segment, consumer: ClientId) -> Iterator[Grant]:
    return (grant_from(segment.provider, consumer, decode_grant(item)) for item in segment.grants_of(consumer))


def _compiled(grant: Grant) -> CompiledGrant | None:
    try:
        return compile_grant(grant)
    except Malformed:
        return None


def build_directory(
    network: bytes,
    providers: Mapping[str, bytes],
    *,
    version: int,
    expires_at_ms: int,
    previous: FreshDirectory | None = None,
) -> FreshDirectory:
    """The directory in these documents, all rules checked; raises Malformed (``MalformedGlobalConf``).

    `providers` maps target paths (``providers/GOV/G01.json``) to segments. `version` is the version of the signed
    snapshot that vouches for the bytes and `expires_at_ms` the earliest end of its signatures; the directory ends
    then, or when ``network.json`` says so if that is earlier. `previous` only saves work.
    """
    index = _network(network, previous)
    known = {} if previous is None or previous._network.aliases != index.aliases else _by_target(previous)
    segments: dict[tuple[str, ...], Segment] = {}
    for target, data in providers.items():
        segment = _segment(data, known.get(target), index)
        if target != provider_target(segment.provider):
            raise Malformed("MalformedGlobalConf", f"{target} holds the segment of {segment.provider}")
        if segment.provider not in index.members:
            raise Malformed("MalformedGlobalConf", f"provider {segment.provider} is no member")
        segments[segment.provider] = segment
    _check_grant_ids(segments.values())
    return FreshDirectory(
        _Contents(index, segments, _memory(index, segments, previous)),
        version=version,
        expires_at_ms=min(expires_at_ms, index.expires_at_ms),
        seal=_SEAL,
    )


def _network(data: bytes, previous: FreshDirectory | None) -> NetworkIndex:
    digest = sha256(data).digest()
    if previous is not None and previous._network.digest == digest:
        return previous._network
    return index_network(decode_network(data), digest)


def _by_target(directory: FreshDirectory) -> dict[str, Segment]:
    return {provider_target(segment.provider): segment for segment in directory._segments.values()}


def _segment(data: bytes, known: Segment | None, network: NetworkIndex) -> Segment:
    digest = sha256(data).digest()
    if known is not None and known.digest == digest:
        return known
    return index_segment(data, digest, network.resolve)


def _check_grant_ids(segments: Iterable[Segment]) -> None:
    # Many small sets: one set of 200,000 would stop every thread for milliseconds each time it grows.
    seen: tuple[set[str], ...] = tuple(set() for _ in range(64))
    for segment in segments:
        for grant_id in segment.grant_ids:
            shard = seen[hash(grant_id) % 64]
            if grant_id in shard:
                raise Malformed("MalformedGlobalConf", f"{segment.provider}: {grant_id} is the id of another grant")
            shard.add(grant_id)


def _memory(
    network: NetworkIndex, segments: Mapping[tuple[str, ...], Segment], previous: FreshDirectory | None
) -> _Memory:
    """The nouns made for `previous`, when everything they were made from is still the same."""
    if previous is None or previous._network is not network or previous._segments != segments:
        return _Memory({}, {})
    return previous._memory


def _findings(network: NetworkIndex, segments: Iterable[Segment]) -> tuple[Finding, ...]:
    """What leads nowhere, at most `FINDINGS_MAX`: consumers and systems that are not on the network."""
    found: list[Finding] = []
    for segment in segments:
        found += segment.findings
        strangers = (who for who in segment.consumers if not network.knows(who))
        found += [Finding("GrantToUnknownConsumer", str(who)) for who in strangers]
        systems = (SystemId(*segment.provider, code) for code in segment.services_by_system)
        found += [Finding("ServiceOfUnknownSystem", str(system)) for system in systems if not network.knows(system)]
    return tuple(found[:FINDINGS_MAX])
