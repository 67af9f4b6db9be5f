"""One logo, along the chain of sources."""

from dataclasses import replace
from datetime import timedelta

import pytest

from harness.factories import DAY, NOW, make_image, make_record
from harness.fakes import FakeFetcher, FakeImages, FakeProvider, reply
from harness.search import URL, SearchBench
from logocache.model import Outcome, OutcomeKind
from logocache.ports import DecodingFailure, ImageRejection


def test_the_first_good_image_ends_the_search() -> None:
    second = FakeProvider("google", urls=["https://google.test/icon"])
    bench = SearchBench(
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
    bench = SearchBench(
        FakeProvider(urls=list(replies)),
        FakeProvider("google", urls=["https://google.test/none"]),
        fetcher=FakeFetcher(replies),
        images=FakeImages({b"small": small, b"large": large}),
    )
    assert bench.found().choice.image == large
    assert bench.fetcher.urls == [*replies, "https://google.test/none"]


def test_the_first_of_two_equal_poor_images_wins() -> None:
    first, second = (make_image(body, width=32, height=32) for body in (b"1", b"2"))
    bench = SearchBench(
        FakeProvider(bodies={"a": b"1", "b": b"2"}), images=FakeImages({b"1": first, b"2": second})
    )
    assert bench.found().choice.image == first


def test_the_operators_own_file_is_the_only_source_of_its_entry() -> None:
    small = make_image(b"mine", width=32, height=32)
    bench = SearchBench(
        FakeProvider(bodies={"icon": b"site's"}),
        own_file=FakeProvider("file", bodies={"own": b"mine"}),
        images=FakeImages({b"mine": small}),
    )
    assert bench.found().outcome.provider == "site", "entries without a file do not ask for one"
    assert bench.found(file="own.png").choice.image == small, "however small it is"


def test_while_the_own_file_is_away_nobody_else_is_asked() -> None:
    bench = SearchBench(FakeProvider(bodies={"icon": b"site's"}), own_file=FakeProvider("file"))
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
    bench = SearchBench(FakeProvider(urls=[URL]), fetcher=FakeFetcher({URL: answer}), images=images)  # type: ignore[dict-item]  # an Answer
    outcome = bench.failure()
    assert (outcome.kind, outcome.next_attempt_at) == (kind, NOW + wait)
    assert [attempt.outcome for attempt in bench.log.attempts] == [kind], "the audit says the same"


def test_a_decoding_that_came_to_no_end_is_the_entrys_failure_and_the_last_thing_tried() -> None:
    """Eight slow pictures on a page, and further sources behind it, cost one decoding a run."""
    failure = DecodingFailure(reason="it took longer than 10 s")
    pictures = {f"https://shopify.test/{number}.svg": f"slow {number}".encode() for number in range(8)}
    images = FakeImages(dict.fromkeys(pictures.values(), failure))
    fetcher = FakeFetcher({url: reply(body=body) for url, body in pictures.items()})
    bench = SearchBench(
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
    bench = SearchBench(
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
    bench = SearchBench(
        FakeProvider(bodies={"a": b"poor", "b": b"slow", "c": b"never looked at"}),
        FakeProvider("google", bodies={"d": b"nor this"}, uses_network=True),
        images=images,
    )
    found = bench.found()
    assert found.choice.image == poor
    assert images.decoded == [b"poor", b"slow"]


def test_all_decoding_of_an_entry_ends_with_its_time() -> None:
    images = FakeImages({b"1": ImageRejection(reason="no"), b"2": ImageRejection(reason="no")})
    bench = SearchBench(
        FakeProvider(bodies={"a": b"1"}), FakeProvider("google", bodies={"b": b"2"}), images=images
    )
    bench.failure()
    assert images.deadlines == [60.0, 60.0], "of the whole entry, not of each picture"


def test_an_image_at_hand_that_is_none_is_written_down_too() -> None:
    images = FakeImages({b"broken": ImageRejection(reason="a broken SVG")})
    bench = SearchBench(FakeProvider("iconsets", bodies={"set:icon": b"broken"}), images=images)
    assert bench.failure().reason == "a broken SVG"
    assert [(attempt.url, attempt.outcome) for attempt in bench.log.attempts] == [
        ("set:icon", OutcomeKind.INVALID_IMAGE)
    ]


def test_a_provider_without_candidates_has_no_logo() -> None:
    outcome = SearchBench(FakeProvider("iconsets")).failure()
    assert (outcome.kind, outcome.reason) == (OutcomeKind.NOT_FOUND, "iconsets has no logo")


def test_a_page_that_could_not_be_read_is_not_a_missing_logo() -> None:
    page = "https://shopify.test/"
    bench = SearchBench(
        FakeProvider(pages=[page]),
        FakeProvider("iconsets"),
        fetcher=FakeFetcher({page: reply(OutcomeKind.TRANSIENT, reason="timed out")}),
    )
    outcome = bench.failure()
    assert (outcome.kind, outcome.provider, outcome.reason) == (OutcomeKind.TRANSIENT, "site", "timed out")


def test_a_logo_from_a_later_source_is_asked_again_early_when_the_first_was_down() -> None:
    bench = SearchBench(
        FakeProvider(urls=[URL]),
        FakeProvider("iconsets", bodies={"icon": b"svg"}),
        fetcher=FakeFetcher({URL: reply(OutcomeKind.TRANSIENT)}),
    )
    assert bench.found().outcome.next_attempt_at == NOW + DAY


def test_offline_asks_no_network_and_says_so() -> None:
    bench = SearchBench(FakeProvider(urls=[URL]), FakeProvider("iconsets"), offline=True)
    outcome = bench.failure()
    assert (outcome.kind, outcome.next_attempt_at) == (OutcomeKind.NOT_ASKED, NOW)
    assert bench.fetcher.asked == []


def test_a_good_icon_smaller_than_it_claimed_does_not_end_the_search_while_others_claim_more() -> None:
    sizes = {"a": (512, 64), "b": (256, 256), "c": (128, 128)}
    claims = {f"https://shopify.test/{name}": claim for name, (claim, _) in sizes.items()}
    bench = SearchBench(
        FakeProvider(urls=[*claims], sizes=claims),
        fetcher=FakeFetcher({url: reply(body=url[-1:].encode()) for url in claims}),
        images=FakeImages(
            {n.encode(): make_image(n.encode(), width=real, height=real) for n, (_, real) in sizes.items()}
        ),
    )
    assert bench.found().choice.candidate.url == "https://shopify.test/b"
    assert bench.fetcher.urls == ["https://shopify.test/a", "https://shopify.test/b"]


def test_a_mark_that_cannot_be_seen_loses_to_a_touch_icon_that_can() -> None:
    white = make_image(b"white", kind="svg")
    white = replace(white, source=replace(white.source, shows_on_white=False))
    touch = make_image(b"touch", width=180, height=180)
    images = FakeImages({b"white": white, b"touch": touch})
    assert (
        SearchBench(FakeProvider(bodies={"a": b"white", "b": b"touch"}), images=images).found().choice.image
        == touch
    )
    assert SearchBench(FakeProvider(bodies={"a": b"white"}), images=images).found().choice.image == white


def test_the_operators_own_file_is_believed_with_a_warning(caplog: pytest.LogCaptureFixture) -> None:
    wordmark = make_image(b"mine", width=900, height=100)
    own_file = FakeProvider("file", bodies={"own": b"mine"})
    bench = SearchBench(FakeProvider(), own_file=own_file, images=FakeImages({b"mine": wordmark}))
    assert bench.found(file="own.png").choice.image == wordmark
    assert bench.images.believed == [True]
    assert [record.message for record in caplog.records] == ["own_file.unusual"]
