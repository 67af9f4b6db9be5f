"""LogoCache: a directory belongs to a database, and a second disk costs no logo."""

import logging
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from harness.bench import SHOPIFY, SLACK, Bench
from harness.fakes import FakeProvider, reply
from logocache.cache import LogoCache
from logocache.errors import DirectoryError
from logocache.health import HealthStatus, ReadyStatus
from logocache.model import LogoRecord, OutcomeKind, Status
from logocache.queries import ClearSelection

LOGOS = {b"shopify", b"slack"}


@pytest.fixture
def outside(tmp_path: Path) -> Bench:
    """A cache with its database outside of the directory, and icon sets that would do in an emergency."""
    return Bench(
        tmp_path,
        chain=[
            FakeProvider(urls=["https://{domain}/icon.png"]),
            FakeProvider("iconsets", bodies={"set:mark": b"a mark"}),
        ],
        replies={SHOPIFY: reply(body=b"shopify"), SLACK: reply(body=b"slack")},
        settings={"database_url": f"sqlite:///{tmp_path / 'facts.db'}"},
    )


@pytest.fixture
def stocked(outside: Bench, monkeypatch: pytest.MonkeyPatch) -> Bench:
    monkeypatch.setenv(
        "LOGO_CACHE_DATABASE_URL", str(outside.settings["database_url"])
    )  # for `Bench.repository`
    with outside.open() as cache:
        cache.init()
    return outside


def records(cache: LogoCache) -> list[LogoRecord]:
    return [
        record for key in ("shopify", "slack", "stripe") if (record := cache.lookup.find(key)) is not None
    ]


def known(cache: LogoCache) -> list[tuple[object, ...]]:
    return [
        (
            record.key,
            record.status,
            record.file,
            record.provider,
            record.source_url,
            record.fetched_at,
            record.fetch_count,
        )
        for record in records(cache)
    ]


def lose_the_disk(bench: Bench) -> None:
    shutil.move(bench.folder / "logos", bench.folder / "the right volume")


def empty_mount(bench: Bench) -> None:
    lose_the_disk(bench)
    (bench.folder / "logos").mkdir()


def another_cache(bench: Bench) -> None:
    """The volume of another cache."""
    lose_the_disk(bench)
    other = Bench(bench.folder / "other", replies=bench.replies)
    with other.open(database_url=f"sqlite:///{bench.folder / 'other.db'}") as cache:
        cache._context.store.prepare()
        assert cache._context.store.set_identity("2b7f7c1e-6a0f-4f57-9f3c-0e6d5f0c1a2b", replace=False)
    shutil.move(bench.folder / "other" / "logos", bench.folder / "logos")


@pytest.mark.parametrize("spoil", [lose_the_disk, empty_mount, another_cache])
def test_the_wrong_disk_is_refused_and_nothing_changes(
    stocked: Bench, spoil: Callable[[Bench], None], caplog: pytest.LogCaptureFixture
) -> None:
    with stocked.open() as cache:
        before = known(cache)
    spoil(stocked)
    stocked.fetcher.asked.clear()
    stocked.clock.advance(days=30)
    with stocked.open() as cache:
        changes: list[Callable[[], object]] = [
            lambda: cache.refresh(force=True),
            lambda: cache.verify(repair=True),
            lambda: cache.clear(cache.plan_clear(ClearSelection(everything=True))),
            cache.require,
            cache.init,
            cache.init,
            lambda: cache.on_demand.fetch("shopify", forced=True),
            lambda: cache.refresh(["shopify"]),
        ]
        for change in changes:
            with pytest.raises(DirectoryError) as refused:
                change()
            assert "\n" not in str(refused.value)
        assert "is not the directory of this cache" in str(refused.value)
        assert "mount the right volume" in str(refused.value)
        assert "logocache init --adopt" in str(refused.value)
        assert known(cache) == before
        assert stocked.fetcher.asked == []
        assert cache.health().status is HealthStatus.UNHEALTHY
        readiness = cache.readiness()
        assert readiness.status is ReadyStatus.UNAVAILABLE
        assert any("init --adopt" in check.detail for check in readiness.checks)
        caplog.clear()
        with caplog.at_level(logging.WARNING):
            assert cache.stats().entries == 3
            assert cache.list().matching == 3
            assert not cache.verify().ok
        told = [record.getMessage() for record in caplog.records]
        assert told.count("directory.unusable") == 3


def test_the_right_volume_again_is_as_before(stocked: Bench) -> None:
    empty_mount(stocked)
    with stocked.open() as cache:
        with pytest.raises(DirectoryError):
            cache.init()
        shutil.rmtree(stocked.folder / "logos")
        shutil.move(stocked.folder / "the right volume", stocked.folder / "logos")
        assert cache.init().asked == 0
        assert cache.verify().ok


def test_an_adopted_directory_is_filled_again_from_the_same_sources(stocked: Bench) -> None:
    with stocked.open() as cache:
        before = [(record.key, record.file, record.provider, record.source_url) for record in records(cache)]
    empty_mount(stocked)
    with stocked.open() as cache:
        report = cache.init(adopt=True)
        assert report.asked == 3
        after = [(record.key, record.file, record.provider, record.source_url) for record in records(cache)]
        assert after == before
        assert set(stocked.files.values()) >= LOGOS
        assert cache.verify().ok
        assert cache.health().status is HealthStatus.HEALTHY
        assert cache.init().asked == 0, "and it is the cache's from now on"


