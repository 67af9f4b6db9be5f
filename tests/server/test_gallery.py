import html
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from fastapi import FastAPI

from harness.bench import SHOPIFY, Bench
from harness.factories import DAY, NOW, make_integration
from harness.fakes import FakeProvider, reply
from harness.small_app import Client, make_bench, without_database
from logocache.cache import LogoCache
from logocache.errors import SchemaError
from logocache.model import OutcomeKind
from logocache.server import gallery
from logocache.server.gallery.pages import POLICY
from logocache.server.limits import Bulkheads

SCRIPT = "<script>alert(1)</script>"


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return make_bench(tmp_path)


@pytest.fixture
def cache(bench: Bench) -> Iterator[LogoCache]:
    with bench.open() as opened:
        opened.init()
        yield opened


def client_of(cache: LogoCache, *, prefix: str = "", days_later: float = 3) -> Client:
    app = FastAPI()
    app.include_router(
        gallery.build(cache, Bulkheads().management, lambda: NOW + days_later * DAY), prefix=prefix
    )
    return Client(app)


def text_of(page: str) -> str:
    """The text of a page, without tags and with single spaces."""
    return " ".join(html.unescape(re.sub(r"<[^>]*>", " ", page)).split())


def test_all_entries_are_on_the_page_with_name_provider_age_and_state(cache: LogoCache) -> None:
    page = client_of(cache).get("/").text
    assert page.count('class="card"') == 3
    words = text_of(page)
    assert "Shopify Cached site 3 days ago" in words
    assert '<time datetime="2026-11-22T12:00:00Z" title="2026-11-22 12:00 UTC">3 days ago</time>' in page
    assert "Stripe Placeholder Failing monogram 3 days ago" in words


def test_figures_are_those_of_stats(cache: LogoCache) -> None:
    words = text_of(client_of(cache).get("/").text)
    assert "Logos 3 Size" in words
    assert "of 500 MB" in words
    assert "Stale 0 Failing 1" in words


def test_an_entry_that_fails_says_why_on_its_card_and_on_its_page(bench: Bench) -> None:
    with bench.open() as cache:
        cache.init()
        bench.fetcher.replies[SHOPIFY] = reply(OutcomeKind.TRANSIENT, reason="the source is <down>")
        bench.clock.advance(days=8)
        cache.refresh(["shopify"])
        client = client_of(cache)
        card, facts = client.get("/").text, client.get("/logos/shopify").text
    assert "Shopify Stale Failing site" in text_of(card)
    assert "the source is &lt;down&gt;" in card
    assert "Failed once:" in text_of(facts)
    assert "the source is &lt;down&gt;" in facts


def test_looking_at_pending_entries_asks_for_no_logo(bench: Bench) -> None:
    with bench.open() as cache:
        cache.init(["shopify"])
        client = client_of(cache)
        page, facts = client.get("/").text, client.get("/logos/slack").text
    assert page.count("/logo?size=") == 1
    assert "Slack Pending Not fetched yet" in text_of(page)
    assert "<img" not in facts.split("<main")[1]
    assert "Nothing is stored yet" in facts


def test_hostile_names_and_source_addresses_are_inert(tmp_path: Path) -> None:
    bench = Bench(
        tmp_path,
        integrations=[make_integration("evil", name=f"{SCRIPT}\" onload='x'", category=f'"{SCRIPT}')],
        chain=[FakeProvider(bodies={"javascript:alert(1)": b"evil"}, licence=SCRIPT)],
    )
    with bench.open() as cache:
        cache.init()
        client = client_of(cache)
        pages = client.get("/").text, client.get("/logos/evil").text
    for page in pages:
        assert SCRIPT not in page
        assert "onload='x'" not in page
        assert 'href="javascript:' not in page
    assert "javascript:alert(1)" in pages[1]


def test_an_empty_cache_says_what_to_do(tmp_path: Path) -> None:
    with Bench(tmp_path, integrations=[]).open() as cache:
        cache.init()
        answer = client_of(cache).get("/")
    assert answer.status_code == 200
    assert "logocache init" in answer.text
    assert 'id="grid"' not in answer.text


