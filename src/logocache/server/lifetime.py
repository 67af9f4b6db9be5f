"""What goes on while the server is up, from its start to its orderly end."""

import asyncio
import logging
import random
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager

from logocache.cache import LogoCache
from logocache.errors import LogoCacheError
from logocache.server.recurring import Recurring
from logocache.server.service import LogoService

GENERATION_SECONDS = 1.0
"""How often other processes' changes are looked for: seen within two seconds, reading included."""
FLUSH_SECONDS = 3.0
REFRESHED_AT_ONCE = 50
"""Due logos that one round takes; another follows at once while there are more."""
PATIENCE_SECONDS = 0.3
"""How long to wait, at the end, for fetches that were told to end: they notice within a tenth."""

_log = logging.getLogger(__name__)


class Lifetime:
    """Starts and ends one server's work."""

    def __init__(
        self, cache: LogoCache, service: LogoService, *, each_second: Callable[[], None] = lambda: None
    ) -> None:
        """`each_second` is called about that often, on the event loop's thread."""
        self._each_second = each_second
        self._cache = cache
        self._service = service
        self._refreshing = ThreadPoolExecutor(1, thread_name_prefix="logocache-refresh")
        self._accesses = Recurring("accesses", self._flush, lambda: FLUSH_SECONDS)
        self._recurring = [
            Recurring("generation", self._follow_changes, lambda: GENERATION_SECONDS),
            self._accesses,
        ]
        if cache.settings.background_refresh and cache.settings.enabled:
            interval = cache.settings.background_interval_seconds
            self._recurring.append(Recurring("refresh", self._refresh_due, lambda: jittered(interval)))

    @asynccontextmanager
    async def run(self) -> AsyncIterator[None]:
        """Work while it lasts. What was counted is written at its end; no thread is left busy.

        Raises DirectoryError, DatabaseError or SchemaError at once, when there is no usable cache.
        """
        if self._cache.settings.enabled:
            await asyncio.to_thread(self._cache.require)
        for each in self._recurring:
            each.start()
        try:
            yield
        finally:
            await self._end()

    async def _end(self) -> None:
        for each in self._recurring:
            await each.stop()
        await self._accesses.once()  # first what must not be lost
        await asyncio.to_thread(self._cache.interrupt)
        await self._service.acquisition.flights.close(patience=PATIENCE_SECONDS)
        self._refreshing.shutdown(wait=False, cancel_futures=True)
        await asyncio.to_thread(self._service.keeping.close)
        try:
            await asyncio.to_thread(self._cache.close)
        except LogoCacheError as error:
            lost = self._cache.shelf.counted
            _log.error("accesses.lost", extra={"accesses": lost, "error": str(error)})

    async def _follow_changes(self) -> None:
        self._each_second()
        changes = await asyncio.to_thread(self._service.mirror.read_changes)
        if changes is not None:
            self._service.mirror.apply(changes)

    async def _flush(self) -> None:
        await asyncio.to_thread(self._cache.flush)

    async def _refresh_due(self) -> None:
        """Fetch what is due. Leases keep other processes off, the fetcher keeps to its rates."""
        loop = asyncio.get_running_loop()
        asked = REFRESHED_AT_ONCE
        while asked == REFRESHED_AT_ONCE:
            report = await loop.run_in_executor(
                self._refreshing, lambda: self._cache.refresh(limit=REFRESHED_AT_ONCE)
            )
            asked = report.asked


def jittered(seconds: float) -> float:
    """A wait around `seconds`, so that many processes do not move in step."""
    return seconds * random.uniform(0.5, 1.5)  # noqa: S311  # no secret depends on it
