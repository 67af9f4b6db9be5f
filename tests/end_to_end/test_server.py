"""The server as its users run it: after `init`, over real sockets, on both databases."""

import json
import signal
import threading
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest

from harness.databases import PostgresServer
from harness.internet import Loopback, Page
from harness.pictures import picture
from harness.server_process import NO_AUTHORITIES, ServerProcess, eventually, run_program, serving
from harness.tcp_relay import Relay

pytestmark = [pytest.mark.end_to_end]

TOKEN = "a token that only operators know"
IN_TIME = 15
"""Seconds within which a server ends on a busy machine; on one of its own it is less than 5. The sources
that could hold it up take for ever."""
HEALTH = [
    "status",
    "cache_enabled",
    "cache_directory",
    "directory_exists",
    "directory_writable",
    "total_files",
    "total_size_mb",
    "max_size_mb",
    "size_usage_percent",
    "files_needing_refresh",
    "disk_space_available_gb",
    "disk_usage_percent",
]


@pytest.fixture
def environment(tmp_path: Path, database_url: str) -> dict[str, str]:
    """A cache of its own, without network."""
    return {
        "LOGO_CACHE_DIR": str(tmp_path / "logos"),
        "LOGO_CACHE_DATABASE_URL": database_url,
        "LOGO_CACHE_OFFLINE": "true",
        "LOGO_CACHE_ADMIN_TOKEN": TOKEN,
        "PYTHONWARNINGS": "error",
    }


def initialised(environment: Mapping[str, str], *arguments: str) -> None:
    result = run_program("init", *arguments, environment=environment)
    assert result.returncode == 0, result.stderr


def authorised() -> dict[str, str]:
    return {"Authorization": f"Bearer {TOKEN}"}


@pytest.mark.database
def test_init_then_serve_and_every_route_answers(environment: dict[str, str]) -> None:
    initialised(environment)
    with serving(environment=environment) as server:
        health = server.get("/api/logo-cache/health")
        assert list(health.json()) == HEALTH
        assert (health.status_code, health.json()["status"]) == (200, "healthy")
        assert health.json()["total_files"] == 145

        stats = run_program("stats", "--json", environment=environment)
        over_http = server.get("/api/logo-cache/stats").json()
        assert over_http["by_status"] == json.loads(stats.stdout)["by_status"]
        assert server.get("/api/integrations/logos/stats").json()["entries"] == 145

        files = server.get("/api/logo-cache/files?limit=500").json()["files"]
        assert len(files) == 145
        static = server.ask("HEAD", f"/static/cached_logos/{files[0]['file']}")
        assert (static.status_code, static.headers["content-type"]) == (200, "image/png")
        assert int(static.headers["content-length"]) == files[0]["size_bytes"]

        for path in ("/shopify.com", "/api/integrations/stripe/logo?size=64&format=webp"):
            logo = server.get(path)
            assert (logo.status_code, logo.headers["x-cache"]) == (200, "HIT")
            assert server.get(path, headers={"If-None-Match": logo.headers["etag"]}).status_code == 304

        assert server.get("/api/integrations?limit=3").json()["matching"] == 145
        assert server.get("/api/logo-cache/config").json()["settings"]["admin_token"] == "***"
        assert TOKEN not in server.get("/api/logo-cache/config").text
        for path in ("/", "/openapi.json", "/healthz", "/readyz", "/favicon.ico", "/robots.txt"):
            assert server.get(path).status_code == 200, path
        metrics = server.get("/metrics").text
        assert 'logocache_lookups_total{state="hit"} ' in metrics
        assert "logocache_up_database 1.0" in metrics

        clear = "/api/logo-cache/clear?older_than_days=0"
        assert server.ask("POST", clear).status_code == 401
        cleared = server.ask("POST", clear, headers=authorised())
        assert (cleared.status_code, len(cleared.json()["logos"])) == (200, 145)
        code, seconds = server.end()
        assert (code, seconds < IN_TIME) == (0, True)
        # Offline, a cleared logo is had again from the icon sets when it is asked for.
    with serving(environment=environment) as server:
        assert server.get("/shopify.com").headers["x-cache"] == "MISS"


@pytest.mark.database
def test_a_change_by_the_command_line_is_seen_soon(environment: dict[str, str]) -> None:
    initialised(environment, "shopify", "stripe")
    with serving(environment=environment | {"LOGO_CACHE_ON_DEMAND": "off"}) as server:
        assert server.get("/shopify.com").status_code == 200
        cleared = run_program("clear", "shopify", "--yes", environment=environment)
        assert cleared.returncode == 0, cleared.stderr
        eventually(lambda: server.get("/shopify.com").status_code == 404, within=IN_TIME / 3)


@pytest.mark.database
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_no_count_is_lost_at_the_end(environment: dict[str, str], number: signal.Signals) -> None:
    initialised(environment, "shopify")
    with serving(environment=environment) as server:
        for _ in range(25):
            server.get("/shopify.com")
        code, seconds = server.end(number)
        assert (code, seconds < IN_TIME) == (0, True), "".join(server.log)
    listed = run_program("list", "shopify", "--json", environment=environment)
    assert json.loads(listed.stdout)["entries"][0]["access_count"] == 25


def test_without_init_there_is_one_line_that_says_so(tmp_path: Path) -> None:
    result = run_program("serve", "--port", "0", environment={"LOGO_CACHE_DIR": str(tmp_path / "logos")})
    assert result.returncode == 3
    assert result.stderr.count("\n") == 1
    assert "logocache init" in result.stderr


@pytest.fixture
def internet(tmp_path: Path) -> Iterator[Loopback]:
    with Loopback(tmp_path) as loopback:
        yield loopback


@pytest.fixture
def online(tmp_path: Path, internet: Loopback) -> dict[str, str]:
    """A cache that asks the sites on loopback, and only by itself when it is told to."""
    return {
        "LOGO_CACHE_DIR": str(tmp_path / "logos"),
        "LOGO_CACHE_PROVIDERS": "site,iconsets",
        "LOGO_CACHE_ON_DEMAND": "any",
        "LOGO_CACHE_RETRIES": "0",
        "PYTHONWARNINGS": "error",
        **internet.environment,
    }


def made_ready(environment: dict[str, str]) -> None:
    """Directory and schema, without a fetch of note."""
    initialised(environment | {"LOGO_CACHE_OFFLINE": "true"}, "shopify")


ICON = Page(body=b'<link rel="icon" sizes="128x128" href="/icon.png">', headers={"Content-Type": "text/html"})


def test_500_clients_at_once_on_a_cold_domain_cause_one_fetch(
    online: dict[str, str], internet: Loopback
) -> None:
    made_ready(online)
    gate = threading.Event()
    internet.sites["cold.test"] = {"/": ICON, "/icon.png": Page(body=picture(128), wait_for=gate)}
    with serving(environment=online | {"LOGO_CACHE_ON_DEMAND_WAIT_SECONDS": "60"}) as server:
        with ThreadPoolExecutor(100) as clients:
            asking = [clients.submit(server.get, "/cold.test") for _ in range(500)]
            eventually(lambda: any(request.path == "/" for request in internet.requests))
            gate.set()
            answers = [each.result() for each in asking]
        assert {answer.status_code for answer in answers} == {200}
        assert len({answer.content for answer in answers}) == 1
        assert [request.path for request in internet.requests].count("/icon.png") == 1


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
