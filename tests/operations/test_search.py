"""One logo, along the chain of sources."""

from datetime import timedelta
from typing import Any

import pytest

from harness.bench import make_context
from harness.factories import DAY, NOW, make_cached, make_file, make_image, make_integration, make_record
from harness.fakes import FakeFetcher, FakeImages, FakeProvider, reply, sha256
from logocache.catalog import Catalog
from logocache.model import LogoRecord, Outcome, OutcomeKind
from logocache.operations.fetch_log import FetchLog, RequestMemo
from logocache.operations.placeholders import PlaceholderDetector
from logocache.operations.search import Found, Search
from logocache.policy.acceptance import candidates_digest
from logocache.ports import Answer, DecodingFailure, FetchRequest, ImageRejection
from logocache.settings import Settings

URL = "https://shopify.test/icon.png"


class Bench:
    """A search among fakes."""

    def __init__(
        self,
        *chain: FakeProvider,
        fetcher: FakeFetcher | None = None,
        images: FakeImages | None = None,
        own_file: FakeProvider | None = None,
        offline: bool = False,
    ) -> None:
        self.fetcher = fetcher or FakeFetcher()
        self.images = images or FakeImages()
        self.context = make_context(
            Settings(dir="/nowhere", offline=offline, logo_timeout_seconds=60),
            catalog=Catalog(()),
            chain=chain,
            own_file=own_file,
            fetcher=self.fetcher,
            images=self.images,
            placeholders=PlaceholderDetector(lambda: self.images, token=lambda: "random"),
            clock=lambda: NOW,
            monotonic=lambda: 0.0,
        )
        self.search = Search(self.context)
        self.log = self.new_log()

    def new_log(self, key: str = "shopify") -> FetchLog:
        return FetchLog(self.context, key, RequestMemo())

    def look(self, record: LogoRecord | None = None, **facts: object) -> Found | Outcome:
        return self.search.look_for(make_integration(**facts), record or make_record(), self.log)  # type: ignore[arg-type]  # tests name real fields

    def found(self, record: LogoRecord | None = None, **facts: object) -> Found:
        result = self.look(record, **facts)
        assert isinstance(result, Found), result
        return result

    def failure(self, record: LogoRecord | None = None) -> Outcome:
        result = self.look(record)
        assert isinstance(result, Outcome), result
        return result


def test_the_first_good_image_ends_the_search() -> None:
    second = FakeProvider("google", urls=["https://google.test/icon"])
    bench = Bench(
        FakeProvider(urls=[URL, "https://shopify.test/other.png"]),
        second,
        fetcher=FakeFetcher({URL: reply(body=b"logo", etag='"1"')}),
    )
    found = bench.found()
    assert (found.outcome.kind, found.outcome.provider) == (OutcomeKind.FOUND, "site")
    assert found.outcome.next_attempt_at == NOW + 7 * DAY
    assert found.choice.etag == '"1"'
    assert bench.fetcher.urls == [URL]


def test_a_poor_image_wins_only_when_nothing_better_comes() -> None:
    small, large = make_image(b"small", width=32, height=32), make_image(b"large", width=48, height=48)
    replies = {f"https://shopify.test/{size}.png": reply(body=size.encode()) for size in ("small", "large")}
    bench = Bench(
        FakeProvider(urls=list(replies)),
        FakeProvider("google", urls=["https://google.test/none"]),
        fetcher=FakeFetcher(replies),
        images=FakeImages({b"small": small, b"large": large}),
    )
    assert bench.found().choice.image == large
    assert bench.fetcher.urls == [*replies, "https://google.test/none"]


def test_the_first_of_two_equal_poor_images_wins() -> None:
    first, second = (make_image(body, width=32, height=32) for body in (b"1", b"2"))
    bench = Bench(FakeProvider(bodies={"a": b"1", "b": b"2"}), images=FakeImages({b"1": first, b"2": second}))
    assert bench.found().choice.image == first


