"""Which entries `list` shows, and in which order."""

from datetime import UTC, datetime
from typing import assert_never

from logocache.model import LogoRecord
from logocache.selection import ListQuery, SortKey

LONG_AGO = datetime.min.replace(tzinfo=UTC)


def ordered(records: list[LogoRecord], query: ListQuery) -> list[LogoRecord]:
    """In the order asked for; the key decides among equals."""
    records = sorted(records, key=lambda record: record.key)
    match query.sort:
        case SortKey.KEY:
            pass
        case SortKey.NAME:
            records.sort(key=lambda record: record.name.casefold())
        case SortKey.STATUS:
            records.sort(key=lambda record: record.status)
        case SortKey.PROVIDER:
            records.sort(key=lambda record: record.provider or "")
        case SortKey.SIZE:
            records.sort(key=lambda record: -(record.file.size if record.file else -1))
        case SortKey.AGE:
            records.sort(key=lambda record: record.fetched_at or LONG_AGO)
        case SortKey.ACCESSED:
            records.sort(key=lambda record: record.last_accessed_at or LONG_AGO, reverse=True)
        case _:
            assert_never(query.sort)
    return records[::-1] if query.reverse else records
