"""Statistics and health checks of the cache."""

from collections.abc import Callable

from logocache.errors import DatabaseError, DirectoryError, LogoCacheError, SchemaError
from logocache.health import Check, Health, HealthStatus, Readiness, ReadyStatus
from logocache.operations.context import Context
from logocache.repository.totals import GroupTotal, Totals
from logocache.results import CacheStats, Group, LargeFile
from logocache.settings.masking import shown_database
from logocache.store.folders import DiskSpace

MB = 1_000_000
GB = 1_000_000_000
LARGEST_SHOWN = 10


class Stats:
    """Statistics from the database, the disk and the settings."""

    def __init__(self, context: Context) -> None:
        self._context = context

    def read(self) -> CacheStats:
        """See `LogoCache.stats`. Raises as `Identity.look`."""
        context = self._context
        context.identity.look()
        now = context.clock()
        totals = context.repository.totals(now=now, stale_before=now - context.settings.refresh_interval)
        disk = context.store.disk_space()
        max_size_bytes = context.settings.max_size_bytes
        variant_bytes = context.variants.size_bytes()
        stored = totals.bytes + totals.replaced_bytes + variant_bytes
        hits, stale_hits, misses = (totals.counters.get(name, 0) for name in ("hits", "stale", "misses"))
        looked_up = hits + stale_hits + misses
        return CacheStats(
            enabled=context.settings.enabled,
            directory=str(context.store.directory),
            database=shown_database(context.settings.resolved_database_url),
            entries=totals.entries,
            files=totals.files,
            size_bytes=stored,
            replaced_files=totals.replaced_files,
            replaced_size_bytes=totals.replaced_bytes,
            variant_files=context.variants.count(),
            variant_size_bytes=variant_bytes,
            max_size_bytes=max_size_bytes,
            size_usage_percent=100 * stored / max_size_bytes,
            by_status=groups(totals.by_status),
            by_provider=groups(totals.by_provider),
            by_category=groups(totals.by_category),
            stale=totals.stale,
            due=totals.due,
            failing=totals.failing,
            errors=totals.errors,
            in_progress=totals.leased,
            hits=hits,
            misses=misses,
            stale_hits=stale_hits,
            evictions=totals.counters.get("evictions", 0),
            hit_ratio=(hits + stale_hits) / looked_up if looked_up else None,
            requests_this_month=totals.provider_requests,
            largest=tuple(
                LargeFile(key=record.key, file=record.file.name, size_bytes=record.file.size)
                for record in context.repository.largest(LARGEST_SHOWN)
                if record.file is not None
            ),
            oldest_fetched_at=totals.oldest_fetched_at,
            newest_fetched_at=totals.newest_fetched_at,
            disk_free_bytes=disk.free_bytes,
            disk_total_bytes=disk.total_bytes,
        )


class HealthCheck:
    """Checks database, directory and disk. Never raises for a failed check."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._enabled = context.settings.enabled
        self._max_size_bytes = context.settings.max_size_bytes
        self._min_free_disk_bytes = context.settings.min_free_disk_bytes

    def health(self) -> Health:
        """See `LogoCache.health`."""
        schema = _problem(self._context.repository.check_schema)
        totals = None if isinstance(schema, DatabaseError) else self._totals()
        disk, stored = self._disk_space(), self._stored_bytes(totals)
        readable, writable = self._readable(schema), _problem(self._context.store.check_writable)
        database_is_well = totals is not None and self._database(schema) is None
        return Health(
            status=self._status(
                disk, database_is_well=database_is_well, readable=readable, writable=writable
            ),
            cache_enabled=self._enabled,
            cache_directory=str(self._context.store.directory),
            directory_exists=self._context.store.directory.is_dir(),
            directory_writable=writable is None,
            total_files=totals.files + totals.replaced_files if totals else None,
            total_size_mb=round(stored / MB, 3) if stored is not None else None,
            max_size_mb=self._max_size_bytes / MB,
            size_usage_percent=round(100 * stored / self._max_size_bytes, 2) if stored is not None else None,
            files_needing_refresh=totals.due if totals else None,
            disk_space_available_gb=round(disk.free_bytes / GB, 3) if disk else None,
            disk_usage_percent=round(100 * (1 - disk.free_bytes / disk.total_bytes), 2) if disk else None,
        )

    def readiness(self) -> Readiness:
        """See `LogoCache.readiness`."""
        schema = _problem(self._context.repository.check_schema)
        readable = self._readable(schema)
        checks = (
            _check("database", self._database(schema)),
            _check("directory", readable or _problem(self._context.store.check_writable)),
            _check("disk", self._full()),
        )
        if all(check.ok for check in checks) or not self._enabled:
            status = ReadyStatus.READY
        else:
            status = ReadyStatus.DEGRADED if readable is None else ReadyStatus.UNAVAILABLE
        return Readiness(status=status, checks=checks)

    def _status(
        self,
        disk: DiskSpace | None,
        *,
        database_is_well: bool,
        readable: LogoCacheError | None,
        writable: LogoCacheError | None,
    ) -> HealthStatus:
        if not self._enabled:
            return HealthStatus.HEALTHY  # it is not used
        if readable is not None or disk is None:
            return HealthStatus.UNHEALTHY
        if not database_is_well or writable is not None or self._is_full(disk):
            return HealthStatus.DEGRADED
        return HealthStatus.HEALTHY

    def _totals(self) -> Totals | None:
        try:
            return self._context.repository.totals(now=self._context.clock())
        except (DatabaseError, SchemaError):
            return None

    def _stored_bytes(self, totals: Totals | None) -> int | None:
        if totals is None:
            return None
        return totals.bytes + totals.replaced_bytes + self._context.variants.size_bytes()

    def _disk_space(self) -> DiskSpace | None:
        try:
            return self._context.store.disk_space()
        except DirectoryError:
            return None

    def _readable(self, schema: LogoCacheError | None) -> LogoCacheError | None:
        """Return the reason why the directory cannot be used: unreadable, or of another cache.

        If the database did not answer the check of its `schema`, it is not asked again.
        """
        unusable, identity = _problem(self._context.store.require), self._context.identity
        if unusable is not None:
            return unusable
        away = isinstance(schema, DatabaseError)
        return identity.problem_without_database() if away else identity.problem()

    def _database(self, schema: LogoCacheError | None) -> LogoCacheError | None:
        """Return the error of its `schema`, or of writing to it."""
        return schema or _problem(self._context.repository.check_writable)

    def _full(self) -> LogoCacheError | None:
        disk = self._disk_space()
        if disk is None or not self._is_full(disk):
            return None
        return DirectoryError(
            f"the disk has {disk.free_bytes // MB} MB left", hint="free some space, or clear old logos"
        )

    def _is_full(self, disk: DiskSpace) -> bool:
        return disk.free_bytes < self._min_free_disk_bytes


def _problem(check: Callable[[], None]) -> LogoCacheError | None:
    """Return what `check` raises about the directory or the database."""
    try:
        check()
    except (DatabaseError, DirectoryError, SchemaError) as error:
        return error
    return None


def _check(name: str, problem: LogoCacheError | None) -> Check:
    return Check(name=name, ok=problem is None, detail=str(problem or ""))


def groups(totals: tuple[GroupTotal, ...]) -> tuple[Group, ...]:
    """Largest group first."""
    ordered = sorted(totals, key=lambda total: (-total.entries, total.name))
    return tuple(Group(name=group.name, entries=group.entries, size_bytes=group.bytes) for group in ordered)
