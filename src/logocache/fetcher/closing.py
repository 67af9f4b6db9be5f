"""The end of the fetcher, which nothing that waits may sleep through."""

import threading

from logocache.fetcher.failures import closed


class Closing:
    """Says once, to all threads, that nothing more is asked. Safe for threads."""

    def __init__(self) -> None:
        self._begun = threading.Event()

    def begin(self) -> None:
        """From now on `check` raises, and nobody sleeps."""
        self._begun.set()

    @property
    def has_begun(self) -> bool:
        return self._begun.is_set()

    def check(self) -> None:
        """Raise `FetchError` (NOT_ASKED) once it has begun."""
        if self.has_begun:
            raise closed()

    def sleep(self, seconds: float) -> None:
        """Let time pass; none at all, or no more, once it has begun."""
        self._begun.wait(seconds)
