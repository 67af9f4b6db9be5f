"""Tables as SQLModel classes, and column types with equal behaviour on SQLite and PostgreSQL.

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
)
from sqlalchemy.orm import registry
from sqlalchemy.types import TypeDecorator, TypeEngine
from sqlmodel import Field, SQLModel

from logocache.model import Origin, OutcomeKind, Status

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


class Base(SQLModel, registry=registry(metadata=METADATA)):
    """Base of our tables, with metadata separate from a host program's SQLModel tables."""


class LogoRow(Base, table=True):
    """One entry: registered facts, file, source, history and lease."""

    __tablename__ = "logo"
    __table_args__ = (
        CheckConstraint("(status = 'pending') = (file_name IS NULL)", name="pending_without_file"),
        CheckConstraint(
            "(file_name IS NULL) = (sha256 IS NULL) AND (file_name IS NULL) = (size IS NULL)"
            " AND (file_name IS NULL) = (width IS NULL) AND (file_name IS NULL) = (height IS NULL)",
            name="whole_file",
        ),
        Index("ix_logo_due", "has_file", "next_attempt_at", "key"),
        Index("ix_logo_kept", "pinned", "has_file", "worth", "used_at", "key"),
        Index("ix_logo_groups", "status", "provider", "category", "size", "fetched_at"),
        Index("ix_logo_image", "provider", "sha256", "key"),
        Index("ix_logo_domain", "domain", "key"),
        Index("ix_logo_lease", "lease_until"),
        Index("ix_logo_failing", "failure_count", "last_outcome", "key"),
        Index("ix_logo_fetched", "status", "fetched_at"),
        Index("ix_logo_size", "size", "key"),
        Index("ix_logo_file", "file_name"),
        Index("ix_logo_name", "name_folded", "key"),
        Index("ix_logo_status", "status", "key"),
        Index("ix_logo_provider", "provider", "key"),
        Index("ix_logo_age", "fetched_at", "key"),
        Index("ix_logo_accessed", "last_accessed_at", "key"),
        Index("ix_logo_origin", "origin", "used_at", "key"),
    )

    key: str = Field(sa_column=Column(text(KEY_LENGTH), primary_key=True))
    name: str = Field(sa_column=Column(text(NAME_LENGTH), nullable=False))
    domain: str = Field(sa_column=Column(text(DOMAIN_LENGTH), nullable=False))
    category: str = Field(sa_column=Column(text(CATEGORY_LENGTH), nullable=False))
    origin: Origin = Field(sa_column=Column(choice(Origin, "origin"), nullable=False))
    pinned: bool = Field(sa_column=Column(Boolean, nullable=False))
    search_text: str = Field(sa_column=Column(long_text(), nullable=False))
    """Key, name and domain, folded by Python: SQLite folds ASCII only, PostgreSQL by its locale."""
    name_folded: str = Field(sa_column=Column(long_text(), nullable=False, server_default=""))
    """The name for sorting, folded by Python like `search_text`."""
    created_at: datetime = Field(sa_column=Column(UTCDateTime, nullable=False))

    status: Status = Field(sa_column=Column(choice(Status, "status"), nullable=False))
    file_name: str | None = Field(sa_column=Column(text(FILE_NAME_LENGTH)))
    sha256: str | None = Field(sa_column=Column(text(DIGEST_LENGTH)))
    size: int | None = Field(sa_column=Column(BigInteger))
    width: int | None = Field(sa_column=Column(Integer))
    height: int | None = Field(sa_column=Column(Integer))
    has_file: bool = Field(
        sa_column=Column(Boolean, Computed("file_name IS NOT NULL", persisted=True), nullable=False)
    )
    provider: str | None = Field(sa_column=Column(text(PROVIDER_LENGTH)))
    source_url: str | None = Field(sa_column=Column(text(URL_LENGTH)))
    licence: str | None = Field(sa_column=Column(text(LICENCE_LENGTH)))
    attribution: str | None = Field(sa_column=Column(text(NOTE_LENGTH)))
    store_until: datetime | None = Field(sa_column=Column(UTCDateTime))
    """Unused, always NULL: no source limits the time of storing."""
    etag: str | None = Field(sa_column=Column(text(VALIDATOR_LENGTH)))
    last_modified: str | None = Field(sa_column=Column(text(VALIDATOR_LENGTH)))
    candidates_digest: str | None = Field(sa_column=Column(text(DIGEST_LENGTH)))

    fetched_at: datetime | None = Field(sa_column=Column(UTCDateTime))
    checked_at: datetime | None = Field(sa_column=Column(UTCDateTime))
    next_attempt_at: datetime = Field(sa_column=Column(UTCDateTime, nullable=False))
    """`AS_SOON_AS_POSSIBLE` stands for None."""
    fetch_count: int = Field(sa_column=Column(BigInteger, nullable=False))
    failure_count: int = Field(sa_column=Column(BigInteger, nullable=False))
    last_outcome: OutcomeKind | None = Field(sa_column=Column(choice(OutcomeKind, "last_outcome")))
    last_error: str | None = Field(sa_column=Column(text(NOTE_LENGTH)))
    source_gone_at: datetime | None = Field(sa_column=Column(UTCDateTime))

    last_accessed_at: datetime | None = Field(sa_column=Column(UTCDateTime))
    access_count: int = Field(sa_column=Column(BigInteger, nullable=False))
    used_at: datetime = Field(
        sa_column=Column(
            UTCDateTime,
            Computed("coalesce(last_accessed_at, fetched_at, created_at)", persisted=True),
            nullable=False,
        )
    )

    worth: int = Field(sa_column=Column(Integer, Computed(WORTH, persisted=True), nullable=False))
    """Sorts like `policy.eviction.worth_of`, for entries with a file."""

    lease_owner: str | None = Field(sa_column=Column(text(OWNER_LENGTH)))
    lease_until: datetime | None = Field(sa_column=Column(UTCDateTime))


