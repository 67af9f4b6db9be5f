"""Fetches on demand: admission, and a bounded queue with one fetch for each name."""

import asyncio
import logging
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import partial

from cachetools import TTLCache

from logocache.cache import LogoCache
from logocache.errors import LogoCacheError
from logocache.model import LogoRecord
from logocache.operations.lookup import Lookup
from logocache.operations.on_demand import Fetched, FetchState
from logocache.policy.attempts import was_given_up, was_lost
from logocache.server.limits import Bulkhead, ClientLimit
from logocache.server.memory import CachedRecord, RecordCache
from logocache.server.requests import BusyError, TooManyMissesError
from logocache.settings import OnDemand

ELSEWHERE_SECONDS = 0.25
"""How often we look whether another process has finished."""

Job = Callable[[], Fetched]
FetchTask = asyncio.Task[LogoRecord | None]

_log = logging.getLogger(__name__)


class FetchQueue:
    """Used by the event loop's thread; the jobs run in others."""

    def __init__(
        self, shelf: Lookup, look_ups: Bulkhead, *, workers: int, limit: int, patience: float
    ) -> None:
        """At most `limit` names wait beyond those that `workers` threads are busy with.

        `look_ups` has the threads that ask the database. `patience` is how many seconds to wait for
        another process that fetches the same logo.
        """
        self._shelf = shelf
        self._look_ups = look_ups
        self._pool = ThreadPoolExecutor(workers, thread_name_prefix="logocache-fetch")
        self._workers = workers
        self._limit = limit
        self._patience = patience
        self._flights: dict[str, FetchTask] = {}
        self._closed = False

    def find(self, name: str) -> FetchTask | None:
        """The fetch of that name, if it is under way."""
        return self._flights.get(name)

    def start(self, name: str, job: Job) -> FetchTask | None:
        """Fetch `name`, or join who does; None when too many are waiting.

        Its result is the entry afterwards, None when there is none. It raises what `job` raises. Do not
        await it unshielded: the fetch goes on when the one who asked for it has gone.
        """
        flight = self._flights.get(name)
        if flight is not None:
            return flight
        if self.is_full:
            return None
        flight = asyncio.create_task(self._fly(job), name=f"fetch {name}")
        self._flights[name] = flight
        flight.add_done_callback(partial(self._landed, name))
        return flight

    @property
    def in_progress(self) -> int:
        """Names that threads work on."""
        return min(len(self._flights), self._workers)

    @property
    def waiting(self) -> int:
        """Names that no thread has time for yet."""
        return max(len(self._flights) - self._workers, 0)

    @property
    def limit(self) -> int:
        return self._limit

    @property
    def is_full(self) -> bool:
        return self._closed or len(self._flights) >= self._workers + self._limit

    async def close(self, *, patience: float) -> None:
        """Start nothing any more, and wait `patience` seconds for what is under way."""
        self._closed = True
        self._pool.shutdown(wait=False, cancel_futures=True)
        if self._flights:
            await asyncio.wait(self._flights.values(), timeout=patience)
        for flight in list(self._flights.values()):
            flight.cancel()

    async def _fly(self, job: Job) -> LogoRecord | None:
        fetched = await self._work(job)
        if fetched.state is not FetchState.ELSEWHERE or fetched.record is None:
            return fetched.record
        record, is_free = await self._elsewhere(fetched.record)
        if is_free and record is not None and _is_unchanged(record, fetched.record):
            # The other one gave it back as it was: it ended, or could not do it.
            return (await self._work(job)).record
        return record

    async def _work(self, job: Job) -> Fetched:
        if self._closed:
            raise asyncio.CancelledError
        return await asyncio.get_running_loop().run_in_executor(self._pool, job)

    async def _elsewhere(self, before: LogoRecord) -> tuple[LogoRecord | None, bool]:
        """The entry once nobody else works on it, and True; when that takes too long, as it was, and False.

        What came of it may be any change of the row, or none: only the lease tells that it is over.
        """
        key = before.key
        try:
            async with asyncio.timeout(self._patience):
                while await self._look_ups.run(  # noqa: ASYNC110  # it happens in another process
                    partial(self._shelf.is_in_work, key)
                ):
                    await asyncio.sleep(ELSEWHERE_SECONDS)
                found = await self._look_ups.run(partial(self._shelf.records, (key,)))
                return next(iter(found), None), True
        except TimeoutError:
            _log.warning("fetch.elsewhere_too_long", extra={"key": key})
        return before, False

    def _landed(self, name: str, flight: FetchTask) -> None:
        self._flights.pop(name, None)
        if flight.cancelled():
            return
        error = flight.exception()
        if isinstance(error, LogoCacheError):
            _log.warning("fetch.failed", extra={"name_asked": name, "error": str(error)})
        elif error is not None:
            _log.error("fetch.broken", extra={"name_asked": name}, exc_info=error)


