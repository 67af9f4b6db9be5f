"""LogoCache: entries that strangers asked for are so many and no more, on both databases."""

from pathlib import Path

import pytest

from harness.bench import Bench
from harness.factories import make_integration
from harness.fakes import FakeProvider, reply
from logocache.errors import SelectionError
from logocache.queries import ListQuery

DOMAINS = [f"stranger{number}.test" for number in range(6)]


@pytest.fixture
def bench(tmp_path: Path, migrated_url: str) -> Bench:
    """One company of the catalogue; everybody has a logo. There may be three others."""
    replies = {
        f"https://{domain}/icon.png": reply(body=domain.encode()) for domain in ("shopify.test", *DOMAINS)
    }
    bench = Bench(
        tmp_path,
        integrations=[make_integration("shopify")],
        chain=[FakeProvider(urls=["https://{domain}/icon.png"])],
        replies=replies,
        settings={"database_url": migrated_url, "on_demand": "any", "on_demand_max_entries": 3},
    )
    with bench.open() as cache:
        cache.init()
    return bench


def ask_for(bench: Bench, *domains: str) -> None:
    """As a server does for somebody who waits; a minute passes for each."""
    with bench.open() as cache:
        for domain in domains:
            bench.clock.advance(minutes=1)
            record = cache.lookup.admit(domain)
            assert record is not None
            cache.on_demand.fetch(record.key)


def keys_of(bench: Bench) -> list[str]:
    with bench.open() as cache:
        return [entry.key for entry in cache.list(ListQuery()).entries]


def test_the_files_of_those_that_give_way_go_with_them(bench: Bench) -> None:
    ask_for(bench, *DOMAINS)
    assert keys_of(bench) == ["shopify", *DOMAINS[3:]]
    assert sorted(bench.files.values()) == sorted(
        domain.encode() for domain in ("shopify.test", *DOMAINS[3:])
    )
    with bench.open() as cache:
        assert cache._context.repository.attempts(DOMAINS[0], limit=9) == []
        assert cache.verify().ok


def test_one_that_is_used_stays(bench: Bench) -> None:
    ask_for(bench, *DOMAINS[:3])
    with bench.open() as cache:
        bench.clock.advance(minutes=1)
        cache.get(DOMAINS[0])
    ask_for(bench, DOMAINS[3])
    assert keys_of(bench) == ["shopify", DOMAINS[0], DOMAINS[2], DOMAINS[3]]


def test_what_the_operator_names_is_made_on_demand_too(bench: Bench) -> None:
    ask_for(bench, *DOMAINS[:3])
    with bench.open() as cache:
        report = cache.refresh([DOMAINS[4], DOMAINS[0]])
        assert (report.added, report.asked) == (1, 2), "what is named together stays together"
    assert keys_of(bench) == ["shopify", DOMAINS[0], DOMAINS[2], DOMAINS[4]]


def test_more_than_there_may_be_are_refused_in_one_line(bench: Bench) -> None:
    ask_for(bench, *DOMAINS[:2])
    before = keys_of(bench)
    with bench.open() as cache, pytest.raises(SelectionError, match="LOGO_CACHE_ON_DEMAND_MAX_ENTRIES"):
        cache.refresh(DOMAINS[2:])
    assert keys_of(bench) == before
    with bench.open() as cache:
        assert cache.refresh([*DOMAINS[3:], DOMAINS[3]]).added == 3, "a name twice is one"


def test_a_lower_limit_takes_effect_with_the_next_run(bench: Bench) -> None:
    ask_for(bench, *DOMAINS[:3])
    with bench.open(on_demand_max_entries=1) as cache:
        cache.refresh()
        assert cache.verify().ok
    assert keys_of(bench) == ["shopify", DOMAINS[2]]
    assert sorted(bench.files.values()) == [b"shopify.test", DOMAINS[2].encode()]
