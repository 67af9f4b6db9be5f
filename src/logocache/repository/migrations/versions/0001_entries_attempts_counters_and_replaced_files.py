"""Entries, audit trail, counters and replaced files.

Written out, without the program's own column types: a revision describes the past.
"""

from collections.abc import Iterable

import sqlalchemy as sa
from alembic import op
from sqlalchemy.types import TypeEngine

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

TIME = sa.DateTime(timezone=True)

ORIGINS = ("catalog", "custom", "on_demand")
STATUSES = ("cached", "placeholder", "pending")
OUTCOMES = (
    "found",
    "unchanged",
    "not_found",
    "placeholder",
    "blocked",
    "throttled",
    "transient",
    "invalid_image",
    "refused",
    "misconfigured",
    "not_asked",
)


def upgrade() -> None:
    create_logo()
    create_fetch_attempt()
    create_replaced_file()
    op.create_table(
        "counter",
        sa.Column("name", text(128), nullable=False),
        sa.Column("value", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_counter"),
    )


def create_logo() -> None:
    op.create_table(
        "logo",
        sa.Column("key", text(253), nullable=False),
        sa.Column("name", text(200), nullable=False),
        sa.Column("domain", text(253), nullable=False),
        sa.Column("category", text(100), nullable=False),
        sa.Column("origin", sa.String(32), nullable=False),
        sa.Column("pinned", sa.Boolean, nullable=False),
        sa.Column("search_text", text(None), nullable=False),
        sa.Column("created_at", TIME, nullable=False),
        sa.Column("status", sa.String(32), nullable=False),
        sa.Column("file_name", text(300)),
        sa.Column("sha256", text(64)),
        sa.Column("size", sa.BigInteger),
        sa.Column("width", sa.Integer),
        sa.Column("height", sa.Integer),
        sa.Column(
            "has_file", sa.Boolean, sa.Computed("file_name IS NOT NULL", persisted=True), nullable=False
        ),
        sa.Column("provider", text(64)),
        sa.Column("source_url", text(2048)),
        sa.Column("licence", text(200)),
        sa.Column("attribution", text(500)),
        sa.Column("store_until", TIME),
        sa.Column("etag", text(512)),
        sa.Column("last_modified", text(512)),
        sa.Column("candidates_digest", text(64)),
        sa.Column("fetched_at", TIME),
        sa.Column("checked_at", TIME),
        sa.Column("next_attempt_at", TIME, nullable=False),
        sa.Column("fetch_count", sa.BigInteger, nullable=False),
        sa.Column("failure_count", sa.BigInteger, nullable=False),
        sa.Column("last_outcome", sa.String(32)),
        sa.Column("last_error", text(500)),
        sa.Column("last_accessed_at", TIME),
        sa.Column("access_count", sa.BigInteger, nullable=False),
        sa.Column(
            "used_at",
            TIME,
            sa.Computed("coalesce(last_accessed_at, fetched_at, created_at)", persisted=True),
            nullable=False,
        ),
        sa.Column("lease_owner", text(128)),
        sa.Column("lease_until", TIME),
        sa.PrimaryKeyConstraint("key", name="pk_logo"),
        one_of("logo", "origin", ORIGINS),
        one_of("logo", "status", STATUSES),
        one_of("logo", "last_outcome", OUTCOMES),
        sa.CheckConstraint(
            "(status = 'pending') = (file_name IS NULL)", name=op.f("ck_logo_pending_without_file")
        ),
        sa.CheckConstraint(
            "(file_name IS NULL) = (sha256 IS NULL) AND (file_name IS NULL) = (size IS NULL)"
            " AND (file_name IS NULL) = (width IS NULL) AND (file_name IS NULL) = (height IS NULL)",
            name=op.f("ck_logo_whole_file"),
        ),
    )
    op.create_index("ix_logo_due", "logo", ["has_file", "next_attempt_at", "key"])
    op.create_index("ix_logo_used", "logo", ["pinned", "has_file", "used_at", "key"])
    op.create_index("ix_logo_groups", "logo", ["status", "provider", "category", "size", "fetched_at"])
    op.create_index("ix_logo_image", "logo", ["provider", "sha256", "key"])
    op.create_index("ix_logo_domain", "logo", ["domain", "key"])
    op.create_index("ix_logo_lease", "logo", ["lease_until"])
    op.create_index("ix_logo_failing", "logo", ["failure_count", "key"])
    op.create_index("ix_logo_fetched", "logo", ["status", "fetched_at"])
    op.create_index("ix_logo_size", "logo", ["size", "key"])
    op.create_index("ix_logo_file", "logo", ["file_name"])


def create_fetch_attempt() -> None:
    op.create_table(
        "fetch_attempt",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer, "sqlite"), nullable=False),
        sa.Column("key", text(253), nullable=False),
        sa.Column("provider", text(64), nullable=False),
        sa.Column("url", text(2048), nullable=False),
        sa.Column("at", TIME, nullable=False),
        sa.Column("duration", sa.Double, nullable=False),
        sa.Column("outcome", sa.String(32), nullable=False),
        sa.Column("status", sa.Integer),
        sa.Column("bytes", sa.BigInteger, nullable=False),
        sa.Column("reason", text(500), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_fetch_attempt"),
        one_of("fetch_attempt", "outcome", OUTCOMES),
    )
    op.create_index("ix_fetch_attempt_entry", "fetch_attempt", ["key", "at", "id"])
    op.create_index("ix_fetch_attempt_at", "fetch_attempt", ["at"])


def create_replaced_file() -> None:
    op.create_table(
        "replaced_file",
        sa.Column("name", text(300), nullable=False),
        sa.Column("key", text(253), nullable=False),
        sa.Column("size", sa.BigInteger, nullable=False),
        sa.Column("sha256", text(64), nullable=False),
        sa.Column("delete_after", TIME, nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_replaced_file"),
    )
    op.create_index("ix_replaced_file_delete_after", "replaced_file", ["delete_after", "name"])
    op.create_index("ix_replaced_file_entry", "replaced_file", ["key"])


def text(length: int | None) -> TypeEngine[str]:
    """Text in the order of code points, whatever the server's locale; None: of any length."""
    if length is None:
        return sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
    return sa.String(length).with_variant(sa.String(length, collation="C"), "postgresql")


def one_of(table: str, column: str, values: Iterable[str]) -> sa.CheckConstraint:
    listed = ", ".join(f"'{value}'" for value in values)
    return sa.CheckConstraint(f"{column} IN ({listed})", name=op.f(f"ck_{table}_{column}"))