def _is_unchanged(record: LogoRecord, before: LogoRecord) -> bool:
    """True for the same entry, whoever works on it: the lease of a dead process may still be there."""
    return replace(record, lease=None) == replace(before, lease=None)


RETRY_SECONDS = 5
"""When to ask again for what cannot be fetched now."""
DRAWINGS_FOR_A_MISS = 10
"""Resized copies and monograms that a client may cause for each fetch that it may cause."""
REST_SECONDS = 10
"""How long a due entry is left alone after an attempt to refresh it, however often it is asked for."""
MOST_RESTING = 10_000
"""Entries left alone at the same time; those refreshed longest ago may be asked for again before."""


class Acquisition:
    """Used by the event loop's thread; fetches run in threads of their own."""

    def __init__(self, cache: LogoCache, mirror: RecordCache, look_ups: Bulkhead) -> None:
        settings = cache.settings
        self._policy = settings.on_demand
        self._on_demand = cache.on_demand
        self._shelf = cache.lookup
        self._mirror = mirror
        self._misses = ClientLimit(settings.misses_per_minute, monotonic=time.monotonic)
        self._drawings = ClientLimit(
            DRAWINGS_FOR_A_MISS * settings.misses_per_minute, monotonic=time.monotonic
        )
        self._offline = settings.offline
        self._resting: TTLCache[str, None] = TTLCache(MOST_RESTING, ttl=REST_SECONDS, timer=time.monotonic)
        self.flights = FetchQueue(
            cache.lookup,
            look_ups,
            workers=settings.concurrency,
            limit=settings.on_demand_queue,
            patience=settings.logo_timeout_seconds,
        )

    def allow_drawing(self, client: str) -> None:
        """Count the making of a picture for that client. Raises TooManyMissesError."""
        wait = self._drawings.wait_for(client)
        if wait > 0:
            raise TooManyMissesError(retry_after=wait)

    def missing(self, name: str, record: LogoRecord | None, client: str) -> FetchTask | None:
        """A fetch, started or joined, of what is not there; None when there is nothing to be had.

        Raises:
            BusyError, TooManyMissesError: there may be, but not now, or not for that client address.
            UnknownKeyError, DomainError: that is not the name of a logo.
        """
        flight = self.flights.find(name)
        if flight is not None:
            return flight
        if not self._may_fetch(name, record):
            return None
        if self.flights.is_full:
            raise _busy()
        wait = self._misses.wait_for(client)
        if wait > 0:
            raise TooManyMissesError(retry_after=wait)
        return self.flights.start(name, partial(self._admit_and_fetch, name, record))

    def wanted(self, name: str, record: LogoRecord | None) -> FetchTask | None:
        """A fetch, whether due or not; None when no such entry may be made. Raises as `missing`."""
        if record is None and not self._shelf.may_admit(name):
            return None
        flight = self.flights.start(name, partial(self._admit_and_fetch, name, record, forced=True))
        if flight is None:
            raise _busy()
        return flight

    def revalidate(self, record: LogoRecord) -> None:
        """Refresh a due entry behind its answer, while there is room to spare for those who wait."""
        if self._offline or self._policy is OnDemand.OFF or record.key in self._resting:
            return
        if self.flights.waiting * 2 > self.flights.limit or self.flights.find(record.key) is not None:
            return
        self._resting[record.key] = None
        flight = self.flights.start(record.key, partial(self._on_demand.fetch, record.key))
        if flight is not None:
            flight.add_done_callback(partial(self._revalidated, record.key))

    def learn(self, name: str, record: LogoRecord | None) -> CachedRecord:
        """Take over what a fetch has stored, for the name that was asked for and for the entry's key."""
        if record is not None and record.key != name:
            self._mirror.put(record.key, record)
        return self._mirror.put(name, record)

    def _may_fetch(self, name: str, record: LogoRecord | None) -> bool:
        if record is None:
            return self._shelf.may_admit(name)
        if self._policy is OnDemand.OFF:
            return False
        # An entry with a file comes here when its file is lost or damaged.
        return self._shelf.is_due(record) or was_given_up(record) or was_lost(record)

    def _admit_and_fetch(self, name: str, record: LogoRecord | None, *, forced: bool = False) -> Fetched:
        """Runs in a thread for fetches."""
        entry = record or self._shelf.admit(name)
        if entry is None:
            return Fetched(state=FetchState.NOT_DUE, record=None)
        is_missed = was_given_up(entry) or was_lost(entry)
        known = None if forced else entry
        fetched = self._on_demand.fetch(entry.key, forced=forced or is_missed, known=known)
        if fetched.record is None and (entry := self._shelf.admit(name)) is not None:
            return self._on_demand.fetch(entry.key)  # it gave way to others meanwhile
        return fetched

    def _revalidated(self, key: str, flight: FetchTask) -> None:
        if not flight.cancelled() and flight.exception() is None:
            self.learn(key, flight.result())


def _busy() -> BusyError:
    return BusyError("too many logos are waiting to be fetched", retry_after=RETRY_SECONDS)
