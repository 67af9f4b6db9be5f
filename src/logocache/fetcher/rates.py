"""How often something may happen. Apart from the other limits because the server counts its clients by it."""

import threading
from collections.abc import Callable


class TokenBucket:
    """At most `rate` requests a second, after a `burst` (at least one) at once. Safe for threads."""

    def __init__(self, rate: float, *, burst: float | None = None, monotonic: Callable[[], float]) -> None:
        """Without `burst` a second's worth. Raises ValueError for a rate that is not above 0."""
        if rate <= 0:
            raise ValueError(f"a rate must be above 0, not {rate}")
        self._rate = rate
        self._capacity = max(1.0, rate if burst is None else burst)
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
            wait = self._wait()
            if self._counted_at + wait >= until:
                return None
            self._tokens -= 1.0
            return wait

    def take_now(self) -> float:
        """Take one token and return 0; when there is none, take nothing: the seconds until there is."""
        with self._lock:
            wait = self._wait()
            if not wait:
                self._tokens -= 1.0
            return wait

    def _wait(self) -> float:
        """Seconds until there is a token, from now on."""
        now = self._monotonic()
        gained = (now - self._counted_at) * self._rate
        self._tokens = min(self._capacity, self._tokens + gained)
        self._counted_at = now
        return max(0.0, (1.0 - self._tokens) / self._rate)
