"""the register"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from lienthong.registry.store.tables import UtcDateTime

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    _create_audit()
    _create_contract_document()
    _create_member()
    _create_publication()
    _create_member_alias()
    _create_node()
    _create_token()
    _create_enrolment()
    _create_information_system()
    _create_node_member()
    _create_certificate()
    _create_service()
    _create_access_request()
    _create_grant_of_access()


def downgrade() -> None:
    op.drop_table("grant_of_access")
    op.drop_table("access_request")
    op.drop_table("service")
    op.drop_table("certificate")
    op.drop_table("node_member")
    op.drop_table("information_system")
    op.drop_table("enrolment")
    op.drop_table("token")
    op.drop_table("node")
    op.drop_table("member_alias")
    op.drop_table("publication")
    op.drop_table("member")
    op.drop_table("contract_document")
    op.drop_table("audit")


def _create_audit() -> None:
    op.create_table(
        "audit",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.Column("actor", sa.String(length=200), nullable=False),
        sa.Column("role", sa.String(length=24), nullable=False),
        sa.Column("event", sa.String(length=40), nullable=False),
        sa.Column("object_id", sa.String(length=512), nullable=False),
        sa.Column("before_digest", sa.String(length=64), nullable=False),
        sa.Column("after_digest", sa.String(length=64), nullable=False),
        sa.Column("reason", sa.String(length=2000), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit")),
    )
    with op.batch_alter_table("audit", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_audit_at"), ["at"], unique=False)
        batch_op.create_index(batch_op.f("ix_audit_event"), ["event"], unique=False)
        batch_op.create_index(batch_op.f("ix_audit_object_id"), ["object_id"], unique=False)


def _create_contract_document() -> None:
    op.create_table(
        "contract_document",
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("digest", name=op.f("pk_contract_document")),
    )


def _create_member() -> None:
    op.create_table(
        "member",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("xroad_id", sa.String(length=512), nullable=False),
        sa.Column("name_vi", sa.String(length=300), nullable=False),
        sa.Column("name_en", sa.String(length=300), nullable=False),
        sa.Column("contact", sa.String(length=500), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_member")),
        sa.UniqueConstraint("xroad_id", name=op.f("uq_member_xroad_id")),
    )


def _create_publication() -> None:
    op.create_table(
        "publication",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("documents", sa.Integer(), nullable=False),
        sa.Column("published_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_publication")),
    )


def _create_member_alias() -> None:
    op.create_table(
        "member_alias",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("xroad_id", sa.String(length=512), nullable=False),
        sa.Column("member", sa.String(length=512), nullable=False),
        sa.ForeignKeyConstraint(["member"], ["member.xroad_id"], name=op.f("fk_member_alias_member_member")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_member_alias")),
        sa.UniqueConstraint("xroad_id", name=op.f("uq_member_alias_xroad_id")),
    )
    with op.batch_alter_table("member_alias", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_member_alias_member"), ["member"], unique=False)


def _create_node() -> None:
    op.create_table(
        "node",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("xroad_id", sa.String(length=512), nullable=False),
        sa.Column("member", sa.String(length=512), nullable=False),
        sa.Column("host", sa.String(length=253), nullable=False),
        sa.Column("port", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(length=24), nullable=False),
        sa.Column("enrol_digest", sa.String(length=64), nullable=True),
        sa.Column("enrol_expires_at", UtcDateTime(), nullable=True),
        sa.Column("enrol_by", sa.String(length=200), nullable=True),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["member"], ["member.xroad_id"], name=op.f("fk_node_member_member")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_node")),
        sa.UniqueConstraint("enrol_digest", name=op.f("uq_node_enrol_digest")),
        sa.UniqueConstraint("xroad_id", name=op.f("uq_node_xroad_id")),
    )
    with op.batch_alter_table("node", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_node_member"), ["member"], unique=False)


def _create_token() -> None:
    op.create_table(
        "token",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("holder", sa.String(length=200), nullable=False),
        sa.Column("role", sa.String(length=24), nullable=False),
        sa.Column("member", sa.String(length=512), nullable=True),
        sa.Column("salt", sa.String(length=64), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("expires_at", UtcDateTime(), nullable=False),
        sa.Column("revoked_at", UtcDateTime(), nullable=True),
        sa.ForeignKeyConstraint(["member"], ["member.xroad_id"], name=op.f("fk_token_member_member")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_token")),
    )


def _create_enrolment() -> None:
    op.create_table(
        "enrolment",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("node", sa.String(length=512), nullable=False),
        sa.Column("state", sa.String(length=24), nullable=False),
        sa.Column("tls_csr", sa.Text(), nullable=False),
        sa.Column("signing_csrs", sa.Text(), nullable=False),
        sa.Column("asked_by", sa.String(length=200), nullable=False),
        sa.Column("asked_at", UtcDateTime(), nullable=False),
        sa.Column("decided_by", sa.String(length=200), nullable=True),
        sa.Column("decided_at", UtcDateTime(), nullable=True),
        sa.Column("reason", sa.String(length=2000), nullable=False),
        sa.ForeignKeyConstraint(["node"], ["node.xroad_id"], name=op.f("fk_enrolment_node_node")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_enrolment")),
    )
    with op.batch_alter_table("enrolment", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_enrolment_node"), ["node"], unique=False)


def _create_information_system() -> None:
    op.create_table(
        "information_system",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("xroad_id", sa.String(length=512), nullable=False),
        sa.Column("member", sa.String(length=512), nullable=False),
        sa.Column("node", sa.String(length=512), nullable=False),
        sa.Column("name_vi", sa.String(length=300), nullable=False),
        sa.Column("name_en", sa.String(length=300), nullable=False),
        sa.Column("security_level", sa.Integer(), nullable=True),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["member"], ["member.xroad_id"], name=op.f("fk_information_system_member_member")),
        sa.ForeignKeyConstraint(["node"], ["node.xroad_id"], name=op.f("fk_information_system_node_node")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_information_system")),
        sa.UniqueConstraint("xroad_id", name=op.f("uq_information_system_xroad_id")),
    )
    with op.batch_alter_table("information_system", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_information_system_member"), ["member"], unique=False)
        batch_op.create_index(batch_op.f("ix_information_system_node"), ["node"], unique=False)


def _create_node_member() -> None:
    op.create_table(
        "node_member",
        sa.Column("node", sa.String(length=512), nullable=False),
        sa.Column("member", sa.String(length=512), nullable=False),
        sa.ForeignKeyConstraint(["member"], ["member.xroad_id"], name=op.f("fk_node_member_member_member")),
        sa.ForeignKeyConstraint(["node"], ["node.xroad_id"], name=op.f("fk_node_member_node_node")),
        sa.PrimaryKeyConstraint("node", "member", name=op.f("pk_node_member")),
    )


def _create_certificate() -> None:
    op.create_table(
        "certificate",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("node", sa.String(length=512), nullable=False),
        sa.Column("member", sa.String(length=512), nullable=True),
        sa.Column("enrolment_id", sa.String(length=36), nullable=True),
        sa.Column("pem", sa.Text(), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("valid_from", UtcDateTime(), nullable=False),
        sa.Column("valid_to", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["enrolment_id"], ["enrolment.id"], name=op.f("fk_certificate_enrolment_id_enrolment")
        ),
        sa.ForeignKeyConstraint(["member"], ["member.xroad_id"], name=op.f("fk_certificate_member_member")),
        sa.ForeignKeyConstraint(["node"], ["node.xroad_id"], name=op.f("fk_certificate_node_node")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_certificate")),
        sa.UniqueConstraint("digest", name=op.f("uq_certificate_digest")),
    )
    with op.batch_alter_table("certificate", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_certificate_enrolment_id"), ["enrolment_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_certificate_node"), ["node"], unique=False)


def _create_service() -> None:
    op.create_table(
        "service",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("xroad_id", sa.String(length=512), nullable=False),
        sa.Column("system", sa.String(length=512), nullable=False),
        sa.Column("member", sa.String(length=512), nullable=False),
        sa.Column("kind", sa.String(length=24), nullable=False),
        sa.Column("title_vi", sa.String(length=300), nullable=False),
        sa.Column("title_en", sa.String(length=300), nullable=False),
        sa.Column("data_class", sa.String(length=24), nullable=False),
        sa.Column("state", sa.String(length=24), nullable=False),
        sa.Column("state_notice", sa.String(length=2000), nullable=False),
        sa.Column("usage_rule", sa.String(length=2000), nullable=False),
        sa.Column("body_retention", sa.String(length=24), nullable=False),
        sa.Column("idempotent", sa.Text(), nullable=False),
        sa.Column("endpoints", sa.Text(), nullable=False),
        sa.Column("openapi_digest", sa.String(length=64), nullable=True),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["member"], ["member.xroad_id"], name=op.f("fk_service_member_member")),
        sa.ForeignKeyConstraint(
            ["openapi_digest"], ["contract_document.digest"], name=op.f("fk_service_openapi_digest_contract_document")
        ),
        sa.ForeignKeyConstraint(
            ["system"], ["information_system.xroad_id"], name=op.f("fk_service_system_information_system")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_service")),
        sa.UniqueConstraint("xroad_id", name=op.f("uq_service_xroad_id")),
    )
    with op.batch_alter_table("service", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_service_member"), ["member"], unique=False)
        batch_op.create_index(batch_op.f("ix_service_system"), ["system"], unique=False)


def _create_access_request() -> None:
    op.create_table(
        "access_request",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("consumer", sa.String(length=512), nullable=False),
        sa.Column("consumer_member", sa.String(length=512), nullable=False),
        sa.Column("service", sa.String(length=512), nullable=False),
        sa.Column("provider_member", sa.String(length=512), nullable=False),
        sa.Column("state", sa.String(length=24), nullable=False),
        sa.Column("content", sa.Text(), nullable=False),
        sa.Column("asked_by", sa.String(length=200), nullable=False),
        sa.Column("received_at", UtcDateTime(), nullable=False),
        sa.Column("answered_by", sa.String(length=200), nullable=True),
        sa.Column("answered_at", UtcDateTime(), nullable=True),
        sa.Column("reason", sa.String(length=2000), nullable=False),
        sa.ForeignKeyConstraint(
            ["consumer_member"], ["member.xroad_id"], name=op.f("fk_access_request_consumer_member_member")
        ),
        sa.ForeignKeyConstraint(
            ["provider_member"], ["member.xroad_id"], name=op.f("fk_access_request_provider_member_member")
        ),
        sa.ForeignKeyConstraint(["service"], ["service.xroad_id"], name=op.f("fk_access_request_service_service")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_access_request")),
    )
    with op.batch_alter_table("access_request", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_access_request_consumer"), ["consumer"], unique=False)
        batch_op.create_index(batch_op.f("ix_access_request_consumer_member"), ["consumer_member"], unique=False)
        batch_op.create_index(batch_op.f("ix_access_request_provider_member"), ["provider_member"], unique=False)
        batch_op.create_index(batch_op.f("ix_access_request_service"), ["service"], unique=False)


def _create_grant_of_access() -> None:
    op.create_table(
        "grant_of_access",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("code", sa.String(length=64), nullable=False),
        sa.Column("consumer", sa.String(length=512), nullable=False),
        sa.Column("consumer_member", sa.String(length=512), nullable=False),
        sa.Column("service", sa.String(length=512), nullable=False),
        sa.Column("provider_member", sa.String(length=512), nullable=False),
        sa.Column("request_id", sa.String(length=36), nullable=True),
        sa.Column("state", sa.String(length=24), nullable=False),
        sa.Column("state_reason", sa.String(length=2000), nullable=False),
        sa.Column("terms", sa.Text(), nullable=False),
        sa.Column("valid_from", UtcDateTime(), nullable=False),
        sa.Column("valid_to", UtcDateTime(), nullable=False),
        sa.Column("requested_by", sa.String(length=200), nullable=False),
        sa.Column("approvals", sa.Text(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["consumer_member"], ["member.xroad_id"], name=op.f("fk_grant_of_access_consumer_member_member")
        ),
        sa.ForeignKeyConstraint(
            ["provider_member"], ["member.xroad_id"], name=op.f("fk_grant_of_access_provider_member_member")
        ),
        sa.ForeignKeyConstraint(
            ["request_id"], ["access_request.id"], name=op.f("fk_grant_of_access_request_id_access_request")
        ),
        sa.ForeignKeyConstraint(["service"], ["service.xroad_id"], name=op.f("fk_grant_of_access_service_service")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_grant_of_access")),
        sa.UniqueConstraint("code", name=op.f("uq_grant_of_access_code")),
        sa.UniqueConstraint("request_id", name=op.f("uq_grant_of_access_request_id")),
    )
    with op.batch_alter_table("grant_of_access", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_grant_of_access_consumer"), ["consumer"], unique=False)
        batch_op.create_index(batch_op.f("ix_grant_of_access_consumer_member"), ["consumer_member"], unique=False)
        batch_op.create_index(batch_op.f("ix_grant_of_access_provider_member"), ["provider_member"], unique=False)
        batch_op.create_index(batch_op.f("ix_grant_of_access_service"), ["service"], unique=False)