@pytest.mark.parametrize("path", ["/", "/logos/shopify"])
def test_without_a_database_a_page_says_so(tmp_path: Path, path: str) -> None:
    with without_database(tmp_path) as cache:
        answer = client_of(cache).get(path)
    assert answer.status_code == 503
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert answer.headers["retry-after"] == "5"
    assert answer.headers["cache-control"] == "no-store"
    assert "logocache init" in answer.text
    assert "Try again" in answer.text


@pytest.mark.parametrize("path", ["/", "/logos/shopify"])
def test_a_cache_that_is_switched_off_says_by_which_setting(bench: Bench, path: str) -> None:
    with bench.open(enabled=False) as cache:
        answer = client_of(cache).get(path)
    assert answer.status_code == 503
    assert "LOGO_CACHE_ENABLED is false" in answer.text


def test_an_unknown_logo_has_a_page_that_offers_the_nearest(cache: LogoCache) -> None:
    answer = client_of(cache).get("/logos/shopfy")
    assert answer.status_code == 404
    assert "did you mean shopify?" in text_of(answer.text).lower()
    assert "Try again" not in answer.text


def test_a_logo_of_the_catalogue_that_init_has_not_seen_is_not_found(tmp_path: Path) -> None:
    before = Bench(tmp_path, integrations=[make_integration("slack")])
    with before.open() as cache:
        cache.init()
    with make_bench(tmp_path).open() as cache:
        answer = client_of(cache).get("/logos/shopify")
    assert answer.status_code == 404
    assert "not in the cache yet" in answer.text


@pytest.mark.parametrize("path", ["/", "/logos/shopify", "/logos/nonsense"])
def test_no_page_lets_a_browser_run_or_load_what_is_not_ours(cache: LogoCache, path: str) -> None:
    answer = client_of(cache).get(path)
    assert answer.headers["content-security-policy"] == POLICY
    assert answer.headers["referrer-policy"] == "no-referrer"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert not re.search(r"<style|\sstyle=|\son\w+=|<script(?![^>]*\ssrc=)", answer.text)
    loaded = re.findall(r'<(?:link|script|img)[^>]*(?:href|src)="([^"]*)"', answer.text)
    assert loaded
    assert all(address.startswith(("./", "../")) for address in loaded)


def test_a_page_that_the_client_has_is_not_sent_again(cache: LogoCache) -> None:
    client = client_of(cache)
    first = client.get("/")
    again = client.get("/", headers={"If-None-Match": first.headers["etag"]})
    assert first.headers["cache-control"] == "no-cache"
    assert (again.status_code, again.content) == (304, b"")
    assert again.headers["content-security-policy"] == POLICY


@pytest.mark.parametrize(
    "path", ["/", "/logos/shopify", "/favicon.ico", "/robots.txt", "/static/pages/base.css"]
)
def test_head_answers_as_get_does_without_the_body(cache: LogoCache, path: str) -> None:
    client = client_of(cache)
    full, head = client.get(path), client.head(path)
    assert head.status_code == 200
    assert head.content == b""
    assert head.headers["content-length"] == full.headers["content-length"] == str(len(full.content))


@pytest.mark.parametrize("prefix", ["", "/logos", "/a/b"])
def test_all_addresses_of_the_pages_are_right_under_any_prefix(cache: LogoCache, prefix: str) -> None:
    client = client_of(cache, prefix=prefix)
    for path in ("/", "/logos/shopify"):
        page = client.get(prefix + path)
        for address in re.findall(r'(?:href|src)="(\.{1,2}/[^"]*)"', page.text):
            target = page.url.join(html.unescape(address)).path
            assert target.startswith(f"{prefix}/")
            if target.startswith((f"{prefix}/static/pages", f"{prefix}/logos/")):
                assert client.get(target).status_code == 200, target


