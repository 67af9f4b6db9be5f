"""Hot rows and hot bytes in memory, kept true to the database by its generation number."""

import asyncio
import hashlib
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Coroutine, Hashable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import Any, TypeVar
from urllib.parse import quote

from cachetools import LRUCache

from logocache.cache import LogoCache
from logocache.model import LogoRecord, Status, StoredFile
from logocache.operations.lookup import Lookup
from logocache.queries import ImageFormat, ListQuery, Variant
from logocache.results import Entry
from logocache.server.json_documents import VERSION, FileItem, FilesDocument

MEDIA_TYPES = {
    ImageFormat.PNG: "image/png",
    ImageFormat.JPG: "image/jpeg",
    ImageFormat.WEBP: "image/webp",
}

OVERHEAD_BYTES = 500
"""What one entry costs in memory beyond its content, about."""


@dataclass(frozen=True, slots=True)
class CachedBody:
    """The content of an answer."""

    content: bytes
    media_type: str
    etag: str
    """Strong (RFC 9110 8.8.1): the same tag is the same bytes."""
    headers: tuple[tuple[bytes, bytes], ...]
    """Content-Type, Content-Length and ETag, as they are sent."""

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
    """Used by the event loop's thread alone."""

    def __init__(self, budget_bytes: int) -> None:
        """Keeps nothing when the budget is 0."""
        self._bodies: LRUCache[tuple[str, str], CachedBody] = LRUCache(budget_bytes, getsizeof=_cost)

    def get(self, name: str, label: str) -> CachedBody | None:
        """The content of the file `name` in the form that `label` names."""
        return self._bodies.get((name, label))

    def put(self, name: str, label: str, body: CachedBody) -> None:
        """Keep it, if it fits into the budget at all."""
        self._bodies.pop((name, label), None)
        if _cost(body) <= self._bodies.maxsize:
            self._bodies[name, label] = body

    @property
    def size_bytes(self) -> int:
        return int(self._bodies.currsize)

    def __len__(self) -> int:
        return len(self._bodies)


def _cost(body: CachedBody) -> int:
    return len(body.content) + OVERHEAD_BYTES


CAPACITY = 10_000
"""Names remembered. Those asked for longest ago are forgotten first."""


@dataclass(frozen=True, slots=True, eq=False)
class CachedRecord:
    """What the database says of a name. `record` is None where it knows nothing."""

    record: LogoRecord | None
    stale_at: float
    """Seconds since the epoch; infinite for what is never stale."""
    due_at: float
    """As `stale_at`: when its sources may be asked again."""

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
    """Rows read anew, and the state of the mirror for which they were read."""

    generation: int
    before: Mapping[str, CachedRecord]
    records: Mapping[str, LogoRecord]


class RecordCache:
    """Changed by the event loop's thread alone; only `read_changes` runs elsewhere."""

    def __init__(self, shelf: Lookup, refresh_interval: timedelta, *, capacity: int = CAPACITY) -> None:
        self._shelf = shelf
        self._refresh_interval = refresh_interval
        self._capacity = capacity
        self._known: OrderedDict[str, CachedRecord] = OrderedDict()
        self._generation = -1

    def get(self, name: str) -> CachedRecord | None:
        """What is known of that name, or None: the database was not asked for it lately."""
        known = self._known.get(name)
        if known is not None:
            self._known.move_to_end(name)
        return known

    def put(self, name: str, record: LogoRecord | None) -> CachedRecord:
        """Remember what the database says of that name just now."""
        return self._remember(name, CachedRecord.of(record, self._refresh_interval))

    def share(self, name: str, key: str) -> CachedRecord | None:
        """What is known under `key`, from now on under `name`, too; None when that is nothing."""
        known = self.get(key)
        if known is None or known.record is None:
            return None
        return self._remember(name, known)

    @property
    def generation(self) -> int:
        """The state of the database up to which the mirror is true."""
        return self._generation

    def read_changes(self) -> Changes | None:
        """The rows of all known names, where any row has changed since; else None.

        Asks the database: run it in another thread, then give the result to `apply`. Raises DatabaseError.
        """
        generation = self._shelf.generation()
        if generation == self._generation:
            return None
        before = dict(self._known)
        keys = sorted({known.record.key for known in before.values() if known.record is not None})
        records = {record.key: record for record in self._shelf.records(keys)} if keys else {}
        return Changes(generation=generation, before=before, records=records)

    def apply(self, changes: Changes) -> None:
        """Take the rows over, except where the mirror has learnt something newer meanwhile.

        Names are forgotten where they may mean something else now: where there was no entry, where it
        is gone, and where its domain has changed.
        """
        self._generation = changes.generation
        seen = {id(known) for known in changes.before.values()}
        for name, before in list(self._known.items()):  # names may have come to share what was known
            if id(before) not in seen:
                continue
            now = changes.records.get(before.record.key) if before.record is not None else None
            if before.record is None or now is None or now.domain != before.record.domain:
                del self._known[name]
            else:
                self._known[name] = CachedRecord.of(now, self._refresh_interval)

    def __len__(self) -> int:
        return len(self._known)

    def _remember(self, name: str, known: CachedRecord) -> CachedRecord:
        self._known[name] = known
        self._known.move_to_end(name)
        if len(self._known) > self._capacity:
            self._known.popitem(last=False)
        return known


