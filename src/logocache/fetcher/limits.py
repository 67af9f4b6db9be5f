"""Limits of requests: rates, slots per host, circuit breakers and retries. Loads no HTTP library."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from enum import Enum

from logocache.errors import PicklableError
from logocache.model import OutcomeKind
from logocache.ports import Answer


class FetchError(PicklableError):
    """An attempt ended without a usable answer. Never leaves the fetcher."""

    def __init__(self, kind: OutcomeKind, reason: str, *, retry_at: datetime | None = None) -> None:
        self.kind = kind
        self.retry_at = retry_at
        self.reason = " ".join(reason.split())
        super().__init__(self.reason)


class NoTurnError(FetchError):
    """Nothing was sent: limits left no time, or the breaker is open. An earlier answer takes precedence.

    TRANSIENT when time ran out, so that the entry backs off instead of being retried at once;
    NOT_ASKED while the breaker is open.
    """


def closed() -> FetchError:
    """The error of requests that are started or still running once the fetcher is closed."""
    return FetchError(OutcomeKind.NOT_ASKED, "the fetcher is closed")


@dataclass(slots=True)
class _Host:
    """Slots of one host that are taken, and the threads that wait for one or hold one."""

    freed: threading.Condition
    taken: int = 0
    interested: int = 0


class HostSlots:
    """At most `per_host` concurrent requests to one host. Idle hosts take no memory.

    A slot that is given back wakes one thread, of those that wait for this host.
    """

    def __init__(self, per_host: int) -> None:
        self._per_host = per_host
        self._hosts: dict[str, _Host] = {}
        self._lock = threading.Lock()
        self._is_closed = False

    @contextmanager
    def held(self, host: str, *, timeout: float) -> Iterator[None]:
        """Hold a slot of `host`.

        Raises `NoTurnError` when none is free in time, and `FetchError` (NOT_ASKED) once closed.
        """
        with self._lock:
            slots = self._hosts.get(host)
            if slots is None:
                slots = self._hosts[host] = _Host(threading.Condition(self._lock))
            slots.interested += 1
            try:
                self._take(slots, host, timeout=timeout)
            except BaseException:
                self._leave(slots, host)
                raise
        try:
            yield
        finally:
            with self._lock:
                slots.taken -= 1
                slots.freed.notify()
                self._leave(slots, host)

    def close(self) -> None:
        """Reject waiting and future requests for a slot. Held slots remain valid."""
        with self._lock:
            self._is_closed = True
            for slots in self._hosts.values():
                slots.freed.notify_all()

    def _take(self, slots: _Host, host: str, *, timeout: float) -> None:
        slots.freed.wait_for(lambda: self._is_closed or slots.taken < self._per_host, max(0.0, timeout))
        if self._is_closed:
            raise closed()
        if slots.taken >= self._per_host:
            raise NoTurnError(OutcomeKind.TRANSIENT, f"too many requests to {host} at the same time")
        slots.taken += 1

    def _leave(self, slots: _Host, host: str) -> None:
        """Forget a host in which nobody is interested any more."""
        slots.interested -= 1
        if not slots.interested:
            del self._hosts[host]


THRESHOLD = 5
"""Consecutive failures of different subjects that open a breaker."""

COOL_DOWN = 60.0
"""Seconds until a probe request is admitted."""


class State(Enum):
    CLOSED = "closed"
    OPEN = "open"
    PROBING = "probing"
    """Open, with a probe request running."""


class Breaker:
    """Circuit breaker: opens after THRESHOLD different subjects failed in a row. Thread-safe.

    Every admitted request reports exactly once: `failed`, `answered` or `abandoned`.
    """

    def __init__(self, *, monotonic: Callable[[], float]) -> None:
        self._monotonic = monotonic
        self._lock = threading.Lock()
        self._state = State.CLOSED
        self._subjects: set[str] = set()
        self._opened_at = 0.0

    def is_open(self) -> bool:
        """True if no request would be admitted now."""
        with self._lock:
            return not self._would_admit()

    def admit(self) -> bool:
        """True if a request may be sent now. After the cool-down one is admitted until it reports."""
        with self._lock:
            if not self._would_admit():
                return False
            if self._state is State.OPEN:
                self._state = State.PROBING
            return True

    def failed(self, subject: str) -> bool:
        """Report an admitted request that got no answer. Returns True if this opened the breaker."""
        with self._lock:
            was_closed = self._state is State.CLOSED
            self._subjects.add(subject)
            if was_closed and len(self._subjects) < THRESHOLD:
                return False
            self._state = State.OPEN
            self._opened_at = self._monotonic()
            return was_closed

    def answered(self) -> None:
        """Report an admitted request that was answered, whatever the answer: closes the breaker."""
        with self._lock:
            self._state = State.CLOSED
            self._subjects.clear()

    def abandoned(self) -> None:
        """Report an admitted request that showed nothing: another may probe instead."""
        with self._lock:
            if self._state is State.PROBING:
                self._state = State.OPEN

    def _would_admit(self) -> bool:
        if self._state is State.OPEN:
            return self._monotonic() >= self._opened_at + COOL_DOWN
        return self._state is State.CLOSED


FIRST_WAIT = 0.5
"""Seconds; doubles with each attempt."""

LONGEST_WAIT = 8.0
"""Seconds between two attempts."""

LONGEST_THROTTLE = 5.0
"""Seconds of a Retry-After that are waited for within a run."""

LONGEST_RETRY_AFTER = timedelta(days=7)
"""Longer values of Retry-After are cut to this."""


def wait_before(attempt: int, *, random: float) -> float:
    """Seconds before retry number `attempt` (from 1): exponential backoff with full jitter.

    `random` is between 0 and 1. See
    https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/
    """
    return random * min(LONGEST_WAIT, FIRST_WAIT * 2.0 ** (attempt - 1))


def wait_after(answer: Answer, attempt: int, *, random: float, now: datetime) -> float | None:
    """Seconds to wait before a retry; None when a retry in this run cannot help."""
    if answer.kind is OutcomeKind.TRANSIENT:
        return wait_before(attempt, random=random)
    if answer.kind is OutcomeKind.THROTTLED and answer.retry_at is not None:
        wait = max(0.0, (answer.retry_at - now).total_seconds())
        return wait if wait <= LONGEST_THROTTLE else None
    return None


def retry_at(value: str | None, *, now: datetime) -> datetime | None:
    """The time that a Retry-After field gives (RFC 9110 10.2.3), at most seven days from `now`.

    None when the field is absent, or neither a number of seconds nor an HTTP date.
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


