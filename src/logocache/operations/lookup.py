"""Look-ups of single logos, for Python programs and the server."""

import contextlib
import hashlib
import threading
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import assert_never

from logocache.errors import DatabaseError, UnknownKeyError
from logocache.model import Integration, Logo, LogoRecord, Origin, StoredForm
from logocache.operations.clear import register
from logocache.operations.context import Context
from logocache.policy.attempts import is_due, is_stale
from logocache.policy.forms import form_for
from logocache.queries import ListQuery, Variant
from logocache.repository import Repository
from logocache.repository.filters import DueFilter, RecordFilter
from logocache.repository.totals import Access
from logocache.results import MOST_COUNTED, Entry, Listing
from logocache.settings.server import OnDemand
from logocache.store.names import form_like, is_ours, key_of

ACCESSES_HELD = 1000
"""Look-ups counted in memory before they are written to the database."""


class Lookup:
    """Finds, reads and counts. Uses no network. Safe to use from several threads.

    Methods raise `DatabaseError` if they use the database, and `DirectoryError` if they read a file.
    """

    def __init__(self, context: Context) -> None:
        self._context = context
        self._settings = context.settings
        self._accesses = Accesses(context.repository)
        self._found_ready = False

    def get(self, name: str) -> Logo | None:
        """See `LogoCache.get`."""
        if not self._found_ready:
            self._context.identity.require_init()
            self._found_ready = True  # look-ups are frequent: only the first one checks
        record = self.find(name)
        if record is None or record.file is None:
            self.count_miss()
        else:
            self.count_hit(record.key, stale=self.is_stale(record))
        if self.counted >= ACCESSES_HELD:
            self.flush()
        if record is None or record.file is None:
            return None
        return Logo(record=record, path=self._context.store.path(record.file.name))

    def image(self, name: str, variant: Variant) -> bytes | None:
        """See `LogoCache.image`."""
        logo = self.get(name)
        file = logo.record.file if logo is not None else None
        shown = form_for(file, variant, or_picture=False) if file is not None else None
        if shown is None:
            return None
        form, variant = shown
        if variant.is_stored_form:
            return self.read(form)
        kept = self.read_variant(form, variant)
        png = self.read(form) if kept is None else None
        if png is None:
            return kept
        drawn = self.derive(png, variant)
        self.write_variant(form, variant, drawn)
        return drawn

    def entry(self, name: str) -> Entry:
        """See `LogoCache.entry`."""
        self._context.identity.look()
        record = self.find(name)
        if record is None:
            self._context.names.keys((name,))
            raise UnknownKeyError(
                f"{name!r} is in the catalogue, but not in the cache yet", hint="run `logocache init`"
            )
        return Entry.of(record, stale=self.is_stale(record))

    def list(self, query: ListQuery) -> Listing:
        """See `LogoCache.list`. Reads only what is shown."""
        query = query.checked()
        self._context.identity.look()
        where, repository = self._where(query), self._context.repository
        if not query.is_in_key_order:
            shown = repository.listed(where, sort=query.sort, reverse=query.reverse, limit=query.limit)
        elif query.limit is not None:
            shown = repository.page(where, after=query.after, limit=query.limit)
        else:
            shown = [record for page in repository.pages(where, after=query.after) for record in page]
        entries = tuple(Entry.of(record, stale=self.is_stale(record)) for record in shown)
        if query.after is None and (query.limit is None or len(shown) < query.limit):
            return Listing(entries=entries, matching=len(shown))
        matching = repository.count(where, most=MOST_COUNTED + 1)
        is_capped = not where.is_of_groups and matching > MOST_COUNTED
        return Listing(
            entries=entries, matching=MOST_COUNTED if is_capped else matching, matching_capped=is_capped
        )

    def generation(self) -> int:
        """See `Repository.generation`."""
        return self._context.repository.generation()

    def find(self, name: str) -> LogoRecord | None:
        """Return the stored entry of a key, alias or domain; None if there is none."""
        return self._context.names.find(name)

    def key_in_catalog(self, name: str) -> str | None:
        """Return the key of the catalogue's entry of that name, if any. Does not use the database."""
        return self._context.names.key_in_catalog(name)

    def records(self, keys: Sequence[str]) -> Sequence[LogoRecord]:
        """Return the existing entries among `keys`, sorted by key."""
        where = RecordFilter(keys=keys)
        return [record for page in self._context.repository.pages(where) for record in page]

    def is_being_fetched(self, key: str) -> bool:
        """True while a process holds a lease on the entry."""
        free = DueFilter(now=self._context.clock(), keys=(key,), forced=True)
        return bool(self.records((key,))) and not self._context.repository.due_keys(free, limit=1)

    def is_stale(self, record: LogoRecord) -> bool:
        return is_stale(record, now=self._context.clock(), refresh_interval=self._settings.refresh_interval)

    def is_due(self, record: LogoRecord) -> bool:
        return is_due(record, now=self._context.clock())

    def may_admit(self, name: str) -> bool:
        """True if LOGO_CACHE_ON_DEMAND allows a new entry for a name that is not in the database.

        Raises:
            UnknownKeyError: the name is neither in the catalogue nor in the form of a domain.
            DomainError: it has that form, but is not a public host.
        """
        return admissible(self._context, name) is not None

    def admit(self, name: str) -> LogoRecord | None:
        """Register an entry for `name`; None if `may_admit` is False. Raises as `may_admit`."""
        integration = admissible(self._context, name)
        if integration is None:
            return None
        register(self._context, [integration])
        return self._context.repository.get(integration.key)

    def read(self, file: StoredForm) -> bytes | None:
        """Return its bytes; None if it is missing or differs from its record."""
        content = self._context.store.read(file.name)
        if content is None or hashlib.sha256(content).hexdigest() != file.sha256:
            return None
        return content

    def read_named(self, name: str) -> bytes | None:
        """Return the file of that name, current or replaced; None if it is missing or damaged."""
        return self._context.store.read_intact(name) if is_ours(name) else None

    def successor(self, name: str) -> str | None:
        """Return the name of the entry's current file, given an earlier one; None if there is none.

        It is of the same form, if the entry has that, else the PNG.
        """
        key = key_of(name)
        record = self._context.repository.get(key) if key is not None else None
        if record is None or record.file is None:
            return None
        return (form_like(name, record.file) or record.file).name

    def read_variant(self, file: StoredForm, variant: Variant) -> bytes | None:
        """Return the stored variant of the logo; None if there is none."""
        return self._context.variants.read(file.name, variant)

    def derive(self, png: bytes, variant: Variant) -> bytes:
        """Derive the variant from the stored PNG."""
        return self._context.images().derive(png, variant)

    def write_variant(self, file: StoredForm, variant: Variant, content: bytes) -> None:
        """Store a variant, unless there is no room or its logo is gone. Waits for the database's writers."""
        # The transaction keeps logos from taking the room meanwhile, and the file from being deleted.
        with contextlib.suppress(DatabaseError), self._context.repository.unit() as unit:
            if not unit.unnamed([file.name]):
                room = max(self._settings.max_size_bytes - unit.stored_bytes(), 0)
                self._context.variants.write(file.name, variant, content, room=room)

    def monogram(self, name: str, record: LogoRecord | None, variant: Variant) -> bytes:
        """Draw the placeholder of an entry, or of a name without one.

        Raises UnknownKeyError and DomainError as `may_admit`.
        """
        names, context = self._context.names, self._context
        integration = names.integration_of(record) if record is not None else names.admissible(name)
        png = context.images().draw(context.monogram(integration)).png
        return png if variant.is_stored_form else context.images().derive(png, variant)

    def count_hit(self, key: str, *, stale: bool, times: int = 1) -> None:
        """Count hits on that entry. Does not wait."""
        self._accesses.hit(key, stale=stale, at=self._context.clock(), times=times)

    def count_file(self, name: str) -> None:
        """Count a hit on the entry of that file. Does not wait."""
        key = key_of(name)
        if key is not None:
            self.count_hit(key, stale=False)

    def count_miss(self) -> None:
        self._accesses.miss()

    @property
    def counted(self) -> int:
        """Number of look-ups that are not written yet."""
        return self._accesses.held

    def flush(self) -> None:
        """Write the counted look-ups. Those that cannot be written stay counted."""
        self._accesses.flush()

    def _where(self, query: ListQuery) -> RecordFilter:
        stale_before = self._context.clock() - self._settings.refresh_interval
        return RecordFilter(
            keys=self._context.names.keys(query.keys),
            statuses=query.statuses or None,
            providers=query.providers or None,
            categories=query.categories or None,
            failing=True if query.failing else None,
            stale_before=stale_before if query.stale else None,
            pinned=True if query.pinned else None,
            text=query.text,
        )


