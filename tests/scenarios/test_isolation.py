"""One bad entry costs one entry; what the surroundings do ends a run, with what is finished saved."""

import logging
import threading
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from harness.bench import SLACK, STRIPE, Bench
from harness.factories import make_integration
from harness.fakes import FakeFetcher, FakeImages, FakeProvider, reply
from logocache.cache import LogoCache
from logocache.errors import DatabaseError, DirectoryError, UnavailableError
from logocache.model import Integration, OutcomeKind, Status
from logocache.operations.on_demand import FetchState
from logocache.ports import (
    Answer,
    Ask,
    Candidate,
    DecodingFailure,
    FetchRequest,
    ImageRejection,
    NormalisedImage,
)
from logocache.repository.mapping import SavedFetch


class OnlyFor(FakeProvider):
    """Offers one image, to one entry."""

    def __init__(self, provider: str, key: str) -> None:
        super().__init__(provider, bodies={"own": b"own"})
        self._key = key

    def candidates(self, integration: Integration, ask: Ask) -> Sequence[Candidate]:
        return super().candidates(integration, ask) if integration.key == self._key else ()


class Trap(FakeProvider):
    """The usual source of all, until it is sprung by one entry."""

    def __init__(self, key: str, spring: Callable[[], object], *, at: str) -> None:
        super().__init__(urls=["https://{domain}/icon.png"])
        self._key = key
        self._spring = spring
        self._at = at

    def candidates(self, integration: Integration, ask: Ask) -> Sequence[Candidate]:
        if self._at == "candidates" and integration.key == self._key:
            self._spring()
        return super().candidates(integration, ask)

    def request(self, candidate: Candidate) -> FetchRequest:
        if self._at == "request" and self._key in candidate.url:
            self._spring()
        return super().request(candidate)


class TrappedImages(FakeImages):
    def __init__(self, body: bytes, spring: Callable[[], object]) -> None:
        super().__init__()
        self._body = body
        self._spring = spring

    def normalise(
        self, body: bytes, *, deadline: float
    ) -> NormalisedImage | ImageRejection | DecodingFailure:
        if body == self._body:
            self._spring()
        return super().normalise(body, deadline=deadline)


def bug() -> None:
    raise LookupError("a mistake of ours")


def at_candidates(bench: Bench, spring: Callable[[], object]) -> None:
    bench.chain = [Trap("slack", spring, at="candidates")]


def at_request(bench: Bench, spring: Callable[[], object]) -> None:
    bench.chain = [Trap("slack", spring, at="request")]


def at_fetch(bench: Bench, spring: Callable[[], object]) -> None:
    def answer(request: FetchRequest) -> Answer:
        spring()
        return reply(body=b"slack")

    bench.fetcher.replies[SLACK] = answer


def at_decoding(bench: Bench, spring: Callable[[], object]) -> None:
    bench.images = TrappedImages(b"slack", spring)


PLACES = [at_candidates, at_request, at_fetch, at_decoding]
SURROUNDINGS = [
    UnavailableError("the image decoder cannot be started", hint="wait"),
    DirectoryError("the disk is full", hint="make room"),
    MemoryError(),
    RuntimeError("can't start new thread"),
]


def raising(error: BaseException) -> Callable[[], None]:
    def spring() -> None:
        raise error

    return spring


@pytest.fixture
def good(bench: Bench) -> Bench:
    """All three entries have a logo."""
    bench.fetcher.replies[STRIPE] = reply(body=b"stripe")
    return bench


def outcomes(cache: LogoCache) -> dict[str, OutcomeKind | None]:
    return {entry.key: entry.last_outcome for entry in cache.list().entries}


@pytest.mark.parametrize("trap", PLACES)
def test_a_mistake_at_one_entry_costs_only_that_entry(
    good: Bench, trap: Callable[[Bench, Callable[[], object]], None], caplog: pytest.LogCaptureFixture
) -> None:
    trap(good, bug)
    with good.open() as cache:
        report = cache.init()
        assert outcomes(cache) == {
            "shopify": OutcomeKind.FOUND,
            "slack": OutcomeKind.ERROR,
            "stripe": OutcomeKind.FOUND,
        }
        assert (report.found, report.errors, report.missing) == (2, 1, ("slack",))
        assert (cache.stats().errors, cache.stats().in_progress) == (1, 0)
        assert cache.verify().ok
    reason = next(logo.reason for logo in report.logos if logo.key == "slack")
    assert reason.startswith("LookupError in ")
    assert "a mistake of ours" not in reason
    (told,) = [record for record in caplog.records if record.exc_info]
    assert told.__dict__["key"] == "slack"


@pytest.mark.parametrize("trap", PLACES)
def test_a_mistake_at_one_source_leaves_the_next_one_its_turn(
    good: Bench, trap: Callable[[Bench, Callable[[], object]], None]
) -> None:
    trap(good, bug)
    good.chain = [*good.chain, OnlyFor("iconsets", "slack")]
    with good.open() as cache:
        report = cache.init()
        assert (report.found, report.errors) == (3, 0)
        (slack,) = cache.lookup.records(["slack"])
    assert slack.provider == "iconsets"
    assert slack.next_attempt_at == good.clock() + timedelta(days=1), "the first source gets its chance early"


