"""Logos from memory, from disk, or fetched: the logo routes apart from HTTP."""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable
from functools import partial

from logocache.cache import LogoCache
from logocache.errors import DirectoryError
from logocache.model import LogoRecord, Status, StoredForm
from logocache.policy.attempts import is_unknown
from logocache.queries import Variant
from logocache.server.fetch_queue import RETRY_SECONDS, Admission, task_name
from logocache.server.limits import Bulkheads
from logocache.server.memory import (
    CachedBody,
    CachedRecord,
    RecordCache,
    ResponseCache,
    SingleFlight,
    VariantWriter,
)
from logocache.server.requests import (
    NO_SVG,
    BusyError,
    CacheRequest,
    CacheState,
    DisabledError,
    Fallback,
    FileRequest,
    LogoRequest,
    LogoResponse,
    MovedError,
    NoLogoError,
    TooManyMissesError,
)
from logocache.server.responses import (
    LASTING,
    SHORTEST_AGE,
    LastingHit,
    age,
    immutable_response,
    lasting_seconds,
    stored_response,
)
from logocache.store.names import key_of

STORED = Variant()
STATES = {state: state.lower() for state in CacheState}
"""The states as metrics spell them."""

_log = logging.getLogger(__name__)


class LogoService:
    """Responds to requests for logos. Its methods run on the event loop's thread and never block it."""

    def __init__(self, cache: LogoCache, *, looked_up: Callable[[str, int], None]) -> None:
        """`looked_up` counts look-ups by their result: `hit`, `stale`, `miss` or `placeholder`."""
        settings = cache.settings
        self._enabled = settings.enabled
        self._offline = settings.offline
        self._wait_seconds = settings.on_demand_wait_seconds
        self._lookup = cache.lookup
        self._looked_up = looked_up
        self._single_flight = SingleFlight()
        self.bulkheads = Bulkheads()
        self.records = RecordCache(cache.lookup, settings.refresh_interval)
        self.responses = ResponseCache(settings.hot_memory_bytes)
        self.variants = VariantWriter(cache.lookup)
        self.admission = Admission(cache, self.records, self.bulkheads.database)

    def from_memory(self, request: CacheRequest) -> LogoResponse | None:
        """Return the response if it is in memory; else None, and the caller awaits `logo` or `file`."""
        if not self._enabled:
            return None
        if isinstance(request, FileRequest):
            return self._file_from_memory(request)
        hot = self._hot(request)
        return self._stored(request, *hot) if hot is not None else None

    def lasting(self, request: CacheRequest) -> LastingHit | None:
        """The response of `from_memory`, if it stays the same for a while; it is not counted."""
        if not self._enabled:
            return None
        if isinstance(request, FileRequest):
            body, key = self.responses.get(request.file, request.variant.label), key_of(request.file)
            return LastingHit(immutable_response(body), key, None, None, LASTING) if body and key else None
        hot, now = self._hot(request), time.time()
        response = stored_response(request, *hot, now) if hot is not None else None
        if hot is None or response is None:
            return None
        cached, record, _ = hot
        seconds = lasting_seconds(response, cached, now)
        return LastingHit(response, record.key, request.name, cached, seconds) if seconds > 0 else None

    def count_hits(self, hit: LastingHit, times: int) -> None:
        """Count requests that were answered with the hit."""
        state = hit.response.state
        self._lookup.count_hit(hit.key, stale=state is CacheState.STALE, times=times)
        self._looked_up(STATES[state], times)

    async def logo(self, request: LogoRequest, client: str) -> LogoResponse:
        """Return the logo, fetched first if necessary; `client` is the address of the client.

        Raises:
            NoLogoError, BusyError, TooManyMissesError, DisabledError: see each.
            LogoCacheError: the name is invalid, or the database or directory cannot be used.
        """
        cached = await self._cached(request.name)
        record = cached.record
        if record is not None and record.file is not None:
            shown = request.shown(record.file)
            if shown is None:
                if cached.due_at <= time.time():
                    self.admission.revalidate(record)
                return await self._as_miss(self._without(request, record, client))
            body = await self._body(*shown, client)
            if body is not None:
                response = self._stored(request, cached, record, body)
                return response or await self._as_miss(self._without(request, record, client))
            _log.error("file.damaged", extra={"key": record.key, "file": shown[0].name})
        return await self._as_miss(self._missed(request, record, client))

    async def file(self, request: FileRequest) -> LogoResponse:
        """Return the stored file.

        Raises MovedError if its entry has another file now, NoLogoError if it has none; else as `logo`.
        """
        if not self._enabled:
            raise DisabledError
        response = self._file_from_memory(request)
        if response is not None:
            return response
        reading = partial(self._lookup.read_named, request.file)
        content = await self._single_flight.do(request, lambda: self.bulkheads.disk.run(reading))
        if content is not None:
            return self._immutable(request, self._put(request.file, request.variant, content))
        successor = await self.bulkheads.database.run(partial(self._lookup.successor, request.file))
        if successor is None or successor == request.file:
            self._count_miss()
            raise NoLogoError
        raise MovedError(successor)

    async def refresh(self, name: str) -> LogoRecord:
        """Fetch the entry now, due or not, and return it afterwards. Raises as `logo`."""
        cached = await self._cached(name)
        task = self.admission.fetch_now(task_name(name, cached.record), cached.record)
        record = await asyncio.shield(task) if task is not None else None
        self.admission.learn(name, record)
        if record is None:
            raise NoLogoError
        return record

    def is_stale(self, record: LogoRecord) -> bool:
        return self._lookup.is_stale(record)

    def _stored(
        self, request: LogoRequest, cached: CachedRecord, record: LogoRecord, body: CachedBody
    ) -> LogoResponse | None:
        """The stored logo, stale or not; None for a placeholder if the request wants none."""
        now = time.time()
        if cached.due_at <= now:
            self.admission.revalidate(record)
        response = stored_response(request, cached, record, body, now)
        if response is not None:
            self._lookup.count_hit(record.key, stale=response.state is CacheState.STALE)
            self._looked_up(STATES[response.state], 1)
        return response

    def _count_miss(self) -> None:
        self._lookup.count_miss()
        self._looked_up("miss", 1)

    def _file_from_memory(self, request: FileRequest) -> LogoResponse | None:
        body = self.responses.get(request.file, request.variant.label)
        return self._immutable(request, body) if body is not None else None

    def _immutable(self, request: FileRequest, body: CachedBody) -> LogoResponse:
        self._looked_up("hit", 1)
        self._lookup.count_file(request.file)
        return immutable_response(body)

    async def _cached(self, name: str) -> CachedRecord:
        if not self._enabled:
            raise DisabledError
        cached = self.records.get(name)
        if cached is None:
            key = self._lookup.key_in_catalog(name)
            cached = self.records.share(name, key) if key is not None else None
        if cached is not None:
            return cached
        return await self._single_flight.do(("name", name), lambda: self._find(name))

    async def _find(self, name: str) -> CachedRecord:
        """The record in the database, read again if the database changed meanwhile."""
        while True:
            generation = self.records.generation
            record = await self.bulkheads.database.run(partial(self._lookup.find, name))
            if generation == self.records.generation:
                return self.admission.learn(name, record)

    def _hot(self, request: LogoRequest) -> tuple[CachedRecord, LogoRecord, CachedBody] | None:
        """All of a stored logo, if it is in memory."""
        cached = self.records.get(request.name)
        record = cached.record if cached is not None else None
        shown = request.shown(record.file) if record is not None and record.file is not None else None
        body = self.responses.get(shown[0].name, shown[1].label) if shown is not None else None
        return (cached, record, body) if cached and record and body else None

    async def _body(self, file: StoredForm, variant: Variant, client: str) -> CachedBody | None:
        body = self.responses.get(file.name, variant.label)
        if body is not None:
            return body
        if not variant.is_stored_form:
            self.admission.allow_drawing(client)
        read = self._read if variant.is_stored_form else self._read_or_draw
        return await self._single_flight.do(("body", file.name, variant.label), partial(read, file, variant))

    async def _read(self, file: StoredForm, variant: Variant = STORED) -> CachedBody | None:
        """Read the stored file; needs no database."""
        content = await self.bulkheads.disk.run(partial(self._lookup.read, file))
        return self._put(file.name, variant, content) if content is not None else None

    async def _read_or_draw(self, file: StoredForm, variant: Variant) -> CachedBody | None:
        """Read the variant from disk, or draw it and have it written; needs no database."""
        stored = self.responses.get(file.name, STORED.label)
        try:
            kept = await self.bulkheads.disk.run(partial(self._lookup.read_variant, file, variant))
            if kept is not None:
                return self._put(file.name, variant, kept)
            stored = stored or await self._read(file)
        except DirectoryError:
            if stored is None:
                raise
        if stored is None:
            return None
        drawn = await self.bulkheads.drawing.run(partial(self._lookup.derive, stored.content, variant))
        self.variants.write(file, variant, drawn)
        return self._put(file.name, variant, drawn)

    def _put(self, name: str, variant: Variant, content: bytes) -> CachedBody:
        body = CachedBody.of(content, variant.format)
        self.responses.put(name, variant.label, body)
        return body

    async def _as_miss(self, responding: Awaitable[LogoResponse]) -> LogoResponse:
        """Count one miss, whether the result is a response or an error."""
        try:
            response = await responding
        except (NoLogoError, BusyError, TooManyMissesError):
            self._count_miss()
            raise
        self._count_miss()
        return response

    async def _missed(self, request: LogoRequest, record: LogoRecord | None, client: str) -> LogoResponse:
        """Fetch the logo, if that is allowed now, and respond with the result."""
        try:
            task = self.admission.fetch_missing(task_name(request.name, record), record, client)
            if task is None:
                return await self._without(request, record, client)
            async with asyncio.timeout(self._wait_seconds):
                fetched = await asyncio.shield(task)
        except TimeoutError:
            late = BusyError("its sources have not answered yet", retry_after=RETRY_SECONDS)
            return await self._later(request, record, client, late)
        except (BusyError, TooManyMissesError) as error:
            return await self._later(request, record, client, error)
        return await self._fetched(request, fetched, client)

    async def _fetched(self, request: LogoRequest, record: LogoRecord | None, client: str) -> LogoResponse:
        cached = self.admission.learn(request.name, record)
        shown = request.shown(record.file) if record is not None and record.file is not None else None
        body = await self._body(*shown, client) if shown is not None else None
        if record is None or body is None or record.status is not Status.CACHED:
            return await self._without(request, record, client)
        return LogoResponse(body=body, state=CacheState.MISS, max_age=age(cached.stale_at - time.time()))

    async def _later(
        self,
        request: LogoRequest,
        record: LogoRecord | None,
        client: str,
        reason: BusyError | TooManyMissesError,
    ) -> LogoResponse:
        """Respond when there may be a logo later: with a monogram, or by raising `reason`."""
        if request.fallback is Fallback.MONOGRAM:
            return await self._without(request, record, client)
        raise reason

    async def _without(self, request: LogoRequest, record: LogoRecord | None, client: str) -> LogoResponse:
        """Respond without a logo: with a monogram, or by raising NoLogoError or BusyError."""
        if record is not None and record.status is Status.CACHED and request.lacks_form(record.file):
            raise NoLogoError(NO_SVG)
        if request.fallback is Fallback.NOT_FOUND:
            # Without an answer from the sources, "no logo" would be a lie.
            if record is not None and is_unknown(record, offline=self._offline):
                raise BusyError("its sources could not be asked", retry_after=RETRY_SECONDS)
            raise NoLogoError
        body = await self._monogram(request, record, client)
        return LogoResponse(body=body, state=CacheState.PLACEHOLDER, max_age=SHORTEST_AGE)

    async def _monogram(self, request: LogoRequest, record: LogoRecord | None, client: str) -> CachedBody:
        name, variant = task_name(request.name, record), request.variant.as_picture
        drawn_as = f"monogram {name}"
        body = self.responses.get(drawn_as, variant.label)
        if body is not None:
            return body
        self.admission.allow_drawing(client)

        async def draw() -> CachedBody:
            drawing = partial(self._lookup.monogram, name, record, variant)
            return self._put(drawn_as, variant, await self.bulkheads.drawing.run(drawing))

        return await self._single_flight.do((drawn_as, variant.label), draw)
