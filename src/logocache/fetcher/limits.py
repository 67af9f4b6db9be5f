"""How much may be asked at once, and how often. Safe for threads."""

import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from logocache.fetcher.failures import NoTurnError, closed
from logocache.model import OutcomeKind


class TokenBucket:
    """At most `rate` requests a second, after a first second's worth (at least one) at once."""

    def __init__(self, rate: float, *, monotonic: Callable[[], float]) -> None:
        if rate <= 0:
            raise ValueError(f"a rate must be above 0, not {rate}")
        self._rate = rate
        self._capacity = max(1.0, rate)
        self._tokens = self._capacity
        self._monotonic = monotonic
        self._counted_at = monotonic()
        self._lock = threading.Lock()

    def take(self, *, until: float) -> float | None:
        """Take one token; the seconds to wait before it may be used.

        None, and nothing is taken, when that would be after `until`. Tokens are given out in the
        order of the calls: each waiter has its own moment.
        """
        with self._lock:
            now = self._monotonic()
            gained = (now - self._counted_at) * self._rate
            self._tokens = min(self._capacity, self._tokens + gained)
            self._counted_at = now
            wait = max(0.0, (1.0 - self._tokens) / self._rate)
            if now + wait >= until:
                return None
            self._tokens -= 1.0
            return wait


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
