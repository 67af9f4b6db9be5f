from collections.abc import Iterator
from pathlib import Path

import pytest

from benches import Bench
from logocache.cache import LogoCache
from logocache.errors import SelectionError
from logocache.selection import ListQuery, SortKey
from logocache.server.paging import Page, listed
from makers import make_integration

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
    page = listed(five, ListQuery(), Page(limit=limit))
    while page.entries:
        assert page.matching == len(KEYS)
        assert len(page.entries) <= limit
        found += [entry.key for entry in page.entries]
        page = listed(five, ListQuery(), Page(limit=limit, after=found[-1]))
    assert found == list(KEYS)


def test_a_page_begins_behind_a_key_that_is_gone(five: LogoCache) -> None:
    page = listed(five, ListQuery(), Page(limit=2, after="bzzz"))
    assert [entry.key for entry in page.entries] == ["canva", "docker"]


@pytest.mark.parametrize(
    "query", [ListQuery(sort=SortKey.AGE), ListQuery(reverse=True)], ids=["sort", "reverse"]
)
def test_only_the_order_of_keys_has_pages(five: LogoCache, query: ListQuery) -> None:
    with pytest.raises(SelectionError, match="leave out sort and reverse, or after"):
        listed(five, query, Page(limit=2, after="box"))


def test_the_first_page_may_have_any_order(five: LogoCache) -> None:
    page = listed(five, ListQuery(reverse=True), Page(limit=1))
    assert [entry.key for entry in page.entries] == ["etsy"]