class Accesses:
    """Counts look-ups in memory. Safe to use from several threads."""

    def __init__(self, repository: Repository) -> None:
        self._repository = repository
        self._hits: dict[str, Access] = {}
        self._counters: Counter[str] = Counter()
        self._under_way: Counter[str] = Counter()
        self._lock = threading.Lock()
        self._flushing = threading.Lock()

    def hit(self, key: str, *, stale: bool, at: datetime, times: int = 1) -> None:
        """Count a logo that was found so many times."""
        with self._lock:
            self._counters["stale" if stale else "hits"] += times
            self._add(key, Access(count=times, last_at=at))

    def miss(self) -> None:
        """Count a logo that was not found."""
        with self._lock:
            self._counters["misses"] += 1

    @property
    def held(self) -> int:
        """Look-ups not yet written, including those that a running `flush` is writing."""
        with self._lock:
            return self._counters.total() + self._under_way.total()

    def flush(self) -> None:
        """Write the counts. Raises DatabaseError; they then stay counted."""
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


def admissible(context: Context, name: str) -> Integration | None:
    """The integration of a new entry for `name`; None if LOGO_CACHE_ON_DEMAND allows none.

    Raises as `Lookup.may_admit`.
    """
    integration = context.names.admissible(name)
    match context.settings.on_demand:
        case OnDemand.OFF:
            return None
        case OnDemand.CATALOG:
            return integration if integration.origin is not Origin.ON_DEMAND else None
        case OnDemand.ANY:
            return integration
        case _:
            assert_never(context.settings.on_demand)
