"""The modules of the labels that were printed are kept with their packages."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def text() -> sa.types.TypeEngine[str]:
    return sa.String().with_variant(sa.String(collation="C"), "postgresql")


def upgrade() -> None:
    op.create_table(
        "label",
        sa.Column("package", text(), nullable=False),
        sa.Column("symbology", text(), nullable=False),
        sa.Column("digest", text(), nullable=False),
        sa.Column("text", text(), nullable=False),
        sa.Column("gs1", sa.Boolean(), nullable=False),
        sa.Column("width", sa.BigInteger(), nullable=False),
        sa.Column("bits", text(), nullable=False),
        sa.Column("encoder", sa.BigInteger(), nullable=False),
        sa.Column("made_at", sa.DateTime(), nullable=False),
        sa.Column("user", text(), nullable=True),
        sa.PrimaryKeyConstraint("package", "symbology", "digest", name=op.f("pk_label")),
    )


def downgrade() -> None:
    op.drop_table("label")
