import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from harness.bench import Bench
from harness.fakes import sha256
from harness.small_app import (
    AUTHORISED,
    TOKEN,
    Client,
    make_app,
    make_bench,
    make_foreign_app,
    without_database,
)
from logocache.cache import LogoCache
from logocache.server.routes.maintenance import path_of

CLEAR = "/api/logo-cache/clear"


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return make_bench(tmp_path)


@pytest.fixture
def cache(bench: Bench) -> Iterator[LogoCache]:
    with bench.open(admin_token=TOKEN) as cache:
        cache.init()
        yield cache


@pytest.fixture
def client(cache: LogoCache) -> Client:
    return Client(make_app(cache))


def clear(client: Client, query: str) -> dict[str, Any]:
    answer = client.post(f"{CLEAR}?{query}", headers=AUTHORISED)
    assert answer.status_code == 200, answer.text
    document: dict[str, Any] = answer.json()
    return document


def statuses(cache: LogoCache) -> dict[str, str]:
    return {entry.key: entry.status.value for entry in cache.list().entries}


def test_health_is_for_monitoring(client: Client) -> None:
    answer = client.get("/api/logo-cache/health")
    assert answer.status_code == 200
    assert len(answer.json()) == 12
    assert (answer.json()["status"], answer.json()["total_files"]) == ("healthy", 3)


def test_a_degraded_cache_still_answers_200(tmp_path: Path) -> None:
    with without_database(tmp_path) as cache:
        answer = Client(make_app(cache)).get("/api/logo-cache/health")
    assert (answer.status_code, answer.json()["status"]) == (200, "degraded")
    assert answer.json()["total_files"] is None


def test_an_unhealthy_one_answers_503_with_the_same_fields(cache: LogoCache, client: Client) -> None:
    shutil.rmtree(cache.settings.dir)
    answer = client.get("/api/logo-cache/health")
    assert (answer.status_code, answer.json()["status"]) == (503, "unhealthy")
    assert len(answer.json()) == 12
    assert client.head("/api/logo-cache/health").status_code == 503


def test_figures_are_those_of_stats(client: Client) -> None:
    document = client.get("/api/logo-cache/stats").json()
    assert (document["command"], document["entries"], document["files"]) == ("stats", 3, 3)


def test_files_come_with_their_addresses(client: Client, bench: Bench) -> None:
    document = client.get("/api/logo-cache/files").json()
    assert {item["file"]: item["size_bytes"] for item in document["files"]} == {
        name: len(content) for name, content in bench.files.items()
    }
    first = document["files"][0]
    assert (first["key"], first["path"]) == ("shopify", f"/static/cached_logos/{first['file']}")
    assert document["after"] is None


def test_files_come_in_pages(client: Client) -> None:
    first = client.get("/api/logo-cache/files?limit=2").json()
    rest = client.get("/api/logo-cache/files", params={"limit": 2, "after": first["after"]}).json()
    assert [item["key"] for item in first["files"] + rest["files"]] == ["shopify", "slack", "stripe"]
    assert (first["after"], rest["after"]) == ("slack", None)


@pytest.mark.parametrize(
    ("root_path", "path", "shown"),
    [
        ("", "/files", "/files"),
        ("/logos", "/logos/files", "/logos/files"),
        ("/logos", "/files", "/logos/files"),
    ],
    ids=["none", "in the path", "beside the path"],
)
def test_the_path_is_the_one_that_clients_see(root_path: str, path: str, shown: str) -> None:
    assert path_of({"path": path, "root_path": root_path}) == shown


def test_addresses_do_not_follow_the_host_that_a_client_names(client: Client) -> None:
    answer = client.get("/api/logo-cache/files", headers={"Host": "evil.test/prefix"})
    assert answer.json()["files"][0]["path"].startswith("/static/")


@pytest.mark.parametrize("query", ["limit=0", "limit=1001", "after=%0a", "after="])
def test_a_page_that_cannot_be_is_a_problem(client: Client, query: str) -> None:
    assert client.get(f"/api/logo-cache/files?{query}").status_code == 422


def test_the_addresses_of_files_have_the_prefix_of_a_foreign_application(cache: LogoCache) -> None:
    (first, *_) = Client(make_foreign_app(cache)).get("/logos/api/logo-cache/files").json()["files"]
    assert first["path"] == f"/logos/static/cached_logos/{first['file']}"


