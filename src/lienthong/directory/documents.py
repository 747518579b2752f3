"""The two documents that the registry publishes as TUF targets: ``network.json`` and one segment per provider.

Shapes, bounds and canonical bytes; the road to and from the domain's nouns is in `conversions`, the rules that hold
between documents are in `network_index`, `segment` and `snapshot`. Unknown members of an object are refused.

Canonical form: members in the order of the structs below, defaults left out, lists in ascending order of their keys,
no blank space. One content has exactly one form, so that an unchanged segment keeps its digest, and a second key of
the same name (which parsers read differently) cannot hide in a document.
"""

from __future__ import annotations

import re
from typing import Annotated, Final, TypeVar

import msgspec

from lienthong.domain.errors import Malformed
from lienthong.domain.grants import AnswerForm, GrantState
from lienthong.domain.identifiers import MemberId
from lienthong.domain.network import BodyRetention, DataClass, ServiceKind, SignatureForm

NETWORK_BYTES_MAX: Final = 32 * 1024 * 1024
PROVIDER_BYTES_MAX: Final = 32 * 1024 * 1024
SERVICE_BYTES_MAX: Final = 2 * 1024 * 1024
GRANT_BYTES_MAX: Final = 256 * 1024
SERVICES_MAX: Final = 100_000
GRANTS_MAX: Final = 400_000
NETWORK_TARGET: Final = "network.json"
PROVIDER_PREFIX: Final = "providers/"
_PATH_SAFE: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*\Z")

Text = Annotated[str, msgspec.Meta(max_length=1000)]
Notice = Annotated[str, msgspec.Meta(min_length=1, max_length=1000)]
Identifier = Annotated[str, msgspec.Meta(min_length=1, max_length=600)]
Code = Annotated[str, msgspec.Meta(min_length=1, max_length=200)]
Milliseconds = Annotated[int, msgspec.Meta(ge=0, lt=2**53)]
Sha256 = Annotated[bytes, msgspec.Meta(min_length=32, max_length=32)]
Der = Annotated[bytes, msgspec.Meta(min_length=1, max_length=16_384)]


class _Document(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True, gc=False):
    """What all parts share: immutable, closed, without the things that are as usual."""


class MemberDocument(_Document, frozen=True):
    """A member; `aliases` are its old-form code and the codes of its predecessors."""

    id: Identifier
    name_vi: Text
    name_en: Text
    aliases: Annotated[tuple[Identifier, ...], msgspec.Meta(max_length=64)] = ()


class SignerDocument(_Document, frozen=True):
    """A certificate (X.509 DER, in base64) whose key signs messages for `member`."""

    member: Identifier
    certificate: Der


class NodeDocument(_Document, frozen=True):
    """A node; `tls_sha256` (base64) are digests of the channel certificates that it may present.

    `maintenance` is the notice while it is under maintenance, absent while it is in service.
    """

    id: Identifier
    host: Annotated[str, msgspec.Meta(min_length=1, max_length=253, pattern=r"^[A-Za-z0-9.:_-]+$")]
    port: Annotated[int, msgspec.Meta(ge=1, le=65_535)]
    tls_sha256: Annotated[tuple[Sha256, ...], msgspec.Meta(min_length=1, max_length=8)]
    members: Annotated[tuple[Identifier, ...], msgspec.Meta(min_length=1, max_length=1000)]
    signers: Annotated[tuple[SignerDocument, ...], msgspec.Meta(max_length=4000)] = ()
    maintenance: Notice | None = None


class SystemDocument(_Document, frozen=True):
    """An information system behind `node`; `security_level` is absent until a level is approved."""

    id: Identifier
    node: Identifier
    name_vi: Text
    name_en: Text
    security_level: Annotated[int, msgspec.Meta(ge=1, le=5)] | None = None


class TrustDocument(_Document, frozen=True):
    """Whom nodes trust besides each other: the authorities of channel certificates (PEM, one a string)."""

    channel_authorities: Annotated[
        tuple[Annotated[str, msgspec.Meta(max_length=16_384)], ...], msgspec.Meta(max_length=32)
    ] = ()


class NetworkDocument(_Document, frozen=True):
    """``network.json``: who is on the network. Instants are ms since the epoch."""

    instance: Code
    version: Annotated[int, msgspec.Meta(ge=1, lt=2**53)]
    issued_at_ms: Milliseconds
    expires_at_ms: Milliseconds
    members: Annotated[tuple[MemberDocument, ...], msgspec.Meta(max_length=20_000)] = ()
    nodes: Annotated[tuple[NodeDocument, ...], msgspec.Meta(max_length=20_000)] = ()
    systems: Annotated[tuple[SystemDocument, ...], msgspec.Meta(max_length=100_000)] = ()
    trust: TrustDocument = TrustDocument()


