"""SVG and dark forms over HTTP, and the client hint that chooses the theme."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from harness.bench import SHOPIFY, Bench
from harness.factories import make_image
from harness.fakes import reply
from harness.logo_client import LOGO, LogoClient, client_of, filled, stored_name

HINT = "Sec-CH-Prefers-Color-Scheme"
DRAWING = make_image(b"drawing", svg=b"<svg/>", dark=b"white", shows_on_dark=False)


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    """Shopify has all forms, Slack has a picture alone, Stripe has no logo."""
    bench = filled(tmp_path)
    bench.images.results[b"document"] = DRAWING
    bench.fetcher.replies[SHOPIFY] = reply(body=b"document")
    with bench.open() as cache:
        cache.refresh(["shopify"])
    return bench


@pytest.fixture
def client(bench: Bench) -> Iterator[LogoClient]:
    with client_of(bench) as client:
        yield client


@pytest.mark.parametrize(
    "path", [f"{LOGO}?format=svg", "/shopify.test?format=svg", "/shopify.test?format=svg&size=16&greyscale=1"]
)
def test_an_svg_is_sent_as_it_is_kept(client: LogoClient, path: str) -> None:
    for _ in range(2):  # the second time from memory
        answer = client.get(path)
        assert (answer.status_code, answer.content) == (200, b"<svg/>")
        assert answer.headers["content-type"] == "image/svg+xml"
        assert answer.headers["content-security-policy"] == "default-src 'none'; sandbox"
        assert answer.headers["x-cache"] == "HIT"
        again = client.get(path, headers={"If-None-Match": answer.headers["etag"]})
        assert again.status_code == 304


@pytest.mark.parametrize("fallback", ["404", "monogram"])
@pytest.mark.parametrize("name", ["slack.test", "api/integrations/slack/logo"])
def test_a_logo_without_an_svg(client: LogoClient, name: str, fallback: str) -> None:
    for _ in range(2):
        answer = client.get(f"/{name}?format=svg&fallback={fallback}&size=64")
        if fallback == "404":
            assert (answer.status_code, answer.json()["code"]) == (404, "no_logo")
            assert "SVG" in answer.json()["detail"]
        else:
            assert (answer.content, answer.headers["content-type"]) == (b"64-png of slack!", "image/png")


def test_a_monogram_is_a_picture(client: LogoClient) -> None:
    answer = client.get("/stripe.test?format=svg&fallback=monogram&size=64")
    assert (answer.status_code, answer.headers["content-type"]) == (200, "image/png")
    assert client.get("/stripe.test?format=svg").status_code == 404


def test_a_logo_is_fetched_for_its_svg(bench: Bench) -> None:
    new = "https://new.test/icon.png"
    bench.fetcher.replies |= {new: reply(body=b"document"), new.replace("new", "newer"): reply(body=b"png")}
    with client_of(bench, on_demand="any") as client:
        answer = client.get("/new.test?format=svg")
        assert (answer.content, answer.headers["x-cache"]) == (b"<svg/>", "MISS")
        assert client.get("/newer.test?format=svg").status_code == 404
        assert client.get("/newer.test").status_code == 200


@pytest.mark.parametrize(
    ("suffix", "content", "media_type"),
    [(".svg", b"<svg/>", "image/svg+xml"), (".dark.png", b"white", "image/png")],
)
def test_a_form_by_its_name(
    bench: Bench, client: LogoClient, suffix: str, content: bytes, media_type: str
) -> None:
    name = next(name for name in bench.files if name.endswith(suffix))
    for _ in range(2):
        answer = client.get(f"/static/cached_logos/{name}")
        assert (answer.content, answer.headers["content-type"]) == (content, media_type)
        assert answer.headers["content-security-policy"] == "default-src 'none'; sandbox"
    moved = client.get(f"/static/cached_logos/shopify_00000000{suffix}")
    assert (moved.status_code, moved.headers["location"]) == (302, name)
    moved = client.get(f"/static/cached_logos/slack_00000000{suffix}")
    assert (moved.status_code, moved.headers["location"]) == (302, stored_name(bench, "slack"))


@pytest.mark.parametrize(
    ("query", "content"),
    [
        ("theme=dark", b"white"),
        ("theme=dark&size=64", b"64-png of white"),
        ("theme=dark&format=jpg", b"full-jpg-dark of white"),
        ("theme=dark&format=svg", b"white"),
        ("theme=dark&background=111111", b"full-png-111111 of white"),
        ("theme=dark&background=white", b"full-png-ffffff of drawing"),
        ("theme=light", b"drawing"),
    ],
)
def test_a_theme(client: LogoClient, query: str, content: bytes) -> None:
    for _ in range(2):
        answer = client.get(f"{LOGO}?{query}")
        assert answer.content == content
        assert answer.headers["vary"] == "Origin" if "vary" in answer.headers else True


def test_an_unknown_theme_is_refused(client: LogoClient) -> None:
    assert client.get(f"{LOGO}?theme=sepia").status_code == 422


@pytest.mark.parametrize(
    ("hint", "content"),
    [
        ('"dark"', b"white"),
        ("dark", b"white"),
        ('"light"', b"drawing"),
        ("", b"drawing"),
        (None, b"drawing"),
        ('"darkness"', b"drawing"),
    ],
)
def test_a_client_may_choose_the_theme_by_its_hint(
    client: LogoClient, hint: str | None, content: bytes
) -> None:
    headers = {HINT: hint} if hint is not None else {}
    client.get(f"{LOGO}?theme=auto", headers={HINT: '"dark"'})
    for _ in range(2):  # routed, and from memory
        answer = client.get(f"{LOGO}?theme=auto", headers=headers)
        assert answer.content == content
        assert HINT in answer.headers["vary"].split(", ")
        assert answer.headers["accept-ch"] == HINT
        again = client.get(f"{LOGO}?theme=auto", headers={**headers, "If-None-Match": answer.headers["etag"]})
        assert (again.status_code, again.headers["vary"]) == (304, answer.headers["vary"])


def test_a_hint_changes_nothing_unless_the_request_leaves_the_theme_open(client: LogoClient) -> None:
    answer = client.get(LOGO, headers={HINT: '"dark"'})
    assert answer.content == b"drawing"
    assert "accept-ch" not in answer.headers