def test_settings_are_shown_without_secrets(client: Client) -> None:
    answer = client.get("/api/logo-cache/config")
    assert answer.json()["settings"]["max_size_mb"] == 500
    assert TOKEN not in answer.text


@pytest.mark.parametrize(
    ("query", "cleared"),
    [
        ("older_than_days=30", []),
        ("older_than_days=0.5", ["shopify", "slack", "stripe"]),
        ("status=placeholder", ["stripe"]),
        ("provider=site&key=slack&key=stripe", ["slack"]),
        ("key=shopify.test", ["shopify"]),
        ("all=true", ["shopify", "slack", "stripe"]),
        ("orphans=true", []),
    ],
)
def test_parameters_select_as_the_options_of_clear(
    cache: LogoCache, client: Client, bench: Bench, query: str, cleared: list[str]
) -> None:
    bench.clock.advance(days=1)
    document = clear(client, query)
    assert (document["command"], document["dry_run"]) == ("clear", False)
    assert [logo["key"] for logo in document["logos"]] == cleared
    assert [key for key, status in statuses(cache).items() if status == "pending"] == cleared


def test_orphans_are_cleared_when_asked_for(client: Client, bench: Bench) -> None:
    orphan = bench.folder / "logos" / f"gone_{sha256(b'orphan')[:8]}.png"
    orphan.write_bytes(b"orphan")
    assert clear(client, "orphans=true")["orphans"] == [{"file": orphan.name, "size_bytes": 6}]
    assert not orphan.exists()


def test_a_dry_run_changes_nothing_and_says_what_would_go(cache: LogoCache, client: Client) -> None:
    before = statuses(cache)
    document = clear(client, "status=cached&dry_run=true")
    assert [logo["key"] for logo in document["logos"]] == ["shopify", "slack"]
    assert (document["dry_run"], document["freed_bytes"]) == (True, len(b"shopify" + b"slack!"))
    assert statuses(cache) == before


@pytest.mark.parametrize(
    ("query", "status", "code"),
    [
        ("", 400, "selection"),
        ("all=true&status=cached", 400, "selection"),
        ("dry_run=true", 400, "selection"),
        ("key=nobody", 404, "unknown_key"),
        ("older_than_days=-1", 422, "invalid_request"),
        ("older_than_days=nan", 422, "invalid_request"),
        ("older_than_days=inf", 422, "invalid_request"),
        ("older_than_days=1e300", 422, "invalid_request"),
        ("older_than_days=30d", 422, "invalid_request"),
        ("status=nice", 422, "invalid_request"),
    ],
)
def test_what_cannot_be_meant_clears_nothing(
    cache: LogoCache, client: Client, query: str, status: int, code: str
) -> None:
    before = statuses(cache)
    answer = client.post(f"{CLEAR}?{query}", headers=AUTHORISED)
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert "--" not in answer.json()["detail"], "no options of the command line"
    assert statuses(cache) == before


@pytest.mark.parametrize("headers", [{}, {"Authorization": "Bearer wrong"}], ids=["none", "wrong"])
def test_without_the_token_nothing_is_cleared(
    cache: LogoCache, client: Client, headers: dict[str, str]
) -> None:
    answer = client.post(f"{CLEAR}?all=true", headers=headers)
    assert answer.status_code == 401
    assert "pending" not in statuses(cache).values()


def test_without_a_configured_token_clearing_is_not_enabled(bench: Bench) -> None:
    with bench.open() as cache:
        cache.init()
        answer = Client(make_app(cache)).post(f"{CLEAR}?all=true", headers=AUTHORISED)
        assert (answer.status_code, answer.json()["code"]) == (403, "changes_disabled")
        assert "pending" not in statuses(cache).values()


def test_clearing_is_no_matter_of_get(client: Client) -> None:
    answer = client.get(f"{CLEAR}?all=true", headers=AUTHORISED)
    assert (answer.status_code, answer.headers["allow"]) == (405, "POST")


def test_head_answers_as_get_without_the_body(client: Client) -> None:
    for path in ("health", "stats", "files", "config"):
        head = client.head(f"/api/logo-cache/{path}")
        assert (head.status_code, head.content) == (200, b"")