def test_the_operators_own_file_is_the_only_source_of_its_entry() -> None:
    small = make_image(b"mine", width=32, height=32)
    bench = Bench(
        FakeProvider(bodies={"icon": b"site's"}),
        own_file=FakeProvider("file", bodies={"own": b"mine"}),
        images=FakeImages({b"mine": small}),
    )
    assert bench.found().outcome.provider == "site", "entries without a file do not ask for one"
    assert bench.found(file="own.png").choice.image == small, "however small it is"


def test_while_the_own_file_is_away_nobody_else_is_asked() -> None:
    bench = Bench(FakeProvider(bodies={"icon": b"site's"}), own_file=FakeProvider("file"))
    assert isinstance(bench.look(file="own.png"), Outcome)


@pytest.mark.parametrize(
    ("answer", "kind", "wait"),
    [
        (reply(OutcomeKind.NOT_FOUND), OutcomeKind.NOT_FOUND, 3 * DAY),
        (reply(OutcomeKind.BLOCKED), OutcomeKind.BLOCKED, DAY),
        (reply(OutcomeKind.TRANSIENT), OutcomeKind.TRANSIENT, timedelta(minutes=5)),
        (reply(OutcomeKind.THROTTLED, retry_at=NOW + 2 * DAY), OutcomeKind.THROTTLED, 2 * DAY),
        (reply(OutcomeKind.NOT_ASKED), OutcomeKind.NOT_ASKED, timedelta(minutes=5)),
        (reply(body=b"html"), OutcomeKind.INVALID_IMAGE, 3 * DAY),
        (reply(body=b"blank"), OutcomeKind.PLACEHOLDER, 3 * DAY),
        (reply(body=b"tiny"), OutcomeKind.INVALID_IMAGE, 3 * DAY),
    ],
    ids=["404", "403", "down", "429", "breaker open", "html", "blank", "tiny"],
)
def test_each_answer_without_a_logo_has_its_outcome(
    answer: object, kind: OutcomeKind, wait: timedelta
) -> None:
    images = FakeImages(
        {
            b"html": ImageRejection(reason="HTML, not an image"),
            b"blank": ImageRejection(reason="one colour", is_blank=True),
            b"tiny": make_image(b"tiny", width=8, height=8),
        }
    )
    bench = Bench(FakeProvider(urls=[URL]), fetcher=FakeFetcher({URL: answer}), images=images)  # type: ignore[dict-item]  # an Answer
    outcome = bench.failure()
    assert (outcome.kind, outcome.next_attempt_at) == (kind, NOW + wait)
    assert [attempt.outcome for attempt in bench.log.attempts] == [kind], "the audit says the same"


def test_a_decoding_that_came_to_no_end_is_the_entrys_failure_and_the_last_thing_tried() -> None:
    """Eight slow pictures on a page, and further sources behind it, cost one decoding a run."""
    failure = DecodingFailure(reason="it took longer than 10 s")
    pictures = {f"https://shopify.test/{number}.svg": f"slow {number}".encode() for number in range(8)}
    images = FakeImages(dict.fromkeys(pictures.values(), failure))
    fetcher = FakeFetcher({url: reply(body=body) for url, body in pictures.items()})
    bench = Bench(
        FakeProvider(urls=list(pictures)),
        FakeProvider("google", bodies={"another": b"fine"}, uses_network=True),
        fetcher=fetcher,
        images=images,
    )
    first = bench.failure()
    assert (first.kind, first.reason) == (OutcomeKind.ERROR, failure.reason)
    assert images.decoded == [b"slow 0"]
    assert [attempt.outcome for attempt in bench.log.attempts] == [OutcomeKind.ERROR]
    bench.log = bench.new_log()
    again = bench.failure(make_record(failure_count=3))
    assert (first.next_attempt_at, again.next_attempt_at) == (
        NOW + timedelta(minutes=5),
        NOW + timedelta(minutes=40),
    ), "the wait doubles"


