"""Periodic work while the server runs, from opening the cache to an orderly shutdown."""

import asyncio
import logging
import random
from collections.abc import AsyncIterator, Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from functools import partial

from logocache.cache import LogoCache
from logocache.errors import DatabaseError, LogoCacheError, UnavailableError
from logocache.server.limits import Bulkhead
from logocache.server.service import LogoService

_log = logging.getLogger(__name__)


class PeriodicTask:
    """Runs an action periodically. A failure is logged once, until the action succeeds again."""

    def __init__(self, name: str, action: Callable[[], Awaitable[None]], wait: Callable[[], float]) -> None:
        """`wait` returns the seconds until the next run, and is called before each, so that it may jitter."""
        self._name = name
        self._action = action
        self._wait = wait
        self._failing = False
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        self._task = asyncio.create_task(self._run(), name=self._name)

    async def stop(self) -> None:
        """Stop running it; work in another thread is finished there."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait([self._task])

    async def once(self) -> None:
        """Run the action now. Errors are logged, not raised."""
        try:
            await self._action()
        except LogoCacheError as error:
            if not self._failing:
                _log.warning(f"{self._name}.failed", extra={"error": str(error)})  # the event's name
            self._failing = True
        except Exception:  # noqa: BLE001  # a bug in one run must not prevent the next
            _log.exception(f"{self._name}.broken")  # the event's name
            self._failing = True
        else:
            if self._failing:
                _log.warning(f"{self._name}.recovered")  # the event's name
            self._failing = False

    async def _run(self) -> None:
        while True:
            await asyncio.sleep(self._wait())
            await self.once()


def jittered(seconds: float) -> float:
    """A random wait of half to one and a half times `seconds`, so that processes do not synchronise."""
    return seconds * random.uniform(0.5, 1.5)  # noqa: S311  # no secret depends on it


FIRST_WAIT, LONGEST_WAIT = 1.0, 30.0
"""Bounds of the seconds between attempts, which double and are jittered."""


def backoff(attempt: int) -> float:
    """Seconds to wait after an attempt; the first is 0."""
    return jittered(min(FIRST_WAIT * 2 ** min(attempt, 10), LONGEST_WAIT))


class Opening:
    """Opens the cache when the server starts. Later failures are up to each request."""

    def __init__(
        self, require: Callable[[], Awaitable[None]], *, wait: Callable[[int], float] = backoff
    ) -> None:
        """`require` raises UnavailableError while the cache is not usable."""
        self._require = require
        self._wait = wait
        self.problem: UnavailableError | None = None
        """The reason why the cache is not open; None if it is, and before the first attempt."""

    async def attempt(self) -> bool:
        """Try to open the cache; True on success. The first problem is logged as a warning."""
        earlier = self.problem
        try:
            await self._require()
        except UnavailableError as error:
            self.problem = error
        except Exception as error:  # noqa: BLE001  # a bug of ours must not stop a foreign application
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
            # One warning is enough; further problems are logged as information.
            level = logging.WARNING if earlier is None else logging.INFO
            _log.log(level, "cache.unavailable", extra={"error": str(self.problem)})
        return False

    async def keep_trying(self) -> None:
        """Try until the cache is open."""
        attempt = 0
        while True:
            await asyncio.sleep(self._wait(attempt))
            if await self.attempt():
                return
            attempt += 1

    async def check(self) -> None:
        """A dependency of routes. Raises UnavailableError while the cache is not open."""
        if self.problem is not None:
            raise self.problem.with_traceback(None)  # else it would grow with each request


GENERATION_SECONDS = 1.0
"""Interval of checks for changes by other processes, which are seen within two seconds."""
FLUSH_SECONDS = 3.0
REFRESHED_AT_ONCE = 50
"""Due logos of one refresh; the next follows at once while there are more."""
PATIENCE_SECONDS = 0.3
"""Wait at the end for interrupted fetches, which notice within 0.1 s."""
OPENING_SECONDS = 8.0
"""Limit of one attempt to open the cache: the start of a foreign application may wait for it."""
BACKGROUND_SECONDS = 60.0
"""Limit of work in the background: longer than the wait for the database's write lock."""
SHORTEST_END = 0.3
"""Seconds to write the last counts, however short LOGO_CACHE_SHUTDOWN_SECONDS is."""


