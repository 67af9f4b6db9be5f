"""Getting logos that are not there, or not any more fresh: what may be fetched, and for whom."""

import time
from functools import partial

from cachetools import TTLCache

from logocache.cache import LogoCache
from logocache.model import LogoRecord
from logocache.operations.on_demand import Fetched, FetchState
from logocache.policy.attempts import was_given_up, was_lost
from logocache.server.bulkheads import Bulkhead
from logocache.server.clients import ClientLimit
from logocache.server.flights import Flight, Flights
from logocache.server.mirror import Known, Mirror
from logocache.server.questions import BusyError, TooManyMissesError
from logocache.settings import OnDemand

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

    def __init__(self, cache: LogoCache, mirror: Mirror, look_ups: Bulkhead) -> None:
        settings = cache.settings
        self._policy = settings.on_demand
        self._on_demand = cache.on_demand
        self._shelf = cache.shelf
        self._mirror = mirror
        self._misses = ClientLimit(settings.misses_per_minute, monotonic=time.monotonic)
        self._drawings = ClientLimit(
            DRAWINGS_FOR_A_MISS * settings.misses_per_minute, monotonic=time.monotonic
        )
        self._offline = settings.offline
        self._resting: TTLCache[str, None] = TTLCache(MOST_RESTING, ttl=REST_SECONDS, timer=time.monotonic)
        self.flights = Flights(
            cache.shelf,
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

    def missing(self, name: str, record: LogoRecord | None, client: str) -> Flight | None:
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

    def wanted(self, name: str, record: LogoRecord | None) -> Flight | None:
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

    def learn(self, name: str, record: LogoRecord | None) -> Known:
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

    def _revalidated(self, key: str, flight: Flight) -> None:
        if not flight.cancelled() and flight.exception() is None:
            self.learn(key, flight.result())


def _busy() -> BusyError:
    return BusyError("too many logos are waiting to be fetched", retry_after=RETRY_SECONDS)
