"""The logo routes over HTTP: headers, conditional requests, HEAD, CORS, errors, and memory."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import partialmethod
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi import FastAPI

from harness.bench import SHOPIFY, Bench
from harness.fakes import reply
from harness.service import known_but_cold, make_bench
from logocache.server.hits import Hits, RouteCache
from logocache.server.requests import FileRequest, admin_only
from logocache.server.responses import Cors
from logocache.server.routes import logos
from logocache.server.service import LogoService

TOKEN = "a token of sixteen characters or more"
LOGO = "/api/integrations/shopify/logo"


class Client:
    """Asks an application in this process, always on the same event loop."""

    def __init__(self, app: FastAPI, runner: asyncio.Runner) -> None:
        self._app = app
        self._runner = runner

    def request(self, method: str, url: str, **options: Any) -> httpx.Response:
        return self._runner.run(self._request(method, url, options))

    get = partialmethod(request, "GET")
    head = partialmethod(request, "HEAD")
    post = partialmethod(request, "POST")
    options = partialmethod(request, "OPTIONS")

    async def _request(self, method: str, url: str, options: dict[str, Any]) -> httpx.Response:
        transport = httpx.ASGITransport(self._app, client=("192.0.2.7", 5000))
        async with httpx.AsyncClient(transport=transport, base_url="http://cache.test") as client:
            return await client.request(method, url, **options)


@contextmanager
def client_of(bench: Bench, **settings: Any) -> Iterator[Client]:
    """The logo routes on their own, behind the hot path."""
    with bench.open(**settings) as cache, asyncio.Runner() as runner:
        service = LogoService(cache, looked_up=lambda state, times: None)
        route_cache, cors = RouteCache(), Cors(cache.settings.cors_origins)
        app = FastAPI()
        app.include_router(logos.build(service, route_cache, cors, admin_only(cache.settings)))
        app.include_router(logos.build_by_domain(service, route_cache, cors))
        app.add_middleware(Hits, service=service, route_cache=route_cache, cors=cors)
        yield Client(app, runner)
        runner.run(service.admission.queue.close(patience=10))
        service.variants.close()


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    """The program's own clock, because the server compares with the machine's."""
    bench = make_bench(tmp_path)
    bench.clock.now = datetime.now(UTC)
    with bench.open() as cache:
        cache.init()
    return bench


def stored_name(bench: Bench, key: str) -> str:
    return next(name for name in bench.files if name.startswith(f"{key}_"))


@pytest.mark.parametrize("twice", [False, True], ids=["routed", "from memory"])
@pytest.mark.parametrize(
    "path", [LOGO, "/shopify.test", "/shopify.test?size=64&format=webp&greyscale=true", "/SHOPIFY"]
)
def test_a_logo_and_its_headers(bench: Bench, path: str, *, twice: bool) -> None:
    with client_of(bench) as client:
        if twice:
            client.get(path)
        answer = client.get(path)
        assert answer.status_code == 200
        assert answer.headers["x-cache"] == "HIT"
        assert answer.headers["cache-control"].startswith("public, max-age=86400, stale-while-revalidate=")
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["content-security-policy"] == "default-src 'none'; sandbox"
        assert answer.headers["cross-origin-resource-policy"] == "cross-origin"
        assert answer.headers["access-control-allow-origin"] == "*"
        assert int(answer.headers["content-length"]) == len(answer.content)
        again = client.get(path, headers={"If-None-Match": f'"x", W/{answer.headers["etag"]}'})
        assert (again.status_code, again.content) == (304, b"")
        assert again.headers["etag"] == answer.headers["etag"]
        assert "content-type" not in again.headers
        assert client.get(path, headers={"If-Match": '"another"'}).status_code == 412
        head = client.head(path)
        assert (head.status_code, head.content) == (200, b"")
        assert head.headers == answer.headers


@pytest.mark.parametrize(
    ("path", "body", "media_type"),
    [
        (LOGO, b"shopify", "image/png"),
        (f"{LOGO}?size=16", b"16-png of shopify", "image/png"),
        (f"{LOGO}?format=webp", b"full-webp of shopify", "image/webp"),
        (f"{LOGO}?format=jpg&size=512", b"512-jpg of shopify", "image/jpeg"),
        (f"{LOGO}?greyscale=1", b"full-png-grey of shopify", "image/png"),
        ("/shopify.test", b"128-png of shopify", "image/png"),
        ("/shopify.test?format=jpg&size=80", b"80-jpg of shopify", "image/jpeg"),
        ("/www.shopify.test?greyscale=true", b"128-png-grey of shopify", "image/png"),
    ],
)
def test_parameters(bench: Bench, path: str, body: bytes, media_type: str) -> None:
    with client_of(bench) as client:
        answer = client.get(path)
        assert (answer.content, answer.headers["content-type"]) == (body, media_type)


@pytest.mark.parametrize(
    "query", ["size=15", "size=513", "size=x", "size=", "format=svg", "greyscale=maybe", "fallback=500"]
)
@pytest.mark.parametrize("path", [LOGO, "/shopify.test"])
def test_parameters_out_of_bounds_are_refused(bench: Bench, path: str, query: str) -> None:
    with client_of(bench) as client:
        answer = client.get(f"{path}?{query}")
        assert answer.status_code == 422
        assert answer.headers["content-type"] == "application/problem+json"
        assert answer.json()["code"] == "invalid_request"


@pytest.mark.parametrize(
    ("path", "status", "code"),
    [
        ("/stripe.test", 404, "no_logo"),
        ("/api/integrations/stripe/logo?fallback=404", 404, "no_logo"),
        ("/example.com", 404, "no_logo"),
        ("/nobody", 404, "unknown_key"),
        ("/api/integrations/nobody/logo", 404, "unknown_key"),
        ("/127.0.0.1", 400, "domain"),
        ("/a..b", 400, "domain"),
        ("/" + "x" * 301, 422, "invalid_request"),
        ("/static/cached_logos/nobody_00000000.png", 404, "no_logo"),
        ("/static/cached_logos/.logocache", 404, "no_logo"),
        ("/static/cached_logos/..%2f..%2fetc%2fpasswd", 404, None),
        ("/static/cached_logos/%00", 404, "no_logo"),
    ],
)
def test_what_there_is_not_is_a_problem_that_is_not_kept_long(
    bench: Bench, path: str, status: int, code: str | None
) -> None:
    with client_of(bench) as client:
        answer = client.get(path)
        assert answer.status_code == status
        if code is not None:
            assert answer.json()["code"] == code
            assert answer.headers["cache-control"] in {"no-store", "public, max-age=60"}
            assert client.head(path).content == b""


def test_a_missing_logo_can_be_read_across_origins_too(bench: Bench) -> None:
    with client_of(bench) as client:
        assert client.get("/stripe.test").headers["access-control-allow-origin"] == "*"


@pytest.mark.parametrize("path", ["/stripe.test?fallback=monogram", "/api/integrations/stripe/logo"])
def test_a_placeholder_says_so_and_is_not_kept_long(bench: Bench, path: str) -> None:
    with client_of(bench) as client:
        answer = client.get(path)
        assert answer.status_code == 200
        assert answer.headers["x-cache"] == "PLACEHOLDER"
        assert answer.headers["cache-control"] == "public, max-age=300"
        assert b"monogram stripe" in answer.content


def test_a_file_by_its_name_is_for_ever(bench: Bench) -> None:
    path = f"/static/cached_logos/{stored_name(bench, 'shopify')}"
    with client_of(bench) as client:
        for _ in range(2):
            answer = client.get(path)
            assert (answer.status_code, answer.content) == (200, b"shopify")
            assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"
            assert client.get(path, headers={"If-None-Match": "*"}).status_code == 304


def test_the_name_of_an_earlier_file_leads_to_the_current_one(bench: Bench) -> None:
    old = stored_name(bench, "shopify")
    bench.fetcher.replies[SHOPIFY] = reply(body=b"shopify, new")
    with bench.open(replaced_retention_days=0) as cache:
        cache.refresh(["shopify"])
    with client_of(bench) as client:
        answer = client.get(f"/static/cached_logos/{old}")
        assert answer.status_code == 302
        assert answer.headers["cache-control"] == "public, max-age=60"
        assert client.get(str(answer.url.join(answer.headers["location"]))).content == b"shopify, new"


def test_first_access_is_a_miss(bench: Bench, tmp_path: Path) -> None:
    cold = make_bench(tmp_path / "cold")
    cold.clock.now = bench.clock.now
    known_but_cold(cold)
    with client_of(cold) as client:
        assert [client.get("/slack.test").headers["x-cache"] for _ in range(2)] == ["MISS", "HIT"]


def test_a_client_that_causes_too_many_fetches_is_told_when_to_come_back(tmp_path: Path) -> None:
    cold = make_bench(tmp_path)
    known_but_cold(cold)
    with client_of(cold, misses_per_minute=1) as client:
        client.get("/slack.test")
        answer = client.get("/shopify.test")
        assert (answer.status_code, answer.json()["code"]) == (429, "too_many_misses")
        assert 0 < int(answer.headers["retry-after"]) <= 60
        assert client.get("/shopify.test?fallback=monogram").headers["x-cache"] == "PLACEHOLDER"


def test_who_cannot_be_served_now_is_told_when_to_come_back(tmp_path: Path) -> None:
    cold = make_bench(tmp_path)
    known_but_cold(cold)
    with client_of(cold, on_demand_wait_seconds=0) as client:
        answer = client.get("/slack.test")
        assert (answer.status_code, answer.json()["code"]) == (503, "busy")
        assert answer.headers["retry-after"] == "5"


def test_a_cache_that_is_switched_off_sends_no_logos(bench: Bench) -> None:
    with client_of(bench, enabled=False) as client:
        for path in (LOGO, "/shopify.test", f"/static/cached_logos/{stored_name(bench, 'shopify')}"):
            answer = client.get(path)
            assert (answer.status_code, answer.json()["code"]) == (503, "disabled")


@pytest.mark.parametrize("path", [LOGO, "/shopify.test", "/static/cached_logos/x_00000000.png"])
def test_a_preflight_is_answered(bench: Bench, path: str) -> None:
    with client_of(bench, cors_origins=("https://shop.example",)) as client:
        answer = client.options(
            path, headers={"Origin": "https://shop.example", "Access-Control-Request-Method": "GET"}
        )
        assert (answer.status_code, answer.content) == (204, b"")
        assert answer.headers["access-control-allow-origin"] == "https://shop.example"
        assert answer.headers["access-control-allow-methods"] == "GET, HEAD"


@pytest.mark.parametrize("twice", [False, True], ids=["routed", "from memory"])
def test_listed_origins_are_told_apart(bench: Bench, *, twice: bool) -> None:
    with client_of(bench, cors_origins=("https://shop.example",)) as client:
        if twice:
            client.get(LOGO)
        friend = client.get(LOGO, headers={"Origin": "https://shop.example"})
        stranger = client.get(LOGO, headers={"Origin": "https://evil.example"})
        assert friend.headers["access-control-allow-origin"] == "https://shop.example"
        assert "access-control-allow-origin" not in stranger.headers
        assert friend.headers["vary"] == stranger.headers["vary"] == "Origin"


def test_only_who_holds_the_token_may_refresh(bench: Bench) -> None:
    path = f"{LOGO}/refresh"
    bench.fetcher.replies[SHOPIFY] = reply(body=b"shopify, new")
    with client_of(bench, admin_token=TOKEN) as client:
        assert client.post(path).status_code == 401
        assert client.post(path, headers={"Authorization": "Bearer wrong"}).status_code == 401
        answer = client.post(path, headers={"Authorization": f"Bearer {TOKEN}"})
        assert answer.status_code == 200
        assert (answer.json()["key"], answer.json()["status"]) == ("shopify", "cached")
        assert client.get(LOGO).content == b"shopify, new"
        unknown = client.post(
            "/api/integrations/example.com/logo/refresh", headers={"Authorization": f"Bearer {TOKEN}"}
        )
        assert unknown.status_code == 404
    with client_of(bench) as client:
        assert client.post(path).status_code == 403


def test_addresses_in_memory_are_bounded() -> None:
    route_cache = RouteCache(capacity=2)
    for path in ("/a", "/b", "/c"):
        route_cache.learn({"path": path, "query_string": b""}, FileRequest(path))
    assert [route_cache.find(path, b"") is None for path in ("/a", "/b", "/c")] == [True, False, False]
    long = b"size=64&" + b"x" * 200
    route_cache.learn({"path": "/d", "query_string": long}, FileRequest("/d"))
    assert route_cache.find("/d", long) is None


@pytest.mark.parametrize(
    "path",
    [
        "/api/integrations/Shopify%20API/logo",
        "/api/integrations/shopify_/logo",
        "/api/integrations/help.shopify.test/logo",
        "/help.shopify.test",
    ],
)
def test_names_as_people_write_them_get_the_logo(bench: Bench, path: str) -> None:
    with client_of(bench) as client:
        response = client.get(path)
        assert response.status_code == 200
        assert (
            response.headers["etag"]
            == client.get(LOGO if "/api/" in path else "/shopify.test").headers["etag"]
        )
