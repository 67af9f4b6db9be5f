"""Rate limits, circuit breakers and retries. Safe for threads."""

import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from enum import Enum

from logocache.fetcher.errors import NoTurnError, closed
from logocache.model import OutcomeKind
from logocache.ports import Answer


class HostSlots:
    """At most `per_host` requests to one host at a time. Hosts that nobody asks take no memory."""

    def __init__(self, per_host: int) -> None:
        self._per_host = per_host
        self._taken: Counter[str] = Counter()
        self._changed = threading.Condition()
        self._is_closed = False

    @contextmanager
    def held(self, host: str, *, timeout: float) -> Iterator[None]:
        """Hold a slot of `host`.

        Raises `NoTurnError` when none is free in time, and `FetchError` (NOT_ASKED) once closed.
        """
        with self._changed:
            self._changed.wait_for(lambda: self._is_closed or self._has_free(host), max(0.0, timeout))
            if self._is_closed:
                raise closed()
            if not self._has_free(host):
                raise NoTurnError(OutcomeKind.TRANSIENT, f"too many requests to {host} at the same time")
            self._taken[host] += 1
        try:
            yield
        finally:
            self._give_back(host)

    def close(self) -> None:
        """Nobody gets a slot any more, neither who comes nor who waits. Those that are held stay so."""
        with self._changed:
            self._is_closed = True
            self._changed.notify_all()

    def _has_free(self, host: str) -> bool:
        return self._taken[host] < self._per_host

    def _give_back(self, host: str) -> None:
        with self._changed:
            self._taken[host] -= 1
            if not self._taken[host]:
                del self._taken[host]
            self._changed.notify_all()


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


FIRST_WAIT = 0.5
"""Seconds; doubles with each try."""

LONGEST_WAIT = 8.0
"""Seconds between two tries."""

LONGEST_THROTTLE = 5.0
"""Seconds that a worker sleeps because a server asks it to; a longer wait is for the next run."""

LONGEST_RETRY_AFTER = timedelta(days=7)
"""Whoever asks for more is mistaken, or wants to be forgotten."""


def wait_before(attempt: int, *, random: float) -> float:
    """Seconds before the retry number `attempt` (from 1): exponential, with full jitter.

    `random` is between 0 and 1. "Full jitter" as in
    https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/
    """
    return random * min(LONGEST_WAIT, FIRST_WAIT * 2.0 ** (attempt - 1))


def wait_after(answer: Answer, attempt: int, *, random: float, now: datetime) -> float | None:
    """Seconds to wait before asking again; None when asking again in this run cannot help."""
    if answer.kind is OutcomeKind.TRANSIENT:
        return wait_before(attempt, random=random)
    if answer.kind is OutcomeKind.THROTTLED and answer.retry_at is not None:
        wait = max(0.0, (answer.retry_at - now).total_seconds())
        return wait if wait <= LONGEST_THROTTLE else None
    return None


def retry_at(value: str | None, *, now: datetime) -> datetime | None:
    """The moment that a Retry-After field names (RFC 9110 10.2.3), from `now` to seven days later.

    None when there is no field, or it is neither a number of seconds nor an HTTP date.
    """
    value = (value or "").strip()
    latest = now + LONGEST_RETRY_AFTER
    if value.isascii() and value.isdigit():
        seconds = int(value[:10])  # ten digits are far beyond the latest already
        return min(now + timedelta(seconds=min(seconds, LONGEST_RETRY_AFTER.total_seconds())), latest)
    moment = http_date(value)
    return None if moment is None else max(now, min(moment, latest))


def http_date(value: str) -> datetime | None:
    """A date in one of the three forms of RFC 9110 5.6.7; None for anything else."""
    try:
        moment = parsedate_to_datetime(value)
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None  # the parser promises ValueError, and has raised the others in some versions
