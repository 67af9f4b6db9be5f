"""Icons that no page names count where nothing named can be used."""

import pytest

from harness.factories import DAY, NOW, make_cached, make_image
from harness.fakes import FakeFetcher, FakeImages, FakeProvider, reply
from harness.search import URL, SearchBench
from logocache.model import OutcomeKind
from logocache.ports import Answer, ImageRejection

# Icons that no page names -------------------------------------------------------------------------

NAMED, UNNAMED = "https://shopify.test/named.ico", "https://shopify.test/favicon.ico"
UNNAMED_PICTURE = make_image(b"unnamed", width=256, height=256)


@pytest.mark.parametrize(
    ("named", "is_used"),
    [
        pytest.param([reply(body=b"32")], False, id="a small named one"),
        pytest.param([reply(body=b"broken"), reply(body=b"32")], False, id="the second named one"),
        pytest.param([reply(OutcomeKind.NOT_FOUND)], True, id="a named one that is missing"),
        pytest.param([reply(body=b"broken"), reply(body=b"tiny")], True, id="named ones that are no logos"),
        pytest.param([reply(OutcomeKind.BLOCKED)], True, id="a named one that is refused"),
        pytest.param([reply(OutcomeKind.TRANSIENT)], True, id="a named one that cannot be had now"),
        pytest.param([], True, id="none named"),
    ],
)
def test_an_unnamed_icon_counts_only_where_no_named_one_can_be_used(
    named: list[Answer], *, is_used: bool
) -> None:
    replies = {f"https://shopify.test/{number}": answer for number, answer in enumerate(named)}
    images = FakeImages(
        {
            b"32": make_image(b"32", width=32, height=32),
            b"tiny": make_image(b"tiny", width=8, height=8),
            b"broken": ImageRejection(reason="broken"),
            b"unnamed": UNNAMED_PICTURE,
        }
    )
    bench = SearchBench(
        FakeProvider(urls=list(replies), unnamed=[UNNAMED]),
        fetcher=FakeFetcher({**replies, UNNAMED: reply(body=b"unnamed")}),
        images=images,
    )
    assert (bench.found().choice.candidate.url == UNNAMED) is is_used
    assert (UNNAMED in bench.fetcher.urls) is is_used, "nobody asks for what would not count"


def test_the_named_icon_is_asked_for_again_after_an_unnamed_one_was_stored() -> None:
    provider = FakeProvider(urls=[NAMED], unnamed=[UNNAMED])
    fetcher = FakeFetcher({NAMED: reply(OutcomeKind.BLOCKED), UNNAMED: reply(body=b"unnamed")})
    bench = SearchBench(provider, fetcher=fetcher)
    first = bench.found().choice
    assert first.candidate.url == UNNAMED
    bench.log = bench.new_log()
    fetcher.replies[NAMED] = reply(body=b"logo")
    record = make_cached(source_url=UNNAMED, candidates_digest=first.candidates_digest)
    assert bench.found(record).choice.candidate.url == NAMED


def test_an_unnamed_icon_in_place_of_one_that_cannot_be_had_now_is_looked_at_again_early() -> None:
    fetcher = FakeFetcher({NAMED: reply(OutcomeKind.TRANSIENT), UNNAMED: reply(body=b"unnamed")})
    bench = SearchBench(FakeProvider(urls=[NAMED], unnamed=[UNNAMED]), fetcher=fetcher)
    assert bench.found().outcome.next_attempt_at == NOW + DAY


@pytest.mark.parametrize("page", [[], ["https://shopify.test/"]], ids=["the image fails", "the page fails"])
def test_a_source_in_trouble_does_not_replace_its_own_logo_by_a_leftover(page: list[str]) -> None:
    named = [] if page else [URL]
    replies = dict.fromkeys([*page, *named], reply(OutcomeKind.TRANSIENT, reason="HTTP 500", status=500))
    bench = SearchBench(
        FakeProvider(urls=named, pages=page, unnamed=[UNNAMED]),
        fetcher=FakeFetcher({**replies, UNNAMED: reply(body=b"unnamed")}),
    )
    outcome = bench.failure(make_cached(source_url=URL, candidates_digest="of the page that worked"))
    assert (outcome.kind, outcome.reason) == (OutcomeKind.TRANSIENT, "HTTP 500")
