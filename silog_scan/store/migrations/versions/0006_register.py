"""Lines stand until further notice, and before their manifest; they alone say what a package is."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"

FOR_GOOD = 2**31 - 1


def text() -> sa.types.TypeEngine[str]:
    return sa.String().with_variant(sa.String(collation="C"), "postgresql")


def table(name: str, *columns: str) -> sa.TableClause:
    return sa.table(name, *map(sa.column, columns))


def upgrade() -> None:
    with op.batch_alter_table("line") as changed:
        changed.drop_constraint(op.f("fk_line_manifest_manifest"), type_="foreignkey")
    line, head = table("line", "manifest", "last_version"), table("manifest", "number", "version")
    version = sa.select(head.c.version).where(head.c.number == line.c.manifest).scalar_subquery()
    standing = sa.update(line).where(line.c.last_version == version)
    op.execute(standing.values(last_version=FOR_GOOD))
    op.execute(
        "DELETE FROM package WHERE NOT EXISTS "
        "(SELECT 1 FROM custody WHERE custody.package = package.code AND custody.changed)"
    )
    with op.batch_alter_table("package") as changed:
        changed.drop_column("parent")
        changed.drop_column("destination")


def downgrade() -> None:
    with op.batch_alter_table("package") as changed:
        changed.add_column(sa.Column("destination", text(), nullable=True))
        changed.add_column(sa.Column("parent", text(), nullable=True))
    line, head = table("line", "manifest", "last_version"), table("manifest", "number", "version")
    version = sa.select(head.c.version).where(head.c.number == line.c.manifest).scalar_subquery()
    standing = sa.update(line).where(line.c.last_version == FOR_GOOD)
    op.execute(standing.values(last_version=version))
    with op.batch_alter_table("line") as changed:
        changed.create_foreign_key(
            op.f("fk_line_manifest_manifest"), "manifest", ["manifest"], ["number"]
        )
