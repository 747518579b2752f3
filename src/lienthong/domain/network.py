"""The network as the directory tells it: members, nodes, systems, services. Immutable values."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from lienthong.domain.identifiers import ClientId, MemberId, NodeId, ServiceId, SystemId


class ServiceKind(StrEnum):
    """What contract a service has; the words of X-Road's ``service_type``."""

    REST = "REST"
    OPENAPI = "OPENAPI"
    WSDL = "WSDL"


class DataClass(StrEnum):
    """Class of the data a service or field carries (handbook section 13)."""

    OPEN = "open"
    BASIC = "basic"
    SENSITIVE = "sensitive"
    SECRET = "secret"  # noqa: S105 - a class of data, not a password


class BodyRetention(StrEnum):
    """Which bodies the ledger keeps for a service. Digests and header parts are always kept."""

    NONE = "none"
    REQUEST = "request"
    FULL = "full"


class SignatureForm(StrEnum):
    """Under what signature a service takes a request from another node."""

    FRAME = "frame"
    """Its own, or one that it shares with the other messages of a frame."""
    MESSAGE = "message"
    """Only its own."""


@dataclass(frozen=True, slots=True)
class Member:
    """An agency on the network. `aliases` are other codes under which it answers (old form, predecessors)."""

    member_id: MemberId
    name_vi: str
    name_en: str
    aliases: tuple[MemberId, ...] = ()


@dataclass(frozen=True, slots=True)
class SigningCertificate:
    """A certificate whose key signs messages for `member`. `der` is X.509 DER; `digest` its SHA-256 (32 bytes)."""

    member: MemberId
    der: bytes
    digest: bytes
    valid_from_ms: int
    valid_to_ms: int


@dataclass(frozen=True, slots=True)
class Node:
    """A node: where it listens for other nodes and how its channel is recognised.

    `tls_digests` are SHA-256 digests of the channel certificates it may present (more than one while rotating).
    `maintenance` is the notice of its owner while nobody shall call systems behind it; None: it is in service.
    """

    node_id: NodeId
    host: str
    port: int
    tls_digests: frozenset[bytes]
    members: frozenset[MemberId]
    signing_certificates: tuple[SigningCertificate, ...]
    maintenance: str | None = None


@dataclass(frozen=True, slots=True)
class System:
    """An information system. `security_level` 1-5 once approved, None before (then no production grant)."""

    system_id: SystemId
    node_id: NodeId
    name_vi: str
    name_en: str
    security_level: int | None


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One operation of a service: HTTP method (or ``*``) and path glob (see `paths.glob`)."""

    method: str
    path: str


@dataclass(frozen=True, slots=True)
class Service:
    """A published service. `idempotent` names the HTTP methods that may be executed again for one message id."""

    service_id: ServiceId
    kind: ServiceKind
    title_vi: str
    title_en: str
    data_class: DataClass
    endpoints: tuple[Endpoint, ...] = ()
    enabled: bool = True
    disabled_notice: str = ""
    body_retention: BodyRetention = BodyRetention.NONE
    idempotent: frozenset[str] = frozenset({"GET", "HEAD", "OPTIONS", "PUT", "DELETE", "TRACE"})
    openapi: str | None = None
    signature: SignatureForm = SignatureForm.FRAME


def member_of(client: ClientId) -> MemberId:
    """The member that answers for `client`."""
    return client.member if isinstance(client, SystemId) else client


def same_channel(one: Node, other: Node) -> bool:
    """Whether connections to `one` are connections to `other`: the same address and channel certificates."""
    return (one.host, one.port, one.tls_digests) == (other.host, other.port, other.tls_digests)
