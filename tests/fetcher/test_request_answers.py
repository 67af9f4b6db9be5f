from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from logocache.fetcher.request import LONGEST_VALIDATOR, classify, validator
from logocache.model import OutcomeKind as Kind

NOW = datetime(2026, 1, 2, tzinfo=UTC)


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (101, Kind.TRANSIENT),
        (200, Kind.FOUND),
        (203, Kind.FOUND),
        (204, Kind.NOT_FOUND),
        (205, Kind.NOT_FOUND),
        (206, Kind.TRANSIENT),
        (226, Kind.FOUND),
        (300, Kind.REFUSED),
        (304, Kind.TRANSIENT),
        (305, Kind.REFUSED),
        (400, Kind.BLOCKED),
        (401, Kind.BLOCKED),
        (403, Kind.BLOCKED),
        (404, Kind.NOT_FOUND),
        (407, Kind.BLOCKED),
        (408, Kind.TRANSIENT),
        (410, Kind.NOT_FOUND),
        (418, Kind.BLOCKED),
        (425, Kind.TRANSIENT),
        (429, Kind.THROTTLED),
        (451, Kind.BLOCKED),
        (500, Kind.TRANSIENT),
        (502, Kind.TRANSIENT),
        (503, Kind.TRANSIENT),
        (504, Kind.TRANSIENT),
        (599, Kind.TRANSIENT),
        (600, Kind.BLOCKED),
        (999, Kind.BLOCKED),
    ],
)
def test_each_status_has_its_meaning(status: int, kind: Kind) -> None:
    verdict = classify(status, retry_after=None, is_conditional=False, misconfigured=(), now=NOW)
    assert verdict.kind is kind
    assert bool(verdict.reason) == (kind is not Kind.FOUND)
    assert verdict.retry_at is None


@pytest.mark.parametrize("status", [429, 503])
def test_a_server_that_says_when_to_come_back_throttles(status: int) -> None:
    verdict = classify(status, retry_after="60", is_conditional=False, misconfigured=(), now=NOW)
    assert (verdict.kind, verdict.retry_at) == (Kind.THROTTLED, NOW + timedelta(seconds=60))


@pytest.mark.parametrize("status", [500, 404, 403, 200])
def test_retry_after_means_nothing_with_other_statuses(status: int) -> None:
    with_field = classify(status, retry_after="60", is_conditional=False, misconfigured=(), now=NOW)
    assert with_field == classify(status, retry_after=None, is_conditional=False, misconfigured=(), now=NOW)


def test_an_unreadable_retry_after_makes_503_transient() -> None:
    verdict = classify(503, retry_after="soon", is_conditional=False, misconfigured=(), now=NOW)
    assert verdict.kind is Kind.TRANSIENT


def test_304_means_unchanged_when_it_was_asked_for() -> None:
    verdict = classify(304, retry_after=None, is_conditional=True, misconfigured=(), now=NOW)
    assert (verdict.kind, verdict.reason) == (Kind.UNCHANGED, "")


@pytest.mark.parametrize("status", [401, 403, 404, 429, 200])
def test_the_statuses_of_a_provider_for_bad_credentials_come_first(status: int) -> None:
    verdict = classify(status, retry_after="1", is_conditional=False, misconfigured={status}, now=NOW)
    assert verdict.kind is Kind.MISCONFIGURED


@given(st.integers(0, 9999), st.none() | st.text(), st.booleans())
def test_every_status_is_judged(status: int, retry_after: str | None, is_conditional: bool) -> None:  # noqa: FBT001  # drawn
    verdict = classify(
        status, retry_after=retry_after, is_conditional=is_conditional, misconfigured=(), now=NOW
    )
    assert (verdict.kind is Kind.FOUND) == (200 <= status < 300 and status not in {204, 205, 206})
    assert (verdict.kind is Kind.NOT_FOUND) == (status in {204, 205, 404, 410})


@pytest.mark.parametrize(
    ("value", "kept"),
    [
        ('W/"abc"', 'W/"abc"'),
        (None, None),
        ("", None),
        ('"ü"', None),
        ('"a\r\nX: y"', None),
        ("a" * LONGEST_VALIDATOR, "a" * LONGEST_VALIDATOR),
        ("a" * (LONGEST_VALIDATOR + 1), None),
    ],
    ids=["weak", "none", "empty", "not ASCII", "control characters", "long", "too long"],
)
def test_a_validator_is_kept_when_it_can_be_sent_back(value: str | None, kept: str | None) -> None:
    assert validator(value) == kept