class AttemptRow(Base, table=True):
    """One line of the audit log. It outlives its entry."""

    __tablename__ = "fetch_attempt"
    __table_args__ = (
        Index("ix_fetch_attempt_entry", "key", "at", "id"),
        Index("ix_fetch_attempt_at", "at"),
    )

    id: int = Field(sa_column=Column(serial(), primary_key=True))
    key: str = Field(sa_column=Column(text(KEY_LENGTH), nullable=False))
    provider: str = Field(sa_column=Column(text(PROVIDER_LENGTH), nullable=False))
    url: str = Field(sa_column=Column(text(URL_LENGTH), nullable=False))
    at: datetime = Field(sa_column=Column(UTCDateTime, nullable=False))
    duration: float = Field(sa_column=Column(Double, nullable=False))
    """Seconds."""
    outcome: OutcomeKind = Field(sa_column=Column(choice(OutcomeKind, "outcome"), nullable=False))
    status: int | None = Field(sa_column=Column(Integer))
    bytes: int = Field(sa_column=Column(BigInteger, nullable=False))
    reason: str = Field(sa_column=Column(text(NOTE_LENGTH), nullable=False))


class ReplacedFileRow(Base, table=True):
    """A replaced file during its grace period."""

    __tablename__ = "replaced_file"
    __table_args__ = (
        Index("ix_replaced_file_delete_after", "delete_after", "name"),
        Index("ix_replaced_file_entry", "key"),
    )

    name: str = Field(sa_column=Column(text(FILE_NAME_LENGTH), primary_key=True))
    key: str = Field(sa_column=Column(text(KEY_LENGTH), nullable=False))
    size: int = Field(sa_column=Column(BigInteger, nullable=False))
    sha256: str = Field(sa_column=Column(text(DIGEST_LENGTH), nullable=False))
    delete_after: datetime = Field(sa_column=Column(UTCDateTime, nullable=False))


class CounterRow(Base, table=True):
    """Named counter: `hits`, `misses`, `stale`, `evictions`, `requests:<provider>:<YYYY-MM>`,
    `generation`.
    """

    __tablename__ = "counter"

    name: str = Field(sa_column=Column(text(COUNTER_LENGTH), primary_key=True))
    value: int = Field(sa_column=Column(BigInteger, nullable=False))


class CacheRow(Base, table=True):
    """Identity of the cache. One row, written by `init`."""

    __tablename__ = "cache"

    identity: str = Field(sa_column=Column(text(IDENTITY_LENGTH), primary_key=True))
    """A UUID, the same as in the cache's directory."""
    created_at: datetime = Field(sa_column=Column(UTCDateTime, nullable=False))


LOGO: Table = METADATA.tables["logo"]
ATTEMPT: Table = METADATA.tables["fetch_attempt"]
REPLACED: Table = METADATA.tables["replaced_file"]
COUNTER: Table = METADATA.tables["counter"]
CACHE: Table = METADATA.tables["cache"]

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
