"""The order of preference for entries that name icon sets, and whose icon it is."""

from dataclasses import replace
from types import MappingProxyType
from typing import Any

import pytest

from harness.factories import make_cached, make_file, make_image
from harness.fakes import FakeFetcher, FakeImages, FakeProvider, Reply, reply
from harness.search import URL, SearchBench
from logocache.model import LogoRecord, Outcome, OutcomeKind
from logocache.operations.search import Found
from logocache.ports import FetchRequest

ICONS = MappingProxyType({"logos": "shopify"})
TOUCH, FAVICON = "https://shopify.test/touch.png", "https://shopify.test/favicon.ico"
PARENT = {"page_host": "www.parent.test"}
OWN = {"page_host": "shopify.test"}

IMAGES = {
    b"large": make_image(b"large", width=180, height=180),
    b"small": make_image(b"small", width=96, height=96),
    b"tiny": make_image(b"tiny", width=48, height=48),
    b"vector": make_image(b"vector", width=512, height=512, kind="svg"),
}


def site(**facts: Any) -> FakeProvider:
    return FakeProvider(urls=[URL], facts=OWN | facts)


def sets(**facts: Any) -> FakeProvider:
    return FakeProvider(
        "iconsets", bodies={"iconify:logos:shopify": b"vector"}, facts={"icon_set": "logos"} | facts
    )


def bench(answer: Reply, *chain: FakeProvider) -> SearchBench:
    other = FakeProvider("duckduckgo", urls=["https://icons.test/{domain}"])
    replies = {URL: answer, "https://icons.test/shopify.test": reply(body=b"large")}
    return SearchBench(
        *(chain or (site(), other, sets())), fetcher=FakeFetcher(replies), images=FakeImages(IMAGES)
    )


def chosen(made: SearchBench, record: LogoRecord | None = None, **facts: Any) -> str | None:
    """The source of the entry's logo; None if it has none that may replace the stored one."""
    found = made.look(record, **({"icons": ICONS} | facts))
    return found.choice.terms.id if isinstance(found, Found) else None


@pytest.mark.parametrize(
    ("icon", "is_one_colour", "prefer", "source"),
    [
        (b"large", False, None, "site"),
        (b"small", False, None, "iconsets"),
        (b"small", True, None, "site"),
        (b"tiny", True, None, "site"),
        (b"large", True, "iconset", "iconsets"),
        (b"large", False, "logos", "iconsets"),
        (b"large", False, "devicon", "site"),
        (b"tiny", False, "site", "site"),
    ],
)
def test_a_person_would_choose(icon: bytes, prefer: str | None, source: str, *, is_one_colour: bool) -> None:
    made = bench(reply(body=icon), site(), sets(is_one_colour=is_one_colour))
    assert chosen(made, prefer=prefer) == source


def test_without_icon_sets_the_first_good_image_wins() -> None:
    assert chosen(bench(reply(body=b"small")), icons={}) == "site"


def test_sources_that_can_send_nothing_better_are_not_asked() -> None:
    small = bench(reply(body=b"small"))
    assert chosen(small) == "iconsets"
    assert small.fetcher.urls == [URL]
    preferring = bench(reply(body=b"large"))
    assert chosen(preferring, prefer="iconset") == "iconsets"
    assert preferring.fetcher.urls == []


@pytest.mark.parametrize(("icons", "source", "asked"), [(ICONS, TOUCH, 2), ({}, URL, 1)])
def test_a_small_icon_gives_way_to_one_that_may_be_large(icons: Any, source: str, asked: int) -> None:
    made = bench(reply(body=b"small"), FakeProvider(urls=[URL, TOUCH, FAVICON], facts=OWN))
    made.fetcher.replies[TOUCH] = reply(body=b"large")
    assert made.found(icons=icons).choice.candidate.url == source
    assert made.fetcher.urls == [URL, TOUCH][:asked]


def test_the_icon_of_a_parent_loses_and_the_audit_trail_says_why() -> None:
    made = bench(reply(body=b"large"), site(**PARENT), sets(is_one_colour=True))
    assert chosen(made) == "iconsets"
    (attempt,) = (attempt for attempt in made.log.attempts if attempt.url == URL)
    assert attempt.outcome is OutcomeKind.FOUND
    assert "parent.test is not shopify.test" in attempt.reason
    assert chosen(bench(reply(body=b"large"), site(**PARENT))) == "site", "it is better than none"


