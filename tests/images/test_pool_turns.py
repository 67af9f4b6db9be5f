"""Whose turn it is: fair in each lane, and no lane starves the other."""

import math
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest

from logocache.images.pool import Lane, NoTurn, Turns


class Crowd:
    """Threads that wait for their turn; those that got it, in order."""

    def __init__(self, turns: Turns) -> None:
        self.turns = turns
        self.entered: list[str] = []
        self._leave: dict[str, threading.Event] = {}
        self._threads: list[threading.Thread] = []

    def come(self, name: str, lane: Lane) -> None:
        """Returns when `name` has its place or waits for it."""
        self._leave[name] = threading.Event()
        thread = threading.Thread(target=self._visit, args=(name, lane))
        self._threads.append(thread)
        thread.start()
        until(lambda: self._is_there(name, lane))

    def go(self, name: str, *, then: list[str]) -> None:
        """`name` leaves his place; `then` is who has ever had one, in order."""
        self._leave[name].set()
        until(lambda: self.entered == then)

    def end(self) -> None:
        for leave in self._leave.values():
            leave.set()
        for thread in self._threads:
            thread.join(60)

    def _is_there(self, name: str, lane: Lane) -> bool:
        with self.turns._lock:
            arrived = len(self._threads)
            waiting = sum(len(queue) for queue in self.turns._waiting.values())
            return waiting + len(self.entered) == arrived

    def _visit(self, name: str, lane: Lane) -> None:
        with self.turns.turn(lane, deadline=math.inf):
            self.entered.append(name)
            assert self._leave[name].wait(60)


def until(condition: Callable[[], bool]) -> None:
    for _ in range(12_000):
        if condition():
            return
        time.sleep(0.005)
    raise AssertionError("it never came about")


@pytest.fixture
def crowd() -> Iterator[Crowd]:
    crowd = Crowd(Turns(2))
    try:
        yield crowd
    finally:
        crowd.end()


def test_first_come_first_served(crowd: Crowd) -> None:
    for name in "abcde":
        crowd.come(name, Lane.QUICK)
    assert crowd.entered == ["a", "b"]
    crowd.go("b", then=["a", "b", "c"])
    crowd.go("a", then=["a", "b", "c", "d"])
    crowd.go("c", then=["a", "b", "c", "d", "e"])


class CountingTurns(Turns):
    """Counts how often a thread looks whether a place is free."""

    looks = 0

    def _is_free(self, lane: Lane) -> bool:
        self.looks += 1
        return super()._is_free(lane)


def test_a_place_that_becomes_free_wakes_the_next_alone() -> None:
    """Sixty-four threads wait for two decoders: were each woken for each place, that would cost the most."""
    turns = CountingTurns(2)
    crowd = Crowd(turns)
    try:
        names = [f"{number:02}" for number in range(20)]
        for name in names:
            crowd.come(name, Lane.QUICK)
        turns.looks = 0
        for number, name in enumerate(names[:10]):
            crowd.go(name, then=names[: number + 3])
        assert turns.looks <= 2 * 10
    finally:
        crowd.end()


def test_of_slow_ones_only_one_has_a_place_and_quick_ones_pass_the_others_by(crowd: Crowd) -> None:
    for number in range(1, 9):
        crowd.come(f"slow {number}", Lane.SLOW)
    crowd.come("quick", Lane.QUICK)
    assert crowd.entered == ["slow 1", "quick"]
    crowd.go("slow 1", then=["slow 1", "quick", "slow 2"])


def test_a_stream_of_quick_ones_does_not_keep_a_slow_one_waiting(crowd: Crowd) -> None:
    for name in ("a", "b"):
        crowd.come(name, Lane.QUICK)
    crowd.come("slow", Lane.SLOW)
    crowd.come("c", Lane.QUICK)
    crowd.go("a", then=["a", "b", "slow"])
    crowd.go("b", then=["a", "b", "slow", "c"])


def test_who_gives_up_waiting_is_in_nobodys_way() -> None:
    turns = Turns(2)
    with ExitStack() as places:
        for lane in (Lane.SLOW, Lane.QUICK):
            places.enter_context(turns.turn(lane, deadline=math.inf))
        for lane in Lane:
            with pytest.raises(NoTurn), turns.turn(lane, deadline=time.monotonic()):
                raise AssertionError("unreachable: there is no place")
    for lane in Lane:
        with turns.turn(lane, deadline=time.monotonic()):
            pass


def test_two_lanes_need_two_places() -> None:
    with pytest.raises(ValueError, match="1 places"):
        Turns(1)
