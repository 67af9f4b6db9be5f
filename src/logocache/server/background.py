"""Periodic work while the server runs, from opening the cache to an orderly end."""

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
    """Does one thing again and again, a while apart. What goes wrong is logged, once until it heals."""

    def __init__(self, name: str, action: Callable[[], Awaitable[None]], wait: Callable[[], float]) -> None:
        """`wait` gives the seconds until the next time, anew each time, so that it may be jittered."""
        self._name = name
        self._action = action
        self._wait = wait
        self._failing = False
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        self._task = asyncio.create_task(self._run(), name=self._name)

    async def stop(self) -> None:
        """No further time; whoever works in another thread finishes there."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait([self._task])

    async def once(self) -> None:
        """Do it now. LogoCacheErrors and surprises are logged, not raised."""
        try:
            await self._action()
        except LogoCacheError as error:
            if not self._failing:
                _log.warning(f"{self._name}.failed", extra={"error": str(error)})  # the event's name
            self._failing = True
        except Exception:  # noqa: BLE001  # a bug in one round must not end all the others
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
    """A wait around `seconds`, so that many processes do not move in step."""
    return seconds * random.uniform(0.5, 1.5)  # noqa: S311  # no secret depends on it


FIRST_WAIT, LONGEST_WAIT = 1.0, 30.0
"""Seconds between attempts: they double, and are jittered."""


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


class Background:
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
            PeriodicTask("generation", self._follow_changes, lambda: GENERATION_SECONDS),
            PeriodicTask("accesses", self._flush, lambda: FLUSH_SECONDS),
        ]
        if cache.settings.background_refresh and cache.settings.enabled:
            interval = cache.settings.background_interval_seconds
            self._recurring.append(PeriodicTask("refresh", self._refresh_due, lambda: jittered(interval)))

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
            await self._service.admission.queue.close(patience=PATIENCE_SECONDS)
            leave_refreshing = partial(self._refreshing.shutdown, wait=True, cancel_futures=True)
            await ending.do(leave_refreshing, self._service.variants.close, within=PATIENCE_SECONDS)
            if in_time:  # else it would only hang as well
                await ending.do(self._cache.close)
        finally:
            lost = self._cache.lookup.counted
            if lost:
                _log.error("accesses.lost", extra={"accesses": lost, "error": str(ending.problem)})
            ending.leave()
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
