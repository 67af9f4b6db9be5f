"""What may be asked of the network.

Called from several threads at once.
"""

from typing import Protocol

from logocache.model import Answer, FetchRequest


class Fetcher(Protocol):
    """Asks the network, safely: guard, limits, retries, breaker."""

    def fetch(self, request: FetchRequest, *, deadline: float) -> Answer:
        """Ask, and retry what can heal until `deadline` (`time.monotonic` seconds).

        Never raises for anything that a server or the network does.
        """
        ...

    def close(self) -> None:
        """End it all: whatever is under way or waits ends within a second, as NOT_ASKED."""
        ...