class Background:
    """Starts and stops the background work of one server."""

    def __init__(
        self,
        cache: LogoCache,
        service: LogoService,
        *,
        each_second: Callable[[], None] = lambda: None,
    ) -> None:
        """`each_second` is called about once a second and at the end, on the event loop's thread."""
        self._each_second = each_second
        self._cache = cache
        self._service = service
        self.opening = Opening(self._open)
        self._opening_task: asyncio.Task[None] | None = None
        # One thread each, so that none waits for the others.
        self._opener, self._following, self._counting = _background(), _background(), _background()
        self._refreshing = ThreadPoolExecutor(1, thread_name_prefix="logocache-refresh")
        self._tasks = [
            PeriodicTask("generation", self._follow_changes, lambda: GENERATION_SECONDS),
            PeriodicTask("accesses", self._flush, lambda: FLUSH_SECONDS),
        ]
        if cache.settings.background_refresh and cache.settings.enabled:
            interval = cache.settings.background_interval_seconds
            self._tasks.append(PeriodicTask("refresh", self._refresh_due, lambda: jittered(interval)))

    @asynccontextmanager
    async def run(self, *, strict: bool = True) -> AsyncIterator[None]:
        """Run the work until the block ends; counts are written at the end.

        If the cache is not usable, `strict` raises DirectoryError, DatabaseError or SchemaError; else the
        work begins as soon as it is usable, and `Opening.problem` has the reason meanwhile.
        """
        if not self._cache.settings.enabled:
            self._start()
        elif strict:
            await self._open()
            self._start()
        elif await self.opening.attempt():
            self._start()
        else:
            self._opening_task = asyncio.create_task(self._open_and_start(), name="opening")
        try:
            yield
        finally:
            await self._end()

    async def _open_and_start(self) -> None:
        await self.opening.keep_trying()
        self._start()

    def _start(self) -> None:
        for task in self._tasks:
            task.start()

    async def _end(self) -> None:
        """Stop everything, within about half of LOGO_CACHE_SHUTDOWN_SECONDS even if the database hangs.

        Counts that could not be written, or perhaps not, are logged as lost.
        """
        if self._opening_task is not None:
            self._opening_task.cancel()
        for task in self._tasks:
            await task.stop()
        self._each_second()
        shutdown = _Shutdown(max(self._cache.settings.shutdown_seconds / 2, SHORTEST_END))
        try:
            in_time = await shutdown.run(self._cache.flush, self._cache.interrupt)
            await self._service.admission.queue.close(patience=PATIENCE_SECONDS)
            stop_refreshing = partial(self._refreshing.shutdown, wait=True, cancel_futures=True)
            await shutdown.run(stop_refreshing, self._service.variants.close, within=PATIENCE_SECONDS)
            if in_time:  # else it would hang as well
                await shutdown.run(self._cache.close)
        finally:
            lost = self._cache.lookup.counted
            if lost:
                _log.error("accesses.lost", extra={"accesses": lost, "error": str(shutdown.problem)})
            shutdown.abandon()
            for bulkhead in (self._opener, self._following, self._counting, self._service.bulkheads):
                bulkhead.close()

    async def _open(self) -> None:
        await self._opener.run(self._cache.require, within=OPENING_SECONDS)

    async def _follow_changes(self) -> None:
        self._each_second()
        changes = await self._following.run(self._service.records.read_changes)
        if changes is not None:
            self._service.records.apply(changes)

    async def _flush(self) -> None:
        await self._counting.run(self._cache.flush)

    async def _refresh_due(self) -> None:
        """Refresh all due logos. Leases exclude other processes; the fetcher limits the rate."""
        loop = asyncio.get_running_loop()
        asked = REFRESHED_AT_ONCE
        while asked == REFRESHED_AT_ONCE:
            report = await loop.run_in_executor(
                self._refreshing, lambda: self._cache.refresh(limit=REFRESHED_AT_ONCE)
            )
            asked = report.asked


class _Shutdown:
    """Threads for the last work, with a time limit."""

    def __init__(self, seconds: float) -> None:
        self.problem: Exception = DatabaseError(
            "the database does not answer", hint="look at it before the next start"
        )
        """The last error."""
        self._deadline = asyncio.get_running_loop().time() + seconds
        self._pool = ThreadPoolExecutor(thread_name_prefix="logocache-end")

    async def run(self, *works: Callable[[], None], within: float | None = None) -> bool:
        """Run all at the same time; True if they ended in time, even with an error."""
        loop = asyncio.get_running_loop()
        left = max(self._deadline - loop.time(), SHORTEST_END)
        begun = [loop.run_in_executor(self._pool, work) for work in works]
        done, late = await asyncio.wait(begun, timeout=left if within is None else within)
        for future in done:
            error = future.exception()
            if isinstance(error, LogoCacheError):
                self.problem = error
            elif error is not None:
                raise error
        return not late

    def abandon(self) -> None:
        """Do not wait for anything still running."""
        self._pool.shutdown(wait=False, cancel_futures=True)


def _background() -> Bulkhead:
    return Bulkhead(
        "database",
        threads=1,
        seconds=BACKGROUND_SECONDS,
        error=DatabaseError,
        hint="check that it answers",
    )
