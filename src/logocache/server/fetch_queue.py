"""Fetches on demand: admission rules, and a bounded queue with at most one fetch per name."""

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
from logocache.settings.server import OnDemand

POLL_SECONDS = 0.25
"""Interval of checks whether another process has finished."""

Job = Callable[[], Fetched]
FetchTask = asyncio.Task[LogoRecord | None]

_log = logging.getLogger(__name__)


class FetchQueue:
    """Used by the event loop's thread only; the jobs run in other threads."""

    def __init__(
        self, lookup: Lookup, database: Bulkhead, *, workers: int, limit: int, patience: float
    ) -> None:
        """`workers` names are fetched at the same time, and at most `limit` more wait.

        `database` runs the queries. `patience` is the wait in seconds for another process that fetches
        the same logo.
        """
        self._lookup = lookup
        self._database = database
        self._pool = ThreadPoolExecutor(workers, thread_name_prefix="logocache-fetch")
        self._workers = workers
        self._limit = limit
        self._patience = patience
        self._tasks: dict[str, FetchTask] = {}
        self._closed = False

    def find(self, name: str) -> FetchTask | None:
        """The fetch of that name in progress, if any."""
        return self._tasks.get(name)

    def start(self, name: str, job: Job) -> FetchTask | None:
        """Start the fetch of `name`, or join the one in progress; None when the queue is full.

        The task returns the entry afterwards, None if there is none, and raises what `job` raises. Await
        it shielded: the fetch goes on when its caller is cancelled.
        """
        task = self._tasks.get(name)
        if task is not None:
            return task
        if self.is_full:
            return None
        task = asyncio.create_task(self._run(job), name=f"fetch {name}")
        self._tasks[name] = task
        task.add_done_callback(partial(self._finished, name))
        return task

    @property
    def in_progress(self) -> int:
        """Number of names being fetched."""
        return min(len(self._tasks), self._workers)

    @property
    def waiting(self) -> int:
        """Number of names waiting for a thread."""
        return max(len(self._tasks) - self._workers, 0)

    @property
    def limit(self) -> int:
        return self._limit

    @property
    def is_full(self) -> bool:
        return self._closed or len(self._tasks) >= self._workers + self._limit

    async def close(self, *, patience: float) -> None:
        """Start nothing more, wait `patience` seconds for fetches in progress, then cancel them."""
        self._closed = True
        self._pool.shutdown(wait=False, cancel_futures=True)
        if self._tasks:
            await asyncio.wait(self._tasks.values(), timeout=patience)
        for task in list(self._tasks.values()):
            task.cancel()

    async def _run(self, job: Job) -> LogoRecord | None:
        fetched = await self._in_thread(job)
        if fetched.state is not FetchState.ELSEWHERE or fetched.record is None:
            return fetched.record
        record, is_free = await self._wait_for_other(fetched.record)
        if is_free and record is not None and _is_unchanged(record, fetched.record):
            # The other process released it unchanged: it ended, or could not fetch.
            return (await self._in_thread(job)).record
        return record

    async def _in_thread(self, job: Job) -> Fetched:
        if self._closed:
            raise asyncio.CancelledError
        return await asyncio.get_running_loop().run_in_executor(self._pool, job)

    async def _wait_for_other(self, before: LogoRecord) -> tuple[LogoRecord | None, bool]:
        """Return the entry and True once its lease has ended; `before` and False if that takes too long.

        The fetch may change the row in any way, or not at all: only the lease shows that it is over.
        """
        key = before.key
        try:
            async with asyncio.timeout(self._patience):
                while await self._database.run(  # noqa: ASYNC110  # it happens in another process
                    partial(self._lookup.is_being_fetched, key)
                ):
                    await asyncio.sleep(POLL_SECONDS)
                found = await self._database.run(partial(self._lookup.records, (key,)))
                return next(iter(found), None), True
        except TimeoutError:
            _log.warning("fetch.elsewhere_too_long", extra={"key": key})
        return before, False

    def _finished(self, name: str, task: FetchTask) -> None:
        self._tasks.pop(name, None)
        if task.cancelled():
            return
        error = task.exception()
        if isinstance(error, LogoCacheError):
            _log.warning("fetch.failed", extra={"name_asked": name, "error": str(error)})
        elif error is not None:
            _log.error("fetch.broken", extra={"name_asked": name}, exc_info=error)


def _is_unchanged(record: LogoRecord, before: LogoRecord) -> bool:
    """True if only the lease differs: that of a dead process may still be there."""
    return replace(record, lease=None) == replace(before, lease=None)