def file_page(cache: LogoCache, *, limit: int, after: str | None = None, root: str) -> FilesDocument:
    """At most `limit` current files behind the key `after`; `root` is the path under which all routes are."""
    with_file = (Status.CACHED, Status.PLACEHOLDER)
    found = cache.list(ListQuery(statuses=with_file, limit=limit + 1, after=after)).entries
    files = tuple(item for entry in found[:limit] for item in _file_of(entry, root))
    following = found[limit - 1].key if len(found) > limit else None
    return FilesDocument(schema_version=VERSION, files=files, after=following)


def _file_of(entry: Entry, root: str) -> Iterator[FileItem]:
    """The entry's file, if it has one."""
    if entry.file is None or entry.size_bytes is None or entry.width is None or entry.height is None:
        return
    yield FileItem(
        file=entry.file,
        key=entry.key,
        size_bytes=entry.size_bytes,
        width=entry.width,
        height=entry.height,
        path=f"{root}/static/cached_logos/{quote(entry.file)}",
    )


Result = TypeVar("Result")


class SingleFlight:
    """Used by the event loop's thread alone."""

    def __init__(self) -> None:
        self._under_way: dict[Hashable, asyncio.Task[Any]] = {}  # of as many types as there are callers

    async def do(self, key: Hashable, work: Callable[[], Coroutine[Any, Any, Result]]) -> Result:
        """What `work` gives, shared with all who ask for `key` until it is done. Raises what it raises.

        A caller that is cancelled takes nothing from the others.
        """
        task: asyncio.Task[Result] | None = self._under_way.get(key)
        if task is None:
            task = asyncio.create_task(work())
            self._under_way[key] = task
            task.add_done_callback(partial(self._done, key))
        shared: Awaitable[Result] = asyncio.shield(task)
        return await shared

    def _done(self, key: Hashable, task: "asyncio.Task[Any]") -> None:
        self._under_way.pop(key, None)
        if not task.cancelled():
            task.exception()  # whoever still waits has got it; nobody need


MOST_WAITING = 100
"""Copies that wait for the disk and the database; a copy beyond them is made again another time."""


class VariantWriter:
    """One thread that keeps copies. `keep` is called by the event loop's thread."""

    def __init__(self, shelf: Lookup) -> None:
        self._shelf = shelf
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="logocache-keep")
        self._waiting = 0

    def keep(self, file: StoredFile, variant: Variant, content: bytes) -> None:
        """Have it kept soon. Returns at once."""
        if self._waiting >= MOST_WAITING:
            return
        self._waiting += 1
        self._thread.submit(partial(self._keep, file, variant, content))

    def close(self) -> None:
        """Keep nothing any more; what is being written is finished."""
        self._thread.shutdown(wait=True, cancel_futures=True)

    def _keep(self, file: StoredFile, variant: Variant, content: bytes) -> None:
        try:
            self._shelf.keep(file, variant, content)
        finally:
            self._waiting -= 1
