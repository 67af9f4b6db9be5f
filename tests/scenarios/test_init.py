"""LogoCache: init and the state before it, with real files and a real database, among fake sources."""

import pytest

from harness.bench import SHOPIFY, STRIPE, Bench, Steps
from harness.fakes import reply
from logocache import DirectoryError, UnknownKeyError
from logocache.model import OutcomeKind, Status
from logocache.queries import ClearSelection
from logocache.repository.filters import DueFilter


def test_init_fetches_all_and_draws_what_is_missing(bench: Bench) -> None:
    steps = Steps()
    with bench.open() as cache:
        report = cache.init(progress=steps)
    assert (report.known, report.added, report.asked) == (3, 3, 3)
    assert (report.found, report.placeholders, report.missing) == (2, 1, ("stripe",))
    assert (steps.total, sorted(steps.labels)) == (3, ["shopify", "slack", "stripe"])
    assert sorted(bench.files.values()) == [b"monogram stripe", b"shopify", b"slack"]


def test_init_again_does_nothing(bench: Bench) -> None:
    with bench.open() as cache:
        cache.init()
    asked = len(bench.fetcher.asked)
    with bench.open() as cache:
        report = cache.init()
        assert (report.added, report.asked, report.known, report.missing) == (0, 0, 3, ("stripe",))
    assert len(bench.fetcher.asked) == asked


def test_init_takes_up_what_has_become_due(bench: Bench) -> None:
    with bench.open() as cache:
        cache.init()
        bench.clock.advance(days=3, seconds=1)
        assert [logo.key for logo in cache.init().logos] == ["stripe"], "a miss is believed for three days"
        bench.clock.advance(days=4)
        assert {logo.key for logo in cache.init().logos} >= {"shopify", "slack"}, "a logo for seven"


def test_init_of_some_keys_fetches_only_those(bench: Bench) -> None:
    with bench.open() as cache:
        report = cache.init(["Shopify.test"])
    assert ([logo.key for logo in report.logos], report.known) == (["shopify"], 3)


def test_init_by_force_fetches_what_is_not_due(bench: Bench) -> None:
    with bench.open() as cache:
        cache.init()
        report = cache.init(["shopify"], force=True)
        assert [logo.outcome for logo in report.logos] == [OutcomeKind.UNCHANGED]


def test_an_unknown_key_is_refused_with_the_nearest(bench: Bench) -> None:
    with bench.open() as cache, pytest.raises(UnknownKeyError, match="did you mean shopify"):
        cache.init(["shopfy"])


def test_a_placeholder_becomes_a_logo_when_there_is_one(bench: Bench) -> None:
    with bench.open() as cache:
        cache.init()
        bench.fetcher.replies[STRIPE] = reply(body=b"stripe")
        cache.refresh(["stripe"])
        logo = cache.get("stripe")
        assert logo is not None
        assert (logo.record.status, logo.read_bytes()) == (Status.CACHED, b"stripe")
        assert logo.record.failure_count == 0


def test_switched_off_nothing_is_touched(bench: Bench) -> None:
    with bench.open(enabled=False) as cache:
        assert cache.init().enabled is False
        assert cache.refresh().enabled is False
    assert not (bench.folder / "logos").exists()
    assert bench.fetcher.asked == []


def test_a_lease_of_another_process_is_respected(bench: Bench) -> None:
    with bench.open() as cache:
        cache.init(["slack"])
        due = DueFilter(now=bench.clock(), forced=True)
        with bench.repository() as others:
            others.claim(["shopify"], now=bench.clock(), due=due)
        report = cache.init()
        assert "shopify" not in [logo.key for logo in report.logos]
        assert report.elsewhere == 1
        bench.clock.advance(seconds=cache.settings.lease.total_seconds())
        assert "shopify" in [logo.key for logo in cache.init().logos], "a lease expires"


def test_what_breaks_off_leaves_no_lease_behind(bench: Bench) -> None:
    def broken(_: object) -> None:
        raise KeyboardInterrupt

    bench.fetcher.replies[SHOPIFY] = broken  # type: ignore[assignment]  # never returns
    with bench.open() as cache:
        with pytest.raises(KeyboardInterrupt):
            cache.init()
        with bench.repository() as others:
            assert others.totals(now=bench.clock(), stale_before=bench.clock()).leased == 0


def test_the_operation_ends_when_files_cannot_be_written(bench: Bench) -> None:
    with bench.open() as cache:
        cache.init(["slack"])
        temporary = bench.folder / "logos" / ".logocache" / "tmp"
        for path in temporary.iterdir():
            path.unlink()
        temporary.rmdir()
        temporary.write_text("in the way")
        with pytest.raises(DirectoryError):
            cache.refresh(["shopify"])
        with bench.repository() as others:
            assert others.totals(now=bench.clock(), stale_before=bench.clock()).leased == 0


def test_every_operation_but_init_wants_an_initialised_cache(bench: Bench) -> None:
    with bench.open() as cache:
        for operation in (
            cache.stats,
            cache.list,
            cache.verify,
            cache.refresh,
            lambda: cache.get("shopify"),
            lambda: cache.plan_clear(ClearSelection(everything=True)),
        ):
            with pytest.raises(DirectoryError, match="logocache init"):
                operation()
    assert not (bench.folder / "logos").exists()
