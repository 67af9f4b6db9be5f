"""LogoCache: every operation, as a method with a result type of its own."""

import contextlib
from collections.abc import Callable, Sequence
from types import TracebackType
from typing import Self

from logocache.errors import DatabaseError
from logocache.health import Health, Readiness
from logocache.model import Logo
from logocache.operations.clear import Clear
from logocache.operations.context import Context
from logocache.operations.init import Init
from logocache.operations.lookup import Lookup
from logocache.operations.on_demand import OnDemand
from logocache.operations.refresh import Refresh
from logocache.operations.stats import HealthCheck, Stats
from logocache.operations.verify import Verify
from logocache.ports import Progress, Silent
from logocache.queries import ClearSelection, FailOn, ListQuery
from logocache.repository.mapping import SavedFetch
from logocache.results import CacheStats, ClearPlan, ClearReport, Entry, FetchReport, Listing, VerifyReport

_SILENT = Silent()


class LogoCache:
    """The cache. Made by `open_cache`; a context manager; safe to use from several threads.

    Every method raises `DirectoryError`, `DatabaseError` or `SchemaError` when the cache cannot be
    used here and now, and `UnknownKeyError` for a name that means no entry. A logo that cannot be
    had is never an exception.
    """

    def __init__(self, context: Context) -> None:
        self.settings = context.settings
        self._context = context
        self.lookup = Lookup(context)
        """Single logos, looked up and read: what a server needs many times a second."""
        self.on_demand = OnDemand(context)
        """Single logos, fetched while somebody waits."""

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
        return Init(self._context).run(keys, force=force, adopt=adopt, progress=progress)

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
        return Refresh(self._context).run(keys, force=force, failed=failed, limit=limit, progress=progress)

    def require(self) -> None:
        """Raise DirectoryError, DatabaseError or SchemaError unless `init` has been here, in both places."""
        self._context.identity.require_init()

    def stats(self) -> CacheStats:
        """Figures of the whole cache."""
        return Stats(self._context).read()

    def list(self, query: ListQuery = ListQuery()) -> Listing:  # noqa: B008  # an immutable value
        """The entries that match; with `limit` the first few of them.

        Raises `SelectionError` for a query that contradicts itself.
        """
        return self.lookup.list(query)

    def entry(self, key_or_domain: str) -> Entry:
        """All that is known of the entry of that name, whether it has a logo or not.

        Raises `UnknownKeyError` also for an entry of the catalogue that no `init` has made known yet.
        """
        return self.lookup.entry(key_or_domain)

    def plan_clear(self, selection: ClearSelection) -> ClearPlan:
        """What clearing `selection` would take away. Changes nothing.

        Raises `SelectionError` when nothing, or a contradiction, is selected.
        """
        return Clear(self._context).plan(selection)

    def clear(self, plan: ClearPlan) -> ClearReport:
        """Take away what `plan` names. What has changed since the plan was made stays."""
        return Clear(self._context).carry_out(plan)

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
        return Verify(self._context).run(repair=repair, fail_on=fail_on, progress=progress)

    def get(self, key_or_domain: str) -> Logo | None:
        """The stored logo of that name, placeholders too; None when there is none. Asks no network.

        The look-up is counted; counts are written in batches, the last one by `close`.
        """
        return self.lookup.get(key_or_domain)

    def flush(self) -> None:
        """Write the look-ups counted so far. Those that cannot be written now stay counted."""
        self.lookup.flush()

    def health(self) -> Health:
        """Figures for monitoring. Never raises: what cannot be asked is None."""
        return HealthCheck(self._context).health()

    def readiness(self) -> Readiness:
        """Whether the work can be done here and now. Never raises."""
        return HealthCheck(self._context).readiness()

    def watch(self, watcher: Callable[[Sequence[SavedFetch]], None]) -> None:
        """Have `watcher` told of everything that is fetched; it must be quick; what it raises is logged."""
        self._context.watchers.append(watcher)

    def interrupt(self) -> None:
        """End what is being fetched, from another thread: it counts as not asked. No fetching afterwards."""
        self._context.interrupted.set()
        self._context.close_engines()
        with contextlib.suppress(DatabaseError):  # leases that cannot be ended expire by themselves
            self.on_demand.release()

    def close(self) -> None:
        """Write what is counted and let go of everything. Not to be used afterwards."""
        try:
            self.flush()
        finally:
            self._context.close_engines()
            self._context.repository.close()

    def _start_over(self, context: Context) -> Context:
        """Work with `context` from now on, as if just opened; the earlier one, for whoever made it.

        For the child of a fork. `lookup`, `on_demand` and watchers stay the same for those who hold them.
        """
        earlier, self._context = self._context, context
        context.watchers.extend(earlier.watchers)
        vars(self.lookup).update(vars(Lookup(context)))
        vars(self.on_demand).update(vars(OnDemand(context)))
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
