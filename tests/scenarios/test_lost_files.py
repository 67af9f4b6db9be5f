"""LogoCache: files that are gone or damaged are had again from where they came, or their rows are kept."""

from pathlib import Path

import pytest

from harness.bench import SHOPIFY, Bench
from harness.factories import make_image, make_integration
from harness.fakes import FakeProvider, reply
from logocache.cache import LogoCache
from logocache.model import LogoRecord, OutcomeKind

DUCK = "https://duck.test/shopify.test"
DOWN = reply(OutcomeKind.TRANSIENT, reason="down")
GONE = reply(OutcomeKind.NOT_FOUND, reason="HTTP 404")


@pytest.fixture
def lost(tmp_path: Path) -> Bench:
    """One entry; its site has a logo, and so has a source that comes later."""
    return Bench(
        tmp_path,
        integrations=[make_integration("shopify")],
        chain=[
            FakeProvider(urls=["https://{domain}/icon.png"]),
            FakeProvider("duckduckgo", urls=["https://duck.test/{domain}"]),
        ],
        replies={SHOPIFY: reply(body=b"the site's"), DUCK: reply(body=b"the duck's")},
    )


def file_of(bench: Bench) -> Path:
    return next((bench.folder / "logos").glob("shopify_*"))


def row_of(cache: LogoCache) -> LogoRecord:
    record = cache.lookup.find("shopify")
    assert record is not None
    return record


def facts(record: LogoRecord) -> tuple[object, ...]:
    return (
        record.status,
        record.file,
        record.provider,
        record.source_url,
        record.licence,
        record.fetched_at,
        record.fetch_count,
    )


@pytest.mark.parametrize("damage", ["gone", "changed", "a link"])
@pytest.mark.parametrize("answer", [DOWN, GONE, reply(OutcomeKind.BLOCKED)])
def test_a_lost_file_costs_its_row_nothing(lost: Bench, damage: str, answer: object) -> None:
    with lost.open() as cache:
        cache.init()
        before = row_of(cache)
        path = file_of(lost)
        path.unlink()
        if damage == "changed":
            path.write_bytes(b"rubbish")
        elif damage == "a link":
            path.symlink_to("/etc/hostname")
        lost.fetcher.replies[SHOPIFY] = answer  # type: ignore[assignment]  # an Answer
        report = cache.refresh(["shopify"])
        after = row_of(cache)
        assert facts(after) == facts(before)
        assert after.last_error is not None
        assert after.last_error.startswith("its file is gone, and could not be fetched again")
        assert (report.failed, report.placeholders) == (1, 0)
        assert cache.lookup.read(before.file) is None if before.file else False


def test_its_own_source_is_asked_first_and_gives_it_back(lost: Bench) -> None:
    """Though the first of the chain has come up meanwhile."""
    lost.fetcher.replies[SHOPIFY] = DOWN
    with lost.open() as cache:
        cache.init()
        before = row_of(cache)
        assert before.provider == "duckduckgo"
        file_of(lost).unlink()
        lost.fetcher.replies[SHOPIFY] = reply(body=b"the site's")
        lost.fetcher.asked.clear()
        cache.refresh(["shopify"])
        assert lost.fetcher.urls == [DUCK]
        after = row_of(cache)
        assert (after.file, after.provider) == (before.file, "duckduckgo")
        assert lost.files == {file_of(lost).name: b"the duck's"}
        assert cache.stats().replaced_files == 0


def test_another_logo_of_its_own_source_takes_the_place_of_a_lost_one(lost: Bench) -> None:
    with lost.open() as cache:
        cache.init()
        file_of(lost).write_bytes(b"rubbish")
        lost.fetcher.replies[SHOPIFY] = reply(body=b"the site's new one")
        cache.refresh(["shopify"])
        assert lost.files == {file_of(lost).name: b"the site's new one"}, "nothing of the damaged one is kept"
        assert cache.stats().replaced_files == 0
        assert cache.verify().ok