def test_icon_sets_are_still_looked_at_after_a_decoding_that_came_to_no_end() -> None:
    images = FakeImages({b"slow": DecodingFailure(reason="too slow")})
    bench = Bench(
        FakeProvider(bodies={"a": b"slow"}),
        FakeProvider("iconsets", bodies={"set:icon": b"fine"}),
        images=images,
    )
    found = bench.found()
    assert found.choice.terms.id == "iconsets"
    assert images.decoded == [b"slow", b"fine"]
    assert found.outcome.next_attempt_at < NOW + timedelta(days=7), "the site is asked again early"


def test_a_poor_image_found_before_a_decoding_that_came_to_no_end_is_kept_and_looked_at_again_soon() -> None:
    poor = make_image(b"poor", width=32, height=32)
    images = FakeImages({b"poor": poor, b"slow": DecodingFailure(reason="too slow")})
    bench = Bench(
        FakeProvider(bodies={"a": b"poor", "b": b"slow", "c": b"never looked at"}),
        FakeProvider("google", bodies={"d": b"nor this"}, uses_network=True),
        images=images,
    )
    found = bench.found()
    assert found.choice.image == poor
    assert images.decoded == [b"poor", b"slow"]


def test_all_decoding_of_an_entry_ends_with_its_time() -> None:
    images = FakeImages({b"1": ImageRejection(reason="no"), b"2": ImageRejection(reason="no")})
    bench = Bench(FakeProvider(bodies={"a": b"1"}), FakeProvider("google", bodies={"b": b"2"}), images=images)
    bench.failure()
    assert images.deadlines == [60.0, 60.0], "of the whole entry, not of each picture"


def test_an_image_at_hand_that_is_none_is_written_down_too() -> None:
    images = FakeImages({b"broken": ImageRejection(reason="a broken SVG")})
    bench = Bench(FakeProvider("iconsets", bodies={"set:icon": b"broken"}), images=images)
    assert bench.failure().reason == "a broken SVG"
    assert [(attempt.url, attempt.outcome) for attempt in bench.log.attempts] == [
        ("set:icon", OutcomeKind.INVALID_IMAGE)
    ]


def test_a_provider_without_candidates_has_no_logo() -> None:
    outcome = Bench(FakeProvider("iconsets")).failure()
    assert (outcome.kind, outcome.reason) == (OutcomeKind.NOT_FOUND, "iconsets has no logo")


def test_a_page_that_could_not_be_read_is_not_a_missing_logo() -> None:
    page = "https://shopify.test/"
    bench = Bench(
        FakeProvider(pages=[page]),
        FakeProvider("iconsets"),
        fetcher=FakeFetcher({page: reply(OutcomeKind.TRANSIENT, reason="timed out")}),
    )
    outcome = bench.failure()
    assert (outcome.kind, outcome.provider, outcome.reason) == (OutcomeKind.TRANSIENT, "site", "timed out")


def test_a_logo_from_a_later_source_is_asked_again_early_when_the_first_was_down() -> None:
    bench = Bench(
        FakeProvider(urls=[URL]),
        FakeProvider("iconsets", bodies={"icon": b"svg"}),
        fetcher=FakeFetcher({URL: reply(OutcomeKind.TRANSIENT)}),
    )
    assert bench.found().outcome.next_attempt_at == NOW + DAY


def test_offline_asks_no_network_and_says_so() -> None:
    bench = Bench(FakeProvider(urls=[URL]), FakeProvider("iconsets"), offline=True)
    outcome = bench.failure()
    assert (outcome.kind, outcome.next_attempt_at) == (OutcomeKind.NOT_ASKED, NOW)
    assert bench.fetcher.asked == []


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
    bench = Bench(
        FakeProvider(urls=list(replies), unnamed=[UNNAMED]),
        fetcher=FakeFetcher({**replies, UNNAMED: reply(body=b"unnamed")}),
        images=images,
    )
    assert (bench.found().choice.candidate.url == UNNAMED) is is_used
    assert (UNNAMED in bench.fetcher.urls) is is_used, "nobody asks for what would not count"


