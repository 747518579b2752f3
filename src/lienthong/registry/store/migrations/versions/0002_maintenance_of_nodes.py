"""maintenance of nodes"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("node") as node:
        node.add_column(sa.Column("maintenance", sa.String(length=1000), nullable=True))


def downgrade() -> None:
    with op.batch_alter_table("node") as node:
        node.drop_column("maintenance")
