"""Lines by status are summed for a hundred numbers too; an item's lines are found in row order."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"

# As the code knew a line's status when this was written: it must not change with it.
FILL = """
INSERT INTO block (manifest, task, block, missing, matched, short, surplus, damaged)
SELECT manifest, task, block,
  SUM(CASE WHEN counted = 0 THEN 1 ELSE 0 END),
  SUM(CASE WHEN counted = expected AND damaged = 0 THEN 1 ELSE 0 END),
  SUM(CASE WHEN counted > 0 AND counted < expected THEN 1 ELSE 0 END),
  SUM(CASE WHEN counted > expected THEN 1 ELSE 0 END),
  SUM(CASE WHEN counted > 0 AND counted = expected AND damaged > 0 THEN 1 ELSE 0 END)
FROM (
  SELECT line.manifest AS manifest, tasks.task AS task, line.number / 100 AS block,
    CASE WHEN line.package IS NULL THEN line.quantity ELSE 1 END AS expected,
    COALESCE(line_count.counted, 0) AS counted, COALESCE(line_count.damaged, 0) AS damaged
  FROM line
  JOIN manifest ON manifest.number = line.manifest AND manifest.version = line.last_version
  CROSS JOIN (
    SELECT 'receive' AS task UNION ALL SELECT 'dispatch' UNION ALL SELECT 'return'
  ) AS tasks
  LEFT JOIN line_count ON line_count.manifest = line.manifest
    AND line_count.line = line.number AND line_count.task = tasks.task
) AS found
GROUP BY manifest, task, block
"""


def text() -> sa.types.TypeEngine[str]:
    return sa.String().with_variant(sa.String(collation="C"), "postgresql")


def upgrade() -> None:
    op.create_table(
        "block",
        sa.Column("manifest", text(), nullable=False),
        sa.Column("task", text(), nullable=False),
        sa.Column("block", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("missing", sa.BigInteger(), nullable=False),
        sa.Column("matched", sa.BigInteger(), nullable=False),
        sa.Column("short", sa.BigInteger(), nullable=False),
        sa.Column("surplus", sa.BigInteger(), nullable=False),
        sa.Column("damaged", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("manifest", "task", "block", name=op.f("pk_block")),
    )
    op.execute(FILL)
    op.drop_index(op.f("ix_line_manifest_item_package"), table_name="line")
    op.create_index(
        op.f("ix_line_manifest_item_package_row"),
        "line",
        ["manifest", "item", "package", "row"],
        unique=False,
    )


def downgrade() -> None:
    op.drop_index(op.f("ix_line_manifest_item_package_row"), table_name="line")
    op.create_index(
        op.f("ix_line_manifest_item_package"), "line", ["manifest", "item", "package"], unique=False
    )
    op.drop_table("block")
