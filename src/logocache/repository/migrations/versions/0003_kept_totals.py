"""Kept totals, and an index for pages of one category.

Written out, without the program's own column types: a revision describes the past.
"""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

FILL = """
    INSERT INTO total (status, provider, category, entries, bytes, failing, errors)
    SELECT status, coalesce(provider, ''), category, count(*), coalesce(sum(size), 0),
        sum(CASE WHEN failure_count > 0 THEN 1 ELSE 0 END),
        sum(CASE WHEN failure_count > 0 AND last_outcome = 'error' THEN 1 ELSE 0 END)
    FROM logo GROUP BY status, coalesce(provider, ''), category
    UNION ALL
    SELECT 'replaced', '', '', count(*), coalesce(sum(size), 0), 0, 0 FROM replaced_file
"""


def upgrade() -> None:
    names = ("status", 32), ("provider", 64), ("category", 100)
    numbers = ("entries", "bytes", "failing", "errors")
    op.create_table(
        "total",
        *(sa.Column(name, text(length), nullable=False) for name, length in names),
        *(sa.Column(name, sa.BigInteger, nullable=False) for name in numbers),
        sa.PrimaryKeyConstraint("status", "provider", "category", name="pk_total"),
    )
    op.execute(FILL)
    op.create_index("ix_logo_category", "logo", ["category", "key"])
    op.drop_index("ix_logo_groups", "logo")


def text(length: int) -> sa.types.TypeEngine[str]:
    return sa.String(length).with_variant(sa.String(length, collation="C"), "postgresql")
