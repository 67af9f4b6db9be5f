"""Pictures that a site offers for dark pages: never the logo, but its form there."""

from dataclasses import replace

import pytest

from harness.factories import make_cached, make_file, make_image
from harness.fakes import FakeFetcher, FakeImages, FakeProvider, reply
from harness.search import NO_DEFAULT_ICONS, URL, SearchBench
from logocache.model import OutcomeKind
from logocache.policy.acceptance import unsettled
from logocache.ports import Answer, DecodingFailure, ImageRejection

DARK = "https://shopify.test/dark.png"
BLACK = make_image(b"black", shows_on_dark=False)
ETAG = '"1"'


def bench_of(dark: Answer, *, light: bytes = b"black", page_host: str = "shopify.test") -> SearchBench:
    images = FakeImages(
        {
            b"black": BLACK,
            b"own": replace(BLACK, dark=b"its own"),
            b"also black": make_image(b"also black", shows_on_dark=False),
            b"tiny": make_image(b"tiny", width=16, height=16),
            b"broken": ImageRejection(reason="broken"),
            b"slow": DecodingFailure(reason="slow"),
        }
    )
    fetcher = FakeFetcher({URL: reply(body=light, etag=ETAG), DARK: dark})
    provider = FakeProvider(urls=[URL], dark=[DARK])
    provider.offers_of[DARK] = {"page_host": page_host}
    return SearchBench(provider, fetcher=fetcher, images=images)


@pytest.mark.parametrize(
    ("dark", "form"),
    [
        pytest.param(reply(body=b"white"), b"white", id="one that is seen there"),
        pytest.param(reply(body=b"also black"), None, id="one that is not"),
        pytest.param(reply(body=b"tiny"), None, id="much smaller than the logo"),
        pytest.param(reply(body=b"broken"), None, id="none that can be read"),
        pytest.param(reply(body=b"slow"), None, id="none that can be decoded in time"),
        pytest.param(reply(OutcomeKind.NOT_FOUND), None, id="none in fact"),
        pytest.param(reply(OutcomeKind.TRANSIENT), None, id="none now"),
    ],
)
def test_a_mark_unseen_on_dark_pages_gets_the_form_that_its_site_offers(
    dark: Answer, form: bytes | None
) -> None:
    bench = bench_of(dark)
    found = bench.found()
    assert found.choice.image is not None
    assert (found.choice.candidate.url, found.choice.image.png) == (URL, b"black")
    assert found.choice.image.dark == form
    assert found.outcome.kind is OutcomeKind.FOUND
    assert found.choice.candidates_digest != unsettled(NO_DEFAULT_ICONS.version)
    assert [attempt.url for attempt in bench.log.attempts] == [URL, DARK]
    assert bench.log.results == [], "the form decides nothing about the logo"


@pytest.mark.parametrize("light", [b"coloured", b"own"], ids=["seen", "with a form of its own"])
def test_nobody_asks_for_a_form_that_is_not_needed(light: bytes) -> None:
    bench = bench_of(reply(body=b"white"), light=light)
    bench.found()
    assert bench.fetcher.urls == [URL]


@pytest.mark.parametrize(
    ("page_host", "form"),
    [("shopify.test", b"white"), ("www.parent.test", None)],
)
def test_another_owners_picture_is_no_form_of_the_logo(page_host: str, form: bytes | None) -> None:
    found = bench_of(reply(body=b"white"), page_host=page_host).found(icons={"logos": "shopify"})
    assert found.choice.image is not None
    assert found.choice.image.dark == form


def test_a_picture_for_dark_pages_is_never_the_logo() -> None:
    bench = bench_of(reply(body=b"white"))
    bench.fetcher.replies[URL] = reply(OutcomeKind.NOT_FOUND)
    assert bench.failure().kind is OutcomeKind.NOT_FOUND
    assert DARK not in bench.fetcher.urls


@pytest.mark.parametrize(
    ("dark", "etag"),
    [(reply(body=b"white"), ETAG), (reply(OutcomeKind.TRANSIENT), None), (reply(OutcomeKind.BLOCKED), None)],
)
def test_a_form_that_could_not_be_had_now_is_asked_for_with_the_next_refresh(
    dark: Answer, etag: str | None
) -> None:
    """A conditional request would only confirm the logo."""
    assert bench_of(dark).found().choice.etag == etag


@pytest.mark.parametrize("is_new", [False, True])
def test_a_new_offer_is_read_in_full(*, is_new: bool) -> None:
    bench = bench_of(reply(body=b"white"))
    digest = bench.found().choice.candidates_digest
    record = make_cached(
        file=make_file(content=b"black"),
        source_url=URL,
        etag=ETAG,
        candidates_digest="another" if is_new else digest,
    )
    bench.log = bench.new_log()
    bench.found(record)
    light = next(request for request in bench.fetcher.asked[2:] if request.url == URL)
    assert light.etag == (None if is_new else ETAG)
