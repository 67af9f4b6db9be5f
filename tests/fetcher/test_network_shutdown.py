import threading

import httpcore
import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.loopback import FakeTime
from logocache.fetcher.limits import FetchError
from logocache.fetcher.network import LONGEST_WAIT, Deadline, Shutdown
from logocache.model import OutcomeKind


def test_before_it_begins_nothing_is_said() -> None:
    closing = Shutdown()
    closing.check()
    closing.sleep(0)
    closing.check()


def test_once_it_has_begun_nothing_is_asked_any_more() -> None:
    closing = Shutdown()
    for _ in range(2):
        closing.begin()
        with pytest.raises(FetchError, match="closed") as caught:
            closing.check()
    assert caught.value.kind is OutcomeKind.NOT_ASKED


def test_who_sleeps_is_woken_and_who_comes_later_does_not_sleep() -> None:
    closing = Shutdown()
    sleeper = threading.Thread(target=closing.sleep, args=(60,))
    sleeper.start()
    assert sleeper.is_alive()
    closing.begin()
    closing.sleep(60)
    sleeper.join(timeout=120)
    assert not sleeper.is_alive()


def after(seconds: float, time: FakeTime, closing: Shutdown | None = None) -> Deadline:
    deadline = Deadline(time.monotonic, closing or Shutdown())
    deadline.at = time.now + seconds
    return deadline


def test_what_is_left_shrinks_with_time() -> None:
    time = FakeTime()
    deadline = after(3, time)
    assert deadline.left(httpcore.ReadTimeout) == 3
    time.now += 1
    assert deadline.left(httpcore.ReadTimeout) == 2


@pytest.mark.parametrize("seconds", [0, -1])
@pytest.mark.parametrize("too_late", [httpcore.ReadTimeout, httpcore.ConnectTimeout])
def test_when_nothing_is_left_it_is_too_late(
    seconds: float, too_late: type[httpcore.TimeoutException]
) -> None:
    deadline = after(seconds, FakeTime())
    with pytest.raises(too_late, match="no time left"):
        deadline.left(too_late)
    with pytest.raises(too_late, match="no time left"):
        deadline.piece(too_late)


@given(st.floats(0.001, 5))
def test_pieces_are_short_and_add_up_to_the_whole(seconds: float) -> None:
    time = FakeTime()
    deadline = after(seconds, time)
    end = time.now + seconds
    while time.now < end:
        piece = deadline.piece(httpcore.ReadTimeout)
        assert 0 < piece <= LONGEST_WAIT
        time.now += piece
    assert time.now == pytest.approx(end)


@pytest.mark.parametrize(("seconds", "expected"), [(2, 2), (9, 5)], ids=["shorter", "longer"])
def test_a_part_ends_with_the_whole_at_the_latest(seconds: float, expected: float) -> None:
    whole = after(5, FakeTime())
    assert whole.within(seconds).left(httpcore.ConnectTimeout) == expected
    assert whole.left(httpcore.ConnectTimeout) == 5


def test_once_the_fetcher_is_closed_nothing_is_asked_though_there_were_time() -> None:
    closing = Shutdown()
    deadline = after(5, FakeTime(), closing)
    part = deadline.within(1)
    closing.begin()
    for ask in (deadline.left, deadline.piece, part.piece):
        with pytest.raises(FetchError) as caught:
            ask(httpcore.ReadTimeout)
        assert caught.value.kind is OutcomeKind.NOT_ASKED
