"""Column types that behave alike on SQLite and PostgreSQL."""

from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import BigInteger, DateTime, Dialect, Enum, Integer, String, Text
from sqlalchemy.types import TypeDecorator, TypeEngine

AS_SOON_AS_POSSIBLE = datetime(1970, 1, 1, tzinfo=UTC)
"""How "as soon as possible" is stored: it sorts and compares as the oldest time, which NULL does
not do alike in both databases and their indexes."""


class UTCDateTime(TypeDecorator[datetime]):
    """An aware time in UTC, to the microsecond.

    PostgreSQL keeps the instant and gives it back in the session's zone; SQLite keeps text without
    a zone, which sorts like the time.
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
    """The values of `of`, as text that the database checks."""
    return Enum(
        of,
        name=name,
        native_enum=False,
        create_constraint=True,
        length=32,
        values_callable=lambda members: [member.value for member in members],
    )


def serial() -> TypeEngine[int]:
    """A number that the database gives out; SQLite does so for INTEGER alone."""
    return BigInteger().with_variant(Integer(), "sqlite")
