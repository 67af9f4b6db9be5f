import os
import subprocess
import sys
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from harness.factories import NOW
from logocache.model import FetchAttempt, OutcomeKind
from logocache.server.metrics import Load, Metrics

Sample = tuple[str, frozenset[tuple[str, str]]]


def samples(exposition: bytes) -> dict[Sample, float]:
    return {
        (sample.name, frozenset(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(exposition.decode())
        for sample in family.samples
    }


def value(metrics: Metrics, name: str, **labels: str) -> float | None:
    return samples(metrics.exposition(None)).get((name, frozenset(labels.items())))


def attempt(provider: str, outcome: OutcomeKind) -> FetchAttempt:
    return FetchAttempt(key="shopify", provider=provider, url="", at=NOW, duration=0.1, outcome=outcome)


def test_requests_are_counted_and_timed_by_route() -> None:
    metrics = Metrics()
    for seconds in (0.002, 0.004):
        metrics.request("GET", "/{domain}", 200, seconds)
    metrics.request("GET", "/{domain}", 404, 1.5)
    labels = {"method": "GET", "route": "/{domain}"}
    assert value(metrics, "logocache_requests_total", **labels, status="200") == 2
    assert value(metrics, "logocache_requests_total", **labels, status="404") == 1
    assert value(metrics, "logocache_request_duration_seconds_count", **labels) == 3
    assert value(metrics, "logocache_request_duration_seconds_sum", **labels) == pytest.approx(1.506)
    assert value(metrics, "logocache_request_duration_seconds_bucket", **labels, le="0.0025") == 1


def test_what_clients_invent_makes_no_series_of_its_own() -> None:
    metrics = Metrics()
    for number in range(50):
        metrics.request(f"BREW{number}", None, 404, 0.001)
    assert value(metrics, "logocache_requests_total", method="other", route="other", status="404") == 50


def test_look_ups_are_counted_from_nought() -> None:
    metrics = Metrics()
    metrics.looked_up("stale")
    counted = {
        state: value(metrics, "logocache_lookups_total", state=state)
        for state in ("hit", "stale", "miss", "placeholder")
    }
    assert counted == {"hit": 0, "stale": 1, "miss": 0, "placeholder": 0}


def test_questions_to_sources_are_counted_by_provider_and_outcome() -> None:
    metrics = Metrics()
    metrics.fetched([attempt("site", OutcomeKind.FOUND), attempt("site", OutcomeKind.FOUND)])
    metrics.fetched([attempt("duckduckgo", OutcomeKind.TRANSIENT)])
    assert value(metrics, "logocache_fetches_total", provider="site", outcome="found") == 2
    assert value(metrics, "logocache_fetches_total", provider="duckduckgo", outcome="transient") == 1


def test_the_latest_load_is_shown() -> None:
    metrics = Metrics()
    for length in (9, 3):
        metrics.loaded(
            Load(
                queue_length=length,
                queue_limit=200,
                fetches_in_progress=8,
                hot_bytes=1_000_000,
                hot_entries=40,
            )
        )
    names = ("queue_length", "queue_limit", "fetches_in_progress", "hot_bytes", "hot_entries")
    assert [value(metrics, f"logocache_{name}") for name in names] == [3, 200, 8, 1_000_000, 40]


def test_two_applications_in_one_process_count_apart() -> None:
    one, other = Metrics(), Metrics()
    one.looked_up("hit")
    assert value(one, "logocache_lookups_total", state="hit") == 1
    assert value(other, "logocache_lookups_total", state="hit") == 0


def test_nothing_is_shown_but_what_is_documented() -> None:
    metrics = Metrics()
    metrics.request("GET", "/metrics", 200, 0.1)
    names = {family.name for family in text_string_to_metric_families(metrics.exposition(None).decode())}
    assert names == {
        "logocache_requests",
        "logocache_request_duration_seconds",
        "logocache_lookups",
        "logocache_fetches",
        "logocache_queue_length",
        "logocache_queue_limit",
        "logocache_fetches_in_progress",
        "logocache_hot_bytes",
        "logocache_hot_entries",
        "logocache_up_database",
        "logocache_build_info",
    }


WORKER = """
import sys
from logocache.server.metrics import Load
from logocache.server.metrics import Metrics
metrics = Metrics()
metrics.request("GET", "/{domain}", 200, 0.001)
metrics.looked_up("hit")
metrics.loaded(Load(queue_length=2, queue_limit=200, fetches_in_progress=0, hot_bytes=5, hot_entries=1))
sys.stdout.buffer.write(metrics.exposition(None))
"""
"""One process of several; it shows what all of them counted."""


def test_several_processes_show_their_figures_together(tmp_path: Path) -> None:
    environment = {**os.environ, "PROMETHEUS_MULTIPROC_DIR": str(tmp_path)}
    for _ in range(2):
        done = subprocess.run(
            [sys.executable, "-W", "error", "-c", WORKER], env=environment, capture_output=True, check=True
        )
    shown = samples(done.stdout)
    labels = frozenset({("method", "GET"), ("route", "/{domain}")})
    assert shown["logocache_requests_total", labels | {("status", "200")}] == 2
    assert shown["logocache_request_duration_seconds_count", labels] == 2
    assert shown["logocache_lookups_total", frozenset({("state", "hit")})] == 2
    assert shown["logocache_queue_length", frozenset()] == 4
    assert shown["logocache_up_database", frozenset()] == 0
