"""Whose turn it is at the decoders, so that slow pictures never keep quick ones from being decoded."""

import math
import threading
import time
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from enum import Enum, auto

from logocache.images.limits import FEWEST_PLACES


class Lane(Enum):
    """How much a task may take. Each picture starts as a QUICK one; see `limits`."""

    QUICK = auto()
    SLOW = auto()


class NoTurn(Exception):  # noqa: N818 - a fact about the queue, not a fault of the program
    """The deadline came before the turn."""


class Turns:
    """Hands out `places` among threads: first come, first served in each lane.

    One place at most is for SLOW tasks, and it is theirs as soon as one waits; the others are for QUICK ones
    alone. So a quick task waits for those that came before it at the places that are left, each of
    which takes `limits.QUICK_SECONDS` at most; and a slow one waits for slow ones, whatever else goes on.
    An entry waits with one picture at a time, so first come, first served is fair among entries.
    """

    def __init__(self, places: int) -> None:
        """Raises ValueError for fewer places than there are lanes."""
        if places < FEWEST_PLACES:
            raise ValueError(f"{places} places for two lanes")
        self._places = places
        self._changed = threading.Condition()
        self._waiting: dict[Lane, deque[object]] = {lane: deque() for lane in Lane}
        self._running = dict.fromkeys(Lane, 0)
        self._closed = False

    @contextmanager
    def turn(self, lane: Lane, *, deadline: float) -> Iterator[None]:
        """Wait for a place, until `deadline` (`time.monotonic`) at the longest, and hold it.

        Raises `NoTurn`, and RuntimeError once closed.
        """
        with self._changed:
            self._await(lane, deadline)
            self._running[lane] += 1
        try:
            yield
        finally:
            with self._changed:
                self._running[lane] -= 1
                self._changed.notify_all()

    def close(self, *, timeout: float) -> None:
        """Turn away who waits; return when nothing runs any more, or after `timeout` seconds."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()
            self._changed.wait_for(lambda: not any(self._running.values()), timeout=timeout)

    def _await(self, lane: Lane, deadline: float) -> None:
        ticket = object()
        self._waiting[lane].append(ticket)
        try:
            timeout = None if deadline == math.inf else max(0.0, deadline - time.monotonic())
            is_next = self._changed.wait_for(
                lambda: self._closed or (self._waiting[lane][0] is ticket and self._is_free(lane)), timeout
            )
        finally:
            self._waiting[lane].remove(ticket)
            self._changed.notify_all()
        if self._closed:
            raise RuntimeError("the pool of image decoders is closed")
        if not is_next:
            raise NoTurn

    def _is_free(self, lane: Lane) -> bool:
        quick, slow = self._running[Lane.QUICK], self._running[Lane.SLOW]
        if lane is Lane.SLOW:
            return slow == 0 and quick < self._places
        kept_free = 1 if slow or self._waiting[Lane.SLOW] else 0
        return quick < self._places - kept_free
