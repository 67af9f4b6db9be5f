"""Records and responses in memory, kept consistent with the database by its generation number."""

import asyncio
import hashlib
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Coroutine, Hashable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import Any, TypeVar

from cachetools import LRUCache

from logocache.model import LogoRecord, Status, StoredForm
from logocache.operations.lookup import Lookup
from logocache.queries import ImageFormat, Variant

MEDIA_TYPES = {
    ImageFormat.PNG: "image/png",
    ImageFormat.JPG: "image/jpeg",
    ImageFormat.WEBP: "image/webp",
    ImageFormat.SVG: "image/svg+xml",
}

OVERHEAD_BYTES = 500
"""Approximate memory of one cached response beyond its content."""


@dataclass(frozen=True, slots=True)
class CachedBody:
    """Content of a response, with its headers."""

    content: bytes
    media_type: str
    etag: str
    """Strong (RFC 9110 8.8.1)."""
    headers: tuple[tuple[bytes, bytes], ...]
    """Content-Type, Content-Length and ETag, ready to send."""

    @classmethod
    def of(cls, content: bytes, image_format: ImageFormat) -> "CachedBody":
        digest = hashlib.sha256(content).hexdigest()
        etag = f'"{digest[:32]}"'
        headers = (
            (b"content-type", MEDIA_TYPES[image_format].encode("ascii")),
            (b"content-length", str(len(content)).encode("ascii")),
            (b"etag", etag.encode("ascii")),
        )
        return cls(content=content, media_type=MEDIA_TYPES[image_format], etag=etag, headers=headers)


class ResponseCache:
    """Least recently used cache of contents. Used by the event loop's thread only."""

    def __init__(self, budget_bytes: int) -> None:
        """`budget_bytes` includes `OVERHEAD_BYTES` per response; with 0 nothing is cached."""
        self._responses: LRUCache[tuple[str, str], CachedBody] = LRUCache(budget_bytes, getsizeof=_cost)

    def get(self, name: str, label: str) -> CachedBody | None:
        """The variant `label` of the file `name`."""
        return self._responses.get((name, label))

    def put(self, name: str, label: str, body: CachedBody) -> None:
        """Cache the content, unless it alone exceeds the budget."""
        self._responses.pop((name, label), None)
        if _cost(body) <= self._responses.maxsize:
            self._responses[name, label] = body

    @property
    def size_bytes(self) -> int:
        return int(self._responses.currsize)

    def __len__(self) -> int:
        return len(self._responses)


def _cost(body: CachedBody) -> int:
    return len(body.content) + OVERHEAD_BYTES


CAPACITY = 10_000
"""Names in a record cache; the least recently used are dropped first."""


@dataclass(frozen=True, slots=True, eq=False)
class CachedRecord:
    """The record of a name; `record` is None if the database has none."""

    record: LogoRecord | None
    stale_at: float
    """Seconds since the epoch; infinite if it never becomes stale."""
    due_at: float
    """When its sources may be asked again, as `stale_at`."""

    @classmethod
    def of(cls, record: LogoRecord | None, refresh_interval: timedelta) -> "CachedRecord":
        if record is None:
            return cls(record=None, stale_at=float("inf"), due_at=float("inf"))
        stale_at = (
            (record.fetched_at + refresh_interval).timestamp()
            if record.status is Status.CACHED and record.fetched_at is not None
            else float("inf")
        )
        due_at = record.next_attempt_at.timestamp() if record.next_attempt_at is not None else 0.0
        return cls(record=record, stale_at=stale_at, due_at=due_at)


@dataclass(frozen=True, slots=True)
class Changes:
    """Records read again, with the contents of the cache for which they were read."""

    generation: int
    before: Mapping[str, CachedRecord]
    records: Mapping[str, LogoRecord]