def test_the_named_icon_is_asked_for_again_after_an_unnamed_one_was_stored() -> None:
    provider = FakeProvider(urls=[NAMED], unnamed=[UNNAMED])
    fetcher = FakeFetcher({NAMED: reply(OutcomeKind.BLOCKED), UNNAMED: reply(body=b"unnamed")})
    bench = Bench(provider, fetcher=fetcher)
    first = bench.found().choice
    assert first.candidate.url == UNNAMED
    bench.log = bench.new_log()
    fetcher.replies[NAMED] = reply(body=b"logo")
    record = make_cached(source_url=UNNAMED, candidates_digest=first.candidates_digest)
    assert bench.found(record).choice.candidate.url == NAMED


def test_an_unnamed_icon_in_place_of_one_that_cannot_be_had_now_is_looked_at_again_early() -> None:
    fetcher = FakeFetcher({NAMED: reply(OutcomeKind.TRANSIENT), UNNAMED: reply(body=b"unnamed")})
    bench = Bench(FakeProvider(urls=[NAMED], unnamed=[UNNAMED]), fetcher=fetcher)
    assert bench.found().outcome.next_attempt_at == NOW + DAY


@pytest.mark.parametrize("page", [[], ["https://shopify.test/"]], ids=["the image fails", "the page fails"])
def test_a_source_in_trouble_does_not_replace_its_own_logo_by_a_leftover(page: list[str]) -> None:
    named = [] if page else [URL]
    replies = dict.fromkeys([*page, *named], reply(OutcomeKind.TRANSIENT, reason="HTTP 500", status=500))
    bench = Bench(
        FakeProvider(urls=named, pages=page, unnamed=[UNNAMED]),
        fetcher=FakeFetcher({**replies, UNNAMED: reply(body=b"unnamed")}),
    )
    outcome = bench.failure(make_cached(source_url=URL, candidates_digest="of the page that worked"))
    assert (outcome.kind, outcome.reason) == (OutcomeKind.TRANSIENT, "HTTP 500")


# What we already have ----------------------------------------------------------------------------


def stored(**facts: Any) -> LogoRecord:
    return make_cached(content=b"logo", source_url=URL, etag='"1"', **facts)


def not_modified(request: FetchRequest) -> object:
    return reply(OutcomeKind.UNCHANGED) if request.etag == '"1"' else reply(body=b"logo")


def test_our_own_image_is_asked_for_conditionally() -> None:
    bench = Bench(FakeProvider(urls=[URL]), fetcher=FakeFetcher({URL: not_modified}))  # type: ignore[dict-item]  # a callable
    record = stored(file=make_file(content=b"logo"))
    found = bench.found(record)
    assert found.outcome.kind is OutcomeKind.UNCHANGED
    assert found.choice.image is None


def test_the_same_bytes_again_are_unchanged() -> None:
    bench = Bench(FakeProvider("iconsets", bodies={"icon": b"logo"}))
    record = stored(provider="iconsets")
    assert bench.found(record).outcome.kind is OutcomeKind.UNCHANGED


def test_other_images_are_asked_for_without_validators() -> None:
    other = "https://shopify.test/other.png"
    bench = Bench(FakeProvider(urls=[other]), fetcher=FakeFetcher({other: reply(body=b"new")}))
    assert bench.found(stored()).outcome.kind is OutcomeKind.FOUND
    assert [request.etag for request in bench.fetcher.asked] == [None]


def test_an_unchanged_offer_is_settled_by_its_winner_alone() -> None:
    """A small icon that won last time is confirmed without fetching those that lost."""
    lost = "https://shopify.test/lost.png"
    provider = FakeProvider(urls=[lost, URL])
    digest = candidates_digest(provider.candidates(make_integration(), Bench().log.ask))
    bench = Bench(provider, fetcher=FakeFetcher({URL: not_modified}))  # type: ignore[dict-item]  # a callable
    small = make_file(content=b"logo")
    record = stored(candidates_digest=digest, file=small)
    assert bench.found(record).outcome.kind is OutcomeKind.UNCHANGED
    assert bench.fetcher.urls == [URL]


