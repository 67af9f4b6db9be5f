"""A fault of the surroundings ends a run; finished entries are saved."""

import threading
from collections.abc import Sequence

import pytest

from harness.bench import SLACK, STRIPE, Bench
from harness.fakes import reply
from harness.traps import SURROUNDINGS, Trap, outcomes
from logocache.errors import DatabaseError, DirectoryError, UnavailableError
from logocache.model import OutcomeKind
from logocache.ports import (
    Answer,
    FetchRequest,
)
from logocache.repository.mapping import SavedFetch


def test_new_files_that_vanish_with_their_directory_end_the_run(good: Bench) -> None:
    with good.open() as cache:
        cache.init(["shopify"])

    def lose_all() -> None:
        (good.folder / "logos").rename(good.folder / "away")

    good.chain = [Trap("stripe", lose_all, at="candidates")]
    database = f"sqlite:///{good.folder / 'elsewhere.db'}"
    with good.open(concurrency=1, database_url=database) as cache, pytest.raises(DirectoryError):
        cache.init()


# The surroundings --------------------------------------------------------------------------------


@pytest.mark.parametrize("error", SURROUNDINGS, ids=lambda error: type(error).__name__)
@pytest.mark.parametrize("concurrency", [1, 3])
def test_what_the_surroundings_do_ends_the_run_with_what_is_finished_saved(
    good: Bench, error: Exception, concurrency: int
) -> None:
    others_done = threading.Event()

    def last(request: FetchRequest) -> Answer:
        assert others_done.wait(10) or concurrency == 1
        raise error

    def then_last(request: FetchRequest) -> Answer:
        others_done.set()
        return reply(body=b"slack")

    good.fetcher.replies[SLACK] = then_last
    good.fetcher.replies[STRIPE] = last
    told: list[str] = []
    with good.open(concurrency=concurrency) as cache:
        cache.watch(lambda fetches: told.extend(fetch.record.key for fetch in fetches))
        with pytest.raises(UnavailableError):
            cache.init()
        assert outcomes(cache) == {
            "shopify": OutcomeKind.FOUND,
            "slack": OutcomeKind.FOUND,
            "stripe": None,
        }
        assert sorted(told) == ["shopify", "slack"]
        assert cache.stats().in_progress == 0
        good.fetcher.replies[STRIPE] = reply(body=b"stripe")
        assert cache.init().found == 1


def test_a_run_that_gets_no_thread_ends_its_leases(good: Bench) -> None:
    with good.open() as cache:
        cache.init(["shopify"])
        earlier = threading.stack_size(2**47)  # more than a process can address
        try:
            with pytest.raises(UnavailableError, match="thread"):
                cache.refresh()
        finally:
            threading.stack_size(earlier)
        assert cache.stats().in_progress == 0
        assert cache.refresh().found == 2


def test_ctrl_c_saves_what_is_finished_and_ends_the_leases(good: Bench) -> None:
    def stop(request: FetchRequest) -> Answer:
        raise KeyboardInterrupt

    good.fetcher.replies[STRIPE] = stop
    with good.open(concurrency=1) as cache:
        with pytest.raises(KeyboardInterrupt):
            cache.init()
        assert outcomes(cache)["slack"] is OutcomeKind.FOUND
        assert cache.stats().in_progress == 0


def test_a_run_whose_database_is_away_leaves_no_new_files(
    good: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    with good.open() as cache:
        cache.init(["shopify"])

        def away() -> None:
            raise DatabaseError("the database is away", hint="wait")

        with monkeypatch.context() as patched:
            patched.setattr(cache._context.repository, "unit", away)
            with pytest.raises(DatabaseError):
                cache.init()
        assert not list((cache.settings.private_dir / "tmp").iterdir())
        assert cache.stats().in_progress == 0


# Those who are told ------------------------------------------------------------------------------


def test_who_is_told_may_fail_and_the_run_goes_on(good: Bench, caplog: pytest.LogCaptureFixture) -> None:
    class Broken:
        def start(self, total: int, *, verb: str = "") -> None:
            raise BrokenPipeError

        def advance(self, label: str) -> None:
            raise ValueError(label)

    def watcher(fetches: Sequence[SavedFetch]) -> None:
        raise KeyError("watcher")

    told: list[str] = []
    with good.open() as cache:
        cache.watch(watcher)
        cache.watch(lambda fetches: told.extend(fetch.record.key for fetch in fetches))
        assert cache.init(progress=Broken()).found == 3
    assert sorted(told) == ["shopify", "slack", "stripe"]
    assert len([record for record in caplog.records if record.exc_info]) == 3
