"""LogoCache: every operation, as a method with a result type of its own."""

import contextlib
import logging
from collections.abc import Callable, Sequence
from dataclasses import replace
from types import TracebackType
from typing import Self

from logocache.errors import DatabaseError, DirectoryError, LogoCacheError, SchemaError, SelectionError
from logocache.health import Health, Readiness
from logocache.masking import shown_database
from logocache.model import Integration, Logo, LogoRecord
from logocache.operations.assembly import Assembly
from logocache.operations.fetching import RunRequest, disabled_report
from logocache.operations.listing import listed
from logocache.operations.on_demand import OnDemand
from logocache.operations.parts import Parts
from logocache.operations.registering import make_known
from logocache.operations.shelf import Shelf
from logocache.operations.statistics import statistics
from logocache.operations.verification import Verification
from logocache.ports import Progress, Silent
from logocache.repository.filters import DueFilter, RecordFilter
from logocache.repository.records import SavedFetch
from logocache.results import CacheStats, ClearPlan, ClearReport, Entry, FetchReport, Listing, VerifyReport
from logocache.selection import ClearSelection, FailOn, ListQuery
from logocache.settings import Settings

LARGEST_SHOWN = 10
ACCESSES_HELD = 1000
"""Look-ups counted in memory before they are written."""

_SILENT = Silent()
_log = logging.getLogger(__name__)


