"""Images that were found to be no logos, though a provider sends them.

Written out, without the program's own column types: a revision describes the past.
"""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "provider_placeholder",
        sa.Column("provider", text(64), nullable=False),
        sa.Column("sha256", text(64), nullable=False),
        sa.Column("proof", sa.String(32), nullable=False),
        sa.Column("learnt_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("provider", "sha256", name="pk_provider_placeholder"),
        sa.CheckConstraint(
            "proof IN ('shared_on_demand', 'shared', 'proven')", name=op.f("ck_provider_placeholder_proof")
        ),
    )
    op.create_index("ix_provider_placeholder_learnt_at", "provider_placeholder", ["learnt_at"])


def text(length: int) -> sa.types.TypeEngine[str]:
    return sa.String(length).with_variant(sa.String(length, collation="C"), "postgresql")
