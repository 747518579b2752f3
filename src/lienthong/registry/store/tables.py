"""The tables. Same models on SQLite and PostgreSQL: UUIDv7 text keys, no engine's own SQL, instants in UTC.

Identifiers are X-Road strings (``VN/GOV/G01/dan-cu``). Structured terms that are only ever read whole (grant
terms, request content, endpoints) are JSON text, written by msgspec.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from sqlalchemy import DateTime, Dialect, ForeignKey, Integer, MetaData, String, Text, TypeDecorator
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

NAMING = {
    "ix": "ix_%(table_name)s_%(column_0_name)s",
    "uq": "uq_%(table_name)s_%(column_0_name)s",
    "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}


class UtcDateTime(TypeDecorator[int]):
    """Milliseconds since the epoch in Python, a timestamp (UTC) in the database."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: int | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002
        return None if value is None else _EPOCH + timedelta(milliseconds=value)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> int | None:  # noqa: ARG002
        if value is None:
            return None
        aware = value if value.tzinfo is not None else value.replace(tzinfo=UTC)
        return (aware - _EPOCH) // timedelta(milliseconds=1)


class Base(DeclarativeBase):
    metadata = MetaData(naming_convention=NAMING)


_ID = String(36)
_XROAD = String(512)
_STATE = String(24)


class TokenRow(Base):
    """An API token. `digest` is scrypt of the secret with `salt` (hex): the secret itself is not kept."""

    __tablename__ = "token"
    id: Mapped[str] = mapped_column(_ID, primary_key=True)
    holder: Mapped[str] = mapped_column(String(200))
    role: Mapped[str] = mapped_column(_STATE)
    member: Mapped[str | None] = mapped_column(ForeignKey("member.xroad_id"))
    salt: Mapped[str] = mapped_column(String(64))
    digest: Mapped[str] = mapped_column(String(64))
    created_at_ms: Mapped[int] = mapped_column("created_at", UtcDateTime)
    expires_at_ms: Mapped[int] = mapped_column("expires_at", UtcDateTime)
    revoked_at_ms: Mapped[int | None] = mapped_column("revoked_at", UtcDateTime)


class MemberRow(Base):
    __tablename__ = "member"
    id: Mapped[str] = mapped_column(_ID, primary_key=True)
    xroad_id: Mapped[str] = mapped_column(_XROAD, unique=True)
    name_vi: Mapped[str] = mapped_column(String(300))
    name_en: Mapped[str] = mapped_column(String(300))
    contact: Mapped[str] = mapped_column(String(500))
    created_at_ms: Mapped[int] = mapped_column("created_at", UtcDateTime)


class AliasRow(Base):
    """Another id under which a member answers. An alias is never a member's own id as well (use case checks)."""

    __tablename__ = "member_alias"
    id: Mapped[str] = mapped_column(_ID, primary_key=True)
    xroad_id: Mapped[str] = mapped_column(_XROAD, unique=True)
    member: Mapped[str] = mapped_column(ForeignKey("member.xroad_id"), index=True)


class NodeRow(Base):
    """A node. `maintenance` is the notice while it is under maintenance, None while it is in service."""

    __tablename__ = "node"
    id: Mapped[str] = mapped_column(_ID, primary_key=True)
    xroad_id: Mapped[str] = mapped_column(_XROAD, unique=True)
    member: Mapped[str] = mapped_column(ForeignKey("member.xroad_id"), index=True)
    host: Mapped[str] = mapped_column(String(253))
    port: Mapped[int] = mapped_column(Integer)
    state: Mapped[str] = mapped_column(_STATE)
    maintenance: Mapped[str | None] = mapped_column(String(1000))
    enrol_digest: Mapped[str | None] = mapped_column(String(64), unique=True)
    enrol_expires_at_ms: Mapped[int | None] = mapped_column("enrol_expires_at", UtcDateTime)
    enrol_by: Mapped[str | None] = mapped_column(String(200))
    created_at_ms: Mapped[int] = mapped_column("created_at", UtcDateTime)