def test_the_other_images_of_a_source_are_looked_at_all_the_same(good: Bench) -> None:
    good.chain = [FakeProvider(urls=["https://{domain}/bad.png", "https://{domain}/icon.png"])]
    good.fetcher.replies["https://slack.test/bad.png"] = reply(body=b"bad")
    good.images = TrappedImages(b"bad", bug)
    with good.open() as cache:
        assert cache.init().found == 3
        attempts = cache._context.repository.attempts("slack", limit=10)
    assert [(attempt.url[-8:], attempt.outcome) for attempt in attempts] == [
        ("icon.png", OutcomeKind.FOUND),
        ("/bad.png", OutcomeKind.ERROR),
    ]


def test_an_error_backs_off_and_a_success_forgets_it(good: Bench) -> None:
    at_candidates(good, bug)
    waits = []
    with good.open() as cache:
        for _ in range(3):
            cache.init()
            (slack,) = cache.lookup.records(["slack"])
            assert slack.next_attempt_at is not None
            waits.append(slack.next_attempt_at - good.clock())
            good.clock.now = slack.next_attempt_at
    assert waits == [timedelta(minutes=minutes) for minutes in (5, 10, 20)]
    good.chain = [FakeProvider(urls=["https://{domain}/icon.png"])]
    with good.open() as cache:
        assert cache.init().found == 1
        assert cache.stats().errors == 0


def test_an_error_keeps_the_logo_that_is_there(good: Bench) -> None:
    with good.open() as cache:
        cache.init()
    at_decoding(good, bug)
    good.fetcher.replies[SLACK] = reply(body=b"slack")
    with good.open() as cache:
        report = cache.refresh(["slack"])
        logo = cache.get("slack")
        assert (report.errors, report.failed, report.missing) == (1, 1, ())
        assert logo is not None
        assert logo.read_bytes() == b"slack"
        assert logo.record.failure_count == 1


def test_an_error_outside_of_all_sources_is_the_entrys_too(good: Bench) -> None:
    """Not even a monogram can be drawn for it."""

    class NoMonogram(FakeImages):
        def draw(self, monogram: object) -> NormalisedImage:
            raise ZeroDivisionError

    del good.fetcher.replies[SLACK]
    good.images = NoMonogram()
    with good.open() as cache:
        assert (cache.init().found, cache.stats().errors) == (2, 1)
        (slack,) = cache.lookup.records(["slack"])
    assert (slack.status, slack.file, slack.last_outcome) == (Status.PENDING, None, OutcomeKind.ERROR)


