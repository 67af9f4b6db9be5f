import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fetcher.loopback import FakeTime
from logocache.fetcher.failures import FetchError, NoTurnError
from logocache.fetcher.limits import HostSlots, TokenBucket
from logocache.model import OutcomeKind

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


def test_a_host_has_so_many_slots_and_others_have_their_own() -> None:
    slots = HostSlots(1)
    with (
        slots.held("a.example", timeout=0),
        slots.held("b.example", timeout=0),
        pytest.raises(FetchError) as caught,
        slots.held("a.example", timeout=0.01),
    ):
        raise AssertionError("unreachable: two at a time")
    assert isinstance(caught.value, NoTurnError)
    assert caught.value.kind is OutcomeKind.TRANSIENT
    with slots.held("a.example", timeout=-1):
        pass


def test_once_closed_nobody_gets_a_slot_and_who_waits_is_told_at_once() -> None:
    slots = HostSlots(1)
    told: list[OutcomeKind] = []

    def wait() -> None:
        with pytest.raises(FetchError, match="closed") as caught, slots.held("a.example", timeout=60):
            raise AssertionError("unreachable: it is taken")
        told.append(caught.value.kind)

    waiters = [threading.Thread(target=wait) for _ in range(3)]
    with slots.held("a.example", timeout=0):
        for waiter in waiters:
            waiter.start()
        slots.close()
        for waiter in waiters:
            waiter.join(timeout=5)
    assert told == [OutcomeKind.NOT_ASKED] * 3
    with pytest.raises(FetchError, match="closed"), slots.held("b.example", timeout=60):
        raise AssertionError("unreachable: it is closed")


def test_a_slot_is_given_back_when_the_request_fails_and_leaves_no_trace() -> None:
    slots = HostSlots(1)
    with pytest.raises(ZeroDivisionError), slots.held("a.example", timeout=0):
        raise ZeroDivisionError
    assert not slots._taken


def test_who_waits_for_a_slot_gets_it_when_it_is_given_back() -> None:
    slots = HostSlots(1)
    got_it = threading.Event()

    def wait() -> None:
        with slots.held("a.example", timeout=5):
            got_it.set()

    waiter = threading.Thread(target=wait)
    with slots.held("a.example", timeout=0):
        waiter.start()
        assert not got_it.wait(0.05)
    assert got_it.wait(5)
    waiter.join()