@pytest.mark.parametrize("is_lost", [True, False])
def test_a_worse_source_comes_in_when_its_own_has_said_gone_twice(lost: Bench, *, is_lost: bool) -> None:
    with lost.open() as cache:
        cache.init()
        if is_lost:
            file_of(lost).unlink()
        for answer, days in ((GONE, 0), (DOWN, 4), (GONE, 2), (DOWN, 2)):
            lost.clock.advance(days=days)
            lost.fetcher.replies[SHOPIFY] = answer
            assert cache.refresh(["shopify"]).logos[0].kept
            assert row_of(cache).provider == "site"
        lost.fetcher.replies[SHOPIFY] = GONE
        assert cache.refresh(["shopify"]).found == 1
        assert (row_of(cache).provider, row_of(cache).source_gone_at) == ("duckduckgo", None)
        assert b"the duck's" in lost.files.values()


def test_a_source_that_has_it_again_starts_the_count_anew(lost: Bench) -> None:
    with lost.open() as cache:
        cache.init()
        for answer in (GONE, reply(body=b"the site's"), GONE):
            lost.fetcher.replies[SHOPIFY] = answer
            cache.refresh(["shopify"])
            lost.clock.advance(days=8)
        assert row_of(cache).provider == "site"


def test_a_refresh_never_replaces_a_logo_by_a_worse_one_while_its_source_is_down(lost: Bench) -> None:
    with lost.open() as cache:
        cache.init()
        before = row_of(cache)
        lost.fetcher.replies[SHOPIFY] = DOWN
        for _ in range(3):
            lost.clock.advance(days=30)
            assert cache.refresh(force=True).failed == 1
        assert facts(row_of(cache)) == facts(before)
        assert lost.files == {file_of(lost).name: b"the site's"}


def test_a_smaller_icon_of_the_same_site_is_no_replacement_at_once(lost: Bench) -> None:
    small = "https://shopify.test/favicon.ico"
    lost.chain = [FakeProvider(urls=["https://{domain}/icon.png", "https://{domain}/favicon.ico"])]
    lost.images.results[b"tiny"] = make_image(b"tiny", width=32, height=32)
    lost.fetcher.replies[small] = reply(body=b"tiny")
    with lost.open() as cache:
        cache.init()
        for answer in (DOWN, GONE):
            lost.fetcher.replies[SHOPIFY] = answer
            assert cache.refresh(["shopify"]).logos[0].kept
        lost.clock.advance(days=7)
        assert cache.refresh(["shopify"]).found == 1
        assert row_of(cache).source_url == small


def test_a_better_source_replaces_it_at_once(lost: Bench) -> None:
    lost.fetcher.replies[SHOPIFY] = DOWN
    with lost.open() as cache:
        cache.init()
        assert row_of(cache).provider == "duckduckgo"
        lost.fetcher.replies |= {SHOPIFY: reply(body=b"the site's"), DUCK: DOWN}
        assert cache.refresh(["shopify"]).found == 1
        assert row_of(cache).provider == "site"


def test_offline_never_replaces_what_the_network_gave(lost: Bench) -> None:
    with lost.open() as cache:
        cache.init()
    lost.chain = [*lost.chain, FakeProvider("iconsets", bodies={"set:shopify": b"a mark"})]
    with lost.open(offline=True) as cache:
        assert cache.refresh(force=True).failed == 1
        assert row_of(cache).provider == "site"


def test_a_source_that_is_not_asked_any_more_gives_way(lost: Bench) -> None:
    with lost.open() as cache:
        cache.init()
    lost.chain = lost.chain[1:]
    with lost.open() as cache:
        assert cache.refresh(force=True).found == 1
        assert row_of(cache).provider == "duckduckgo"


@pytest.mark.parametrize("kind", ["the new domain's site is down", "it has none"])
def test_the_logo_of_another_domain_gives_way_to_any(lost: Bench, kind: str) -> None:
    with lost.open() as cache:
        cache.init()
    lost.integrations = [make_integration("shopify", domain="moved.test")]
    lost.fetcher.replies["https://moved.test/icon.png"] = DOWN if "down" in kind else GONE
    lost.fetcher.replies["https://duck.test/moved.test"] = reply(body=b"the new one")
    with lost.open() as cache:
        assert cache.init().found == 1
        assert row_of(cache).provider == "duckduckgo"
