"""Which columns were chosen for files with a header is remembered."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"


def text() -> sa.types.TypeEngine[str]:
    return sa.String().with_variant(sa.String(collation="C"), "postgresql")


def upgrade() -> None:
    op.create_table(
        "mapping",
        sa.Column("header", text(), nullable=False),
        sa.Column("sender", text(), nullable=False),
        sa.Column("fields", sa.JSON(), nullable=False),
        sa.Column("chosen_at", sa.DateTime(), nullable=False),
        sa.PrimaryKeyConstraint("header", "sender", name=op.f("pk_mapping")),
    )


def downgrade() -> None:
    op.drop_table("mapping")
