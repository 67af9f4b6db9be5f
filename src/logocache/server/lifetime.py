"""What goes on while the server is up, from its start to its orderly end."""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from functools import partial

from logocache.cache import LogoCache
from logocache.errors import DatabaseError, LogoCacheError
from logocache.server.bulkheads import Bulkhead
from logocache.server.opening import Opening
from logocache.server.recurring import Recurring, jittered
from logocache.server.service import LogoService

GENERATION_SECONDS = 1.0
"""How often other processes' changes are looked for: seen within two seconds, reading included."""
FLUSH_SECONDS = 3.0
REFRESHED_AT_ONCE = 50
"""Due logos that one round takes; another follows at once while there are more."""
PATIENCE_SECONDS = 0.3
"""How long to wait, at the end, for fetches that were told to end: they notice within a tenth."""
OPENING_SECONDS = 8.0
"""For one attempt to open the cache: another application's start may wait for it."""
BACKGROUND_SECONDS = 60.0
"""For work behind the requests: longer than a writer waits for its turn."""
SHORTEST_END = 0.3
"""Seconds for the last counts, however short LOGO_CACHE_SHUTDOWN_SECONDS is."""

_log = logging.getLogger(__name__)


class Lifetime:
    """Starts and ends one server's work."""

    def __init__(
        self,
        cache: LogoCache,
        service: LogoService,
        *,
        each_second: Callable[[], None] = lambda: None,
    ) -> None:
        """`each_second` is called about that often, on the event loop's thread."""
        self._each_second = each_second
        self._cache = cache
        self._service = service
        self.opening = Opening(self._open)
        self._coming_up: asyncio.Task[None] | None = None
        # A thread for each: what one of them waits for must not hold up the others.
        self._opener, self._following, self._counting = _background(), _background(), _background()
        self._refreshing = ThreadPoolExecutor(1, thread_name_prefix="logocache-refresh")
        self._recurring = [
            Recurring("generation", self._follow_changes, lambda: GENERATION_SECONDS),
            Recurring("accesses", self._flush, lambda: FLUSH_SECONDS),
        ]
        if cache.settings.background_refresh and cache.settings.enabled:
            interval = cache.settings.background_interval_seconds
            self._recurring.append(Recurring("refresh", self._refresh_due, lambda: jittered(interval)))

    @asynccontextmanager
    async def run(self, *, strict: bool = True) -> AsyncIterator[None]:
        """Work while it lasts. What was counted is written at its end; no thread is left busy.

        Without a usable cache, `strict` raises DirectoryError, DatabaseError or SchemaError at once;
        else the work begins as soon as there is one, and `Opening.problem` says meanwhile what is missing.
        """
        if not self._cache.settings.enabled:
            self._start()
        elif strict:
            await self.opening.insist()
            self._start()
        elif await self.opening.attempt():
            self._start()
        else:
            self._coming_up = asyncio.create_task(self._come_up(), name="opening")
        try:
            yield
        finally:
            await self._end()

    async def _come_up(self) -> None:
        await self.opening.keep_trying()
        self._start()

    def _start(self) -> None:
        for each in self._recurring:
            each.start()

    async def _end(self) -> None:
        """In about half of LOGO_CACHE_SHUTDOWN_SECONDS even when the database hangs.

        Then it is told how many look-ups are not written, or may not be.
        """
        if self._coming_up is not None:
            self._coming_up.cancel()
        for each in self._recurring:
            await each.stop()
        ending = _Ending(max(self._cache.settings.shutdown_seconds / 2, SHORTEST_END))
        try:
            in_time = await ending.do(self._cache.flush, self._cache.interrupt)
            await self._service.acquisition.flights.close(patience=PATIENCE_SECONDS)
            leave_refreshing = partial(self._refreshing.shutdown, wait=True, cancel_futures=True)
            await ending.do(leave_refreshing, self._service.keeping.close, within=PATIENCE_SECONDS)
            if in_time:  # else it would only hang as well
                await ending.do(self._cache.close)
        finally:
            lost = self._cache.shelf.counted
            if lost:
                _log.error("accesses.lost", extra={"accesses": lost, "error": str(ending.problem)})
            ending.leave()
            for bulkhead in (self._opener, self._following, self._counting, self._service.bulkheads):
                bulkhead.close()

    async def _open(self) -> None:
        await self._opener.run(self._cache.require, within=OPENING_SECONDS)

    async def _follow_changes(self) -> None:
        self._each_second()
        changes = await self._following.run(self._service.mirror.read_changes)
        if changes is not None:
            self._service.mirror.apply(changes)

    async def _flush(self) -> None:
        await self._counting.run(self._cache.flush)

    async def _refresh_due(self) -> None:
        """Fetch what is due. Leases keep other processes off, the fetcher keeps to its rates."""
        loop = asyncio.get_running_loop()
        asked = REFRESHED_AT_ONCE
        while asked == REFRESHED_AT_ONCE:
            report = await loop.run_in_executor(
                self._refreshing, lambda: self._cache.refresh(limit=REFRESHED_AT_ONCE)
            )
            asked = report.asked


class _Ending:
    """Threads for the last work, and the time that it may take."""

    def __init__(self, seconds: float) -> None:
        self.problem: Exception = DatabaseError(
            "the database does not answer", hint="look at it before the next start"
        )
        """What went wrong last."""
        self._deadline = asyncio.get_running_loop().time() + seconds
        self._pool = ThreadPoolExecutor(thread_name_prefix="logocache-end")

    async def do(self, *works: Callable[[], None], within: float | None = None) -> bool:
        """Begin all of them at once; True if they have ended in time, well or not."""
        loop = asyncio.get_running_loop()
        left = max(self._deadline - loop.time(), SHORTEST_END)
        begun = [loop.run_in_executor(self._pool, work) for work in works]
        done, late = await asyncio.wait(begun, timeout=left if within is None else within)
        for each in done:
            error = each.exception()
            if isinstance(error, LogoCacheError):
                self.problem = error
            elif error is not None:
                raise error
        return not late

    def leave(self) -> None:
        """Wait for nothing any more."""
        self._pool.shutdown(wait=False, cancel_futures=True)


def _background() -> Bulkhead:
    return Bulkhead(
        "database",
        threads=1,
        seconds=BACKGROUND_SECONDS,
        error=DatabaseError,
        hint="check that it answers",
    )
