"""The outbox, and the keys of units of work."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "core_outbox"
down_revision = None
branch_labels = ("core",)
depends_on = None


def upgrade() -> None:
    """Make both tables."""
    op.create_table(
        "outbox",
        sa.Column("id", sa.BigInteger(), sa.Identity(), nullable=False),
        sa.Column("task", sa.String(), nullable=False),
        sa.Column("task_id", sa.String(), nullable=False),
        sa.Column("arguments", sa.JSON(), nullable=False),
        sa.Column("options", sa.JSON(), nullable=False),
        sa.Column(
            "written", sa.DateTime(timezone=True), server_default=sa.func.now(), nullable=False
        ),
        sa.Column("sent", sa.DateTime(timezone=True), nullable=True),
        sa.Column("error", sa.String(), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_outbox"),
    )
    op.create_index("ix_outbox_waiting", "outbox", ["id"], postgresql_where=sa.text("sent IS NULL"))
    op.create_index("ix_outbox_sent", "outbox", ["sent"])
    op.create_table(
        "unit_of_work_keys",
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("expires", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("key", name="pk_unit_of_work_keys"),
    )
    op.create_index("ix_unit_of_work_keys_expires", "unit_of_work_keys", ["expires"])


def downgrade() -> None:
    """Drop them."""
    op.drop_table("unit_of_work_keys")
    op.drop_table("outbox")
