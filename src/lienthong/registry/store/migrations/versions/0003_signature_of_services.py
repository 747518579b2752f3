"""signature of services"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("service") as service:
        service.add_column(sa.Column("signature", sa.String(length=24), nullable=False, server_default="frame"))


def downgrade() -> None:
    with op.batch_alter_table("service") as service:
        service.drop_column("signature")
