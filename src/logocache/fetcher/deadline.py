"""How long the request at hand may wait for the network."""

from collections.abc import Callable

import httpcore

from logocache.fetcher.closing import Closing

LONGEST_WAIT = 0.1
"""Seconds that a wait for the network may take before it looks whether the fetcher is closed.

Sockets cannot be woken from another thread on every system, so waits for them are cut instead.
"""


class Deadline:
    """Until when the request at hand may take. Set anew for each request; used by one thread."""

    def __init__(self, monotonic: Callable[[], float], closing: Closing) -> None:
        self._monotonic = monotonic
        self._closing = closing
        self.at = 0.0

    def left(self, too_late: type[httpcore.TimeoutException]) -> float:
        """Seconds that are left, above 0.

        Raises `too_late` when there are none, and `FetchError` (NOT_ASKED) once the fetcher is closed.
        """
        self._closing.check()
        seconds = self.at - self._monotonic()
        if seconds <= 0:
            raise too_late("no time left")
        return seconds

    def piece(self, too_late: type[httpcore.TimeoutException]) -> float:
        """Seconds to wait before asking for the next piece; otherwise as `left`."""
        return min(self.left(too_late), LONGEST_WAIT)

    def within(self, seconds: float) -> "Deadline":
        """The deadline of a part that may take so long from now, but no longer than the whole."""
        part = Deadline(self._monotonic, self._closing)
        part.at = min(self.at, self._monotonic() + seconds)
        return part
