"""The orders of entries are those that Python gives, whatever the database thinks of NULL and of letters."""

from datetime import UTC, datetime, timedelta

import pytest

from harness.entries import store
from harness.factories import DAY, NOW, make_cached, make_file, make_record
from logocache.model import LogoRecord, SortKey, Status
from logocache.repository import Repository
from logocache.repository.filters import RecordFilter
from logocache.repository.totals import Access

LONG_AGO = datetime.min.replace(tzinfo=UTC)

NAMES = [
    "zoom",
    "Zoom",
    "Äpfel",
    "apple",
    "Straße",
    "STRASSE",
    "_x",
    "élan",
    "Ελλάδα",
    "日本",
    "Apple",
    "\u017f",
]


@pytest.fixture
def entries(repository: Repository) -> list[LogoRecord]:
    """Of every kind, each fact several times over."""
    records = []
    for number, name in enumerate(NAMES * 2):
        key = f"key{number * 7 % 24:02}"
        if number % 4 == 3:
            records.append(make_record(key, name=name))
            continue
        records.append(
            make_cached(
                key,
                name=name,
                status=Status.CACHED if number % 3 else Status.PLACEHOLDER,
                file=make_file(key, size=number % 5 * 100),
                provider=["site", "duckduckgo", "monogram"][number % 3],
                fetched_at=NOW - number % 6 * DAY,
            )
        )
    store(repository, *records)
    hits = {
        each.key: Access(count=1, last_at=NOW + timedelta(seconds=number % 3))
        for number, each in enumerate(records)
        if number % 2
    }
    repository.record_accesses(hits, {})
    return list(repository.page(RecordFilter(), after=None, limit=99))


def as_python_orders(records: list[LogoRecord], sort: SortKey, *, reverse: bool) -> list[str]:
    records = sorted(records, key=lambda record: record.key)
    match sort:
        case SortKey.KEY:
            pass
        case SortKey.NAME:
            records.sort(key=lambda record: record.name.casefold())
        case SortKey.STATUS:
            records.sort(key=lambda record: record.status)
        case SortKey.PROVIDER:
            records.sort(key=lambda record: record.provider or "")
        case SortKey.SIZE:
            records.sort(
                key=lambda record: (record.file.size if record.file else -1, record.key), reverse=True
            )
        case SortKey.AGE:
            records.sort(key=lambda record: record.fetched_at or LONG_AGO)
        case SortKey.ACCESSED:
            records.sort(key=lambda record: (record.last_accessed_at or LONG_AGO, record.key), reverse=True)
    return [record.key for record in (reversed(records) if reverse else records)]


@pytest.mark.parametrize("reverse", [False, True], ids=["", "reversed"])
@pytest.mark.parametrize("sort", SortKey)
def test_each_order_is_the_one_that_python_gives(
    repository: Repository,
    entries: list[LogoRecord],
    sort: SortKey,
    reverse: bool,  # noqa: FBT001  # a column of the table
) -> None:
    expected = as_python_orders(entries, sort, reverse=reverse)
    assert len(expected) == 2 * len(NAMES)
    for limit in (None, 1, 5, 6, 7, 18, 19, 24, 25):
        found = repository.listed(RecordFilter(), sort=sort, reverse=reverse, limit=limit)
        assert [record.key for record in found] == expected[:limit]


def test_an_order_goes_with_every_condition(repository: Repository, entries: list[LogoRecord]) -> None:
    where = RecordFilter(statuses=(Status.PENDING, Status.PLACEHOLDER), failing=False)
    chosen = [entry for entry in entries if entry.status is not Status.CACHED]
    found = repository.listed(where, sort=SortKey.SIZE, reverse=True, limit=9)
    assert [item.key for item in found] == as_python_orders(chosen, SortKey.SIZE, reverse=True)[:9]
