"""Logos that are not there or may not be had: problems, placeholders, and when to come back."""

from pathlib import Path

import pytest

from harness.bench import SHOPIFY, Bench
from harness.fakes import reply
from harness.logo_client import LOGO, client_of, stored_name
from harness.service import known_but_cold, make_bench

TOKEN = "a token of sixteen characters or more"


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
    live_bench: Bench, path: str, status: int, code: str | None
) -> None:
    with client_of(live_bench) as client:
        answer = client.get(path)
        assert answer.status_code == status
        if code is not None:
            assert answer.json()["code"] == code
            assert answer.headers["cache-control"] in {"no-store", "public, max-age=60"}
            assert client.head(path).content == b""


def test_a_missing_logo_can_be_read_across_origins_too(live_bench: Bench) -> None:
    with client_of(live_bench) as client:
        assert client.get("/stripe.test").headers["access-control-allow-origin"] == "*"


@pytest.mark.parametrize("path", ["/stripe.test?fallback=monogram", "/api/integrations/stripe/logo"])
def test_a_placeholder_says_so_and_is_not_kept_long(live_bench: Bench, path: str) -> None:
    with client_of(live_bench) as client:
        answer = client.get(path)
        assert answer.status_code == 200
        assert answer.headers["x-cache"] == "PLACEHOLDER"
        assert answer.headers["cache-control"] == "public, max-age=300"
        assert b"monogram stripe" in answer.content


def test_first_access_is_a_miss(live_bench: Bench, tmp_path: Path) -> None:
    cold = make_bench(tmp_path / "cold")
    cold.clock.now = live_bench.clock.now
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


def test_a_cache_that_is_switched_off_sends_no_logos(live_bench: Bench) -> None:
    with client_of(live_bench, enabled=False) as client:
        for path in (LOGO, "/shopify.test", f"/static/cached_logos/{stored_name(live_bench, 'shopify')}"):
            answer = client.get(path)
            assert (answer.status_code, answer.json()["code"]) == (503, "disabled")


@pytest.mark.parametrize("path", [LOGO, "/shopify.test", "/static/cached_logos/x_00000000.png"])
def test_a_preflight_is_answered(live_bench: Bench, path: str) -> None:
    with client_of(live_bench, cors_origins=("https://shop.example",)) as client:
        answer = client.options(
            path, headers={"Origin": "https://shop.example", "Access-Control-Request-Method": "GET"}
        )
        assert (answer.status_code, answer.content) == (204, b"")
        assert answer.headers["access-control-allow-origin"] == "https://shop.example"
        assert answer.headers["access-control-allow-methods"] == "GET, HEAD"


@pytest.mark.parametrize("twice", [False, True], ids=["routed", "from memory"])
def test_listed_origins_are_told_apart(live_bench: Bench, *, twice: bool) -> None:
    with client_of(live_bench, cors_origins=("https://shop.example",)) as client:
        if twice:
            client.get(LOGO)
        friend = client.get(LOGO, headers={"Origin": "https://shop.example"})
        stranger = client.get(LOGO, headers={"Origin": "https://evil.example"})
        assert friend.headers["access-control-allow-origin"] == "https://shop.example"
        assert "access-control-allow-origin" not in stranger.headers
        assert friend.headers["vary"] == stranger.headers["vary"] == "Origin"


def test_only_who_holds_the_token_may_refresh(live_bench: Bench) -> None:
    path = f"{LOGO}/refresh"
    live_bench.fetcher.replies[SHOPIFY] = reply(body=b"shopify, new")
    with client_of(live_bench, admin_token=TOKEN) as client:
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
    with client_of(live_bench) as client:
        assert client.post(path).status_code == 403
