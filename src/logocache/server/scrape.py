"""Figures that are asked for when Prometheus comes: those of the database and the disk."""

from collections.abc import Iterable, Iterator

from prometheus_client.core import GaugeMetricFamily
from prometheus_client.metrics_core import Metric

from logocache.results import CacheStats
from logocache.version import __version__


def scraped(stats: CacheStats | None) -> Iterator[Metric]:
    """The figures of the whole cache. When there are none, only that: never those of an earlier time."""
    yield _one(
        "logocache_up_database", "Whether the figures of the cache could be read.", float(stats is not None)
    )
    yield _labelled("logocache_build_info", "The version that runs.", "version", [(__version__, 1)])
    if stats is not None:
        yield from _of_cache(stats)


def _of_cache(stats: CacheStats) -> Iterator[Metric]:
    by_status = [(group.name, group.entries) for group in stats.by_status]
    yield _labelled("logocache_entries", "Entries of the cache.", "status", by_status)
    figures = {
        "stored_bytes": ("Bytes of logos, replaced files and resized copies.", stats.size_bytes),
        "stored_bytes_limit": ("What LOGO_CACHE_MAX_SIZE_MB allows.", stats.max_size_bytes),
        "entries_due": ("Entries that want to be fetched.", stats.due),
        "entries_failing": ("Entries whose last attempts failed.", stats.failing),
        "entries_error": ("Entries at which logocache itself failed.", stats.errors),
        "disk_free_bytes": ("Free bytes of the disk that holds the logos.", stats.disk_free_bytes),
    }
    for name, (what, value) in figures.items():
        yield _one(f"logocache_{name}", what, value)


def _one(name: str, what: str, value: float) -> Metric:
    return GaugeMetricFamily(name, what, value=value)


def _labelled(name: str, what: str, label: str, values: Iterable[tuple[str, float]]) -> Metric:
    family = GaugeMetricFamily(name, what, labels=[label])
    for labelled, value in values:
        family.add_metric([labelled], value)
    return family
