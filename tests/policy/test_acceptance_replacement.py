"""A good logo is never lost to a worse one because its source, or its file, was away."""

from datetime import timedelta

import pytest

from harness.factories import DAY, NOW, make_cached, make_record
from logocache.model import LogoRecord, OutcomeKind, Status
from logocache.policy.acceptance import RECOVERED, is_gone_from, stands
from logocache.policy.attempts import SourceResult

WEEK = 7 * DAY


@pytest.mark.parametrize(
    ("kinds", "asked", "gone"),
    [
        ([OutcomeKind.NOT_FOUND], True, True),
        ([OutcomeKind.PLACEHOLDER, OutcomeKind.NOT_FOUND], True, True),
        ([], True, True),  # it had something else to offer, and no trouble
        ([OutcomeKind.NOT_FOUND, OutcomeKind.TRANSIENT], True, False),
        ([OutcomeKind.THROTTLED], True, False),
        ([OutcomeKind.BLOCKED], True, False),
        ([OutcomeKind.REFUSED], True, False),
        ([OutcomeKind.ERROR], True, False),
        ([OutcomeKind.NOT_ASKED], False, False),
        ([], False, False),
    ],
)
def test_only_a_source_that_was_asked_and_answered_can_say_gone(
    kinds: list[OutcomeKind], *, asked: bool, gone: bool
) -> None:
    results = [SourceResult(provider="site", kind=kind) for kind in kinds]
    results.append(SourceResult(provider="duckduckgo", kind=OutcomeKind.TRANSIENT))
    others = ["duckduckgo", *(["site"] if asked else [])]
    assert is_gone_from("site", others, results) is gone
    assert not is_gone_from(None, others, results)


@pytest.mark.parametrize("is_intact", [True, False])
@pytest.mark.parametrize(
    ("first_said", "says_it_now", "kept"),
    [
        (None, False, True),
        (None, True, True),
        (timedelta(0), True, True),
        (WEEK - timedelta(seconds=1), True, True),
        (WEEK, True, False),
        (10 * WEEK, False, True),  # now it only could not be asked
    ],
)
def test_a_source_has_to_say_it_twice_a_refresh_interval_apart(
    first_said: timedelta | None, *, says_it_now: bool, kept: bool, is_intact: bool
) -> None:
    since = NOW - first_said if first_said is not None else None
    record = make_cached(candidates_digest="ab", source_gone_at=since)
    found = stands(record, is_intact=is_intact, is_gone=says_it_now, now=NOW, refresh_interval=WEEK)
    assert found is kept


@pytest.mark.parametrize(
    "record",
    [
        make_record(),
        make_cached(status=Status.PLACEHOLDER, provider="monogram", candidates_digest="ab"),
        make_cached(candidates_digest=None),
    ],
    ids=["pending", "placeholder", "logo of the domain before"],
)
def test_what_is_no_logo_of_this_entry_does_not_stand(record: LogoRecord) -> None:
    assert not stands(record, is_intact=True, is_gone=False, now=NOW, refresh_interval=WEEK)


@pytest.mark.parametrize("is_intact", [True, False])
def test_a_recovered_logo_stands_as_long_as_its_file_is_there(*, is_intact: bool) -> None:
    record = make_cached(provider=RECOVERED, candidates_digest=None)
    assert stands(record, is_intact=is_intact, is_gone=False, now=NOW, refresh_interval=WEEK) is is_intact