class EndpointDocument(_Document, frozen=True):
    """One operation: method (or ``*``) and path glob."""

    method: Annotated[str, msgspec.Meta(max_length=16)]
    path: Text


class ServiceDocument(_Document, frozen=True):
    """A service of a system of this provider. `openapi` is the contract's text."""

    system: Code
    service: Code
    kind: ServiceKind
    title_vi: Text
    title_en: Text
    data_class: DataClass
    endpoints: Annotated[tuple[EndpointDocument, ...], msgspec.Meta(max_length=500)] = ()
    enabled: bool = True
    disabled_notice: Text = ""
    body_retention: BodyRetention = BodyRetention.NONE
    idempotent: Annotated[tuple[Code, ...], msgspec.Meta(max_length=16)] = (
        "DELETE",
        "GET",
        "HEAD",
        "OPTIONS",
        "PUT",
        "TRACE",
    )
    openapi: Annotated[str, msgspec.Meta(max_length=1024 * 1024)] | None = None
    signature: SignatureForm = SignatureForm.FRAME


class LegalBasisDocument(_Document, frozen=True):
    """Document and article."""

    document: Text
    article: Text


class QuotaDocument(_Document, frozen=True):
    """At most `calls` in each window of `period_s` seconds."""

    calls: Annotated[int, msgspec.Meta(ge=0, lt=2**53)]
    period_s: Annotated[int, msgspec.Meta(ge=1, le=366 * 86_400)]


class HoursDocument(_Document, frozen=True):
    """Hours of the day, Viet Nam time: from `start` until before `end`."""

    start: Annotated[int, msgspec.Meta(ge=0, le=24)]
    end: Annotated[int, msgspec.Meta(ge=0, le=24)]


class RowScopeDocument(_Document, frozen=True):
    """Only records whose `field` has one of `values`."""

    field: Text
    values: Annotated[tuple[Text, ...], msgspec.Meta(max_length=1000)]


class ReasonDocument(_Document, frozen=True):
    """What stands in for a reason that the caller does not state."""

    purpose: Text | None = None
    procedure: Text | None = None
    case: Text | None = None
    officer: Text | None = None


class ApprovalDocument(_Document, frozen=True):
    """Who approved, and when."""

    by: Text
    at_ms: Milliseconds


class GrantDocument(_Document, frozen=True):
    """A grant on a service of this provider (`system` and `service` are its codes) to `consumer`."""

    id: Identifier
    consumer: Identifier
    system: Code
    service: Code
    legal_basis: Annotated[tuple[LegalBasisDocument, ...], msgspec.Meta(max_length=32)]
    purpose: Code
    valid_from_ms: Milliseconds
    valid_to_ms: Milliseconds
    state: GrantState = GrantState.ACTIVE
    state_reason: Text = ""
    endpoints: Annotated[tuple[EndpointDocument, ...], msgspec.Meta(max_length=500)] = ()
    procedures: Annotated[tuple[Code, ...], msgspec.Meta(max_length=1000)] = ()
    fields: Annotated[tuple[Text, ...], msgspec.Meta(max_length=2000)] | None = None
    answer_form: AnswerForm = AnswerForm.FIELDS
    row_scope: RowScopeDocument | None = None
    data_class: DataClass = DataClass.BASIC
    level_min: Annotated[int, msgspec.Meta(ge=0, le=5)] = 1
    needs_case: bool = False
    needs_officer: bool = False
    quota: QuotaDocument | None = None
    hours: HoursDocument | None = None
    defaults: ReasonDocument = ReasonDocument()
    approvals: Annotated[tuple[ApprovalDocument, ...], msgspec.Meta(max_length=32)] = ()
    contact: Text = ""


class ProviderDocument(_Document, frozen=True):
    """``providers/<class>/<code>.json``: what one member offers and to whom."""

    provider: Identifier
    services: Annotated[tuple[ServiceDocument, ...], msgspec.Meta(max_length=SERVICES_MAX)] = ()
    grants: Annotated[tuple[GrantDocument, ...], msgspec.Meta(max_length=GRANTS_MAX)] = ()


class ProviderParts(_Document, frozen=True):
    """A provider's segment with its items still as bytes; see `open_provider`."""

    provider: Identifier
    services: Annotated[tuple[msgspec.Raw, ...], msgspec.Meta(max_length=SERVICES_MAX)] = ()
    grants: Annotated[tuple[msgspec.Raw, ...], msgspec.Meta(max_length=GRANTS_MAX)] = ()


