"""One bad entry costs one entry, on demand and when files are taken back."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from harness.bench import Bench
from harness.factories import make_integration
from harness.fakes import FakeFetcher, FakeImages, FakeProvider, reply
from harness.traps import PLACES, SURROUNDINGS, OnlyFor, at_fetch, bug, outcomes
from logocache.errors import DirectoryError, UnavailableError
from logocache.model import OutcomeKind
from logocache.operations.on_demand import FetchState
from logocache.ports import (
    Answer,
    FetchRequest,
    NormalisedImage,
)


def raising(error: BaseException) -> Callable[[], None]:
    def spring() -> None:
        raise error

    return spring


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
