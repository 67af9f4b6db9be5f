"""One bad entry costs one entry; what the surroundings do ends a run, with what is finished saved."""

import logging
from collections.abc import Callable, Sequence
from datetime import timedelta
from pathlib import Path

import pytest

from harness.bench import SLACK, Bench
from harness.factories import make_integration
from harness.fakes import FakeImages, FakeProvider, reply
from harness.traps import (
    PLACES,
    OnlyFor,
    Trap,
    TrappedImages,
    at_candidates,
    at_decoding,
    bug,
    outcomes,
)
from logocache.model import Integration, OutcomeKind, Status
from logocache.ports import (
    Ask,
    Candidate,
    DecodingFailure,
    ImageRejection,
    NormalisedImage,
)


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
            self, body: bytes, *, deadline: float, is_believed: bool = False
        ) -> NormalisedImage | ImageRejection | DecodingFailure:
            image = super().normalise(body, deadline=deadline, is_believed=is_believed)
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
