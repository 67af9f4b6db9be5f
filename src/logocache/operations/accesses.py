"""Look-ups, counted in memory and written in batches."""

import threading
from collections import Counter
from collections.abc import Mapping
from datetime import datetime

from logocache.repository.counters import Access
from logocache.repository.repository import Repository


class Accesses:
    """Counts look-ups. Safe to use from several threads; counting waits for no database."""

    def __init__(self, repository: Repository) -> None:
        self._repository = repository
        self._hits: dict[str, Access] = {}
        self._counters: Counter[str] = Counter()
        self._under_way: Counter[str] = Counter()
        self._lock = threading.Lock()
        self._flushing = threading.Lock()

    def hit(self, key: str, *, stale: bool, at: datetime) -> None:
        """The logo of `key` was handed out."""
        with self._lock:
            self._counters["stale" if stale else "hits"] += 1
            self._add(key, Access(count=1, last_at=at))

    def miss(self) -> None:
        """There was no logo to hand out."""
        with self._lock:
            self._counters["misses"] += 1

    @property
    def held(self) -> int:
        """Look-ups that are counted and not yet written: what a database that hangs was given, too."""
        with self._lock:
            return self._counters.total() + self._under_way.total()

    def flush(self) -> None:
        """Write what is counted. Raises DatabaseError, and then nothing is lost: it stays counted."""
        with self._flushing:
            with self._lock:
                hits, counters = self._hits, self._counters
                self._hits, self._counters, self._under_way = {}, Counter(), counters
            if not counters:
                return
            try:
                self._repository.record_accesses(hits, counters)
            except BaseException:
                self._put_back(hits, counters)
                raise
            with self._lock:
                self._under_way = Counter()

    def _put_back(self, hits: Mapping[str, Access], counters: Counter[str]) -> None:
        with self._lock:
            self._under_way = Counter()
            self._counters.update(counters)
            for key, access in hits.items():
                self._add(key, access)

    def _add(self, key: str, access: Access) -> None:
        earlier = self._hits.get(key)
        if earlier is not None:
            last_at = max(earlier.last_at, access.last_at)
            access = Access(count=earlier.count + access.count, last_at=last_at)
        self._hits[key] = access
