"""When to ask again, and how a chain's answers add up."""

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.factories import DAY, NOW, make_cached, make_record
from logocache.model import Lease, OutcomeKind, Status
from logocache.policy.attempts import (
    AttemptRules,
    SourceResult,
    backoff,
    counts_as_failure,
    failure_of,
    is_due,
    is_stale,
    is_unknown,
    next_attempt,
    success_of,
    was_given_up,
    was_lost,
)

MINUTE = timedelta(minutes=1)
RULES = AttemptRules(
    refresh_interval=7 * DAY,
    miss_ttl=3 * DAY,
    blocked_ttl=DAY,
    backoff_min=5 * MINUTE,
    backoff_max=DAY,
)


def result(kind: OutcomeKind, provider: str = "site", **facts: object) -> SourceResult:
    return SourceResult(provider=provider, kind=kind, reason=kind.value, **facts)  # type: ignore[arg-type]  # tests name real fields


@pytest.mark.parametrize(
    ("kind", "wait"),
    [
        (OutcomeKind.FOUND, 7 * DAY),
        (OutcomeKind.UNCHANGED, 7 * DAY),
        (OutcomeKind.NOT_FOUND, 3 * DAY),
        (OutcomeKind.PLACEHOLDER, 3 * DAY),
        (OutcomeKind.INVALID_IMAGE, 3 * DAY),
        (OutcomeKind.BLOCKED, DAY),
        (OutcomeKind.REFUSED, DAY),
        (OutcomeKind.MISCONFIGURED, timedelta(hours=1)),
        (OutcomeKind.TRANSIENT, 5 * MINUTE),
        (OutcomeKind.THROTTLED, 5 * MINUTE),
        (OutcomeKind.NOT_ASKED, 5 * MINUTE),
        (OutcomeKind.ERROR, 5 * MINUTE),
    ],
)
def test_each_outcome_has_its_own_wait(kind: OutcomeKind, wait: timedelta) -> None:
    assert next_attempt(kind, now=NOW, failures=0, rules=RULES, jitter=1.0) == NOW + wait


def test_the_table_above_names_every_outcome() -> None:
    marks = test_each_outcome_has_its_own_wait.pytestmark  # type: ignore[attr-defined]  # set by parametrize
    assert {case[0] for case in marks[0].args[1]} == set(OutcomeKind)


@pytest.mark.parametrize(
    ("failures", "minutes"), [(0, 5), (1, 10), (2, 20), (5, 160), (9, 24 * 60), (10_000, 24 * 60)]
)
def test_backoff_doubles_up_to_its_bound(failures: int, minutes: int) -> None:
    assert backoff(failures, rules=RULES, jitter=1.0) == minutes * MINUTE


@given(failures=st.integers(0, 10**9), jitter=st.floats(0, 1))
def test_backoff_keeps_its_bounds(failures: int, jitter: float) -> None:
    assert RULES.backoff_min / 2 <= backoff(failures, rules=RULES, jitter=jitter) <= RULES.backoff_max


@given(kind=st.sampled_from(OutcomeKind), failures=st.integers(0, 100), jitter=st.floats(0, 1))
def test_the_next_attempt_lies_in_the_future(kind: OutcomeKind, failures: int, jitter: float) -> None:
    assert next_attempt(kind, now=NOW, failures=failures, rules=RULES, jitter=jitter) > NOW


def test_retry_after_is_respected_when_it_is_longer_than_the_backoff() -> None:
    later = NOW + timedelta(hours=3)
    chosen = next_attempt(OutcomeKind.THROTTLED, now=NOW, failures=0, rules=RULES, jitter=0.0, retry_at=later)
    assert chosen == later


def test_retry_after_never_shortens_the_backoff() -> None:
    chosen = next_attempt(
        OutcomeKind.THROTTLED, now=NOW, failures=0, rules=RULES, jitter=1.0, retry_at=NOW + MINUTE
    )
    assert chosen == NOW + 5 * MINUTE


@pytest.mark.parametrize(
    ("kinds", "expected"),
    [
        ([OutcomeKind.NOT_FOUND, OutcomeKind.TRANSIENT], OutcomeKind.TRANSIENT),
        ([OutcomeKind.TRANSIENT, OutcomeKind.NOT_FOUND], OutcomeKind.TRANSIENT),
        ([OutcomeKind.NOT_FOUND, OutcomeKind.PLACEHOLDER], OutcomeKind.PLACEHOLDER),
        ([OutcomeKind.BLOCKED, OutcomeKind.NOT_FOUND], OutcomeKind.BLOCKED),
        ([OutcomeKind.TRANSIENT, OutcomeKind.THROTTLED], OutcomeKind.THROTTLED),
        ([OutcomeKind.NOT_ASKED, OutcomeKind.NOT_FOUND], OutcomeKind.NOT_ASKED),
        ([], OutcomeKind.NOT_FOUND),
    ],
)
def test_could_not_ask_is_never_read_as_no_logo(kinds: list[OutcomeKind], expected: OutcomeKind) -> None:
    results = [result(kind) for kind in kinds]
    outcome = failure_of(results, now=NOW, failures=0, rules=RULES, jitter=1.0, offline=False)
    assert outcome.kind is expected


def test_the_earliest_retry_of_several_throttled_sources_counts() -> None:
    results = [
        result(OutcomeKind.THROTTLED, "site", retry_at=NOW + 5 * DAY),
        result(OutcomeKind.THROTTLED, "google", retry_at=NOW + 2 * DAY),
    ]
    outcome = failure_of(results, now=NOW, failures=0, rules=RULES, jitter=1.0, offline=False)
    assert outcome.next_attempt_at == NOW + 2 * DAY


