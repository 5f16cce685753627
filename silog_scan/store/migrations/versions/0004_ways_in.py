"""Second factors, cards and PINs, tokens for programs, stations enrolled by a code.

Sign-ins from before know neither their end nor a second factor, so they end: people sign in again.
"""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def text() -> sa.types.TypeEngine[str]:
    return sa.String().with_variant(sa.String(collation="C"), "postgresql")


def upgrade() -> None:
    op.drop_table("sign_in")  # first: SQLite makes the accounts anew, which nothing may refer to
    with op.batch_alter_table("user_account") as table:
        table.add_column(
            sa.Column("is_temporary", sa.Boolean(), nullable=False, server_default=sa.false())
        )
        table.add_column(sa.Column("totp", text(), nullable=True))
        table.add_column(
            sa.Column("totp_used", sa.BigInteger(), nullable=False, server_default="0")
        )
        table.add_column(sa.Column("pin", text(), nullable=True))
        table.add_column(sa.Column("badge", text(), nullable=True))
        table.create_unique_constraint(op.f("uq_user_account_badge"), ["badge"])
    op.create_table(
        "recovery_code",
        sa.Column("code", text(), nullable=False),
        sa.Column("user", text(), nullable=False),
        sa.Column("used_at", sa.DateTime(), nullable=True),
        sa.ForeignKeyConstraint(
            ["user"], ["user_account.id"], name=op.f("fk_recovery_code_user_user_account")
        ),
        sa.PrimaryKeyConstraint("code", name=op.f("pk_recovery_code")),
    )
    op.create_index(op.f("ix_recovery_code_user"), "recovery_code", ["user"])
    op.create_table(
        "sign_in",
        sa.Column("token", text(), nullable=False),
        sa.Column("id", text(), nullable=False),
        sa.Column("user", text(), nullable=False),
        sa.Column("kind", text(), nullable=False),
        sa.Column("label", text(), nullable=False),
        sa.Column("station", text(), nullable=True),
        sa.Column("scope", text(), nullable=False),
        sa.Column("waits_for", text(), nullable=True),
        sa.Column("is_locked", sa.Boolean(), nullable=False),
        sa.Column("created_at", sa.DateTime(), nullable=False),
        sa.Column("seen_at", sa.DateTime(), nullable=False),
        sa.Column("ends_at", sa.DateTime(), nullable=False),
        sa.Column("ended_at", sa.DateTime(), nullable=True),
        sa.ForeignKeyConstraint(
            ["user"], ["user_account.id"], name=op.f("fk_sign_in_user_user_account")
        ),
        sa.PrimaryKeyConstraint("token", name=op.f("pk_sign_in")),
        sa.UniqueConstraint("id", name=op.f("uq_sign_in_id")),
    )
    op.create_index(op.f("ix_sign_in_user"), "sign_in", ["user"])
    with op.batch_alter_table("station") as table:
        table.add_column(sa.Column("task", text(), nullable=True))
        table.add_column(sa.Column("code", text(), nullable=True))
        table.add_column(sa.Column("code_until", sa.DateTime(), nullable=True))
        table.add_column(sa.Column("expires_at", sa.DateTime(), nullable=True))
        table.add_column(sa.Column("days", sa.BigInteger(), nullable=True))
        table.create_unique_constraint(op.f("uq_station_code"), ["code"])


def downgrade() -> None:
    with op.batch_alter_table("station") as table:
        table.drop_constraint(op.f("uq_station_code"))
        for name in ("days", "expires_at", "code_until", "code", "task"):
            table.drop_column(name)
    op.drop_table("sign_in")
    op.drop_table("recovery_code")
    with op.batch_alter_table("user_account") as table:
        table.drop_constraint(op.f("uq_user_account_badge"))
        for name in ("badge", "pin", "totp_used", "totp", "is_temporary"):
            table.drop_column(name)
    op.create_table(
        "sign_in",
        sa.Column("token", text(), nullable=False),
        sa.Column("user", text(), nullable=False),
        sa.Column("created_at", sa.DateTime(), nullable=False),
        sa.Column("seen_at", sa.DateTime(), nullable=False),
        sa.Column("ended_at", sa.DateTime(), nullable=True),
        sa.ForeignKeyConstraint(
            ["user"], ["user_account.id"], name=op.f("fk_sign_in_user_user_account")
        ),
        sa.PrimaryKeyConstraint("token", name=op.f("pk_sign_in")),
    )
    op.create_index(op.f("ix_sign_in_user"), "sign_in", ["user"])
