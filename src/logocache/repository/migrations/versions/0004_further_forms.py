"""Further forms of a logo: its SVG, and its picture for dark grounds.

Written out, without the program's own column types: a revision describes the past.
"""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    for form in ("svg", "dark"):
        op.add_column("logo", sa.Column(f"{form}_name", text(300)))
        op.add_column("logo", sa.Column(f"{form}_sha256", text(64)))
        op.add_column("logo", sa.Column(f"{form}_size", sa.BigInteger))
        op.create_index(f"ix_logo_{form}", "logo", [f"{form}_name"])
    op.add_column("logo", sa.Column("shows_on_dark", sa.Boolean))
    # Without validators the next refresh reads each logo anew, and with it the forms that it has.
    op.execute("UPDATE logo SET etag = NULL, last_modified = NULL")


def text(length: int) -> sa.types.TypeEngine[str]:
    return sa.String(length).with_variant(sa.String(length, collation="C"), "postgresql")