_ENCODER: Final = msgspec.json.Encoder(order="deterministic")
_NETWORK: Final = msgspec.json.Decoder(NetworkDocument, strict=True)
_PROVIDER: Final = msgspec.json.Decoder(ProviderParts, strict=True)
_SERVICE: Final = msgspec.json.Decoder(ServiceDocument, strict=True)
_GRANT: Final = msgspec.json.Decoder(GrantDocument, strict=True)
_D = TypeVar("_D", NetworkDocument, ProviderParts, ServiceDocument, GrantDocument)


def encode_network(document: NetworkDocument) -> bytes:
    """Canonical bytes of ``network.json``."""
    return _ENCODER.encode(
        msgspec.structs.replace(
            document,
            members=tuple(sorted(document.members, key=lambda member: member.id)),
            nodes=tuple(sorted(document.nodes, key=lambda node: node.id)),
            systems=tuple(sorted(document.systems, key=lambda system: system.id)),
        )
    )


def encode_provider(document: ProviderDocument) -> bytes:
    """Canonical bytes of one provider's segment."""
    return _ENCODER.encode(
        msgspec.structs.replace(
            document,
            services=tuple(sorted(document.services, key=lambda service: (service.system, service.service))),
            grants=tuple(sorted(document.grants, key=lambda grant: grant.id)),
        )
    )


def decode_network(data: bytes) -> NetworkDocument:
    """Read ``network.json``; raises Malformed (``MalformedGlobalConf``) unless whole, bounded and canonical."""
    document = _decode(data, _NETWORK, NETWORK_BYTES_MAX)
    _check_canonical(encode_network(document), data, "network.json")
    return document


def decode_provider(data: bytes) -> ProviderDocument:
    """Read a whole segment; raises Malformed as `decode_network` does. The order of the items is not checked."""
    parts = open_provider(data)
    return ProviderDocument(
        provider=parts.provider,
        services=tuple(map(decode_service, parts.services)),
        grants=tuple(map(decode_grant, parts.grants)),
    )


def open_provider(data: bytes) -> ProviderParts:
    """Read the outside of a segment; the items are views into `data`, to be read one by one. Raises Malformed.

    Item by item, because one read of a large segment would keep the interpreter's lock for tens of milliseconds and
    make several times its bytes in objects that a node mostly never looks at.
    """
    parts = _decode(data, _PROVIDER, PROVIDER_BYTES_MAX)
    _check_canonical(_ENCODER.encode(parts), data, "a provider segment")
    return parts


def decode_service(data: msgspec.Raw | bytes) -> ServiceDocument:
    """Read one service of a segment; raises Malformed (``MalformedGlobalConf``) unless bounded and canonical."""
    document = _decode(data, _SERVICE, SERVICE_BYTES_MAX)
    _check_canonical(_ENCODER.encode(document), data, f"service {document.system}/{document.service}")
    return document


def decode_grant(data: msgspec.Raw | bytes) -> GrantDocument:
    """Read one grant of a segment; raises Malformed (``MalformedGlobalConf``) unless bounded and canonical."""
    document = _decode(data, _GRANT, GRANT_BYTES_MAX)
    _check_canonical(_ENCODER.encode(document), data, f"grant {document.id}")
    return document


def _decode(data: msgspec.Raw | bytes, decoder: msgspec.json.Decoder[_D], bytes_max: int) -> _D:
    size = memoryview(data).nbytes
    if size > bytes_max:
        raise Malformed("MalformedGlobalConf", f"{decoder.type.__name__} has {size} bytes, more than {bytes_max}")
    try:
        return decoder.decode(data)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise Malformed("MalformedGlobalConf", f"{decoder.type.__name__} cannot be read: {error}") from error


def _check_canonical(canonical: bytes, data: msgspec.Raw | bytes, what: str) -> None:
    if canonical != memoryview(data):
        raise Malformed("MalformedGlobalConf", f"{what} is not in canonical form")


def provider_target(member: MemberId) -> str:
    """TUF target path of `member`'s segment, ``providers/GOV/G01.json``; raises Malformed on a code unfit for it."""
    for code in member[1:]:
        if _PATH_SAFE.match(code) is None:
            raise Malformed("MalformedGlobalConf", f"member code {code!r} cannot stand in a target path")
    return f"{PROVIDER_PREFIX}{member.member_class}/{member.member_code}.json"
