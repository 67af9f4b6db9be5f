"""Transports on loan: each is used by one thread at a time."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import httpx

from logocache.fetcher.failures import closed


class Lending:
    """Lends transports, and makes as many as are ever out at the same time. Safe for threads."""

    def __init__(self, make: Callable[[], httpx.BaseTransport]) -> None:
        self._make = make
        self._idle: list[httpx.BaseTransport] = []
        self._is_closed = False
        self._lock = threading.Lock()

    @contextmanager
    def lent(self) -> Iterator[httpx.BaseTransport]:
        """A transport for this thread alone. Raises `FetchError` (NOT_ASKED) once closed."""
        with self._lock:
            if self._is_closed:
                raise closed()
            transport = self._idle.pop() if self._idle else self._make()
        try:
            yield transport
        finally:
            self._take_back(transport)

    def close(self) -> None:
        """Close all of them; those that are out are closed when they come back."""
        with self._lock:
            self._is_closed = True
            idle, self._idle = self._idle, []
        for transport in idle:
            transport.close()

    def _take_back(self, transport: httpx.BaseTransport) -> None:
        with self._lock:
            if not self._is_closed:
                self._idle.append(transport)
                return
        transport.close()
