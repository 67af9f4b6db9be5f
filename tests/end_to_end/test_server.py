"""The server as its users run it: after `init`, over real sockets, on both databases."""

import json
import signal
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from harness.internet import Loopback, Page
from harness.pictures import picture
from harness.real_server import IN_TIME, TOKEN, initialised, made_ready
from harness.server_process import eventually, run_program, serving
from logocache.catalog import builtin_catalog

pytestmark = [pytest.mark.end_to_end]

COUNT = len(builtin_catalog())


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


def authorised() -> dict[str, str]:
    return {"Authorization": f"Bearer {TOKEN}"}


@pytest.mark.database
def test_init_then_serve_and_every_route_answers(environment: dict[str, str]) -> None:
    initialised(environment)
    with serving(environment=environment) as server:
        health = server.get("/api/logo-cache/health")
        assert list(health.json()) == HEALTH
        assert (health.status_code, health.json()["status"]) == (200, "healthy")
        assert health.json()["total_files"] == COUNT

        stats = run_program("stats", "--json", environment=environment)
        over_http = server.get("/api/logo-cache/stats").json()
        assert over_http["by_status"] == json.loads(stats.stdout)["by_status"]
        assert server.get("/api/integrations/logos/stats").json()["entries"] == COUNT

        files = server.get("/api/logo-cache/files?limit=1000").json()["files"]
        assert len(files) == COUNT
        static = server.ask("HEAD", f"/static/cached_logos/{files[0]['file']}")
        assert (static.status_code, static.headers["content-type"]) == (200, "image/png")
        assert int(static.headers["content-length"]) == files[0]["size_bytes"]

        for path in ("/shopify.com", "/api/integrations/stripe/logo?size=64&format=webp"):
            logo = server.get(path)
            assert (logo.status_code, logo.headers["x-cache"]) == (200, "HIT")
            assert server.get(path, headers={"If-None-Match": logo.headers["etag"]}).status_code == 304

        assert server.get("/api/integrations?limit=3").json()["matching"] == COUNT
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
        assert (cleared.status_code, len(cleared.json()["logos"])) == (200, COUNT)
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
            answers = [client.result() for client in asking]
        assert {answer.status_code for answer in answers} == {200}
        assert len({answer.content for answer in answers}) == 1
        assert [request.path for request in internet.requests].count("/icon.png") == 1
