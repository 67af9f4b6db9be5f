"""LogoCache: stats, list and get, with real files and a real database, among fake sources."""

import pytest

from harness.bench import Bench
from logocache.model import SortKey, Status
from logocache.queries import ListQuery


def test_stats_count_what_there_is(bench: Bench) -> None:
    with bench.open() as cache:
        cache.init()
        for name in ("shopify", "shopify", "nobody"):
            cache.get(name)
        bench.clock.advance(days=8)
        cache.get("slack")
        cache.flush()
        stats = cache.stats()
    assert (stats.entries, stats.files, stats.stale, stats.failing) == (3, 3, 2, 1)
    assert (stats.hits, stats.stale_hits, stats.misses, stats.hit_ratio) == (2, 1, 1, 0.75)
    assert stats.size_bytes == sum(map(len, bench.files.values()))
    assert {group.name: group.entries for group in stats.by_provider} == {"site": 2, "monogram": 1}
    assert stats.largest[0].key == "stripe"
    assert stats.disk_total_bytes >= stats.disk_free_bytes > 0


def test_nothing_looked_up_has_no_ratio(bench: Bench) -> None:
    with bench.open() as cache:
        cache.init(["slack"])
        assert cache.stats().hit_ratio is None


@pytest.mark.parametrize(
    ("query", "keys"),
    [
        (ListQuery(), ["shopify", "slack", "stripe"]),
        (ListQuery(reverse=True), ["stripe", "slack", "shopify"]),
        (ListQuery(statuses=(Status.PLACEHOLDER,)), ["stripe"]),
        (ListQuery(failing=True), ["stripe"]),
        (ListQuery(pinned=True), []),
        (ListQuery(providers=("site",)), ["shopify", "slack"]),
        (ListQuery(categories=("ecommerce",)), ["shopify", "slack", "stripe"]),
        (ListQuery(text="LAC"), ["slack"]),
        (ListQuery(keys=("slack.test", "Stripe")), ["slack", "stripe"]),
        (ListQuery(stale=True), []),
        (ListQuery(sort=SortKey.SIZE), ["stripe", "shopify", "slack"]),
        (ListQuery(sort=SortKey.SIZE, limit=1), ["stripe"]),
        (ListQuery(sort=SortKey.NAME), ["shopify", "slack", "stripe"]),
        (ListQuery(sort=SortKey.STATUS), ["shopify", "slack", "stripe"]),
        (ListQuery(sort=SortKey.PROVIDER), ["stripe", "shopify", "slack"]),
        (ListQuery(sort=SortKey.AGE), ["shopify", "slack", "stripe"]),
        (ListQuery(sort=SortKey.ACCESSED), ["slack", "stripe", "shopify"]),
    ],
    ids=str,
)
def test_listing(bench: Bench, query: ListQuery, keys: list[str]) -> None:
    with bench.open() as cache:
        cache.init()
        cache.get("slack")
        cache.flush()
        listing = cache.list(query)
    assert [entry.key for entry in listing.entries] == keys
    assert listing.matching >= len(keys)


@pytest.mark.parametrize("name", ["shopify", "Shopify", "shopify.test", "https://www.shopify.test/x"])
def test_a_logo_is_found_under_all_its_names(bench: Bench, name: str) -> None:
    with bench.open() as cache:
        cache.init(["shopify"])
        logo = cache.get(name)
        assert logo is not None
        assert logo.read_bytes() == b"shopify"


def test_a_file_of_another_size_is_not_read_as_the_logo(bench: Bench) -> None:
    with bench.open() as cache:
        cache.init(["shopify"])
        logo = cache.get("shopify")
        assert logo is not None
        with logo.path.open("ab") as file:
            file.truncate(6_000_000_000)  # sparse
        with pytest.raises(OSError, match="another size"):
            logo.read_bytes()


@pytest.mark.parametrize("name", ["", "nobody", "a..b", "\x00", "../../etc/passwd", "stripe", "x" * 10_000])
def test_what_is_not_there_is_none(bench: Bench, name: str) -> None:
    with bench.open() as cache:
        cache.init(["shopify"])
        assert cache.get(name) is None


@pytest.mark.end_to_end
def test_look_ups_are_written_in_batches_and_none_is_lost(bench: Bench) -> None:
    with bench.open() as cache:
        cache.init(["shopify"])
        for _ in range(1001):
            cache.get("shopify")
        assert cache.list(ListQuery(keys=("shopify",))).entries[0].access_count == 1000
    with bench.open() as cache:
        assert cache.list(ListQuery(keys=("shopify",))).entries[0].access_count == 1001
