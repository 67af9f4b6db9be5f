import pytest

from harness.loopback import FakeTime
from logocache.fetcher.limits import COOL_DOWN, THRESHOLD, Breaker


@pytest.fixture
def time() -> FakeTime:
    return FakeTime()


@pytest.fixture
def breaker(time: FakeTime) -> Breaker:
    return Breaker(monotonic=time.monotonic)


def open_it(breaker: Breaker) -> None:
    opened = [breaker.failed(f"site{number}.example") for number in range(THRESHOLD)]
    assert opened == [False] * (THRESHOLD - 1) + [True]


def test_it_opens_after_different_subjects_failed_in_a_row(breaker: Breaker) -> None:
    assert breaker.admit()
    open_it(breaker)
    assert breaker.is_open()
    assert not breaker.admit()


def test_one_subject_that_fails_again_and_again_does_not_open_it(breaker: Breaker) -> None:
    assert not any(breaker.failed("dead.example") for _ in range(10 * THRESHOLD))
    assert breaker.admit()


def test_an_answer_in_between_starts_the_count_again(breaker: Breaker) -> None:
    for number in range(10 * THRESHOLD):
        breaker.failed(f"site{number}.example")
        if number % (THRESHOLD - 1) == 0:
            breaker.answered()
    assert not breaker.is_open()


def test_after_the_cool_down_one_may_try(breaker: Breaker, time: FakeTime) -> None:
    open_it(breaker)
    time.now += COOL_DOWN - 0.01
    assert not breaker.admit()
    time.now += 0.01
    assert not breaker.is_open()
    assert breaker.admit()
    assert breaker.is_open()
    assert not breaker.admit()


def test_a_probe_that_is_answered_closes_it(breaker: Breaker, time: FakeTime) -> None:
    open_it(breaker)
    time.now += COOL_DOWN
    assert breaker.admit()
    breaker.answered()
    assert breaker.admit()
    assert breaker.admit()
    assert not breaker.failed("site.example")  # and the count starts again
    assert not breaker.is_open()


def test_a_probe_that_fails_opens_it_for_another_cool_down(breaker: Breaker, time: FakeTime) -> None:
    open_it(breaker)
    time.now += COOL_DOWN
    assert breaker.admit()
    assert not breaker.failed("probe.example")  # no news: it was open before
    time.now += COOL_DOWN - 0.01
    assert not breaker.admit()
    time.now += 0.01
    assert breaker.admit()


def test_a_probe_that_taught_nothing_makes_room_for_the_next(breaker: Breaker, time: FakeTime) -> None:
    open_it(breaker)
    time.now += COOL_DOWN
    assert breaker.admit()
    breaker.abandoned()
    assert breaker.admit()


def test_something_abandoned_changes_nothing_while_all_is_well(breaker: Breaker) -> None:
    breaker.abandoned()
    assert breaker.admit()
