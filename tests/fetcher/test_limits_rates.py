import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.loopback import FakeTime
from logocache.fetcher.limits import TokenBucket

FOREVER = float("inf")


def test_after_a_first_second_s_worth_requests_are_spaced_by_the_rate() -> None:
    bucket = TokenBucket(2, monotonic=FakeTime().monotonic)
    assert [bucket.take(until=FOREVER) for _ in range(5)] == [0, 0, 0.5, 1.0, 1.5]


def test_a_rate_below_one_lets_one_through_at_once() -> None:
    bucket = TokenBucket(0.25, monotonic=FakeTime().monotonic)
    assert [bucket.take(until=FOREVER) for _ in range(3)] == [0, 4, 8]


def test_an_idle_bucket_fills_up_but_never_over() -> None:
    time = FakeTime()
    bucket = TokenBucket(2, monotonic=time.monotonic)
    assert [bucket.take(until=FOREVER) for _ in range(3)] == [0, 0, 0.5]
    time.now += 1000
    assert [bucket.take(until=FOREVER) for _ in range(3)] == [0, 0, 0.5]


def test_a_turn_that_would_come_too_late_is_not_taken() -> None:
    time = FakeTime()
    bucket = TokenBucket(1, monotonic=time.monotonic)
    assert bucket.take(until=time.now + 1) == 0
    assert bucket.take(until=time.now + 1) is None
    assert bucket.take(until=time.now + 1.01) == 1


@given(st.floats(0.01, 100), st.lists(st.floats(0, 10), max_size=30))
def test_in_no_second_there_are_more_than_twice_the_rate(rate: float, pauses: list[float]) -> None:
    """A full bucket and what flows in meanwhile: the known bound of a token bucket."""
    time = FakeTime()
    bucket = TokenBucket(rate, monotonic=time.monotonic)
    moments = []
    for pause in pauses:
        time.now += pause
        wait = bucket.take(until=FOREVER)
        assert wait is not None
        moments.append(time.now + wait)
    assert moments == sorted(moments)
    for first in moments:
        within_a_second = sum(first <= moment < first + 1 for moment in moments)
        assert within_a_second <= max(1.0, rate) + rate + 1


@pytest.mark.parametrize("rate", [0, -1])
def test_a_rate_that_never_lets_anything_through_is_a_mistake(rate: float) -> None:
    with pytest.raises(ValueError, match="rate"):
        TokenBucket(rate, monotonic=FakeTime().monotonic)


def test_what_may_not_wait_takes_nothing_and_learns_how_long_it_would() -> None:
    time = FakeTime()
    bucket = TokenBucket(0.5, burst=3, monotonic=time.monotonic)
    assert [bucket.take_now() for _ in range(5)] == [0, 0, 0, 2, 2]
    time.now += 2
    assert [bucket.take_now() for _ in range(2)] == [0, 2]
