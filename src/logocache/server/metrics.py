"""Prometheus metrics. Names and labels: docs/http.md."""

import os
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.multiprocess import MultiProcessCollector, mark_process_dead
from prometheus_client.registry import Collector

from logocache import __version__
from logocache.model import FetchAttempt
from logocache.results import CacheStats

METRICS_VARIABLE = "PROMETHEUS_MULTIPROC_DIR"
"""Names the directory in which the worker processes of prometheus-client share metrics."""


def scraped(stats: CacheStats | None) -> Iterator[Metric]:
    """Metrics of the whole cache; without `stats` only that they are missing, never earlier values."""
    yield _one(
        "logocache_up_database",
        "1 if the figures of the cache could be read, else 0.",
        float(stats is not None),
    )
    yield _labelled("logocache_build_info", "The version that runs.", "version", [(__version__, 1)])
    if stats is not None:
        yield from _of_cache(stats)


def _of_cache(stats: CacheStats) -> Iterator[Metric]:
    by_status = [(group.name, group.entries) for group in stats.by_status]
    yield _labelled("logocache_entries", "Entries of the cache.", "status", by_status)
    figures = {
        "stored_bytes": ("Bytes of logos, replaced files and variants.", stats.size_bytes),
        "stored_bytes_limit": ("What LOGO_CACHE_MAX_SIZE_MB allows.", stats.max_size_bytes),
        "entries_due": ("Entries that are due.", stats.due),
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    queue_length: int
    """Logos waiting to be fetched."""
    queue_limit: int
    fetches_in_progress: int
    hot_bytes: int
    """Bytes of logos in memory."""
    hot_entries: int


CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"

METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
OTHER = "other"
"""Label of methods and paths that no route has: clients may invent any number of them."""

LOOKUP_STATES = ("hit", "stale", "miss", "placeholder")

BUCKETS = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)
"""Seconds, from a hit in memory to a fetch that the client waits for."""


class Metrics:
    """The metrics of one application. Thread-safe.

    If PROMETHEUS_MULTIPROC_DIR was set before this module was imported, each process shows the sum over
    all processes that share that directory, and may have one `Metrics` only. Their parent empties the
    directory first, and calls `forget_process` for each that has ended.
    """

    def __init__(self) -> None:
        own = CollectorRegistry()
        self._requests = Counter(
            "logocache_requests_total", "Requests answered.", ("method", "route", "status"), registry=own
        )
        self._durations = Histogram(
            "logocache_request_duration_seconds",
            "Time from a request's head to the end of its answer.",
            ("method", "route"),
            buckets=BUCKETS,
            registry=own,
        )
        lookups = Counter(
            "logocache_lookups_total",
            "Logos asked for, by where the answer was found.",
            ("state",),
            registry=own,
        )
        self._fetches = Counter(
            "logocache_fetches_total", "Requests to sources.", ("provider", "outcome"), registry=own
        )
        self._gauges = {name: _gauge(name, what, own) for name, what in LOAD_GAUGES.items()}
        # Looking up a labelled child costs more than counting: each is looked up once.
        self._lookups = {state: lookups.labels(state) for state in LOOKUP_STATES}
        self._answered: dict[tuple[str, str, int], tuple[Counter, Histogram]] = {}
        self._fetched: dict[tuple[str, str], Counter] = {}
        self._figures = _all_processes() or own

    def request(self, method: str, route: str | None, status: int, seconds: float) -> None:
        """Count a request. `route` is the path template of its route, never the path; None without route."""
        count, durations = self._of_request(method, route, status)
        count.inc()
        durations.observe(seconds)

    def quick_requests(self, method: str, route: str, status: int, *, times: int, seconds: float) -> None:
        """Count requests, each quicker than the first of `BUCKETS`, that took `seconds` together."""
        count, durations = self._of_request(method, route, status)
        count.inc(times)
        # The library can only observe one at a time.
        durations._buckets[0].inc(times)  # noqa: SLF001
        durations._sum.inc(seconds)  # noqa: SLF001

    def _of_request(self, method: str, route: str | None, status: int) -> tuple[Counter, Histogram]:
        method = method if method in METHODS else OTHER
        route = route or OTHER
        answered = self._answered.get((method, route, status))
        if answered is None:
            answered = (
                self._requests.labels(method, route, str(status)),
                self._durations.labels(method, route),
            )
            self._answered[method, route, status] = answered
        return answered

    def looked_up(self, state: str, times: int = 1) -> None:
        """Count requests for logos; `state` is one of `LOOKUP_STATES`."""
        self._lookups[state].inc(times)

    def fetched(self, attempts: Iterable[FetchAttempt]) -> None:
        """Count requests to sources."""
        for attempt in attempts:
            key = (attempt.provider, attempt.outcome.value)
            count = self._fetched.get(key)
            if count is None:
                count = self._fetched[key] = self._fetches.labels(*key)
            count.inc()

    def loaded(self, load: Load) -> None:
        """Set the gauges of this process."""
        for name, gauge in self._gauges.items():
            gauge.set(getattr(load, name))

    def exposition(self, stats: CacheStats | None) -> bytes:
        """All metrics in Prometheus' text format; without those of the cache if `stats` is None."""
        return generate_latest(_Together(self._figures, scraped(stats)))


LOAD_GAUGES = {
    "queue_length": "Logos that wait to be fetched.",
    "queue_limit": "Logos that may wait to be fetched.",
    "fetches_in_progress": "Logos that are being fetched.",
    "hot_bytes": "Bytes of logos in memory.",
    "hot_entries": "Logos in memory, each form for itself.",
}
"""Help texts of the fields of `Load`."""


@contextmanager
def shared_metrics() -> Iterator[Path]:
    """A temporary directory for the metrics of worker processes, named in their environment."""
    earlier = os.environ.get(METRICS_VARIABLE)
    with tempfile.TemporaryDirectory(prefix="logocache-metrics-", ignore_cleanup_errors=True) as folder:
        os.environ[METRICS_VARIABLE] = folder
        try:
            yield Path(folder)
        finally:
            if earlier is None:
                del os.environ[METRICS_VARIABLE]
            else:
                os.environ[METRICS_VARIABLE] = earlier


def forget_process(number: int) -> None:
    """Drop the gauges of a worker process that has ended; its counters stay."""
    if os.environ.get(METRICS_VARIABLE):
        mark_process_dead(number)  # type: ignore[no-untyped-call]  # the library's


class _Together(Collector):
    def __init__(self, figures: Collector, further: Iterable[Metric]) -> None:
        self._figures = figures
        self._further = further

    def collect(self) -> Iterable[Metric]:
        for metric in self._figures.collect():
            # The time when a series was created is of no use here, and would double their number.
            metric.samples = [sample for sample in metric.samples if not sample.name.endswith("_created")]
            yield metric
        yield from self._further


def _gauge(name: str, what: str, registry: CollectorRegistry) -> Gauge:
    return Gauge(f"logocache_{name}", what, registry=registry, multiprocess_mode="livesum")


def _all_processes() -> Collector | None:
    """A collector over all processes; None if there is only this one."""
    directory = os.environ.get(METRICS_VARIABLE)
    if not directory:
        return None
    collector: Collector = MultiProcessCollector(None, path=directory)  # type: ignore[no-untyped-call]  # the library's
    return collector