class RecordCache:
    """Used by the event loop's thread only, apart from `read_changes`."""

    def __init__(self, lookup: Lookup, refresh_interval: timedelta, *, capacity: int = CAPACITY) -> None:
        self._lookup = lookup
        self._refresh_interval = refresh_interval
        self._capacity = capacity
        self._cached: OrderedDict[str, CachedRecord] = OrderedDict()
        self._generation = -1

    def get(self, name: str) -> CachedRecord | None:
        """The cached record of `name`, or None if it is not cached."""
        cached = self._cached.get(name)
        if cached is not None:
            self._cached.move_to_end(name)
        return cached

    def has(self, name: str | None, cached: CachedRecord | None) -> bool:
        """True if `name` still has this record; does not count as use."""
        return self._cached.get(name) is cached  # type: ignore[arg-type]  # None has None

    def put(self, name: str, record: LogoRecord | None) -> CachedRecord:
        """Cache the record that the database has for `name` now."""
        return self._remember(name, CachedRecord.of(record, self._refresh_interval))

    def share(self, name: str, key: str) -> CachedRecord | None:
        """Cache the record of `key` under `name`, too, and return it; None if it is not cached."""
        cached = self.get(key)
        if cached is None or cached.record is None:
            return None
        return self._remember(name, cached)

    @property
    def generation(self) -> int:
        """The generation of the database that the cache reflects."""
        return self._generation

    def read_changes(self) -> Changes | None:
        """Read the records of all cached names again; None if the database has not changed since.

        Blocks: run it in another thread, then pass the result to `apply`. Raises DatabaseError.
        """
        generation = self._lookup.generation()
        if generation == self._generation:
            return None
        before = dict(self._cached)
        keys = sorted({cached.record.key for cached in before.values() if cached.record is not None})
        records = {record.key: record for record in self._lookup.records(keys)} if keys else {}
        return Changes(generation=generation, before=before, records=records)

    def apply(self, changes: Changes) -> None:
        """Take over the records, except for names that were put meanwhile.

        Names that may mean another entry now are dropped: those that had no entry, and those whose entry
        is gone or has another domain.
        """
        self._generation = changes.generation
        seen = {id(cached) for cached in changes.before.values()}
        for name, before in list(self._cached.items()):  # names may share a cached record since
            if id(before) not in seen:
                continue
            now = changes.records.get(before.record.key) if before.record is not None else None
            if before.record is None or now is None or now.domain != before.record.domain:
                del self._cached[name]
            else:
                self._cached[name] = CachedRecord.of(now, self._refresh_interval)

    def __len__(self) -> int:
        return len(self._cached)

    def _remember(self, name: str, cached: CachedRecord) -> CachedRecord:
        self._cached[name] = cached
        self._cached.move_to_end(name)
        if len(self._cached) > self._capacity:
            self._cached.popitem(last=False)
        return cached


Result = TypeVar("Result")


class SingleFlight:
    """Runs the same work once for all who wait for it. Used by the event loop's thread only."""

    def __init__(self) -> None:
        self._in_progress: dict[Hashable, asyncio.Task[Any]] = {}  # of as many types as there are callers

    async def do(self, key: Hashable, work: Callable[[], Coroutine[Any, Any, Result]]) -> Result:
        """Return or raise the result of `work`, shared by all calls for `key` while it runs.

        Cancelling one caller does not affect the others.
        """
        task: asyncio.Task[Result] | None = self._in_progress.get(key)
        if task is None:
            task = asyncio.create_task(work())
            self._in_progress[key] = task
            task.add_done_callback(partial(self._done, key))
        shared: Awaitable[Result] = asyncio.shield(task)
        return await shared

    def _done(self, key: Hashable, task: "asyncio.Task[Any]") -> None:
        self._in_progress.pop(key, None)
        if not task.cancelled():
            task.exception()  # mark it as retrieved: perhaps nobody waits for it any more


MOST_WAITING = 100
"""Variants that wait to be written; further ones are dropped, and drawn again when requested."""


class VariantWriter:
    """Writes variants to disk in one thread of its own."""

    def __init__(self, lookup: Lookup) -> None:
        self._lookup = lookup
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="logocache-variants")
        self._waiting = 0

    def write(self, file: StoredForm, variant: Variant, content: bytes) -> None:
        """Queue the variant to be written, and return at once. Called by the event loop's thread only."""
        if self._waiting >= MOST_WAITING:
            return
        self._waiting += 1
        self._thread.submit(partial(self._write, file, variant, content))

    def close(self) -> None:
        """Wait for the variant being written; drop the others."""
        self._thread.shutdown(wait=True, cancel_futures=True)

    def _write(self, file: StoredForm, variant: Variant, content: bytes) -> None:
        try:
            self._lookup.write_variant(file, variant, content)
        finally:
            self._waiting -= 1