def test_what_failed_offline_is_due_as_soon_as_there_is_a_network() -> None:
    outcome = failure_of(
        [result(OutcomeKind.NOT_ASKED)], now=NOW, failures=0, rules=RULES, jitter=1.0, offline=True
    )
    assert outcome.next_attempt_at == NOW


def test_our_own_error_backs_off_without_a_network_too() -> None:
    outcome = failure_of(
        [result(OutcomeKind.NOT_ASKED), result(OutcomeKind.ERROR)],
        now=NOW,
        failures=1,
        rules=RULES,
        jitter=1.0,
        offline=True,
    )
    assert (outcome.kind, outcome.next_attempt_at) == (OutcomeKind.ERROR, NOW + 2 * RULES.backoff_min)


@pytest.mark.parametrize(
    ("earlier", "offline", "wait"),
    [
        ([], False, 7 * DAY),
        ([result(OutcomeKind.NOT_FOUND)], False, 7 * DAY),
        ([result(OutcomeKind.TRANSIENT)], False, DAY),
        ([result(OutcomeKind.NOT_ASKED)], True, timedelta(0)),
    ],
    ids=["first source", "better source has none", "better source could not be asked", "offline"],
)
def test_a_second_choice_is_asked_again_early(
    earlier: list[SourceResult], *, offline: bool, wait: timedelta
) -> None:
    outcome = success_of(OutcomeKind.FOUND, "iconsets", earlier, now=NOW, rules=RULES, offline=offline)
    assert outcome.next_attempt_at == NOW + wait
    assert outcome.provider == "iconsets"


@pytest.mark.parametrize(("age", "stale"), [(7 * DAY - MINUTE, False), (7 * DAY, True), (30 * DAY, True)])
def test_a_logo_is_stale_from_the_refresh_interval_on(age: timedelta, *, stale: bool) -> None:
    record = make_cached(fetched_at=NOW - age)
    assert is_stale(record, now=NOW, refresh_interval=7 * DAY) is stale


def test_placeholders_and_pending_entries_are_never_stale() -> None:
    old = make_cached(fetched_at=NOW - 30 * DAY, status=Status.PLACEHOLDER)
    assert not is_stale(old, now=NOW, refresh_interval=DAY)
    assert not is_stale(make_record(), now=NOW, refresh_interval=DAY)


def test_not_asking_is_no_failure() -> None:
    failures = {kind for kind in OutcomeKind if counts_as_failure(kind)}
    assert set(OutcomeKind) - failures == {
        OutcomeKind.FOUND,
        OutcomeKind.UNCHANGED,
        OutcomeKind.NOT_ASKED,
    }


@pytest.mark.parametrize("kind", OutcomeKind)
def test_whether_there_is_a_logo_is_open_unless_a_source_has_said_so(kind: OutcomeKind) -> None:
    said = {
        OutcomeKind.FOUND,
        OutcomeKind.UNCHANGED,
        OutcomeKind.NOT_FOUND,
        OutcomeKind.PLACEHOLDER,
        OutcomeKind.INVALID_IMAGE,
    }
    record = make_record(last_outcome=kind)
    assert is_unknown(record, offline=False) is (kind not in said)
    assert is_unknown(record, offline=True) is (kind not in said | {OutcomeKind.NOT_ASKED})


@pytest.mark.parametrize("kind", [None, OutcomeKind.FOUND, OutcomeKind.UNCHANGED])
def test_whether_an_entry_has_a_logo_is_open_while_somebody_is_to_ask(kind: OutcomeKind | None) -> None:
    """The holder of the lease may have died of it."""
    lease = Lease(claim="host:place:1:2:token", until=NOW - DAY)
    assert is_unknown(make_record(last_outcome=kind, lease=lease), offline=False)
    assert is_unknown(make_record(last_outcome=kind, lease=lease), offline=True)
    assert not is_unknown(make_record(last_outcome=OutcomeKind.NOT_FOUND, lease=lease), offline=False)


def test_an_entry_that_nobody_asked_for_yet_is_not_unknown_but_due() -> None:
    assert not is_unknown(make_record(), offline=False)
    assert is_due(make_record(), now=NOW)
    assert is_due(make_record(next_attempt_at=NOW), now=NOW)
    assert not is_due(make_record(next_attempt_at=NOW + DAY), now=NOW)


@pytest.mark.parametrize(
    ("facts", "given_up"),
    [
        ({"last_outcome": OutcomeKind.FOUND}, True),
        ({"last_outcome": None}, True),
        ({"last_outcome": OutcomeKind.NOT_FOUND}, False),
    ],
)
def test_an_evicted_logo_is_told_from_one_that_there_is_not(facts: dict[str, Any], *, given_up: bool) -> None:
    assert was_given_up(make_record(**facts)) is given_up
    assert not was_given_up(make_cached(**facts))
    assert was_lost(make_cached(**facts)) is given_up, "asked of an entry whose file is not there"
    assert not was_lost(make_record(**facts))


@pytest.mark.parametrize(
    ("kind", "unknown"),
    [(OutcomeKind.FOUND, True), (OutcomeKind.UNCHANGED, True), (OutcomeKind.NOT_FOUND, False)],
)
def test_a_logo_whose_file_is_lost_is_not_no_logo(kind: OutcomeKind, *, unknown: bool) -> None:
    assert is_unknown(make_cached(last_outcome=kind), offline=False) is unknown
