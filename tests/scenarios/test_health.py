"""LogoCache.health and .readiness: what works, what does not, and never an exception."""

import contextlib
import errno
import os
import shutil
import sqlite3
from collections.abc import Callable
from dataclasses import replace

import pytest

from harness.bench import SHOPIFY, Bench
from harness.fakes import reply
from logocache.cache import LogoCache
from logocache.errors import DatabaseError, DirectoryError
from logocache.health import Health, HealthStatus, ReadyStatus
from logocache.store.files import FileStore


def database_away(cache: LogoCache, monkeypatch: pytest.MonkeyPatch) -> None:
    def away(*_: object, **__: object) -> None:
        raise DatabaseError("the database is away", hint="wait")

    for method in ("totals", "check_schema"):
        monkeypatch.setattr(cache._context.repository, method, away)


def directory_read_only(cache: LogoCache, monkeypatch: pytest.MonkeyPatch) -> None:
    """Root may write everywhere, so the store says it."""

    def refuse() -> None:
        raise DirectoryError("the directory is read-only", hint="mount it writable")

    monkeypatch.setattr(cache._context.store, "check_writable", refuse)


def directory_gone(cache: LogoCache, monkeypatch: pytest.MonkeyPatch) -> None:
    shutil.rmtree(cache.settings.dir)


def all_is_well(cache: LogoCache, monkeypatch: pytest.MonkeyPatch) -> None: ...


Trouble = Callable[[LogoCache, pytest.MonkeyPatch], None]


@pytest.mark.parametrize(
    ("trouble", "health", "ready", "failing"),
    [
        (all_is_well, HealthStatus.HEALTHY, ReadyStatus.READY, []),
        (database_away, HealthStatus.DEGRADED, ReadyStatus.DEGRADED, ["database"]),
        (directory_read_only, HealthStatus.DEGRADED, ReadyStatus.DEGRADED, ["directory"]),
        (directory_gone, HealthStatus.UNHEALTHY, ReadyStatus.UNAVAILABLE, ["directory"]),
    ],
)
def test_trouble_is_told(
    bench: Bench,
    monkeypatch: pytest.MonkeyPatch,
    trouble: Trouble,
    health: HealthStatus,
    ready: ReadyStatus,
    failing: list[str],
) -> None:
    with bench.open() as cache:
        cache.init()
        trouble(cache, monkeypatch)
        readiness = cache.readiness()
        assert cache.health().status is health
    assert readiness.status is ready
    assert set(failing) <= {check.name for check in readiness.checks if not check.ok}
    assert all(check.detail for check in readiness.checks if not check.ok)


def test_a_full_disk_is_degraded(bench: Bench) -> None:
    with bench.open(min_free_disk_mb=10**12) as cache:
        cache.init()
        assert cache.health().status is HealthStatus.DEGRADED
        readiness = cache.readiness()
    assert readiness.status is ReadyStatus.DEGRADED
    assert [check.name for check in readiness.checks if not check.ok] == ["disk"]


def test_health_has_its_figures(bench: Bench) -> None:
    with bench.open(max_size_mb=0.001) as cache:
        cache.init()
        bench.clock.advance(days=8)
        health = cache.health()
    stored = sum(map(len, bench.files.values()))
    assert (health.total_files, health.files_needing_refresh) == (3, 3)
    assert health.max_size_mb == 0.001
    assert health.size_usage_percent == pytest.approx(100 * stored / 1000, abs=0.01)
    assert health.disk_space_available_gb is not None
    assert health.disk_space_available_gb > 0
    assert health.disk_usage_percent is not None
    assert 0 <= health.disk_usage_percent <= 100


def test_what_cannot_be_asked_is_none(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    with bench.open() as cache:
        cache.init()
        database_away(cache, monkeypatch)
        health: Health = cache.health()
    assert health.total_files is None
    assert health.total_size_mb is None
    assert health.size_usage_percent is None
    assert health.files_needing_refresh is None
    assert health.directory_exists
    assert health.directory_writable


def test_a_cache_that_is_switched_off_is_well_whatever_lies_there(bench: Bench) -> None:
    with bench.open(enabled=False) as cache:
        assert cache.health().status is HealthStatus.HEALTHY
        assert cache.health().cache_enabled is False
        assert cache.readiness().status is ReadyStatus.READY


def test_a_cache_whose_last_logo_could_not_be_written_is_degraded_until_one_can(bench: Bench) -> None:
    full = [False]

    def sync(descriptor: int) -> None:
        if full[0]:
            raise OSError(errno.EIO, os.strerror(errno.EIO))

    with bench.open() as opened:
        store = FileStore(opened.settings.dir, opened.settings.private_dir, sync=sync)
        cache = LogoCache(replace(opened._context, store=store))
        cache.init(["shopify"])
        full[0] = True
        bench.fetcher.replies[SHOPIFY] = reply(body=b"shopify, new")
        with contextlib.suppress(DirectoryError):  # a run may go on with what it can write
            cache.refresh(["shopify"], force=True)
        for _ in range(2):
            readiness = cache.readiness()
            assert readiness.status is ReadyStatus.DEGRADED
            assert [check.name for check in readiness.checks if not check.ok] == ["directory"]
            assert cache.health().status is HealthStatus.DEGRADED
        full[0] = False
        assert cache.readiness().status is ReadyStatus.READY
        assert cache.health().status is HealthStatus.HEALTHY


@pytest.mark.end_to_end
def test_a_cache_whose_database_took_no_write_is_degraded_until_it_does(bench: Bench) -> None:
    """Reading goes on beside a lock that nobody gets."""
    with bench.open() as cache:
        cache.init()
        database = cache._context.repository._database
        other = sqlite3.connect(cache.settings.private_dir / "logocache.db", isolation_level=None)
        with contextlib.closing(other):
            other.execute("BEGIN IMMEDIATE")
            with pytest.raises(DatabaseError), database.write(briefly=True):
                raise AssertionError("unreachable: another holds the lock")
            readiness = cache.readiness()
            assert readiness.status is ReadyStatus.DEGRADED
            assert [check.name for check in readiness.checks if not check.ok] == ["database"]
            other.execute("ROLLBACK")
        assert cache.readiness().status is ReadyStatus.READY
