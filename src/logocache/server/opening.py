"""Opening the cache: at the start of the server, or, where it is away then, as soon as it is there."""

import asyncio
import logging
from collections.abc import Awaitable, Callable

from logocache.errors import UnavailableError
from logocache.server.recurring import jittered

FIRST_WAIT, LONGEST_WAIT = 1.0, 30.0
"""Seconds between attempts: they double, and are jittered."""

_log = logging.getLogger(__name__)


def backoff(attempt: int) -> float:
    """Seconds to wait after that attempt, which counts from 0."""
    return jittered(min(FIRST_WAIT * 2 ** min(attempt, 10), LONGEST_WAIT))


class Opening:
    """Whether the cache could be used since the server began. What fails later is each request's matter."""

    def __init__(
        self, require: Callable[[], Awaitable[None]], *, wait: Callable[[int], float] = backoff
    ) -> None:
        """`require` raises UnavailableError while the cache cannot be used."""
        self._require = require
        self._wait = wait
        self.problem: UnavailableError | None = None
        """Why it cannot be used yet; None when it can, and when nobody has looked."""

    async def insist(self) -> None:
        """Open it now. Raises what `require` raises."""
        await self._require()

    async def attempt(self) -> bool:
        """Open it now; True if that was possible. What is in the way first is logged as a warning."""
        earlier = self.problem
        try:
            await self._require()
        except UnavailableError as error:
            self.problem = error
        except Exception as error:  # noqa: BLE001  # a bug of ours must not end somebody else's application
            if earlier is None:
                _log.exception("cache.broken")
            self.problem = UnavailableError(
                f"the cache cannot be opened ({type(error).__name__})", hint="the server's log says more"
            )
        else:
            self.problem = None
            if earlier is not None:
                _log.warning("cache.available")
            return True
        if str(self.problem) != str(earlier):
            # One line for people; what stands in the way next is for whoever looks closer.
            level = logging.WARNING if earlier is None else logging.INFO
            _log.log(level, "cache.unavailable", extra={"error": str(self.problem)})
        return False

    async def keep_trying(self) -> None:
        """Return when it is open."""
        attempt = 0
        while True:
            await asyncio.sleep(self._wait(attempt))
            if await self.attempt():
                return
            attempt += 1

    async def check(self) -> None:
        """As a dependency of routes: raises UnavailableError while it is not open."""
        if self.problem is not None:
            raise self.problem.with_traceback(None)  # else it would grow with each request
