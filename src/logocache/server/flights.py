"""Fetches under way: one for each name, at most so many, in threads of their own.

A slow source holds these threads, never those that answer requests.
"""

import asyncio
import logging
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import partial

from logocache.errors import LogoCacheError
from logocache.model import LogoRecord
from logocache.operations.lookup import Lookup
from logocache.operations.on_demand import Fetched, FetchState
from logocache.server.bulkheads import Bulkhead

ELSEWHERE_SECONDS = 0.25
"""How often we look whether another process has finished."""

Job = Callable[[], Fetched]
Flight = asyncio.Task[LogoRecord | None]

_log = logging.getLogger(__name__)


class Flights:
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
        self._flights: dict[str, Flight] = {}
        self._closed = False

    def find(self, name: str) -> Flight | None:
        """The fetch of that name, if it is under way."""
        return self._flights.get(name)

    def start(self, name: str, job: Job) -> Flight | None:
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

    def _landed(self, name: str, flight: Flight) -> None:
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