def test_one_mistake_at_many_entries_is_one_traceback(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    class Broken(FakeProvider):
        def candidates(self, integration: Integration, ask: Ask) -> Sequence[Candidate]:
            raise KeyError(integration.key)

    keys = [f"company{number}" for number in range(100)]
    bench = Bench(tmp_path, integrations=[make_integration(key) for key in keys], chain=[Broken()])
    with caplog.at_level(logging.WARNING), bench.open() as cache:
        assert cache.init().errors == 100
    assert [record.message for record in caplog.records] == ["entry.error"]


# Saving ------------------------------------------------------------------------------------------


def test_a_row_that_fits_no_column_costs_only_its_entry(
    good: Bench, caplog: pytest.LogCaptureFixture
) -> None:
    good.chain = [OnlyFor("x" * 65, "slack"), FakeProvider(urls=["https://{domain}/icon.png"])]
    with good.open() as cache:
        report = cache.init()
        assert (report.found, report.errors, report.asked) == (2, 1, 3)
        assert (cache.stats().errors, cache.stats().in_progress) == (1, 0)
        assert cache.verify().ok
    assert not list((cache.settings.private_dir / "tmp").iterdir()), "its new file is gone"
    assert len([record for record in caplog.records if record.exc_info]) == 1


def test_a_value_that_the_database_refuses_costs_only_its_entry(good: Bench) -> None:
    """It passes our own checks, and breaks one of the table."""

    class Odd(FakeImages):
        def normalise(
            self, body: bytes, *, deadline: float
        ) -> NormalisedImage | ImageRejection | DecodingFailure:
            image = super().normalise(body, deadline=deadline)
            if body == b"slack":
                object.__setattr__(image, "width", None)
            return image

    good.images = Odd()
    with good.open() as cache:
        report = cache.init()
        assert (report.found, report.errors) == (2, 1)
        assert cache.stats().in_progress == 0


def lose_staged(bench: Bench, body: bytes) -> None:
    for path in (bench.folder / "logos" / ".logocache" / "tmp").glob("*.part"):
        if path.read_bytes() == body:
            path.unlink()


def test_a_new_file_that_vanishes_costs_only_its_entry(good: Bench) -> None:
    good.chain = [Trap("stripe", lambda: lose_staged(good, b"slack"), at="candidates")]
    with good.open(concurrency=1) as cache:
        report = cache.init()
        assert (report.found, report.errors) == (2, 1)
        assert outcomes(cache)["slack"] is OutcomeKind.ERROR
        assert cache.verify().ok


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
        cache.watch(lambda fetches: told.extend(each.record.key for each in fetches))
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
        def start(self, total: int) -> None:
            raise BrokenPipeError

        def advance(self, label: str) -> None:
            raise ValueError(label)

    def watcher(fetches: Sequence[SavedFetch]) -> None:
        raise KeyError("watcher")

    told: list[str] = []
    with good.open() as cache:
        cache.watch(watcher)
        cache.watch(lambda fetches: told.extend(each.record.key for each in fetches))
        assert cache.init(progress=Broken()).found == 3
    assert sorted(told) == ["shopify", "slack", "stripe"]
    assert len([record for record in caplog.records if record.exc_info]) == 3


# On demand, and what is taken back ---------------------------------------------------------------


@pytest.mark.parametrize("trap", PLACES)
def test_on_demand_a_mistake_is_an_outcome_too(
    good: Bench, trap: Callable[[Bench, Callable[[], object]], None]
) -> None:
    with good.open() as cache:
        cache.init(["shopify"])
    trap(good, bug)
    with good.open() as cache:
        fetched = cache.on_demand.fetch("slack")
        assert fetched.state is FetchState.DONE
        assert fetched.record is not None
        assert fetched.record.last_outcome is OutcomeKind.ERROR
        assert fetched.record.next_attempt_at == good.clock() + timedelta(minutes=5)
        assert cache.on_demand.fetch("stripe").record is not None
        assert outcomes(cache)["stripe"] is OutcomeKind.FOUND


def test_on_demand_one_row_that_fits_no_column_costs_only_its_entry(good: Bench) -> None:
    good.chain = [OnlyFor("x" * 65, "slack"), FakeProvider(urls=["https://{domain}/icon.png"])]
    with good.open() as cache:
        cache.init(["shopify"])
        fetched = cache.on_demand.fetch("slack")
        assert fetched.record is not None
        assert fetched.record.last_outcome is OutcomeKind.ERROR


@pytest.mark.parametrize("error", SURROUNDINGS, ids=lambda error: type(error).__name__)
def test_on_demand_the_surroundings_are_an_error_and_end_the_lease(good: Bench, error: Exception) -> None:
    with good.open() as cache:
        cache.init(["shopify"])
    at_fetch(good, raising(error))
    with good.open() as cache:
        with pytest.raises(UnavailableError):
            cache.on_demand.fetch("slack")
        assert cache.stats().in_progress == 0


class AnswersForAll(FakeFetcher):
    """Gives a globe for every domain, also for those that cannot exist."""

    def fetch(self, request: FetchRequest, *, deadline: float) -> Answer:
        self.asked.append(request)
        return replace(reply(body=b"globe"), url=request.url)


def deceived(folder: Path, images: FakeImages) -> Bench:
    """Four companies with a globe for a logo, and a provider that gives one for every domain."""
    keys = ["alpha", "beta", "gamma", "delta"]
    bench = Bench(folder, integrations=[make_integration(key) for key in keys])
    bench.chain = [FakeProvider("guess", urls=["https://{domain}/icon.png"])]
    bench.fetcher = AnswersForAll()
    with bench.open() as cache:
        assert cache.init().found == 4
    bench.chain = [FakeProvider("guess", urls=["https://{domain}/icon.png"], learns_placeholder=True)]
    bench.images = images
    return bench


class DrawsNotFor(FakeImages):
    """Cannot draw the monogram of some entries, for a while."""

    def __init__(self, error: Exception, *initials: str) -> None:
        super().__init__()
        self.initials = set(initials)
        self._error = error

    def draw(self, monogram: object) -> NormalisedImage:
        if getattr(monogram, "initials", None) in self.initials:
            raise self._error
        return super().draw(monogram)  # type: ignore[arg-type]  # a monogram


def test_what_is_taken_back_is_isolated_too(tmp_path: Path) -> None:
    bench = deceived(tmp_path, DrawsNotFor(ZeroDivisionError(), "beta"))
    with bench.open() as cache:
        assert cache.refresh(["alpha"]).errors == 1
        found = outcomes(cache)
        assert found["beta"] is OutcomeKind.ERROR
        assert {found[key] for key in ("alpha", "gamma", "delta")} == {OutcomeKind.PLACEHOLDER}
        assert cache.stats().in_progress == 0


def test_what_could_not_be_taken_back_is_taken_back_later(tmp_path: Path) -> None:
    images = DrawsNotFor(DirectoryError("full", hint="make room"), "beta")
    bench = deceived(tmp_path, images)
    with bench.open() as cache:
        with pytest.raises(DirectoryError):
            cache.refresh(["alpha"])
        assert cache.stats().in_progress == 0
        assert cache.on_demand.fetch("gamma", forced=True).state is FetchState.DONE, "it is about others"
        assert outcomes(cache)["beta"] is OutcomeKind.FOUND
        images.initials.clear()
        cache.refresh(["alpha"])
        assert set(outcomes(cache).values()) == {OutcomeKind.PLACEHOLDER}
