"""Who talks to whom, and whether they may: the same steps at both ends, from the same directory. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from lienthong.directory.snapshot import FreshDirectory
from lienthong.domain.decision import Call, Permit, QuotaWindows, decide
from lienthong.domain.errors import Refused, Unavailable
from lienthong.domain.grants import Reason
from lienthong.domain.identifiers import ClientId, NodeId, ServiceId, SystemId
from lienthong.domain.network import Node, Service, ServiceKind
from lienthong.domain.paths import normalise_path
from lienthong.evidence.digest import MessageDigests
from lienthong.wire.headers import RequestHeaders
from lienthong.wire.message import ResponseIds, request_hash
from lienthong.wire.request_line import RequestLine


@dataclass(init=False)
class Parties:
    """Who takes part in an exchange and why, under the identifiers that the directory resolves to.

    `sent_client` and `sent_service` are the identifiers as the client wrote them: they are part of the signed bytes.
    """

    client: Final[ClientId]
    service: Final[ServiceId]
    sent_client: Final[ClientId]
    sent_service: Final[ServiceId]
    request_id: Final[str]
    message_id: Final[str]
    reason: Final[Reason]

    def __init__(
        self,
        client: ClientId,
        service: ServiceId,
        sent_client: ClientId,
        sent_service: ServiceId,
        request_id: str,
        message_id: str,
        reason: Reason,
    ) -> None:
        self.client = client
        self.service = service
        self.sent_client = sent_client
        self.sent_service = sent_service
        self.request_id = request_id
        self.message_id = message_id
        self.reason = reason


def with_reason(parties: Parties, reason: Reason) -> Parties:
    """`parties` with the reason that the permit fixed."""
    if reason is parties.reason:
        return parties
    return Parties(
        parties.client,
        parties.service,
        parties.sent_client,
        parties.sent_service,
        parties.request_id,
        parties.message_id,
        reason,
    )


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
    line, read = asked.line, asked.read
    return Parties(
        directory.canonical_client(read.client),
        directory.canonical_service(line.service),
        read.client,
        line.service,
        request_id,
        message_id,
        read.reason,
    )


def ids_of(parties: Parties, digests: MessageDigests) -> ResponseIds:
    """What the response to the request with these digests repeats."""
    return ResponseIds(
        parties.message_id,
        parties.sent_client,
        parties.sent_service,
        parties.request_id,
        request_hash(digests.header, digests.body),
    )


def reachable_node(directory: FreshDirectory, service_id: ServiceId, *, wanted: NodeId | None) -> Node:
    """The node to which a call of the service goes; `wanted` is the node that the client named, if any.

    Raises Refused UnknownMember or InvalidSecurityServer, Unavailable MaintenanceMode with the owner's notice.
    """
    node = directory.node_for(service_id)
    if wanted is not None and wanted != node.node_id:
        raise Refused("InvalidSecurityServer", f"{wanted} does not serve {service_id}")
    if node.maintenance is not None:
        raise Unavailable("MaintenanceMode", f"node {node.node_id} is under maintenance: {node.maintenance}")
    return node


def usable_service(directory: FreshDirectory, service_id: ServiceId) -> Service:
    """The service, if it is published, enabled and can be called as REST.

    Raises Refused UnknownService or ServiceType, Unavailable ServiceDisabled.
    """
    service = directory.service(service_id)
    if service is None:
        raise Refused("UnknownService", f"no service {service_id} is published")
    if not service.enabled:
        notice = f": {service.disabled_notice}" if service.disabled_notice else ""
        raise Unavailable("ServiceDisabled", f"service {service_id} is suspended by its provider{notice}")
    if service.kind is ServiceKind.WSDL:
        raise Refused("ServiceType", f"service {service_id} is a SOAP service and was called as REST")
    return service


def permit_for(
    directory: FreshDirectory, quota: QuotaWindows, parties: Parties, *, asked: Asked, now_ms: int
) -> Permit:
    """The Permit for one call; raises Refused with the clause that failed."""
    line, read = asked.line, asked.read
    client = parties.client
    system = directory.system(client) if isinstance(client, SystemId) else None
    call = Call(
        client=client,
        client_level=None if system is None else system.security_level,
        service=parties.service,
        method=line.method,
        path=normalise_path(line.service_path),
        reason=read.reason,
        fields=read.fields,
        at_ms=now_ms,
    )
    return decide(directory.candidates(client, parties.service), call, quota)
