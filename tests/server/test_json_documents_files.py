from collections.abc import Iterator
from pathlib import Path

import pytest

from harness.bench import Bench
from harness.factories import make_integration
from logocache.cache import LogoCache
from logocache.queries import ClearSelection
from logocache.server.json_documents import file_page

KEYS = ("asana", "box", "canva", "docker", "etsy")


@pytest.fixture
def five(tmp_path: Path) -> Iterator[LogoCache]:
    bench = Bench(tmp_path, integrations=[make_integration(key) for key in KEYS])
    with bench.open() as cache:
        cache.init()
        yield cache


@pytest.mark.parametrize("limit", [1, 2, 4, 5, 6])
def test_pages_say_where_the_next_one_begins(five: LogoCache, limit: int) -> None:
    page = file_page(five, limit=limit, root="")
    found = [item.key for item in page.files]
    while page.after is not None:
        page = file_page(five, limit=limit, after=page.after, root="")
        assert page.files, "only a first page may be empty"
        found += [item.key for item in page.files]
    assert found == list(KEYS)


def test_addresses_begin_with_the_path_of_all_routes(five: LogoCache) -> None:
    (item,) = file_page(five, limit=1, root="/logos").files
    assert item.path == f"/logos/static/cached_logos/{item.file}"


def test_entries_without_a_file_are_left_out(five: LogoCache) -> None:
    five.clear(five.plan_clear(ClearSelection(keys=("box", "etsy"))))
    page = file_page(five, limit=3, root="")
    assert ([item.key for item in page.files], page.after) == (["asana", "canva", "docker"], None)