def test_adopting_while_all_is_away_costs_no_row_anything(stocked: Bench) -> None:
    with stocked.open() as cache:
        before = known(cache)
    empty_mount(stocked)
    for url in (SHOPIFY, SLACK):
        stocked.fetcher.replies[url] = reply(OutcomeKind.TRANSIENT, reason="down")
    with stocked.open() as cache:
        report = cache.init(adopt=True)
        assert [row for row in known(cache) if row[0] != "stripe"] == [
            row for row in before if row[0] != "stripe"
        ]
        assert report.failed == 2
        for url, body in ((SHOPIFY, b"shopify"), (SLACK, b"slack")):
            stocked.fetcher.replies[url] = reply(body=body)
        stocked.clock.advance(days=1)
        cache.init()
        assert {status for _, status, *_ in known(cache)} <= {Status.CACHED}
        assert set(stocked.files.values()) >= LOGOS


def test_the_disk_before_an_adopted_one_is_refused_from_then_on(stocked: Bench) -> None:
    """Two directories that took turns on one database would undo each other's work."""
    empty_mount(stocked)
    with stocked.open() as cache:
        cache.init(adopt=True)
    shutil.move(stocked.folder / "logos", stocked.folder / "the adopted one")
    shutil.move(stocked.folder / "the right volume", stocked.folder / "logos")
    with stocked.open() as cache, pytest.raises(DirectoryError, match="that of another cache"):
        cache.init()


def test_who_works_on_the_disk_before_saves_nothing_any_more(stocked: Bench) -> None:
    with stocked.open() as earlier:
        earlier.on_demand.fetch("shopify", forced=True)
        with stocked.open(dir=stocked.folder / "adopted") as cache:
            cache.init(adopt=True)
            before = known(cache)
        stocked.fetcher.replies[SHOPIFY] = reply(body=b"shopify anew")
        for _ in range(2):
            with pytest.raises(DirectoryError, match="is not the directory of this cache"):
                earlier.on_demand.fetch("shopify", forced=True)
        assert known(earlier) == before
        assert b"shopify anew" not in stocked.files.values()
        assert list((stocked.folder / "logos" / ".logocache" / "tmp").iterdir()) == []


def test_adopting_what_is_the_caches_own_changes_nothing(stocked: Bench) -> None:
    with stocked.open() as cache:
        assert cache.init(adopt=True).asked == 0


def test_a_volume_that_goes_away_while_we_work_is_noticed_at_the_next_fetch(stocked: Bench) -> None:
    with stocked.open() as cache:
        cache.on_demand.fetch("shopify", forced=True)
        empty_mount(stocked)
        with pytest.raises(DirectoryError, match="mount the right volume"):
            cache.on_demand.fetch("shopify", forced=True)
        assert list((stocked.folder / "logos").iterdir()) == []
        assert cache.readiness().status is ReadyStatus.UNAVAILABLE


def test_a_new_database_outside_a_directory_of_another_is_refused(
    stocked: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = f"sqlite:///{stocked.folder / 'another.db'}"
    monkeypatch.setenv("LOGO_CACHE_DATABASE_URL", other)
    with stocked.open(database_url=other) as cache:
        with pytest.raises(DirectoryError, match="but that of another database"):
            cache.init()
        assert set(stocked.files.values()) >= LOGOS


def test_two_first_inits_of_two_databases_agree_on_one(
    outside: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The second was a little later than the first, but had looked before it."""
    with outside.open() as first:
        monkeypatch.setenv("LOGO_CACHE_DATABASE_URL", f"sqlite:///{outside.folder / 'another.db'}")
        with outside.open(database_url=f"sqlite:///{outside.folder / 'another.db'}") as second:
            for cache in (first, second):
                cache._context.store.prepare()
                cache._context.repository.migrate()
            with second._context.repository.unit() as unit:
                unit.set_identity("2b7f7c1e-6a0f-4f57-9f3c-0e6d5f0c1a2b", now=outside.clock())
            first.init()
            with pytest.raises(DirectoryError, match="that of another cache"):
                second.init()
            first.require()


# Caches from before identities -------------------------------------------------------------------


def forget_identities(bench: Bench) -> None:
    (bench.folder / "logos" / ".logocache" / "cache-id").unlink()
    with bench.open() as cache, cache._context.repository._database.write() as connection:
        connection.exec_driver_sql("DELETE FROM cache")


def test_an_older_cache_is_taken_over_without_a_word(stocked: Bench) -> None:
    forget_identities(stocked)
    with stocked.open() as cache:
        assert cache.init().asked == 0
        identity = cache._context.repository.identity()
        assert identity is not None
        assert cache._context.store.identity() == identity


def test_an_older_database_beside_an_empty_disk_is_refused(stocked: Bench) -> None:
    forget_identities(stocked)
    empty_mount(stocked)
    with stocked.open() as cache, pytest.raises(DirectoryError, match="3 of the 3 files"):
        cache.init()


def test_a_restored_directory_without_hidden_files_is_its_own(stocked: Bench) -> None:
    shutil.rmtree(stocked.folder / "logos" / ".logocache")
    with stocked.open() as cache:
        assert cache.init().asked == 0
        assert cache.verify().ok


def test_switched_off_nothing_is_asked_of_the_directory(stocked: Bench) -> None:
    lose_the_disk(stocked)
    with stocked.open(enabled=False) as cache:
        assert not cache.init().enabled
        assert cache.health().status is HealthStatus.HEALTHY