class TokenBucket:
    """At most `rate` requests a second, after a `burst` of at least one. Thread-safe."""

    def __init__(self, rate: float, *, burst: float | None = None, monotonic: Callable[[], float]) -> None:
        """`burst` defaults to one second's worth. Raises ValueError for a rate that is not above 0."""
        if rate <= 0:
            raise ValueError(f"a rate must be above 0, not {rate}")
        self._rate = rate
        self._capacity = max(1.0, rate if burst is None else burst)
        self._tokens = self._capacity
        self._monotonic = monotonic
        self._counted_at = monotonic()
        self._lock = threading.Lock()

    def take(self, *, until: float) -> float | None:
        """Reserve one token and return the seconds to wait before using it.

        Returns None, and reserves nothing, when that would be after `until`. Tokens are reserved in
        the order of the calls.
        """
        with self._lock:
            wait = self._wait()
            if self._counted_at + wait >= until:
                return None
            self._tokens -= 1.0
            return wait

    def take_now(self) -> float:
        """Take one token and return 0, or take none and return the seconds until there is one."""
        with self._lock:
            wait = self._wait()
            if not wait:
                self._tokens -= 1.0
            return wait

    def _wait(self) -> float:
        """Seconds until there is a token."""
        now = self._monotonic()
        gained = (now - self._counted_at) * self._rate
        self._tokens = min(self._capacity, self._tokens + gained)
        self._counted_at = now
        return max(0.0, (1.0 - self._tokens) / self._rate)
