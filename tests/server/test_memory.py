"""Rows in memory, kept true by the generation number."""

import asyncio
from collections.abc import Sequence
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.factories import NOW, make_cached, make_record
from logocache.model import LogoRecord, Status
from logocache.queries import ImageFormat
from logocache.server.memory import (
    OVERHEAD_BYTES,
    CachedBody,
    CachedRecord,
    RecordCache,
    ResponseCache,
    SingleFlight,
)

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


def body(content: bytes, image_format: ImageFormat = ImageFormat.PNG) -> CachedBody:
    return CachedBody.of(content, image_format)


def test_what_was_put_is_found_by_name_and_form() -> None:
    responses = ResponseCache(10_000)
    responses.put("a.png", "64-png", body(b"small"))
    responses.put("a.png", "full-png", body(b"whole"))
    small = responses.get("a.png", "64-png")
    assert small is not None
    assert (small.content, small.media_type) == (b"small", "image/png")
    assert responses.get("a.png", "32-png") is None
    assert responses.get("b.png", "64-png") is None


def test_the_tag_is_that_of_the_bytes() -> None:
    assert body(b"one").etag == body(b"one", ImageFormat.WEBP).etag
    assert body(b"one").etag != body(b"two").etag


def test_the_one_used_longest_ago_goes_first() -> None:
    responses = ResponseCache(2 * (OVERHEAD_BYTES + 3))
    responses.put("a", "", body(b"aaa"))
    responses.put("b", "", body(b"bbb"))
    responses.get("a", "")
    responses.put("c", "", body(b"ccc"))
    assert responses.get("a", "") is not None
    assert responses.get("b", "") is None
    assert responses.get("c", "") is not None


def test_putting_it_again_counts_it_once() -> None:
    responses = ResponseCache(10_000)
    responses.put("a", "", body(b"first"))
    responses.put("a", "", body(b"second!"))
    assert (len(responses), responses.size_bytes) == (1, OVERHEAD_BYTES + 7)


def test_without_memory_nothing_is_kept() -> None:
    responses = ResponseCache(0)
    responses.put("a", "", body(b"a"))
    assert (len(responses), responses.size_bytes) == (0, 0)


@given(
    st.integers(0, 3000),
    st.lists(st.tuples(st.sampled_from("abcde"), st.binary(max_size=1000)), max_size=30),
)
def test_the_budget_always_holds(budget: int, puts: list[tuple[str, bytes]]) -> None:
    responses = ResponseCache(budget)
    for name, content in puts:
        responses.put(name, "", body(content))
        assert responses.size_bytes <= budget
        kept = [responses.get(each, "") for each in "abcde"]
        assert responses.size_bytes == sum(len(each.content) + OVERHEAD_BYTES for each in kept if each)


def test_many_who_ask_at_once_share_one_answer() -> None:
    async def scene() -> None:
        once, calls = SingleFlight(), 0

        async def work() -> int:
            nonlocal calls
            calls += 1
            await asyncio.sleep(0)
            return calls

        assert await asyncio.gather(*(once.do("key", work) for _ in range(50))) == [1] * 50
        assert await once.do("key", work) == 2
        assert set(await asyncio.gather(once.do("a", work), once.do("b", work))) == {4}

    asyncio.run(scene())


def test_a_failure_reaches_all_and_is_not_remembered() -> None:
    async def scene() -> None:
        once = SingleFlight()

        async def fail() -> int:
            await asyncio.sleep(0)
            raise OSError("gone")

        async def succeed() -> int:
            return 1

        results = await asyncio.gather(*(once.do("key", fail) for _ in range(3)), return_exceptions=True)
        assert all(isinstance(result, OSError) for result in results)
        assert await once.do("key", succeed) == 1

    asyncio.run(scene())


def test_who_gives_up_takes_nothing_from_the_others() -> None:
    async def scene() -> None:
        once, may_end = SingleFlight(), asyncio.Event()

        async def work() -> str:
            await may_end.wait()
            return "done"

        first = asyncio.create_task(once.do("key", work))
        second = asyncio.create_task(once.do("key", work))
        await asyncio.sleep(0)
        first.cancel()
        with pytest.raises(asyncio.CancelledError):
            await first
        may_end.set()
        assert await second == "done"

    asyncio.run(scene())