def test_an_unnamed_icon_that_leads_to_a_parent_loses() -> None:
    led = replace(reply(body=b"large"), url="https://www.parent.test/favicon.ico")
    assert chosen(bench(led, FakeProvider(urls=[URL]), sets())) == "iconsets"
    assert chosen(bench(led, site(), sets())) == "site", "named by its own page, it may be on any host"


@pytest.mark.parametrize("icons", [ICONS, {}])
def test_a_site_for_sale_has_no_logo(icons: Any) -> None:
    made = bench(reply(body=b"large"), site(page_host="www.hugedomains.com"))
    outcome = made.look(icons=icons)
    assert isinstance(outcome, Outcome)
    assert outcome.kind is OutcomeKind.PLACEHOLDER
    assert "sells domains" in outcome.reason
    assert made.images.decoded == []


# What is stored already --------------------------------------------------------------------------


def stored(**facts: Any) -> LogoRecord:
    file = make_file(content=b"large", width=180, height=180)
    defaults: dict[str, Any] = {"file": file, "source_url": URL, "etag": '"1"', "candidates_digest": "before"}
    return make_cached(**(defaults | facts))


def not_modified(request: FetchRequest) -> Any:
    return reply(OutcomeKind.UNCHANGED) if request.etag == '"1"' else reply(body=b"large")


@pytest.mark.parametrize("answer", [not_modified, reply(body=b"large")], ids=["304", "the same bytes"])
def test_a_stored_icon_of_a_parent_gives_way_at_once(answer: Any) -> None:
    assert chosen(bench(answer, site(**PARENT), sets()), stored()) == "iconsets"
    assert chosen(bench(answer, site(**PARENT)), stored()) == "site", "to something better only"


@pytest.mark.parametrize("kind", [OutcomeKind.TRANSIENT, OutcomeKind.BLOCKED, OutcomeKind.NOT_FOUND])
def test_a_stored_icon_stays_while_its_site_cannot_be_asked(kind: OutcomeKind) -> None:
    assert chosen(bench(reply(kind), site(), sets()), stored()) is None


def test_a_stored_drawing_stays_while_its_set_cannot_be_read() -> None:
    record = stored(provider="iconsets", source_url="iconify:logos:shopify")
    assert chosen(bench(reply(body=b"small"), site(), FakeProvider("iconsets")), record) is None
    assert chosen(bench(reply(body=b"large"), site(), FakeProvider("iconsets")), record) == "site"


def test_the_same_picture_from_another_source_does_not_expose_the_stored_one() -> None:
    other = FakeProvider("duckduckgo", urls=["https://icons.test/{domain}"])
    assert chosen(bench(reply(OutcomeKind.TRANSIENT), site(), other, sets()), stored()) is None


def test_a_parent_that_takes_over_the_site_does_not_replace_the_stored_logo() -> None:
    record = stored(source_gone_at=make_cached().created_at, source_url="https://shopify.test/before.png")
    assert chosen(bench(reply(body=b"small"), site(**PARENT)), record) is None
    assert chosen(bench(reply(body=b"small"), site()), record) == "site"


def of_two_owners(page: Reply, favicon: bytes, *chain: FakeProvider) -> SearchBench:
    """A site with an unnamed icon of its own, whose page is a parent's."""
    provider = FakeProvider(urls=[FAVICON, URL], pages=["https://shopify.test/"])
    provider.offers_of[URL] = PARENT
    made = bench(reply(body=b"large"), provider, *chain)
    made.fetcher.replies |= {FAVICON: reply(body=favicon), "https://shopify.test/": page}
    return made


@pytest.mark.parametrize("source_url", [URL, "https://www.parent.test/of-before.png"])
def test_a_stored_icon_of_a_parent_gives_way_to_one_of_the_site_itself(source_url: str) -> None:
    made = of_two_owners(reply(body=b"a page"), b"vector")
    assert chosen(made, stored(source_url=source_url)) == "site"
    assert URL not in made.fetcher.urls


def test_while_its_own_page_is_away_a_stored_icon_is_nobody_elses() -> None:
    made = of_two_owners(reply(OutcomeKind.BLOCKED), b"small", sets())
    assert chosen(made, stored()) is None


@pytest.mark.parametrize(("source_url", "is_doubted"), [(URL, True), ("https://shopify.test/own.png", False)])
def test_the_stored_icon_of_a_market_is_no_logo(source_url: str, *, is_doubted: bool) -> None:
    made = bench(reply(body=b"large"), site(page_host="www.sedo.com"))
    assert chosen(made, stored(source_url=source_url), icons={}) is None
    assert made.log.is_doubted is is_doubted, "then a monogram takes its place"
