"""Tables, and column types with equal behaviour on SQLite and PostgreSQL.

Private to this package.
"""

import re
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Computed,
    DateTime,
    Dialect,
    Double,
    Enum,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    func,
)
from sqlalchemy.types import TypeDecorator, TypeEngine

from logocache.model import Origin, OutcomeKind, PlaceholderProof, Status

AS_SOON_AS_POSSIBLE = datetime(1970, 1, 1, tzinfo=UTC)
"""Stored for "as soon as possible": sorts first, while the order of NULL differs between databases."""


class UTCDateTime(TypeDecorator[datetime]):
    """An aware time in UTC, with microseconds.

    PostgreSQL returns it in the session's zone; SQLite stores text without a zone, which sorts like the
    time.
    """

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, _dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError(f"the time {value} has no zone")
        return value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, _dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


def text(length: int) -> TypeEngine[str]:
    """Text that sorts by code point in both databases, whatever the server's locale."""
    return String(length).with_variant(String(length, collation="C"), "postgresql")


def long_text() -> TypeEngine[str]:
    return Text().with_variant(Text(collation="C"), "postgresql")


def choice(of: type[StrEnum], name: str) -> TypeEngine[Any]:
    """The values of `of`, as text with a check constraint."""
    return Enum(
        of,
        name=name,
        native_enum=False,
        create_constraint=True,
        length=32,
        values_callable=lambda members: [member.value for member in members],
    )


def serial() -> TypeEngine[int]:
    """An auto-incremented number, which SQLite supports for INTEGER only."""
    return BigInteger().with_variant(Integer(), "sqlite")


NAMING = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "pk": "pk_%(table_name)s",
}

KEY_LENGTH = 253
DOMAIN_LENGTH = 253
NAME_LENGTH = 200
CATEGORY_LENGTH = 100
FILE_NAME_LENGTH = 300
DIGEST_LENGTH = 64
STATUS_LENGTH = 32
PROVIDER_LENGTH = 64
URL_LENGTH = 2048
LICENCE_LENGTH = 200
NOTE_LENGTH = 500
"""For attributions, reasons and errors."""
VALIDATOR_LENGTH = 512
OWNER_LENGTH = 128
COUNTER_LENGTH = 128
IDENTITY_LENGTH = 36


WORTH = "CASE WHEN status = 'cached' THEN 3 ELSE 0 END + CASE WHEN origin = 'on_demand' THEN 0 ELSE 1 END"

METADATA = MetaData(naming_convention=NAMING)

LOGO = Table(
    "logo",
    METADATA,
    Column("key", text(KEY_LENGTH), primary_key=True),
    Column("name", text(NAME_LENGTH), nullable=False),
    Column("domain", text(DOMAIN_LENGTH), nullable=False),
    Column("category", text(CATEGORY_LENGTH), nullable=False),
    Column("origin", choice(Origin, "origin"), nullable=False),
    Column("pinned", Boolean, nullable=False),
    # Key, name and domain, folded by Python: SQLite folds ASCII only, PostgreSQL by its locale.
    Column("search_text", long_text(), nullable=False),
    # The name for sorting, folded by Python like `search_text`.
    Column("name_folded", long_text(), nullable=False, server_default=""),
    Column("created_at", UTCDateTime, nullable=False),
    Column("status", choice(Status, "status"), nullable=False),
    Column("file_name", text(FILE_NAME_LENGTH)),
    Column("sha256", text(DIGEST_LENGTH)),
    Column("size", BigInteger),
    Column("width", Integer),
    Column("height", Integer),
    Column("svg_name", text(FILE_NAME_LENGTH)),
    Column("svg_sha256", text(DIGEST_LENGTH)),
    Column("svg_size", BigInteger),
    Column("dark_name", text(FILE_NAME_LENGTH)),
    Column("dark_sha256", text(DIGEST_LENGTH)),
    Column("dark_size", BigInteger),
    Column("shows_on_dark", Boolean),
    Column("has_file", Boolean, Computed("file_name IS NOT NULL", persisted=True), nullable=False),
    Column("provider", text(PROVIDER_LENGTH)),
    Column("source_url", text(URL_LENGTH)),
    Column("licence", text(LICENCE_LENGTH)),
    Column("attribution", text(NOTE_LENGTH)),
    # Unused, always NULL: no source limits the time of storing.
    Column("store_until", UTCDateTime),
    Column("etag", text(VALIDATOR_LENGTH)),
    Column("last_modified", text(VALIDATOR_LENGTH)),
    Column("candidates_digest", text(DIGEST_LENGTH)),
    Column("fetched_at", UTCDateTime),
    Column("checked_at", UTCDateTime),
    # `AS_SOON_AS_POSSIBLE` stands for None.
    Column("next_attempt_at", UTCDateTime, nullable=False),
    Column("fetch_count", BigInteger, nullable=False),
    Column("failure_count", BigInteger, nullable=False),
    Column("last_outcome", choice(OutcomeKind, "last_outcome")),
    Column("last_error", text(NOTE_LENGTH)),
    Column("source_gone_at", UTCDateTime),
    Column("last_accessed_at", UTCDateTime),
    Column("access_count", BigInteger, nullable=False),
    Column(
        "used_at",
        UTCDateTime,
        Computed("coalesce(last_accessed_at, fetched_at, created_at)", persisted=True),
        nullable=False,
    ),
    # Sorts like `policy.eviction.worth_of`, for entries with a file.
    Column("worth", Integer, Computed(WORTH, persisted=True), nullable=False),
    Column("lease_owner", text(OWNER_LENGTH)),
    Column("lease_until", UTCDateTime),
    CheckConstraint("(status = 'pending') = (file_name IS NULL)", name="pending_without_file"),
    CheckConstraint(
        "(file_name IS NULL) = (sha256 IS NULL) AND (file_name IS NULL) = (size IS NULL)"
        " AND (file_name IS NULL) = (width IS NULL) AND (file_name IS NULL) = (height IS NULL)",
        name="whole_file",
    ),
    Index("ix_logo_due", "has_file", "next_attempt_at", "key"),
    Index("ix_logo_kept", "pinned", "has_file", "worth", "used_at", "key"),
    Index("ix_logo_category", "category", "key"),
    Index("ix_logo_image", "provider", "sha256", "key"),
    Index("ix_logo_domain", "domain", "key"),
    Index("ix_logo_lease", "lease_until"),
    Index("ix_logo_failing", "failure_count", "last_outcome", "key"),
    Index("ix_logo_fetched", "status", "fetched_at"),
    Index("ix_logo_size", "size", "key"),
    Index("ix_logo_file", "file_name"),
    Index("ix_logo_svg", "svg_name"),
    Index("ix_logo_dark", "dark_name"),
    Index("ix_logo_name", "name_folded", "key"),
    Index("ix_logo_status", "status", "key"),
    Index("ix_logo_provider", "provider", "key"),
    Index("ix_logo_age", "fetched_at", "key"),
    Index("ix_logo_accessed", "last_accessed_at", "key"),
    Index("ix_logo_origin", "origin", "used_at", "key"),
)
"""One entry: registered facts, files, source, history and lease."""