RETRY_SECONDS = 5
"""Retry-After of a logo that cannot be fetched now."""
DRAWINGS_FOR_A_MISS = 10
"""Variants and monograms that a client may cause per fetch that it may cause."""
REST_SECONDS = 10
"""Pause after an attempt to refresh a due entry, however often it is requested."""
MOST_RESTING = 10_000
"""Entries in that pause; beyond them, the pause of the oldest ends early."""


class Admission:
    """Decides which fetches may start. Used by the event loop's thread only; fetches run in others."""

    def __init__(self, cache: LogoCache, records: RecordCache, database: Bulkhead) -> None:
        settings = cache.settings
        self._policy = settings.on_demand
        self._on_demand = cache.on_demand
        self._lookup = cache.lookup
        self._records = records
        self._misses = ClientLimit(settings.misses_per_minute, monotonic=time.monotonic)
        self._drawings = ClientLimit(
            DRAWINGS_FOR_A_MISS * settings.misses_per_minute, monotonic=time.monotonic
        )
        self._offline = settings.offline
        self._resting: TTLCache[str, None] = TTLCache(MOST_RESTING, ttl=REST_SECONDS, timer=time.monotonic)
        self.queue = FetchQueue(
            cache.lookup,
            database,
            workers=settings.concurrency,
            limit=settings.on_demand_queue,
            patience=settings.logo_timeout_seconds,
        )

    def allow_drawing(self, client: str) -> None:
        """Count one drawing of a variant or monogram for the client. Raises TooManyMissesError."""
        wait = self._drawings.wait_for(client)
        if wait > 0:
            raise TooManyMissesError(retry_after=wait)

    def fetch_missing(self, name: str, record: LogoRecord | None, client: str) -> FetchTask | None:
        """Start or join the fetch of a logo that is not stored; None if it is not to be fetched.

        Raises:
            BusyError, TooManyMissesError: it is not to be fetched now, or not for this client.
            UnknownKeyError, DomainError: `name` is not the name of a logo.
        """
        task = self.queue.find(name)
        if task is not None:
            return task
        if not self._may_fetch(name, record):
            return None
        if self.queue.is_full:
            raise _busy()
        wait = self._misses.wait_for(client)
        if wait > 0:
            raise TooManyMissesError(retry_after=wait)
        return self.queue.start(name, partial(self._admit_and_fetch, name, record))

    def fetch_now(self, name: str, record: LogoRecord | None) -> FetchTask | None:
        """Start or join a fetch, due or not; None if no entry may be made. Raises as `fetch_missing`."""
        if record is None and not self._lookup.may_admit(name):
            return None
        task = self.queue.start(name, partial(self._admit_and_fetch, name, record, forced=True))
        if task is None:
            raise _busy()
        return task

    def revalidate(self, record: LogoRecord) -> None:
        """Refresh a due entry in the background, unless misses have filled half of the queue."""
        if self._offline or self._policy is OnDemand.OFF or record.key in self._resting:
            return
        if self.queue.waiting * 2 > self.queue.limit or self.queue.find(record.key) is not None:
            return
        self._resting[record.key] = None
        task = self.queue.start(record.key, partial(self._on_demand.fetch, record.key))
        if task is not None:
            task.add_done_callback(partial(self._revalidated, record.key))

    def learn(self, name: str, record: LogoRecord | None) -> CachedRecord:
        """Put the result of a fetch into the record cache, under `name` and under the entry's key."""
        if record is not None and record.key != name:
            self._records.put(record.key, record)
        return self._records.put(name, record)

    def _may_fetch(self, name: str, record: LogoRecord | None) -> bool:
        if record is None:
            return self._lookup.may_admit(name)
        if self._policy is OnDemand.OFF:
            return False
        # An entry with a file comes here when its file is lost or damaged.
        return self._lookup.is_due(record) or was_given_up(record) or was_lost(record)

    def _admit_and_fetch(self, name: str, record: LogoRecord | None, *, forced: bool = False) -> Fetched:
        """Runs in a thread of the queue."""
        entry = record or self._lookup.admit(name)
        if entry is None:
            return Fetched(state=FetchState.NOT_DUE, record=None)
        is_missed = was_given_up(entry) or was_lost(entry)
        known = None if forced else entry
        fetched = self._on_demand.fetch(entry.key, forced=forced or is_missed, known=known)
        if fetched.record is None and (entry := self._lookup.admit(name)) is not None:
            return self._on_demand.fetch(entry.key)  # it was evicted meanwhile
        return fetched

    def _revalidated(self, key: str, task: FetchTask) -> None:
        if not task.cancelled() and task.exception() is None:
            self.learn(key, task.result())


def _busy() -> BusyError:
    return BusyError("too many logos are waiting to be fetched", retry_after=RETRY_SECONDS)


def task_name(name: str, record: LogoRecord | None) -> str:
    """The key of the entry, so that all its names share one fetch."""
    return record.key if record is not None else name
