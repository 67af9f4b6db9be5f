"""Logos from memory, from disk, or fetched: what the logo routes answer, apart from HTTP."""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable
from functools import partial

from logocache.cache import LogoCache
from logocache.errors import DirectoryError
from logocache.model import LogoRecord, Status, StoredFile
from logocache.policy.attempts import is_unknown
from logocache.queries import Variant
from logocache.server.fetch_queue import RETRY_SECONDS, Acquisition
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
    BusyError,
    CacheState,
    DisabledError,
    Fallback,
    FileRequest,
    LogoRequest,
    LogoResponse,
    MovedError,
    NoLogoError,
    Question,
    TooManyMissesError,
)

LONGEST_AGE = 86_400
SHORTEST_AGE = 60
"""Seconds for which clients keep a logo: what is left of its freshness, within these bounds."""
PLACEHOLDER_AGE = 300
STORED_FORM = Variant()
STATES = {state: state.lower() for state in CacheState}
"""As metrics spell them."""

_log = logging.getLogger(__name__)


class LogoService:
    """Answers questions. Its methods run on the event loop's thread and never block it."""

    def __init__(self, cache: LogoCache, *, looked_up: Callable[[str], None]) -> None:
        """`looked_up` is told how each look-up ended: `hit`, `stale`, `miss` or `placeholder`."""
        settings = cache.settings
        self._enabled = settings.enabled
        self._offline = settings.offline
        self._patience = settings.on_demand_wait_seconds
        self._shelf = cache.lookup
        self._looked_up = looked_up
        self._once = SingleFlight()
        self.bulkheads = Bulkheads()
        self.mirror = RecordCache(cache.lookup, settings.refresh_interval)
        self.bodies = ResponseCache(settings.hot_memory_bytes)
        self.keeping = VariantWriter(cache.lookup)
        self.acquisition = Acquisition(cache, self.mirror, self.bulkheads.look_ups)

    def from_memory(self, question: Question) -> LogoResponse | None:
        """The answer, if nobody need be asked for it; None sends the caller to `answer` or `file`."""
        if not self._enabled:
            return None
        if isinstance(question, FileRequest):
            return self._file_from_memory(question)
        known = self.mirror.get(question.name)
        if known is None or known.record is None or known.record.file is None:
            return None
        body = self.bodies.get(known.record.file.name, question.variant.label)
        return self._stored(question, known, known.record, body) if body is not None else None

    async def answer(self, question: LogoRequest, client: str) -> LogoResponse:
        """The logo, fetched first where need be, for the client of that address.

        Raises:
            NoLogoError, BusyError, TooManyMissesError, DisabledError: as their names say.
            LogoCacheError: the name cannot be meant, or the database or directory cannot be asked.
        """
        known = await self._known(question.name)
        record = known.record
        if record is not None and record.file is not None:
            body = await self._body(record.file, question.variant, client)
            if body is not None:
                served = self._stored(question, known, record, body)
                return served or await self._counted(self._without(question, record, client))
            _log.error("file.damaged", extra={"key": record.key, "file": record.file.name})
        return await self._counted(self._missed(question, record, client))

    async def file(self, question: FileRequest) -> LogoResponse:
        """The stored file of that name.

        Raises:
            NoLogoError: there is none, and there was none.
            MovedError: its entry has another file now.
            DisabledError, LogoCacheError: as `answer`.
        """
        if not self._enabled:
            raise DisabledError
        served = self._file_from_memory(question)
        if served is not None:
            return served
        reading = partial(self._shelf.read_named, question.file)
        png = await self._once.do(question, lambda: self.bulkheads.disk.run(reading))
        if png is not None:
            return self._immutable(question, self._put(question.file, STORED_FORM, png))
        successor = await self.bulkheads.look_ups.run(partial(self._shelf.successor, question.file))
        if successor is None or successor == question.file:
            self._count_miss()
            raise NoLogoError
        raise MovedError(successor)

    async def refresh(self, name: str) -> LogoRecord:
        """Fetch that entry now, whether due or not; the entry afterwards. Raises as `answer`."""
        known = await self._known(name)
        flight = self.acquisition.wanted(_flight_name(name, known.record), known.record)
        record = await asyncio.shield(flight) if flight is not None else None
        self.acquisition.learn(name, record)
        if record is None:
            raise NoLogoError
        return record

    def is_stale(self, record: LogoRecord) -> bool:
        return self._shelf.is_stale(record)

    def _stored(
        self, question: LogoRequest, known: CachedRecord, record: LogoRecord, body: CachedBody
    ) -> LogoResponse | None:
        """What is stored, stale or not; None for a placeholder that nobody wants."""
        now = time.time()
        if known.due_at <= now:
            self.acquisition.revalidate(record)
        if record.status is Status.PLACEHOLDER:
            if question.fallback is Fallback.NOT_FOUND:
                return None
            return self._handed_out(record, body, CacheState.PLACEHOLDER, PLACEHOLDER_AGE)
        if known.stale_at <= now:
            return self._handed_out(record, body, CacheState.STALE, SHORTEST_AGE)
        return self._handed_out(record, body, CacheState.HIT, _age(known.stale_at - now))

    def _handed_out(
        self, record: LogoRecord, body: CachedBody, state: CacheState, max_age: int
    ) -> LogoResponse:
        self._shelf.count_hit(record.key, stale=state is CacheState.STALE)
        self._looked_up(STATES[state])
        return LogoResponse(body=body, state=state, max_age=max_age)

    def _count_miss(self) -> None:
        self._shelf.count_miss()
        self._looked_up("miss")

    def _file_from_memory(self, question: FileRequest) -> LogoResponse | None:
        body = self.bodies.get(question.file, STORED_FORM.label)
        return self._immutable(question, body) if body is not None else None

    def _immutable(self, question: FileRequest, body: CachedBody) -> LogoResponse:
        self._looked_up("hit")
        self._shelf.count_file(question.file)
        return LogoResponse(body=body, state=CacheState.HIT, max_age=0, is_immutable=True)

    async def _known(self, name: str) -> CachedRecord:
        if not self._enabled:
            raise DisabledError
        known = self.mirror.get(name)
        if known is None:
            key = self._shelf.key_in_catalog(name)
            known = self.mirror.share(name, key) if key is not None else None
        if known is not None:
            return known
        return await self._once.do(("name", name), lambda: self._look_up(name))

    async def _look_up(self, name: str) -> CachedRecord:
        """What the database says, read again when it has changed while we read."""
        while True:
            generation = self.mirror.generation
            record = await self.bulkheads.look_ups.run(partial(self._shelf.find, name))
            if generation == self.mirror.generation:
                return self.acquisition.learn(name, record)

    async def _body(self, file: StoredFile, variant: Variant, client: str) -> CachedBody | None:
        body = self.bodies.get(file.name, variant.label)
        if body is not None:
            return body
        if not variant.is_stored_form:
            self.acquisition.allow_drawing(client)
        read = self._read if variant.is_stored_form else self._read_or_draw
        return await self._once.do(("body", file.name, variant.label), partial(read, file, variant))

    async def _read(self, file: StoredFile, variant: Variant = STORED_FORM) -> CachedBody | None:
        """The logo as it is stored. The database need not be asked."""
        png = await self.bulkheads.disk.run(partial(self._shelf.read, file))
        return self._put(file.name, variant, png) if png is not None else None

    async def _read_or_draw(self, file: StoredFile, variant: Variant) -> CachedBody | None:
        """Another form of it: from the disk, or drawn, and then kept. The database need not be asked."""
        stored = self.bodies.get(file.name, STORED_FORM.label)
        try:
            kept = await self.bulkheads.disk.run(partial(self._shelf.kept, file, variant))
            if kept is not None:
                return self._put(file.name, variant, kept)
            stored = stored or await self._read(file)
        except DirectoryError:
            if stored is None:
                raise
        if stored is None:
            return None
        drawn = await self.bulkheads.drawing.run(partial(self._shelf.derive, stored.content, variant))
        self.keeping.keep(file, variant, drawn)
        return self._put(file.name, variant, drawn)

    def _put(self, name: str, variant: Variant, content: bytes) -> CachedBody:
        body = CachedBody.of(content, variant.format)
        self.bodies.put(name, variant.label, body)
        return body

    async def _counted(self, answering: Awaitable[LogoResponse]) -> LogoResponse:
        """What comes of a look-up that found no logo: one miss, whether it ends in an answer or a refusal."""
        try:
            served = await answering
        except (NoLogoError, BusyError, TooManyMissesError):
            self._count_miss()
            raise
        self._count_miss()
        return served

    async def _missed(self, question: LogoRequest, record: LogoRecord | None, client: str) -> LogoResponse:
        """Fetch it, if it may be fetched now, and answer with what came of it."""
        try:
            flight = self.acquisition.missing(_flight_name(question.name, record), record, client)
            if flight is None:
                return await self._without(question, record, client)
            async with asyncio.timeout(self._patience):
                fetched = await asyncio.shield(flight)
        except TimeoutError:
            late = BusyError("its sources have not answered yet", retry_after=RETRY_SECONDS)
            return await self._later(question, record, client, late)
        except (BusyError, TooManyMissesError) as error:
            return await self._later(question, record, client, error)
        return await self._fetched(question, fetched, client)

    async def _fetched(self, question: LogoRequest, record: LogoRecord | None, client: str) -> LogoResponse:
        known = self.acquisition.learn(question.name, record)
        body = await self._body(record.file, question.variant, client) if record and record.file else None
        if record is None or body is None or record.status is not Status.CACHED:
            return await self._without(question, record, client)
        return LogoResponse(body=body, state=CacheState.MISS, max_age=_age(known.stale_at - time.time()))

    async def _later(
        self,
        question: LogoRequest,
        record: LogoRecord | None,
        client: str,
        reason: BusyError | TooManyMissesError,
    ) -> LogoResponse:
        """The answer when there may be a logo another time: a placeholder at once, or the reason."""
        if question.fallback is Fallback.MONOGRAM:
            return await self._without(question, record, client)
        raise reason

    async def _without(self, question: LogoRequest, record: LogoRecord | None, client: str) -> LogoResponse:
        """The answer when there is no logo: a monogram, or none. Raises NoLogoError, BusyError."""
        if question.fallback is Fallback.NOT_FOUND:
            # "No logo" is what a source has said, never what we could not ask.
            if record is not None and is_unknown(record, offline=self._offline):
                raise BusyError("its sources could not be asked", retry_after=RETRY_SECONDS)
            raise NoLogoError
        body = await self._monogram(question, record, client)
        return LogoResponse(body=body, state=CacheState.PLACEHOLDER, max_age=SHORTEST_AGE)

    async def _monogram(self, question: LogoRequest, record: LogoRecord | None, client: str) -> CachedBody:
        name, variant = _flight_name(question.name, record), question.variant
        drawn_as = f"monogram {name}"
        body = self.bodies.get(drawn_as, variant.label)
        if body is not None:
            return body
        self.acquisition.allow_drawing(client)

        async def draw() -> CachedBody:
            drawing = partial(self._shelf.monogram, name, record, variant)
            return self._put(drawn_as, variant, await self.bulkheads.drawing.run(drawing))

        return await self._once.do((drawn_as, variant.label), draw)


def _flight_name(name: str, record: LogoRecord | None) -> str:
    """What a fetch is known by: the entry's key, so that all its names share one."""
    return record.key if record is not None else name


def _age(seconds_fresh: float) -> int:
    return int(min(max(seconds_fresh, SHORTEST_AGE), LONGEST_AGE))