def test_the_page_of_a_logo_has_its_addresses_and_facts(cache: LogoCache) -> None:
    page = client_of(cache, prefix="/x").get("/x/logos/shopify").text
    (entry,) = (item for item in cache.list().entries if item.key == "shopify")
    assert ">/x/api/integrations/shopify/logo</a>" in page
    assert ">/x/shopify.test</a>" in page
    assert f">/x/static/cached_logos/{entry.file}</a>" in page
    assert f'<a href="{SHOPIFY}" rel="noopener noreferrer">' in page
    assert "128 × 128 pixels, 7 B" in text_of(page)


def test_a_logo_is_found_by_its_domain_too(cache: LogoCache) -> None:
    assert "<bdi>Slack</bdi>" in client_of(cache).get("/logos/slack.test").text


def test_many_who_look_at_the_same_time_cost_no_more_than_one(bench: Bench) -> None:
    now = 0.0
    with bench.open() as cache:
        cache.init(["shopify"])
        shown = gallery.Gallery(cache, clock=lambda: now)
        before = shown.look()
        cache.init()
        assert shown.look() == before
        now = gallery.KEPT_SECONDS
        assert shown.look() != before


def test_a_database_that_is_away_is_asked_once_a_second_too(tmp_path: Path) -> None:
    now = 0.0
    with without_database(tmp_path) as cache:
        shown = gallery.Gallery(cache, clock=lambda: now)
        first = shown.look()
        assert isinstance(first, SchemaError)
        assert shown.look() is first
        now = gallery.KEPT_SECONDS
        assert shown.look() is not first


@pytest.mark.end_to_end
def test_beyond_what_a_page_can_show_it_says_where_the_rest_is(tmp_path: Path) -> None:
    keys = [f"shop-{number}" for number in range(gallery.MOST_SHOWN + 2)]
    with Bench(tmp_path, integrations=[make_integration(key) for key in keys]).open() as cache:
        cache.init(keys[:1])
        page = client_of(cache).get("/").text
    assert page.count('class="card"') == gallery.MOST_SHOWN
    assert "have the other 2" in text_of(page)


class TestFiles:
    def test_under_the_address_of_its_content_a_file_is_kept_for_ever(self, cache: LogoCache) -> None:
        client = client_of(cache)
        (address,) = re.findall(r'href="\./(static/pages/base\.css[^"]*)"', client.get("/").text)
        answer = client.get(f"/{address}")
        assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"
        assert answer.headers["content-type"] == "text/css; charset=utf-8"
        assert answer.headers["x-content-type-options"] == "nosniff"

    @pytest.mark.parametrize("query", ["", "?v=", "?v=000000000000"])
    def test_under_another_address_it_is_asked_for_each_time(self, cache: LogoCache, query: str) -> None:
        client = client_of(cache)
        answer = client.get(f"/static/pages/gallery.js{query}")
        assert answer.headers["cache-control"] == "no-cache"
        again = client.get("/static/pages/gallery.js", headers={"If-None-Match": answer.headers["etag"]})
        assert again.status_code == 304

    @pytest.mark.parametrize("name", ["gallery.html", "nothing.css", "..%2fapp.py", "%2e%2e"])
    def test_nothing_else_is_sent(self, cache: LogoCache, name: str) -> None:
        answer = client_of(cache).get(f"/static/pages/{name}")
        assert answer.status_code == 404

    def test_the_favicon_is_an_icon_of_three_sizes(self, cache: LogoCache) -> None:
        answer = client_of(cache).get("/favicon.ico")
        assert answer.headers["content-type"] == "image/x-icon"
        assert [answer.content[6 + 16 * place] for place in range(answer.content[4])] == [16, 32, 48]

    def test_crawlers_may_have_stored_logos_and_nothing_that_makes_us_fetch(self, cache: LogoCache) -> None:
        rules = client_of(cache).get("/robots.txt").text.splitlines()[-4:]
        assert rules == [
            "User-agent: *",
            "Allow: /static/cached_logos/",
            "Allow: /api/integrations/*/logo",
            "Disallow: /",
        ]


def test_wrong_methods_are_refused_as_elsewhere(cache: LogoCache) -> None:
    assert client_of(cache).post("/").status_code == 405