class LogoCache:
    """The cache. Made by `open_cache`; a context manager; safe to use from several threads.

    Every method raises `DirectoryError`, `DatabaseError` or `SchemaError` when the cache cannot be
    used here and now, and `UnknownKeyError` for a name that means no entry. A logo that cannot be
    had is never an exception.
    """

    def __init__(self, settings: Settings, parts: Parts) -> None:
        self.settings = settings
        self._parts = parts
        self._operations = Assembly(settings, parts)
        self._found_ready = False

    def init(
        self,
        keys: Sequence[str] = (),
        *,
        force: bool = False,
        adopt: bool = False,
        progress: Progress = _SILENT,
    ) -> FetchReport:
        """Make directory and schema, make the catalogue known, fetch what is due.

        Again and again is fine: what is not due is not fetched. `keys` narrow it to some entries,
        `force` fetches them whether due or not. `adopt` takes a directory that is not the one of this
        database, which is a DirectoryError else: entries whose files are missing are fetched again.
        """
        if not self.settings.enabled:
            return self._disabled("init")
        self._parts.store.prepare()
        self._parts.repository.migrate()
        self._operations.identity.establish(adopt=adopt)
        registration = make_known(self._parts, self._parts.catalog.integrations)
        if self._operations.recovery.run(beside_others=adopt):
            self._operations.saver.enforce_limit()
        due = self._due(self._parts.names.keys(keys), forced=force)
        request = RunRequest(command="init", due=due, added=registration.added)
        return self._operations.fetching.run(request, progress)

    def refresh(
        self,
        keys: Sequence[str] = (),
        *,
        force: bool = False,
        failed: bool = False,
        limit: int | None = None,
        progress: Progress = _SILENT,
    ) -> FetchReport:
        """Fetch again: what is due, or with `failed` what failed last time, or with `force` all.

        `keys` are fetched whether due or not, and may be domains that nobody knew yet. At most
        `limit` entries are asked for. Raises `DomainError` for a domain that is not a public one, and
        `SelectionError` for more domains than there may be entries made on demand.
        """
        if not self.settings.enabled:
            return self._disabled("refresh")
        self.require()
        registration = make_known(self._parts, self._named_domains(keys))
        due = replace(self._due(self._parts.names.keys(keys), forced=force or bool(keys)), failed_only=failed)
        request = RunRequest(command="refresh", due=due, limit=limit, added=registration.added)
        return self._operations.fetching.run(request, progress)

    def require(self) -> None:
        """Raise DirectoryError, DatabaseError or SchemaError unless `init` has been here, in both places."""
        self._parts.store.require()
        self._parts.repository.check_schema()
        self._operations.identity.check()

    def _look(self) -> None:
        """As `require`, for what changes nothing: a directory that is not the cache's is only told."""
        problem: LogoCacheError | None = None
        try:
            self._parts.store.require()
        except DirectoryError as error:
            if not self._parts.store.directory.is_dir():
                raise
            problem = error
        try:
            self._parts.repository.check_schema()
        except (DatabaseError, SchemaError) as error:
            raise problem or error from error
        problem = problem or self._operations.identity.problem()
        if problem is not None:
            _log.warning("directory.unusable", extra={"problem": str(problem)})

    def stats(self) -> CacheStats:
        """Figures of the whole cache."""
        self._look()
        now = self._parts.clock()
        return statistics(
            self._parts.repository.totals(now=now, stale_before=now - self.settings.refresh_interval),
            tuple(self._parts.repository.largest(LARGEST_SHOWN)),
            self._parts.store.disk_space(),
            self._parts.variants,
            enabled=self.settings.enabled,
            directory=str(self._parts.store.directory),
            database=shown_database(self.settings.resolved_database_url),
            max_size_bytes=self.settings.max_size_bytes,
        )

    def list(self, query: ListQuery = ListQuery()) -> Listing:  # noqa: B008  # an immutable value
        """The entries that match; with `limit` the first few of them.

        Raises `SelectionError` for a query that contradicts itself.
        """
        query = query.checked()
        self._look()
        shown, matching = listed(self._parts.repository, self._where(query), query)
        entries = tuple(Entry.of(record, stale=self._is_stale(record)) for record in shown)
        return Listing(entries=entries, matching=matching)

    def plan_clear(self, selection: ClearSelection) -> ClearPlan:
        """What clearing `selection` would take away. Changes nothing.

        Raises `SelectionError` when nothing, or a contradiction, is selected.
        """
        selection = selection.checked()
        self._look()
        return self._operations.clearing.plan(selection, self._parts.names.keys(selection.keys))

    def clear(self, plan: ClearPlan) -> ClearReport:
        """Take away what `plan` names. What has changed since the plan was made stays."""
        self.require()
        return self._operations.clearing.carry_out(plan)

    def verify(
        self,
        *,
        repair: bool = False,
        fail_on: FailOn = FailOn(),  # noqa: B008  # an immutable value
        progress: Progress = _SILENT,
    ) -> VerifyReport:
        """Hold every file against its row, and the directory and limits against the settings.

        Changes nothing, unless `repair`: then logos whose files are lost or damaged are fetched again,
        files of ours that no entry names are deleted, and damaged files and strangers moved to
        `.logocache/quarantine`. What could not be looked at is left alone.
        """
        if repair:
            self.require()
        else:
            self._look()
        verification = Verification(
            self._operations.inspector,
            self._operations.mender,
            self._operations.saver,
            self._parts.repository,
            self._fetch_again,
        )
        return verification.run(repair=repair, fail_on=fail_on, progress=progress)

    def get(self, key_or_domain: str) -> Logo | None:
        """The stored logo of that name, placeholders too; None when there is none. Asks no network.

        The look-up is counted; counts are written in batches, the last one by `close`.
        """
        if not self._found_ready:
            self.require()
            self._found_ready = True  # look-ups are many: only the first one asks
        record = self.shelf.find(key_or_domain)
        if record is None or record.file is None:
            self.shelf.count_miss()
        else:
            self.shelf.count_hit(record.key, stale=self.shelf.is_stale(record))
        if self.shelf.counted >= ACCESSES_HELD:
            self.flush()
        if record is None or record.file is None:
            return None
        return Logo(record=record, path=self._parts.store.path(record.file.name))

    def flush(self) -> None:
        """Write the look-ups counted so far. Those that cannot be written now stay counted."""
        self.shelf.flush()

    def health(self) -> Health:
        """Figures for monitoring. Never raises: what cannot be asked is None."""
        return self._operations.wellbeing.health()

    def readiness(self) -> Readiness:
        """Whether the work can be done here and now. Never raises."""
        return self._operations.wellbeing.readiness()

    @property
    def shelf(self) -> Shelf:
        """Single logos, looked up and read: what a server needs many times a second."""
        return self._operations.shelf

    @property
    def on_demand(self) -> OnDemand:
        """Single logos, fetched while somebody waits."""
        return self._operations.on_demand

    def watch(self, watcher: Callable[[Sequence[SavedFetch]], None]) -> None:
        """Have `watcher` told of everything that is fetched; it must be quick; what it raises is logged."""
        self._parts.watchers.append(watcher)

    def interrupt(self) -> None:
        """End what is being fetched, from another thread: it counts as not asked. No fetching afterwards."""
        self._parts.interrupted.set()
        self._parts.engines.close()
        with contextlib.suppress(DatabaseError):  # leases that cannot be ended expire by themselves
            self._operations.on_demand.release()

    def close(self) -> None:
        """Write what is counted and let go of everything. Not to be used afterwards."""
        try:
            self.flush()
        finally:
            self._parts.engines.close()
            self._parts.repository.close()

    def _start_over(self, parts: Parts) -> Parts:
        """Work with `parts` from now on, as if just opened; the earlier parts, for whoever made them.

        For the child of a fork. `shelf`, `on_demand` and watchers stay the same for those who hold them.
        """
        earlier, shelf, on_demand = self._parts, self.shelf, self.on_demand
        parts.watchers.extend(earlier.watchers)
        new = LogoCache(self.settings, parts)
        vars(shelf).update(vars(new.shelf))
        vars(on_demand).update(vars(new.on_demand))
        new._operations.shelf, new._operations.on_demand = shelf, on_demand
        vars(self).update(vars(new))
        return earlier

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def _where(self, query: ListQuery) -> RecordFilter:
        stale_before = self._parts.clock() - self.settings.refresh_interval
        return RecordFilter(
            keys=self._parts.names.keys(query.keys),
            statuses=query.statuses or None,
            providers=query.providers or None,
            categories=query.categories or None,
            failing=True if query.failing else None,
            stale_before=stale_before if query.stale else None,
            pinned=True if query.pinned else None,
            text=query.text,
        )

    def _is_stale(self, record: LogoRecord) -> bool:
        return self.shelf.is_stale(record)

    def _named_domains(self, names: Sequence[str]) -> tuple[Integration, ...]:
        domains, most = self._parts.names.domains(names), self.settings.on_demand_max_entries
        if len({each.key for each in domains}) > most:
            raise SelectionError(
                f"more domains are named than the {most} that LOGO_CACHE_ON_DEMAND_MAX_ENTRIES allows",
                hint="raise it, or put them into a catalogue of your own (LOGO_CACHE_CATALOG)",
            )
        return domains

    def _due(self, keys: Sequence[str] | None, *, forced: bool) -> DueFilter:
        return DueFilter(now=self._parts.clock(), keys=keys, forced=forced, offline=self.settings.offline)

    def _disabled(self, command: str) -> FetchReport:
        return disabled_report(
            command, directory=str(self._parts.store.directory), offline=self.settings.offline
        )

    def _fetch_again(self, keys: tuple[str, ...]) -> None:
        if not self.settings.enabled:
            return
        # They were made due: who has fetched one meanwhile need not do so again.
        due = self._due(keys, forced=self.settings.offline)
        self._operations.fetching.run(RunRequest(command="refresh", due=due), _SILENT)
