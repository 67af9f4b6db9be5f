"""The server while its database, its directory or its sources fail, over real sockets."""

import json
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest

from harness.databases import PostgresServer
from harness.internet import Loopback, Page
from harness.real_server import IN_TIME, initialised, made_ready
from harness.server_process import NO_AUTHORITIES, ServerProcess, eventually, run_program, serving
from harness.tcp_relay import Relay

pytestmark = [pytest.mark.end_to_end]


def test_a_slow_source_holds_nobody_up_and_not_the_end_either(
    online: dict[str, str], internet: Loopback
) -> None:
    made_ready(online)
    gate = threading.Event()
    for number in range(300):
        internet.sites[f"slow{number}.test"] = {"/": Page(body=b"", wait_for=gate)}
    settings = {"LOGO_CACHE_MISSES_PER_MINUTE": "0", "LOGO_CACHE_ON_DEMAND_QUEUE": "100"}
    with serving(environment=online | settings) as server:
        server.get("/shopify.com")
        with ThreadPoolExecutor(300) as clients:
            asking = [clients.submit(server.get, f"/slow{number}.test") for number in range(300)]
            eventually(lambda: "logocache_queue_length 100.0" in server.get("/metrics").text)
            assert server.get("/shopify.com").headers["x-cache"] == "HIT"
            assert server.get("/healthz").status_code == 200
            assert server.get("/api/logo-cache/health").json()["status"] == "healthy"
            at_once = server.get("/slow-too.test?fallback=monogram")
            assert at_once.headers["x-cache"] == "PLACEHOLDER"
            refused = server.get("/slow-too.test")
            assert (refused.status_code, refused.json()["code"]) == (503, "busy")
            assert "retry-after" in refused.headers
            code, seconds = server.end()
            gate.set()
            assert (code, seconds < IN_TIME) == (0, True), "".join(server.log)
            for each in asking:
                each.exception()


def test_one_cache_is_the_source_of_another(tmp_path: Path) -> None:
    """The provider `clearbit` of the second is the first: Clearbit's shape, from both sides."""
    first = {"LOGO_CACHE_DIR": str(tmp_path / "first"), "LOGO_CACHE_OFFLINE": "true"}
    initialised(first)
    with serving(environment=first) as server:
        second = {
            "LOGO_CACHE_DIR": str(tmp_path / "second"),
            "LOGO_CACHE_PROVIDERS": "clearbit",
            "LOGO_CACHE_CLEARBIT_URL": server.url,
            "LOGO_CACHE_ALLOWED_NETWORKS": "127.0.0.0/8",
        }
        report = run_program("init", "shopify", "slack", "docusign", "--json", environment=second)
    outcome = {load["key"]: load for load in json.loads(report.stdout)["logos"]}
    assert (outcome["shopify"]["status"], outcome["shopify"]["provider"]) == ("cached", "clearbit")
    assert outcome["slack"]["status"] == "cached"
    assert outcome["docusign"]["status"] == "placeholder"  # the first one has only a monogram


def test_postgresql_goes_and_comes_back(tmp_path: Path, postgres: PostgresServer) -> None:
    postgres.create("comes_and_goes")
    with Relay(postgres.socket) as relay:
        environment = {
            "LOGO_CACHE_DIR": str(tmp_path / "logos"),
            "LOGO_CACHE_OFFLINE": "true",
            "LOGO_CACHE_DATABASE_URL": f"postgresql://postgres@127.0.0.1:{relay.port}/comes_and_goes",
        }
        initialised(environment, "shopify", "stripe")
        with serving(environment=environment) as server:
            assert server.get("/shopify.com").headers["x-cache"] == "HIT"
            relay.cut()
            assert server.get("/shopify.com").headers["x-cache"] == "HIT"
            ready = server.get("/readyz")
            assert (ready.status_code, ready.json()["status"]) == (200, "degraded")
            health = server.get("/api/logo-cache/health")
            assert (health.status_code, health.json()["status"]) == (200, "degraded")
            refused = server.get("/stripe.com")
            assert (refused.status_code, refused.json()["code"]) == (503, "database")
            assert "logocache_up_database 0.0" in server.get("/metrics").text
            relay.restore()
            eventually(lambda: server.get("/readyz").json()["status"] == "ready")
            assert server.get("/stripe.com").status_code == 200
            assert server.end()[0] == 0
        listed = run_program("list", "shopify", "--json", environment=environment)
        assert json.loads(listed.stdout)["entries"][0]["access_count"] == 2


@pytest.mark.parametrize("workers", [1, 2])
def test_an_end_while_the_database_hangs_tells_what_is_lost(
    tmp_path: Path, postgres: PostgresServer, workers: int
) -> None:
    database = f"hangs_at_the_end_of_{workers}"
    postgres.execute(f"CREATE DATABASE {database}")
    with Relay(postgres.socket) as relay:
        environment = {
            "LOGO_CACHE_DIR": str(tmp_path / "logos"),
            "LOGO_CACHE_OFFLINE": "true",
            "LOGO_CACHE_DATABASE_URL": f"postgresql://postgres@127.0.0.1:{relay.port}/{database}",
            "LOGO_CACHE_SERVE_WORKERS": str(workers),
        }
        initialised(environment, "shopify")
        with serving(environment=environment) as server:
            with httpx.Client(base_url=server.url, timeout=60, verify=NO_AUTHORITIES) as client:
                assert client.get("/shopify.com").status_code == 200
                relay.hang()
                for _ in range(9):  # one connection: one worker
                    assert client.get("/shopify.com").status_code == 200
            code, seconds = server.end()
            assert relay.is_hanging
            assert (code, seconds < IN_TIME) == (0, True)
            eventually(lambda: any("accesses.lost" in line for line in server.log))
        lost = [json.loads(line) for line in server.log if "accesses.lost" in line]
        assert len(lost) == 1
        assert 9 <= lost[0]["accesses"] <= 10


def test_a_directory_that_is_gone_is_told_and_hits_go_on(online: dict[str, str], tmp_path: Path) -> None:
    made_ready(online)
    with serving(environment=online) as server:
        served: ServerProcess = server
        assert served.get("/shopify.com").status_code == 200
        (tmp_path / "logos").rename(tmp_path / "away")
        assert served.get("/shopify.com").status_code == 200
        health = served.get("/api/logo-cache/health")
        assert (health.status_code, health.json()["status"]) == (503, "unhealthy")
        assert health.json()["directory_exists"] is False
        assert served.get("/readyz").status_code == 503
        (tmp_path / "away").rename(tmp_path / "logos")
        eventually(lambda: served.get("/readyz").json()["status"] == "ready")


def test_several_workers_answer_and_end_together(online: dict[str, str]) -> None:
    made_ready(online)
    with serving("--workers", "2", environment=online) as server:
        for _ in range(40):
            assert server.get("/shopify.com").status_code == 200
        metrics = server.get("/metrics").text
        assert 'logocache_requests_total{method="GET",route="/{domain}",status="200"} 40.0' in metrics
        assert server.end()[0] == 0
    listed = run_program("list", "shopify", "--json", environment=online)
    assert json.loads(listed.stdout)["entries"][0]["access_count"] == 40
