"""The import document: a whole network as data (docs/reference/network-import.md).

Strict structs and nothing else: what a key means for the register is decided in `import_network`.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from typing import Literal

import msgspec

from lienthong.domain.errors import Malformed
from lienthong.domain.grants import AnswerForm, GrantState
from lienthong.domain.network import BodyRetention, DataClass, ServiceKind, SignatureForm
from lienthong.registry.rules.states import ServiceState

BYTES_MAX = 64 * 1024 * 1024
VIET_NAM = timezone(timedelta(hours=7))


class _Strict(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Unknown keys are refused: a misspelt limit must not become no limit."""


class MemberEntry(_Strict, frozen=True):
    id: str
    name_vi: str
    name_en: str
    aliases: tuple[str, ...] = ()
    contact: str = ""


class SigningEntry(_Strict, frozen=True):
    member: str
    certificate: str


class NodeEntry(_Strict, frozen=True):
    id: str
    host: str
    port: int
    members: tuple[str, ...] = ()
    tls_certificate: str | None = None
    signing_certificates: tuple[SigningEntry, ...] = ()


class SystemEntry(_Strict, frozen=True):
    id: str
    node: str
    name_vi: str
    name_en: str
    security_level: int | None = None


class EndpointEntry(_Strict, frozen=True):
    method: str
    path: str


class ServiceContent(_Strict, frozen=True, kw_only=True):
    """What a service is: the part that an import and a registration have in common."""

    id: str
    kind: ServiceKind
    title_vi: str
    title_en: str
    data_class: DataClass
    openapi: str | None = None
    endpoints: tuple[EndpointEntry, ...] = ()
    usage_rule: str = ""
    body_retention: BodyRetention = BodyRetention.NONE
    signature: SignatureForm = SignatureForm.FRAME
    idempotent: tuple[str, ...] = ("GET", "HEAD", "OPTIONS", "PUT", "DELETE", "TRACE")


class ServiceEntry(ServiceContent, frozen=True, kw_only=True):
    openapi_file: str | None = None
    state: ServiceState = ServiceState.PUBLISHED
    state_notice: str = ""


class LegalBasisEntry(_Strict, frozen=True):
    document: str
    article: str


class RowScopeEntry(_Strict, frozen=True):
    field: str
    values: tuple[str, ...]


class QuotaEntry(_Strict, frozen=True):
    calls: int
    period_s: int


class HoursEntry(_Strict, frozen=True):
    start: int
    end: int


class ReasonEntry(_Strict, frozen=True):
    purpose: str | None = None
    procedure: str | None = None
    case: str | None = None
    officer: str | None = None


class ApprovalEntry(_Strict, frozen=True):
    by: str
    at: str


class GrantTerms(_Strict, frozen=True, kw_only=True):
    """What a grant allows: the part that an import and an approval have in common."""

    legal_basis: tuple[LegalBasisEntry, ...]
    purpose: str
    valid_from: str
    valid_to: str
    endpoints: tuple[EndpointEntry, ...] = ()
    procedures: tuple[str, ...] = ()
    fields: tuple[str, ...] | None = None
    answer_form: AnswerForm = AnswerForm.FIELDS
    row_scope: RowScopeEntry | None = None
    data_class: DataClass = DataClass.BASIC
    level_min: int = 1
    needs_case: bool = False
    needs_officer: bool = False
    quota: QuotaEntry | None = None
    hours: HoursEntry | None = None
    defaults: ReasonEntry = ReasonEntry()
    contact: str = ""


class GrantEntry(GrantTerms, frozen=True, kw_only=True):
    consumer: str
    service: str
    requested_by: str
    approvals: tuple[ApprovalEntry, ...]
    id: str | None = None
    state: GrantState = GrantState.ACTIVE
    state_reason: str = ""


class NetworkDocument(_Strict, frozen=True):
    format: Literal["lienthong-network/1"]
    members: tuple[MemberEntry, ...] = ()
    nodes: tuple[NodeEntry, ...] = ()
    systems: tuple[SystemEntry, ...] = ()
    services: tuple[ServiceEntry, ...] = ()
    grants: tuple[GrantEntry, ...] = ()


def read_document(raw: bytes) -> NetworkDocument:
    """Parse one import document; raises Malformed (``InvalidDocument``) naming the place."""
    if len(raw) > BYTES_MAX:
        raise Malformed("InvalidDocument", f"the import document has more than {BYTES_MAX} bytes")
    try:
        return msgspec.json.decode(raw, type=NetworkDocument)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise Malformed("InvalidDocument", f"the import document: {error}") from None


def join_documents(documents: list[NetworkDocument]) -> NetworkDocument:
    """One document with the lists of all, in order."""
    return NetworkDocument(
        format="lienthong-network/1",
        members=tuple(entry for document in documents for entry in document.members),
        nodes=tuple(entry for document in documents for entry in document.nodes),
        systems=tuple(entry for document in documents for entry in document.systems),
        services=tuple(entry for document in documents for entry in document.services),
        grants=tuple(entry for document in documents for entry in document.grants),
    )


def instant_ms(text: str, *, day_offset: int = 0, hour: int = 0) -> int:
    """Milliseconds of an ISO day (Viet Nam, at `hour`, `day_offset` days later) or instant; raises Malformed."""
    try:
        moment = datetime.fromisoformat(text)
        if len(text) == len("2021-01-01"):
            moment = moment.replace(tzinfo=VIET_NAM, hour=hour) + timedelta(days=day_offset)
    except (ValueError, OverflowError):
        raise Malformed("InvalidDate", f"{text[:40]!r} is no ISO 8601 day or instant") from None
    if moment.tzinfo is None:
        raise Malformed("InvalidDate", f"{text[:40]!r} has no offset from UTC")
    return round((moment - datetime(1970, 1, 1, tzinfo=UTC)).total_seconds() * 1000)


def validity_ms(terms: GrantTerms) -> tuple[int, int]:
    """[from, to) of `terms` in ms: ``valid_to`` written as a day is the last day allowed."""
    start = instant_ms(terms.valid_from)
    end = instant_ms(terms.valid_to, day_offset=1)
    if end <= start:
        raise Malformed("InvalidDate", "valid_to lies before valid_from")
    return start, end
