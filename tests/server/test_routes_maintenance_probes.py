import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from harness.small_app import Client, make_app, make_bench, without_database
from logocache.cache import LogoCache
from logocache.server.metrics import CONTENT_TYPE, Load, Metrics

BUSY = Load(queue_length=7, queue_limit=200, fetches_in_progress=8, hot_bytes=5, hot_entries=1)


@pytest.fixture
def cache(tmp_path: Path) -> Iterator[LogoCache]:
    with make_bench(tmp_path).open() as cache:
        cache.init()
        yield cache


def test_the_process_answers_whatever_is_away(cache: LogoCache) -> None:
    shutil.rmtree(cache.settings.dir)
    client = Client(make_app(cache))
    assert (client.get("/healthz").status_code, client.get("/healthz").text) == (200, "ok\n")
    assert client.head("/healthz").status_code == 200


def test_a_server_that_can_do_its_work_is_ready(cache: LogoCache) -> None:
    answer = Client(make_app(cache)).get("/readyz")
    assert (answer.status_code, answer.json()["status"]) == (200, "ready")
    assert [check["name"] for check in answer.json()["checks"]] == ["database", "directory", "disk"]


def test_without_its_database_it_is_degraded_but_gets_requests(tmp_path: Path) -> None:
    with without_database(tmp_path) as cache:
        answer = Client(make_app(cache)).get("/readyz")
    assert (answer.status_code, answer.json()["status"]) == (200, "degraded")
    failed = [check for check in answer.json()["checks"] if not check["ok"]]
    assert [check["name"] for check in failed] == ["database"]
    assert failed[0]["detail"]


def test_without_its_directory_requests_go_elsewhere(cache: LogoCache) -> None:
    shutil.rmtree(cache.settings.dir)
    client = Client(make_app(cache))
    answer = client.get("/readyz")
    assert (answer.status_code, answer.json()["status"]) == (503, "unavailable")
    assert client.head("/readyz").status_code == 503


def test_figures_come_in_the_format_of_prometheus(cache: LogoCache) -> None:
    answer = Client(make_app(cache, metrics=Metrics(), load=BUSY)).get("/metrics")
    assert (answer.status_code, answer.headers["content-type"]) == (200, CONTENT_TYPE)
    assert "logocache_queue_length 7.0\n" in answer.text
    assert 'logocache_entries{status="cached"} 2.0\n' in answer.text
    assert "logocache_up_database 1.0\n" in answer.text


def test_earlier_requests_are_among_the_figures(cache: LogoCache) -> None:
    client = Client(make_app(cache))
    client.get("/healthz")
    client.get("/made/up/path")
    text = client.get("/metrics").text
    assert 'logocache_requests_total{method="GET",route="/healthz",status="200"} 1.0\n' in text
    assert 'logocache_requests_total{method="GET",route="other",status="404"} 1.0\n' in text


def test_figures_come_without_the_database_too(tmp_path: Path) -> None:
    with without_database(tmp_path) as cache:
        answer = Client(make_app(cache)).get("/metrics")
    assert answer.status_code == 200
    assert "logocache_up_database 0.0\n" in answer.text
    assert "logocache_entries" not in answer.text