class ServedRow(Base):
    """A member whose messages a node signs."""

    __tablename__ = "node_member"
    node: Mapped[str] = mapped_column(ForeignKey("node.xroad_id"), primary_key=True)
    member: Mapped[str] = mapped_column(ForeignKey("member.xroad_id"), primary_key=True)


class EnrolmentRow(Base):
    """Certificate requests of a node, waiting for the second person. `signing_csrs` is JSON {member: PEM}."""

    __tablename__ = "enrolment"
    id: Mapped[str] = mapped_column(_ID, primary_key=True)
    node: Mapped[str] = mapped_column(ForeignKey("node.xroad_id"), index=True)
    state: Mapped[str] = mapped_column(_STATE)
    tls_csr: Mapped[str] = mapped_column(Text)
    signing_csrs: Mapped[str] = mapped_column(Text)
    asked_by: Mapped[str] = mapped_column(String(200))
    asked_at_ms: Mapped[int] = mapped_column("asked_at", UtcDateTime)
    decided_by: Mapped[str | None] = mapped_column(String(200))
    decided_at_ms: Mapped[int | None] = mapped_column("decided_at", UtcDateTime)
    reason: Mapped[str] = mapped_column(String(2000))


class CertificateRow(Base):
    """A certificate of a node: `member` None = its channel (TLS), else it signs for that member. `digest` is hex."""

    __tablename__ = "certificate"
    id: Mapped[str] = mapped_column(_ID, primary_key=True)
    node: Mapped[str] = mapped_column(ForeignKey("node.xroad_id"), index=True)
    member: Mapped[str | None] = mapped_column(ForeignKey("member.xroad_id"))
    enrolment_id: Mapped[str | None] = mapped_column(ForeignKey("enrolment.id"), index=True)
    pem: Mapped[str] = mapped_column(Text)
    digest: Mapped[str] = mapped_column(String(64), unique=True)
    valid_from_ms: Mapped[int] = mapped_column("valid_from", UtcDateTime)
    valid_to_ms: Mapped[int] = mapped_column("valid_to", UtcDateTime)


class SystemRow(Base):
    __tablename__ = "information_system"
    id: Mapped[str] = mapped_column(_ID, primary_key=True)
    xroad_id: Mapped[str] = mapped_column(_XROAD, unique=True)
    member: Mapped[str] = mapped_column(ForeignKey("member.xroad_id"), index=True)
    node: Mapped[str] = mapped_column(ForeignKey("node.xroad_id"), index=True)
    name_vi: Mapped[str] = mapped_column(String(300))
    name_en: Mapped[str] = mapped_column(String(300))
    security_level: Mapped[int | None] = mapped_column(Integer)
    created_at_ms: Mapped[int] = mapped_column("created_at", UtcDateTime)


class DocumentRow(Base):
    """A contract document (OpenAPI), once per content: `digest` is hex SHA-256 of the text."""

    __tablename__ = "contract_document"
    digest: Mapped[str] = mapped_column(String(64), primary_key=True)
    text: Mapped[str] = mapped_column(Text)


class ServiceRow(Base):
    """A service. `endpoints` JSON [[method, path]], `idempotent` JSON [method]."""

    __tablename__ = "service"
    id: Mapped[str] = mapped_column(_ID, primary_key=True)
    xroad_id: Mapped[str] = mapped_column(_XROAD, unique=True)
    system: Mapped[str] = mapped_column(ForeignKey("information_system.xroad_id"), index=True)
    member: Mapped[str] = mapped_column(ForeignKey("member.xroad_id"), index=True)
    kind: Mapped[str] = mapped_column(_STATE)
    title_vi: Mapped[str] = mapped_column(String(300))
    title_en: Mapped[str] = mapped_column(String(300))
    data_class: Mapped[str] = mapped_column(_STATE)
    state: Mapped[str] = mapped_column(_STATE)
    state_notice: Mapped[str] = mapped_column(String(2000))
    usage_rule: Mapped[str] = mapped_column(String(2000))
    body_retention: Mapped[str] = mapped_column(_STATE)
    idempotent: Mapped[str] = mapped_column(Text)
    signature: Mapped[str] = mapped_column(_STATE, server_default="frame")
    endpoints: Mapped[str] = mapped_column(Text)
    openapi_digest: Mapped[str | None] = mapped_column(ForeignKey("contract_document.digest"))
    created_at_ms: Mapped[int] = mapped_column("created_at", UtcDateTime)


