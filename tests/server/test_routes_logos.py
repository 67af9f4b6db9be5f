"""The logo routes over HTTP: headers, conditional requests, HEAD, CORS, errors, and memory."""

import pytest

from harness.bench import SHOPIFY, Bench
from harness.fakes import reply
from harness.logo_client import LOGO, client_of, stored_name
from logocache.server.fast_path import RouteCache
from logocache.server.requests import FileRequest


@pytest.mark.parametrize("twice", [False, True], ids=["routed", "from memory"])
@pytest.mark.parametrize(
    "path", [LOGO, "/shopify.test", "/shopify.test?size=64&format=webp&greyscale=true", "/SHOPIFY"]
)
def test_a_logo_and_its_headers(live_bench: Bench, path: str, *, twice: bool) -> None:
    with client_of(live_bench) as client:
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
        (f"{LOGO}?shape=square", b"full-png-square of shopify", "image/png"),
        (f"{LOGO}?shape=original&padding=0&background=transparent", b"shopify", "image/png"),
        ("/shopify.test?shape=square&padding=40", b"128-png-square40 of shopify", "image/png"),
        ("/shopify.test?background=white&format=jpg", b"128-jpg-ffffff of shopify", "image/jpeg"),
        ("/shopify.test?background=F5f5f5&size=16", b"16-png-f5f5f5 of shopify", "image/png"),
        ("/shopify.test?retina=true", b"256-png of shopify", "image/png"),
        ("/shopify.test?retina=true&size=300", b"512-png of shopify", "image/png"),
        (f"{LOGO}?retina=true", b"shopify", "image/png"),
    ],
)
def test_parameters(live_bench: Bench, path: str, body: bytes, media_type: str) -> None:
    with client_of(live_bench) as client:
        answer = client.get(path)
        assert (answer.content, answer.headers["content-type"]) == (body, media_type)


@pytest.mark.parametrize(
    "query",
    [
        *("size=15", "size=513", "size=x", "size=", "format=gif", "greyscale=maybe", "fallback=500"),
        *("shape=round", "shape=square&padding=41", "shape=square&padding=-1", "shape=square&padding=x"),
        *("background=red", "background=fff", "background=%23ffffff", "background=", "retina=2"),
    ],
)
@pytest.mark.parametrize("path", [LOGO, "/shopify.test"])
def test_parameters_out_of_bounds_are_refused(live_bench: Bench, path: str, query: str) -> None:
    with client_of(live_bench) as client:
        answer = client.get(f"{path}?{query}")
        assert answer.status_code == 422
        assert answer.headers["content-type"] == "application/problem+json"
        assert answer.json()["code"] == "invalid_request"


def test_padding_without_a_square_is_refused(live_bench: Bench) -> None:
    with client_of(live_bench) as client:
        answer = client.get(f"{LOGO}?padding=10")
        assert (answer.status_code, answer.json()["code"]) == (400, "selection")
        assert (
            answer.json()["detail"] == "padding needs a square: choose the shape square, or leave out padding"
        )


@pytest.mark.parametrize("path", [LOGO, "/shopify.test"])
@pytest.mark.parametrize(
    ("offer", "query", "accept", "media_type", "varies"),
    [
        pytest.param(False, "format=auto", "image/webp", "image/webp", True, id="auto, accepted"),
        pytest.param(False, "format=auto", "*/*", "image/png", True, id="auto, not named"),
        pytest.param(False, "", "image/webp", "image/png", False, id="not offered"),
        pytest.param(True, "", "image/webp", "image/webp", True, id="offered, accepted"),
        pytest.param(True, "", "image/png", "image/png", True, id="offered, not accepted"),
        pytest.param(True, "format=png", "image/webp", "image/png", False, id="png"),
        pytest.param(True, "format=jpg", "image/webp", "image/jpeg", False, id="jpg"),
    ],
)
def test_the_client_chooses_the_format(
    live_bench: Bench, path: str, query: str, accept: str, media_type: str, *, offer: bool, varies: bool
) -> None:
    with client_of(live_bench, offer_webp=offer, cors_origins=("https://a.test",)) as client:
        for _ in range(2):
            other = client.get(f"{path}?{query}", headers={"Accept": "image/gif"})
            answer = client.get(f"{path}?{query}", headers={"Accept": accept})
            assert answer.headers["content-type"] == media_type
            assert (
                answer.headers["vary"] == other.headers["vary"] == ("Origin, Accept" if varies else "Origin")
            )
            assert (other.headers["etag"] == answer.headers["etag"]) == (media_type != "image/webp")
            again = client.get(
                f"{path}?{query}", headers={"Accept": accept, "If-None-Match": answer.headers["etag"]}
            )
            assert (again.status_code, again.headers["vary"]) == (304, answer.headers["vary"])


def test_a_file_by_its_name_is_for_ever(live_bench: Bench) -> None:
    path = f"/static/cached_logos/{stored_name(live_bench, 'shopify')}"
    with client_of(live_bench) as client:
        for _ in range(2):
            answer = client.get(path)
            assert (answer.status_code, answer.content) == (200, b"shopify")
            assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"
            assert client.get(path, headers={"If-None-Match": "*"}).status_code == 304


def test_the_name_of_an_earlier_file_leads_to_the_current_one(live_bench: Bench) -> None:
    old = stored_name(live_bench, "shopify")
    live_bench.fetcher.replies[SHOPIFY] = reply(body=b"shopify, new")
    with live_bench.open(replaced_retention_days=0) as cache:
        cache.refresh(["shopify"])
    with client_of(live_bench) as client:
        answer = client.get(f"/static/cached_logos/{old}")
        assert answer.status_code == 302
        assert answer.headers["cache-control"] == "public, max-age=60"
        assert client.get(str(answer.url.join(answer.headers["location"]))).content == b"shopify, new"


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
def test_names_as_people_write_them_get_the_logo(live_bench: Bench, path: str) -> None:
    with client_of(live_bench) as client:
        response = client.get(path)
        assert response.status_code == 200
        assert (
            response.headers["etag"]
            == client.get(LOGO if "/api/" in path else "/shopify.test").headers["etag"]
        )
