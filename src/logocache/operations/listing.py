"""Which entries `list` shows, and in which order."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import assert_never

from logocache.model import LogoRecord
from logocache.operations.orphans import pages
from logocache.ports.repository import RecordFilter, Repository
from logocache.selection import ListQuery, SortKey

Listed = tuple[Sequence[LogoRecord], int]
"""The entries to show, and how many match."""

LONG_AGO = datetime.min.replace(tzinfo=UTC)


def listed(repository: Repository, where: RecordFilter, query: ListQuery) -> Listed:
    """What `query` shows of the entries in `where`; a page in key order reads no more than that page."""
    if query.is_in_key_order and query.limit is not None:
        return repository.page(where, after=query.after, limit=query.limit), repository.count(where)
    records = [record for page in pages(repository, where) for record in page]
    behind = [record for record in records if query.after is None or record.key > query.after]
    return ordered(behind, query)[: query.limit], len(records)


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
