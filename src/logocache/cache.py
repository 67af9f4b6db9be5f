"""LogoCache: every operation as a method with its own result type, imported when it is first called."""

import contextlib
from collections.abc import Callable, Sequence
from types import TracebackType
from typing import TYPE_CHECKING, Self

from logocache.errors import DatabaseError
from logocache.health import Health, Readiness
from logocache.model import Logo
from logocache.operations.context import Context, Lazy
from logocache.ports import Progress, Silent
from logocache.queries import ClearSelection, FailOn, ListQuery, Variant
from logocache.repository.mapping import SavedFetch
from logocache.results import (
    CacheStats,
    ClearPlan,
    ClearReport,
    Entry,
    FetchReport,
    IconSets,
    Listing,
    VerifyReport,
)

if TYPE_CHECKING:
    from logocache.operations.lookup import Lookup
    from logocache.operations.on_demand import OnDemand

_SILENT = Silent()


class LogoCache:
    """The cache. Made by `open_cache`; a context manager; safe to use from several threads.

    Every method raises `DirectoryError`, `DatabaseError` or `SchemaError` if the cache cannot be used
    now, and `UnknownKeyError` for a name without an entry. A logo that cannot be fetched is never an
    exception.
    """

    def __init__(self, context: Context) -> None:
        self.settings = context.settings
        self._context = context
        self._lookup: Lazy[Lookup] = Lazy(self._make_lookup)
        self._on_demand: Lazy[OnDemand] = Lazy(self._make_on_demand)

    @property
    def lookup(self) -> "Lookup":
        """Reads single logos, as a server does many times a second."""
        return self._lookup()

    @property
    def on_demand(self) -> "OnDemand":
        """Fetches single logos while the caller waits."""
        return self._on_demand()

    def init(
        self,
        keys: Sequence[str] = (),
        *,
        force: bool = False,
        adopt: bool = False,
        progress: Progress = _SILENT,
    ) -> FetchReport:
        """Create directory and schema, register the catalogue, fetch what is due.

        May be repeated: what is not due is not fetched. `keys` limits the run to some entries; `force`
        fetches entries that are not due, too. `adopt` accepts a directory that does not belong to this
        database (else a DirectoryError) and fetches the entries whose files are missing.
        """
        from logocache.operations.init import Init

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
        """Fetch again what is due, or with `failed` what failed last time, or with `force` everything.

        `keys` are fetched even if not due, and may be new domains. At most `limit` entries are fetched.
        Raises `DomainError` for a domain that is not public, and `SelectionError` for more domains
        than LOGO_CACHE_ON_DEMAND_MAX_ENTRIES allows.
        """
        from logocache.operations.refresh import Refresh

        return Refresh(self._context).run(keys, force=force, failed=failed, limit=limit, progress=progress)

    def icon_sets(self) -> IconSets:
        """Return the icon sets that are kept, or that a setting names."""
        from logocache.operations.icon_sets import IconSetCommands

        return IconSetCommands(self._context).list()

    def add_icon_set(self, source: str) -> IconSets:
        """Keep an icon set in its newest version; `source` is its name, its file or its npm package's folder.

        The next `init` or `refresh` fetches the logos that it adds. Raises `SelectionError` for a name that
        no set has, `ProviderError` for a file that is none, `UnavailableError` if it cannot be fetched.
        """
        from logocache.operations.icon_sets import IconSetCommands

        return IconSetCommands(self._context).add(source)

    def remove_icon_set(self, name: str) -> IconSets:
        """Delete an icon set and do not fetch it again; logos that it gave stay until a source has others.

        Raises `SelectionError` for a name that is neither kept nor named by a setting.
        """
        from logocache.operations.icon_sets import IconSetCommands

        return IconSetCommands(self._context).remove(name)

    def require(self) -> None:
        """Raise DirectoryError, DatabaseError or SchemaError unless `init` has prepared both places."""
        self._context.identity.require_init()

    def stats(self) -> CacheStats:
        """Return the figures of the whole cache."""
        from logocache.operations.stats import Stats

        return Stats(self._context).read()

    def list(self, query: ListQuery = ListQuery()) -> Listing:  # noqa: B008  # an immutable value
        """Return the entries that match `query`, at most its `limit`.

        Raises `SelectionError` for a query that contradicts itself.
        """
        return self.lookup.list(query)

    def entry(self, key_or_domain: str) -> Entry:
        """Return the entry of that name, with or without a logo.

        Raises `UnknownKeyError` also for a catalogue entry that no `init` has registered yet.
        """
        return self.lookup.entry(key_or_domain)

    def plan_clear(self, selection: ClearSelection) -> ClearPlan:
        """Return the plan for clearing `selection`. Changes nothing.

        Raises `SelectionError` if nothing, or a contradiction, is selected.
        """
        from logocache.operations.clear import Clear

        return Clear(self._context).plan(selection)

    def clear(self, plan: ClearPlan) -> ClearReport:
        """Delete what `plan` names, except what has changed since the plan was made."""
        from logocache.operations.clear import Clear

        return Clear(self._context).carry_out(plan)

    def verify(
        self,
        *,
        repair: bool = False,
        decode: bool = False,
        fail_on: FailOn = FailOn(),  # noqa: B008  # an immutable value
        progress: Progress = _SILENT,
    ) -> VerifyReport:
        """Compare every file with its record, and the directory and limits with the settings.

        Files are compared by size and digest; with `decode` their images are decoded as well.

        Changes nothing unless `repair`: then lost or damaged logos are fetched again, our own files
        without an entry are deleted, and damaged and foreign files are moved to
        `.logocache/quarantine`. What could not be checked is left alone.
        """
        from logocache.operations.verify import Verify

        return Verify(self._context).run(repair=repair, decode=decode, fail_on=fail_on, progress=progress)

    def get(self, key_or_domain: str) -> Logo | None:
        """Return the stored logo or placeholder of that name; None if there is none. Uses no network.

        The look-up is counted; counts are written in batches, the last one by `close`.
        """
        return self.lookup.get(key_or_domain)

    def image(self, key_or_domain: str, variant: Variant = Variant()) -> bytes | None:  # noqa: B008  # immutable
        """Return the bytes of the logo or placeholder of that name, as `variant`; None if there is none,
        or no SVG where that is wanted.

        A variant is drawn once, and kept as long as there is room. Uses no network, and counts as `get`.
        """
        return self.lookup.image(key_or_domain, variant)

    def flush(self) -> None:
        """Write the look-ups counted so far. Those that cannot be written now stay counted."""
        for lookup in self._lookup.made:
            lookup.flush()

    def health(self) -> Health:
        """Return figures for monitoring. Never raises: what cannot be read is None."""
        from logocache.operations.stats import HealthCheck

        return HealthCheck(self._context).health()

    def readiness(self) -> Readiness:
        """Check if the cache can do its work now. Never raises."""
        from logocache.operations.stats import HealthCheck

        return HealthCheck(self._context).readiness()

    def watch(self, watcher: Callable[[Sequence[SavedFetch]], None]) -> None:
        """Call `watcher` with all that is fetched. It must be quick; its exceptions are logged."""
        self._context.watchers.append(watcher)

    def interrupt(self) -> None:
        """End all fetching for good, from another thread: what was being fetched counts as not asked."""
        self._context.interrupted.set()
        self._context.close_engines()
        with contextlib.suppress(DatabaseError):  # leases expire by themselves
            for on_demand in self._on_demand.made:
                on_demand.release()

    def close(self) -> None:
        """Write the counts and release all resources. The cache cannot be used afterwards."""
        try:
            self.flush()
        finally:
            self._context.close_engines()
            self._context.repository.close()

    def _start_over(self, context: Context) -> Context:
        """Switch to `context`, as if just opened; return the earlier one. For the child of a fork.

        `lookup`, `on_demand` and the watchers stay the same objects.
        """
        earlier, self._context = self._context, context
        context.watchers.extend(earlier.watchers)
        self._lookup.start_over()
        self._on_demand.start_over()
        return earlier

    def _make_lookup(self) -> "Lookup":
        from logocache.operations.lookup import Lookup

        return Lookup(self._context)

    def _make_on_demand(self) -> "OnDemand":
        from logocache.operations.on_demand import OnDemand

        return OnDemand(self._context)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()
