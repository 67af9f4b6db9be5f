"""Token bucket, for requests to providers and for the server's rate limit of clients."""

import threading
from collections.abc import Callable


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
