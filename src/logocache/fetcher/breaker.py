"""When a source seems unreachable, it is left alone for a while."""

import threading
from collections.abc import Callable
from enum import Enum

THRESHOLD = 5
"""Different subjects that failed in a row."""

COOL_DOWN = 60.0
"""Seconds until one request may try whether the source is back."""


class State(Enum):
    CLOSED = "closed"
    """All is well, or not yet bad enough."""
    OPEN = "open"
    PROBING = "probing"
    """Open, but one request is on its way."""


class Breaker:
    """Opens after THRESHOLD different subjects failed with no answer in between. Safe for threads.

    Whoever is admitted reports once: `failed`, `answered`, or `abandoned`.
    """

    def __init__(self, *, monotonic: Callable[[], float]) -> None:
        self._monotonic = monotonic
        self._lock = threading.Lock()
        self._state = State.CLOSED
        self._subjects: set[str] = set()
        self._opened_at = 0.0

    def is_open(self) -> bool:
        """Whether nobody would be admitted now."""
        with self._lock:
            return not self._would_admit()

    def admit(self) -> bool:
        """Whether one may ask now. After the cool-down only one is admitted, until it reports."""
        with self._lock:
            if not self._would_admit():
                return False
            if self._state is State.OPEN:
                self._state = State.PROBING
            return True

    def failed(self, subject: str) -> bool:
        """Something admitted ended without an answer; whether this opened the breaker."""
        with self._lock:
            was_closed = self._state is State.CLOSED
            self._subjects.add(subject)
            if was_closed and len(self._subjects) < THRESHOLD:
                return False
            self._state = State.OPEN
            self._opened_at = self._monotonic()
            return was_closed

    def answered(self) -> None:
        """Something admitted was answered, whatever the answer: the source lives."""
        with self._lock:
            self._state = State.CLOSED
            self._subjects.clear()

    def abandoned(self) -> None:
        """Something admitted ended with nothing learnt: the next one may try instead."""
        with self._lock:
            if self._state is State.PROBING:
                self._state = State.OPEN

    def _would_admit(self) -> bool:
        if self._state is State.OPEN:
            return self._monotonic() >= self._opened_at + COOL_DOWN
        return self._state is State.CLOSED
