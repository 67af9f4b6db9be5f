"""The figures of `stats`, put together from the database, the disk and the settings."""

from logocache.model import LogoRecord
from logocache.repository.totals import GroupTotal, Totals
from logocache.results import CacheStats, Group, LargeFile
from logocache.store.listing import DiskSpace
from logocache.store.variants import FileVariants


def statistics(
    totals: Totals,
    largest: tuple[LogoRecord, ...],
    disk: DiskSpace,
    variants: FileVariants,
    *,
    enabled: bool,
    directory: str,
    database: str,
    max_size_bytes: int,
) -> CacheStats:
    """`database` is its URL without the password."""
    copies = variants.size_bytes()
    stored = totals.bytes + totals.replaced_bytes + copies
    hits, stale_hits, misses = (totals.counters.get(name, 0) for name in ("hits", "stale", "misses"))
    looked_up = hits + stale_hits + misses
    return CacheStats(
        enabled=enabled,
        directory=directory,
        database=database,
        entries=totals.entries,
        files=totals.files,
        size_bytes=stored,
        replaced_files=totals.replaced_files,
        replaced_size_bytes=totals.replaced_bytes,
        variant_files=variants.count(),
        variant_size_bytes=copies,
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
            for record in largest
            if record.file is not None
        ),
        oldest_fetched_at=totals.oldest_fetched_at,
        newest_fetched_at=totals.newest_fetched_at,
        disk_free_bytes=disk.free_bytes,
        disk_total_bytes=disk.total_bytes,
    )


def groups(totals: tuple[GroupTotal, ...]) -> tuple[Group, ...]:
    """Largest group first."""
    ordered = sorted(totals, key=lambda each: (-each.entries, each.name))
    return tuple(Group(name=each.name, entries=each.entries, size_bytes=each.bytes) for each in ordered)
