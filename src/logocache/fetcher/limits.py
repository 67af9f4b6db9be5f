"""How much may be asked at once. Safe for threads."""

import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

from logocache.fetcher.failures import NoTurnError, closed
from logocache.model import OutcomeKind


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