def test_a_changed_offer_is_looked_at_from_the_top() -> None:
    new = "https://shopify.test/new.png"
    bench = Bench(FakeProvider(urls=[new, URL]), fetcher=FakeFetcher({new: reply(body=b"new")}))
    found = bench.found(stored(candidates_digest="of another offer"))
    assert found.choice.candidate.url == new


# Stand-ins ---------------------------------------------------------------------------------------

TEMPLATE = "https://icons.test/{domain}"


def test_what_a_provider_gives_for_a_domain_that_cannot_exist_is_its_stand_in() -> None:
    fetcher = FakeFetcher(
        {
            "https://icons.test/random.invalid": reply(body=b"globe"),
            "https://icons.test/shopify.test": reply(body=b"globe"),
            "https://icons.test/stripe.test": reply(body=b"logo"),
        }
    )
    bench = Bench(FakeProvider("google", urls=[TEMPLATE], learns_placeholder=True), fetcher=fetcher)
    assert bench.failure().kind is OutcomeKind.PLACEHOLDER
    assert bench.found(domain="stripe.test").outcome.kind is OutcomeKind.FOUND
    assert fetcher.urls.count("https://icons.test/random.invalid") == 1, "it is asked once"


def test_a_probe_that_gives_no_image_teaches_nothing() -> None:
    fetcher = FakeFetcher(
        {
            "https://icons.test/random.invalid": reply(body=b"html"),
            "https://icons.test/shopify.test": reply(body=b"logo"),
        }
    )
    provider = FakeProvider("google", urls=[TEMPLATE], learns_placeholder=True)
    bench = Bench(provider, fetcher=fetcher, images=FakeImages({b"html": ImageRejection(reason="HTML")}))
    assert bench.found().outcome.kind is OutcomeKind.FOUND


def test_one_image_for_many_unrelated_domains_is_a_stand_in() -> None:
    names = ["amber", "birch", "cedar", "dogwood"]
    fetcher = FakeFetcher({f"https://icons.test/{name}.test": reply(body=b"globe") for name in names})
    bench = Bench(FakeProvider("google", urls=[TEMPLATE], learns_placeholder=True), fetcher=fetcher)
    results = [bench.look(domain=f"{name}.test") for name in names]
    kinds = [result.outcome.kind if isinstance(result, Found) else result.kind for result in results]
    assert kinds == [OutcomeKind.FOUND] * 3 + [OutcomeKind.PLACEHOLDER]


def test_national_sites_of_one_company_share_a_logo() -> None:
    domains = ["amber.com", "amber.de", "amber.fr", "amber.co.uk", "shop.amber.it"]
    fetcher = FakeFetcher({f"https://icons.test/{domain}": reply(body=b"logo") for domain in domains})
    bench = Bench(FakeProvider("google", urls=[TEMPLATE], learns_placeholder=True), fetcher=fetcher)
    assert all(isinstance(bench.look(domain=domain), Found) for domain in domains)


def test_a_known_fingerprint_is_refused_without_decoding() -> None:
    provider = FakeProvider(urls=[URL], placeholder_sha256=frozenset({sha256(b"arrow")}))
    bench = Bench(provider, fetcher=FakeFetcher({URL: reply(body=b"arrow")}))
    assert bench.failure().kind is OutcomeKind.PLACEHOLDER


# Nothing is asked twice --------------------------------------------------------------------------


def test_entries_of_one_domain_share_the_answers_of_a_run() -> None:
    bench = Bench(FakeProvider(urls=[URL]), fetcher=FakeFetcher({URL: reply(body=b"logo")}))
    memo = RequestMemo()
    for key in ("shopify", "shopify-pos"):
        log = FetchLog(bench.context, key, memo)
        result = bench.search.look_for(make_integration(key), make_record(key), log)
        assert isinstance(result, Found)
        assert [attempt.key for attempt in log.attempts] == [key]
    assert bench.fetcher.urls == [URL]