class RequestRow(Base):
    """An access request (NĐ 47 Đ35.2). `content` is JSON of the request document."""

    __tablename__ = "access_request"
    id: Mapped[str] = mapped_column(_ID, primary_key=True)
    consumer: Mapped[str] = mapped_column(_XROAD, index=True)
    consumer_member: Mapped[str] = mapped_column(ForeignKey("member.xroad_id"), index=True)
    service: Mapped[str] = mapped_column(ForeignKey("service.xroad_id"), index=True)
    provider_member: Mapped[str] = mapped_column(ForeignKey("member.xroad_id"), index=True)
    state: Mapped[str] = mapped_column(_STATE)
    content: Mapped[str] = mapped_column(Text)
    asked_by: Mapped[str] = mapped_column(String(200))
    received_at_ms: Mapped[int] = mapped_column("received_at", UtcDateTime)
    answered_by: Mapped[str | None] = mapped_column(String(200))
    answered_at_ms: Mapped[int | None] = mapped_column("answered_at", UtcDateTime)
    reason: Mapped[str] = mapped_column(String(2000))


class GrantRow(Base):
    """A grant. `terms` is JSON of GrantTerms, `approvals` JSON [{by, at_ms}]."""

    __tablename__ = "grant_of_access"
    id: Mapped[str] = mapped_column(_ID, primary_key=True)
    code: Mapped[str] = mapped_column(String(64), unique=True)
    consumer: Mapped[str] = mapped_column(_XROAD, index=True)
    consumer_member: Mapped[str] = mapped_column(ForeignKey("member.xroad_id"), index=True)
    service: Mapped[str] = mapped_column(ForeignKey("service.xroad_id"), index=True)
    provider_member: Mapped[str] = mapped_column(ForeignKey("member.xroad_id"), index=True)
    request_id: Mapped[str | None] = mapped_column(ForeignKey("access_request.id"), unique=True)
    state: Mapped[str] = mapped_column(_STATE)
    state_reason: Mapped[str] = mapped_column(String(2000))
    terms: Mapped[str] = mapped_column(Text)
    valid_from_ms: Mapped[int] = mapped_column("valid_from", UtcDateTime)
    valid_to_ms: Mapped[int] = mapped_column("valid_to", UtcDateTime)
    requested_by: Mapped[str] = mapped_column(String(200))
    approvals: Mapped[str] = mapped_column(Text)
    created_at_ms: Mapped[int] = mapped_column("created_at", UtcDateTime)


class PublicationRow(Base):
    """One publication of the directory: what was signed, by digest of the documents."""

    __tablename__ = "publication"
    id: Mapped[str] = mapped_column(_ID, primary_key=True)
    digest: Mapped[str] = mapped_column(String(64))
    documents: Mapped[int] = mapped_column(Integer)
    published_at_ms: Mapped[int] = mapped_column("published_at", UtcDateTime)


class AuditRow(Base):
    """One act: who, when, what, on which object, its digest before and after, why. Never changed or deleted."""

    __tablename__ = "audit"
    id: Mapped[str] = mapped_column(_ID, primary_key=True)
    at_ms: Mapped[int] = mapped_column("at", UtcDateTime, index=True)
    actor: Mapped[str] = mapped_column(String(200))
    role: Mapped[str] = mapped_column(_STATE)
    event: Mapped[str] = mapped_column(String(40), index=True)
    object_id: Mapped[str] = mapped_column(_XROAD, index=True)
    before_digest: Mapped[str] = mapped_column(String(64))
    after_digest: Mapped[str] = mapped_column(String(64))
    reason: Mapped[str] = mapped_column(String(2000))
