"""Rows in memory, kept true by the generation number."""

from collections.abc import Sequence
from datetime import timedelta

import pytest

from harness.factories import NOW, make_cached, make_record
from logocache.model import LogoRecord, Status
from logocache.server.memory import CachedRecord, RecordCache

WEEK = timedelta(days=7)


class Rows:
    """The methods of `Lookup` that the cache uses."""

    def __init__(self, *records: LogoRecord) -> None:
        self.records_by_key = {record.key: record for record in records}
        self.number = 0

    def change(self, *records: LogoRecord) -> None:
        self.records_by_key = {record.key: record for record in records}
        self.number += 1

    def generation(self) -> int:
        return self.number

    def records(self, keys: Sequence[str]) -> Sequence[LogoRecord]:
        return [self.records_by_key[key] for key in keys if key in self.records_by_key]


def cache_of(rows: Rows, **facts: int) -> RecordCache:
    cache = RecordCache(rows, WEEK, **facts)  # type: ignore[arg-type]  # the two methods that are used
    first = cache.read_changes()
    assert first is not None
    cache.apply(first)
    return cache


def follow(cache: RecordCache) -> bool:
    changes = cache.read_changes()
    if changes is not None:
        cache.apply(changes)
    return changes is not None


def test_what_was_put_is_known_until_the_row_changes() -> None:
    before, after = make_cached(content=b"old"), make_cached(content=b"new")
    rows = Rows(before)
    cache = cache_of(rows)
    cache.put("shopify", before)
    cache.put("shopify.test", before)
    assert not follow(cache)
    rows.change(after)
    assert follow(cache)
    for name in ("shopify", "shopify.test"):
        known = cache.get(name)
        assert known is not None
        assert known.record == after
    assert cache.generation == 1


@pytest.mark.parametrize(
    "now",
    [[], [make_cached("slack")], [make_cached("shopify", domain="shopify.example")]],
    ids=["gone", "another", "moved"],
)
def test_a_name_that_may_mean_something_else_now_is_forgotten(now: list[LogoRecord]) -> None:
    rows = Rows(make_cached("shopify"))
    cache = cache_of(rows)
    cache.put("shopify", make_cached("shopify"))
    cache.put("slack", None)
    rows.change(*now)
    follow(cache)
    assert cache.get("shopify") is None
    assert cache.get("slack") is None


def test_what_was_learnt_while_rows_were_read_is_newer_than_they_are() -> None:
    old, new = make_cached(content=b"old"), make_cached(content=b"new")
    rows = Rows(old)
    cache = cache_of(rows)
    cache.put("shopify", old)
    rows.change(old)
    changes = cache.read_changes()
    cache.put("shopify", new)
    assert changes is not None
    cache.apply(changes)
    known = cache.get("shopify")
    assert known is not None
    assert known.record == new


def test_the_name_asked_for_longest_ago_is_forgotten_first() -> None:
    cache = cache_of(Rows(), capacity=2)
    for name in ("a", "b"):
        cache.put(name, None)
    cache.get("a")
    cache.put("c", None)
    assert cache.get("a") is not None
    assert cache.get("b") is None
    assert len(cache) == 2


@pytest.mark.parametrize(
    ("record", "stale_at", "due_at"),
    [
        (None, float("inf"), float("inf")),
        (make_cached(), (NOW + WEEK).timestamp(), (NOW + WEEK).timestamp()),
        (make_record(), float("inf"), 0.0),
        (make_cached(status=Status.PLACEHOLDER, next_attempt_at=NOW), float("inf"), NOW.timestamp()),
    ],
    ids=["unknown", "cached", "pending", "placeholder"],
)
def test_when_a_row_is_stale_and_due(record: LogoRecord | None, stale_at: float, due_at: float) -> None:
    known = CachedRecord.of(record, WEEK)
    assert (known.stale_at, known.due_at) == (stale_at, due_at)


def test_what_is_known_of_an_entry_is_known_under_its_other_names() -> None:
    before, after = make_cached(content=b"old"), make_cached(content=b"new")
    rows = Rows(before)
    cache = cache_of(rows)
    assert cache.share("shopify.test", "shopify") is None
    cache.put("nobody", None)
    assert cache.share("nobody.test", "nobody") is None
    known = cache.put("shopify", before)
    rows.change(after)
    changes = cache.read_changes()
    assert cache.share("shopify.test", "shopify") is known
    assert changes is not None
    cache.apply(changes)
    for name in ("shopify", "shopify.test"):
        followed = cache.get(name)
        assert followed is not None
        assert followed.record == after, name