TOTAL_SIZE = LOGO.c.size + func.coalesce(LOGO.c.svg_size, 0) + func.coalesce(LOGO.c.dark_size, 0)
"""Bytes of an entry's files; NULL without any."""

ATTEMPT = Table(
    "fetch_attempt",
    METADATA,
    Column("id", serial(), primary_key=True),
    Column("key", text(KEY_LENGTH), nullable=False),
    Column("provider", text(PROVIDER_LENGTH), nullable=False),
    Column("url", text(URL_LENGTH), nullable=False),
    Column("at", UTCDateTime, nullable=False),
    # Seconds.
    Column("duration", Double, nullable=False),
    Column("outcome", choice(OutcomeKind, "outcome"), nullable=False),
    Column("status", Integer),
    Column("bytes", BigInteger, nullable=False),
    Column("reason", text(NOTE_LENGTH), nullable=False),
    Index("ix_fetch_attempt_entry", "key", "at", "id"),
    Index("ix_fetch_attempt_at", "at"),
)
"""One line of the audit log. It outlives its entry."""

REPLACED = Table(
    "replaced_file",
    METADATA,
    Column("name", text(FILE_NAME_LENGTH), primary_key=True),
    Column("key", text(KEY_LENGTH), nullable=False),
    Column("size", BigInteger, nullable=False),
    Column("sha256", text(DIGEST_LENGTH), nullable=False),
    Column("delete_after", UTCDateTime, nullable=False),
    Index("ix_replaced_file_delete_after", "delete_after", "name"),
    Index("ix_replaced_file_entry", "key"),
)
"""A replaced file during its grace period."""

COUNTER = Table(
    "counter",
    METADATA,
    Column("name", text(COUNTER_LENGTH), primary_key=True),
    Column("value", BigInteger, nullable=False),
)
"""Named counter: `hits`, `misses`, `stale`, `evictions`, `requests:<provider>:<YYYY-MM>`,
`generation`.
"""

TOTAL = Table(
    "total",
    METADATA,
    # A status, or `replaced`.
    Column("status", text(STATUS_LENGTH), primary_key=True),
    Column("provider", text(PROVIDER_LENGTH), primary_key=True),
    Column("category", text(CATEGORY_LENGTH), primary_key=True),
    Column("entries", BigInteger, nullable=False),
    Column("bytes", BigInteger, nullable=False),
    Column("failing", BigInteger, nullable=False),
    Column("errors", BigInteger, nullable=False),
)
"""Sums over the entries of one status, provider ("": none) and category, or over all replaced files."""

PLACEHOLDER = Table(
    "provider_placeholder",
    METADATA,
    Column("provider", text(PROVIDER_LENGTH), primary_key=True),
    Column("sha256", text(DIGEST_LENGTH), primary_key=True),
    Column("proof", choice(PlaceholderProof, "proof"), nullable=False),
    Column("learnt_at", UTCDateTime, nullable=False),
    Index("ix_provider_placeholder_learnt_at", "learnt_at"),
)
"""An image of a provider that was found to be no logo."""

CACHE = Table(
    "cache",
    METADATA,
    # A UUID, the same as in the cache's directory.
    Column("identity", text(IDENTITY_LENGTH), primary_key=True),
    Column("created_at", UTCDateTime, nullable=False),
)
"""Identity of the cache. One row, written by `init`."""

UNSTORABLE = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff]+")
"""Control characters, of which PostgreSQL refuses NUL, and unpaired surrogates, which are not UTF-8."""


def cleaned(text: str, length: int) -> str:
    """Return `text` as one line of at most `length` storable characters."""
    return " ".join(UNSTORABLE.sub(" ", text).split())[:length].rstrip()


def identifier(text: str, length: int) -> str:
    """Return `text` unchanged: an identifier cannot be cut.

    Raises:
        ValueError: it is empty, longer than `length`, or not storable.
    """
    if not is_identifier(text, length):
        raise ValueError(f"{text[:80]!r} is not a text of 1 to {length} storable characters")
    return text


def is_storable(text: str) -> bool:
    """True if a column can hold `text`; other texts must not be used in queries."""
    return UNSTORABLE.search(text) is None


def is_identifier(text: str, length: int) -> bool:
    return 0 < len(text) <= length and is_storable(text)
