"""Who talks to whom, and whether they may: the same steps at both ends, from the same directory. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from mypy_extensions import mypyc_attr

from lienthong.directory.relation import Relation
from lienthong.directory.snapshot import FreshDirectory
from lienthong.domain.decision import Call, Permit, QuotaWindows, decide
from lienthong.domain.errors import Refused, Unavailable
from lienthong.domain.grants import Reason
from lienthong.domain.identifiers import ClientId, NodeId, ServiceId
from lienthong.domain.network import Node, Service, ServiceKind
from lienthong.domain.paths import normalise_path
from lienthong.evidence.digest import MessageDigests
from lienthong.wire.headers import RequestHeaders
from lienthong.wire.message import request_hash, request_hash_text
from lienthong.wire.parts import ResponseIds
from lienthong.wire.request_line import RequestLine

_WSDL: Final = ServiceKind.WSDL


@mypyc_attr(acyclic=True, free_list_len=1)
@dataclass(init=False)
class Parties:
    """Who takes part in an exchange and why, under the identifiers that the directory resolves to.

    `sent_client` and `sent_service` are the identifiers as the client wrote them: they are part of the signed bytes.
    """

    relation: Final[Relation]
    request_id: Final[str]
    message_id: Final[str]
    reason: Final[Reason]

    def __init__(self, relation: Relation, request_id: str, message_id: str, reason: Reason) -> None:
        self.relation = relation
        self.request_id = request_id
        self.message_id = message_id
        self.reason = reason

    @property
    def client(self) -> ClientId:
        """Who calls, as the directory resolves it."""
        return self.relation.client

    @property
    def service(self) -> ServiceId:
        """What is called, as the directory resolves it."""
        return self.relation.service

    @property
    def sent_client(self) -> ClientId:
        """Who calls, as the client wrote it."""
        return self.relation.sent_client

    @property
    def sent_service(self) -> ServiceId:
        """What is called, as the client wrote it."""
        return self.relation.sent_service


def with_reason(parties: Parties, reason: Reason) -> Parties:
    """`parties` with the reason that the permit fixed."""
    if reason is parties.reason:
        return parties
    return Parties(parties.relation, parties.request_id, parties.message_id, reason)


@mypyc_attr(acyclic=True, free_list_len=1)
@dataclass(init=False)
class Asked:
    """A request as read."""

    line: Final[RequestLine]
    read: Final[RequestHeaders]

    def __init__(self, line: RequestLine, read: RequestHeaders) -> None:
        self.line = line
        self.read = read


def parties_of(directory: FreshDirectory, asked: Asked, *, request_id: str, message_id: str) -> Parties:
    """Resolve the codes of a request; raises UnknownMember."""
    read = asked.read
    return Parties(directory.relation(read.client, asked.line.service), request_id, message_id, read.reason)


def ids_of(parties: Parties, digests: MessageDigests, whole: bytes | None = None) -> ResponseIds:
    """What the response to the request with these digests repeats; `whole` is their `whole_digests`, if known."""
    relation = parties.relation
    return ResponseIds(
        parties.message_id,
        relation.sent_client,
        relation.sent_service,
        parties.request_id,
        request_hash(digests.header, digests.body) if whole is None else request_hash_text(whole),
        relation.addresses,
    )


def reachable_node(directory: FreshDirectory, relation: Relation, *, wanted: NodeId | None) -> Node:
    """The node to which a call of the service goes; `wanted` is the node that the client named, if any.

    Raises Refused UnknownMember or InvalidSecurityServer, Unavailable MaintenanceMode with the owner's notice.
    """
    node, service_id = relation.node, relation.service
    if node is None:
        node = directory.node_for(service_id)
    if wanted is not None and wanted != node.node_id:
        raise Refused("InvalidSecurityServer", f"{wanted} does not serve {service_id}")
    if node.maintenance is not None:
        raise Unavailable("MaintenanceMode", f"node {node.node_id} is under maintenance: {node.maintenance}")
    return node


def usable_service(relation: Relation) -> Service:
    """The service, if it is published, enabled and can be called as REST.

    Raises Refused UnknownService or ServiceType, Unavailable ServiceDisabled.
    """
    service, service_id = relation.described, relation.service
    if service is None:
        raise Refused("UnknownService", f"no service {service_id} is published")
    if not service.enabled:
        notice = f": {service.disabled_notice}" if service.disabled_notice else ""
        raise Unavailable("ServiceDisabled", f"service {service_id} is suspended by its provider{notice}")
    if service.kind is _WSDL:
        raise Refused("ServiceType", f"service {service_id} is a SOAP service and was called as REST")
    return service


def permit_for(
    directory: FreshDirectory, quota: QuotaWindows, parties: Parties, *, asked: Asked, now_ms: int
) -> Permit:
    """The Permit for one call; raises Refused with the clause that failed."""
    line, read = asked.line, asked.read
    relation = as_told_by(directory, parties.relation)
    path = line.plain_path
    if path is None:
        path = normalise_path(line.service_path)
    call = Call(
        relation.client, relation.client_level, relation.service, line.method, path, read.reason, read.fields, now_ms
    )
    return decide(relation.candidates, call, quota)


def as_told_by(directory: FreshDirectory, relation: Relation) -> Relation:
    """What `directory` says about the two, which may be a newer one; raises UnknownMember."""
    if relation.version == directory.version:
        return relation
    return directory.relation(relation.sent_client, relation.sent_service)
