"""LogoCache.list in pages, one behind the other by key."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from harness.bench import Bench
from harness.factories import make_integration
from logocache.cache import LogoCache
from logocache.errors import SelectionError, UnknownKeyError
from logocache.model import SortKey
from logocache.queries import ListQuery

KEYS = ("asana", "box", "canva", "docker", "etsy")


@pytest.fixture
def five(tmp_path: Path) -> Iterator[LogoCache]:
    bench = Bench(tmp_path, integrations=[make_integration(key) for key in KEYS])
    with bench.open() as cache:
        cache.init()
        yield cache


@pytest.mark.parametrize("limit", [1, 2, 4, 5, 6])
def test_pages_hold_every_entry_once_and_in_order(five: LogoCache, limit: int) -> None:
    found: list[str] = []
    page = five.list(ListQuery(limit=limit))
    while page.entries:
        assert page.matching == len(KEYS)
        assert len(page.entries) <= limit
        found += [entry.key for entry in page.entries]
        page = five.list(ListQuery(limit=limit, after=found[-1]))
    assert found == list(KEYS)


def test_a_page_begins_behind_a_key_that_is_gone(five: LogoCache) -> None:
    page = five.list(ListQuery(limit=2, after="bzzz"))
    assert [entry.key for entry in page.entries] == ["canva", "docker"]


@pytest.mark.parametrize(
    "query", [ListQuery(sort=SortKey.AGE), ListQuery(reverse=True)], ids=["sort", "reverse"]
)
def test_only_the_order_of_keys_has_pages(five: LogoCache, query: ListQuery) -> None:
    with pytest.raises(SelectionError, match="leave out sort and reverse, or after"):
        five.list(replace(query, limit=2, after="box"))


def test_the_first_page_may_have_any_order(five: LogoCache) -> None:
    page = five.list(ListQuery(reverse=True, limit=1))
    assert [entry.key for entry in page.entries] == ["etsy"]


def test_one_entry_is_found_by_key_and_by_domain(five: LogoCache) -> None:
    (listed,) = five.list(ListQuery(keys=("box",))).entries
    assert five.entry("box") == listed
    assert five.entry("www.box.test") == listed


def test_an_entry_that_nobody_knows_is_an_error(tmp_path: Path) -> None:
    bench = Bench(tmp_path, integrations=[make_integration("asana")])
    with bench.open() as cache:
        cache.init()
    bench.integrations = [make_integration("asana"), make_integration("box")]
    with bench.open() as cache:
        with pytest.raises(UnknownKeyError, match="is in the catalogue, but not in the cache yet"):
            cache.entry("box")
        with pytest.raises(UnknownKeyError, match="no logo is called 'canva'"):
            cache.entry("canva")


def test_all_that_is_behind_a_key_may_be_asked_for(five: LogoCache) -> None:
    page = five.list(ListQuery(after="box"))
    assert [entry.key for entry in page.entries] == ["canva", "docker", "etsy"]
    assert page.matching == len(KEYS)
