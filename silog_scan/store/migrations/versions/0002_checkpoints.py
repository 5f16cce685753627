"""Checkpoints are kept as they were handed out; no two events have one position."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.create_table(
        "checkpoint",
        sa.Column("number", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("at", sa.DateTime(), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column(
            "reason",
            sa.String().with_variant(sa.String(collation="C"), "postgresql"),
            nullable=False,
        ),
        sa.Column("note", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_checkpoint")),
    )
    op.drop_index(op.f("ix_event_position"), table_name="event")
    op.create_index(op.f("ix_event_position"), "event", ["position"], unique=True)


def downgrade() -> None:
    op.drop_index(op.f("ix_event_position"), table_name="event")
    op.create_index(op.f("ix_event_position"), "event", ["position"], unique=False)
    op.drop_table("checkpoint")
