from datetime import UTC, datetime, timedelta, timezone
from email.utils import format_datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from logocache.fetcher.limits import LONGEST_RETRY_AFTER, LONGEST_WAIT, retry_at, wait_after, wait_before
from logocache.model import OutcomeKind
from logocache.ports import Answer

NOW = datetime(1994, 11, 6, 8, 49, 0, tzinfo=UTC)
LATEST = NOW + LONGEST_RETRY_AFTER


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        pytest.param("120", NOW + timedelta(seconds=120), id="seconds"),
        pytest.param(" 0 ", NOW, id="at once"),
        pytest.param("999999", LATEST, id="more than seven days"),
        pytest.param("9" * 5000, LATEST, id="absurd number"),
        pytest.param("Sun, 06 Nov 1994 08:49:37 GMT", NOW + timedelta(seconds=37), id="IMF-fixdate"),
        pytest.param("Sunday, 06-Nov-94 08:49:37 GMT", NOW + timedelta(seconds=37), id="RFC 850"),
        pytest.param("Sun Nov  6 08:49:37 1994", NOW + timedelta(seconds=37), id="asctime"),
        pytest.param("Sun, 06 Nov 1994 09:49:37 +0100", NOW + timedelta(seconds=37), id="with an offset"),
        pytest.param("Sun, 06 Nov 1990 08:49:37 GMT", NOW, id="past"),
        pytest.param("Sun, 06 Nov 2094 08:49:37 GMT", LATEST, id="far future"),
        pytest.param("Fri, 31 Dec 9999 23:59:59 -2359", None, id="behind the last year"),
        pytest.param(None, None, id="none"),
        pytest.param("", None, id="empty"),
        pytest.param("-5", None, id="negative"),
        pytest.param("1.5", None, id="fraction"),
        pytest.param("٣", None, id="digits of another script"),
        pytest.param("soon", None, id="word"),
        pytest.param("Sun, 99 Foo 1994 08:49:37 GMT", None, id="no such date"),
    ],
)
def test_retry_after_names_a_moment_within_seven_days_or_nothing(
    value: str | None, expected: datetime | None
) -> None:
    assert retry_at(value, now=NOW) == expected


@given(st.text(max_size=60) | st.from_regex(r"\w{3}, \d{1,4} \w{3} \d{1,5} \d+:\d+:\d+ [+-]?\w{1,5}"))
def test_whatever_a_server_sends_is_a_moment_in_bounds_or_nothing(value: str) -> None:
    moment = retry_at(value, now=NOW)
    assert moment is None or (NOW <= moment <= LATEST and moment.utcoffset() == timedelta(0))


@given(st.datetimes(min_value=datetime(1994, 11, 7), max_value=datetime(1994, 11, 12)))  # noqa: DTZ001  # naive on purpose
def test_a_formatted_date_is_read_back(naive: datetime) -> None:
    moment = naive.replace(tzinfo=UTC, microsecond=0)
    assert retry_at(format_datetime(moment, usegmt=True), now=NOW) == moment
    elsewhere = moment.astimezone(timezone(timedelta(hours=-7)))
    assert retry_at(format_datetime(elsewhere), now=NOW) == moment


def test_waits_double_up_to_a_bound_and_are_spread_down_to_zero() -> None:
    assert [wait_before(attempt, random=1.0) for attempt in range(1, 7)] == [0.5, 1, 2, 4, 8, LONGEST_WAIT]
    assert wait_before(10, random=0.0) == 0
    assert wait_before(3, random=0.5) == 1


@pytest.mark.parametrize("kind", [kind for kind in OutcomeKind if kind is not OutcomeKind.TRANSIENT])
def test_nothing_but_transient_trouble_is_retried_unasked(kind: OutcomeKind) -> None:
    assert wait_after(Answer(kind=kind, url=""), 1, random=1.0, now=NOW) is None


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [(-3, 0.0), (0, 0.0), (5, 5.0), (5.1, None), (3600, None)],
    ids=["past", "now", "short", "just too long", "long"],
)
def test_a_throttled_request_is_retried_only_after_a_short_wait(
    seconds: float, expected: float | None
) -> None:
    throttled = Answer(kind=OutcomeKind.THROTTLED, url="", retry_at=NOW + timedelta(seconds=seconds))
    assert wait_after(throttled, 1, random=1.0, now=NOW) == expected


def test_transient_trouble_is_retried_after_its_backoff() -> None:
    assert wait_after(Answer(kind=OutcomeKind.TRANSIENT, url=""), 2, random=0.5, now=NOW) == 0.5
