"""The two documents that the registry publishes as TUF targets: ``network.json`` and one segment per provider.

Shapes, bounds and canonical bytes; the road to and from the domain's nouns is in `conversions`, the rules that hold
between documents are in `network_index`, `segment` and `snapshot`. Unknown members of an object are refused.

Canonical form: members in the order of the structs below, defaults left out, lists in ascending order of their keys,
no blank space. One content has exactly one form, so that an unchanged segment keeps its digest, and a second key of
the same name (which parsers read differently) cannot hide in a document.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Annotated, Final, TypeVar

import msgspec

from lienthong.domain.errors import Malformed
from lienthong.domain.grants import AnswerForm, GrantState
from lienthong.domain.identifiers import MemberId
from lienthong.domain.network import BodyRetention, DataClass, ServiceKind

NETWORK_BYTES_MAX: Final = 32 * 1024 * 1024
PROVIDER_BYTES_MAX: Final = 32 * 1024 * 1024
NETWORK_TARGET: Final = "network.json"
PROVIDER_PREFIX: Final = "providers/"
_PATH_SAFE: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*\Z")

Text = Annotated[str, msgspec.Meta(max_length=1000)]
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
    """A node; `tls_sha256` (base64) are digests of the channel certificates that it may present."""

    id: Identifier
    host: Annotated[str, msgspec.Meta(min_length=1, max_length=253, pattern=r"^[A-Za-z0-9.:_-]+$")]
    port: Annotated[int, msgspec.Meta(ge=1, le=65_535)]
    tls_sha256: Annotated[tuple[Sha256, ...], msgspec.Meta(min_length=1, max_length=8)]
    members: Annotated[tuple[Identifier, ...], msgspec.Meta(min_length=1, max_length=1000)]
    signers: Annotated[tuple[SignerDocument, ...], msgspec.Meta(max_length=4000)] = ()


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
    services: Annotated[tuple[ServiceDocument, ...], msgspec.Meta(max_length=100_000)] = ()
    grants: Annotated[tuple[GrantDocument, ...], msgspec.Meta(max_length=400_000)] = ()


_ENCODER: Final = msgspec.json.Encoder(order="deterministic")
_NETWORK: Final = msgspec.json.Decoder(NetworkDocument, strict=True)
_PROVIDER: Final = msgspec.json.Decoder(ProviderDocument, strict=True)
_D = TypeVar("_D", NetworkDocument, ProviderDocument)


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
    return _decode(data, _NETWORK, encode_network, NETWORK_BYTES_MAX)


def decode_provider(data: bytes) -> ProviderDocument:
    """Read a provider's segment; raises Malformed (``MalformedGlobalConf``) as `decode_network` does."""
    return _decode(data, _PROVIDER, encode_provider, PROVIDER_BYTES_MAX)


def _decode(data: bytes, decoder: msgspec.json.Decoder[_D], encode: Callable[[_D], bytes], bytes_max: int) -> _D:
    what = decoder.type.__name__
    if len(data) > bytes_max:
        raise Malformed("MalformedGlobalConf", f"{what} has {len(data)} bytes, more than {bytes_max}")
    try:
        document = decoder.decode(data)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise Malformed("MalformedGlobalConf", f"{what} cannot be read: {error}") from error
    if encode(document) != data:
        raise Malformed("MalformedGlobalConf", f"{what} is not in canonical form")
    return document


def provider_target(member: MemberId) -> str:
    """TUF target path of `member`'s segment, ``providers/GOV/G01.json``; raises Malformed on a code unfit for it."""
    for code in member[1:]:
        if _PATH_SAFE.match(code) is None:
            raise Malformed("MalformedGlobalConf", f"member code {code!r} cannot stand in a target path")
    return f"{PROVIDER_PREFIX}{member.member_class}/{member.member_code}.json"
