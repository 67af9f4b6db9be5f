"""A search that knows the earlier answer: validators, unchanged offers, provider placeholders."""

from typing import Any

from harness.factories import make_cached, make_file, make_integration, make_record
from harness.fakes import FakeFetcher, FakeImages, FakeProvider, reply, sha256
from harness.search import NO_DEFAULT_ICONS, URL, SearchBench
from logocache.model import LogoRecord, OutcomeKind
from logocache.operations.fetch_log import FetchLog, RequestMemo
from logocache.operations.search import Found
from logocache.policy.acceptance import candidates_digest
from logocache.ports import FetchRequest, ImageRejection

# What we already have ----------------------------------------------------------------------------


def stored(**facts: Any) -> LogoRecord:
    return make_cached(content=b"logo", source_url=URL, etag='"1"', **facts)


def not_modified(request: FetchRequest) -> object:
    return reply(OutcomeKind.UNCHANGED) if request.etag == '"1"' else reply(body=b"logo")


def test_our_own_image_is_asked_for_conditionally() -> None:
    bench = SearchBench(FakeProvider(urls=[URL]), fetcher=FakeFetcher({URL: not_modified}))  # type: ignore[dict-item]  # a callable
    record = stored(file=make_file(content=b"logo"))
    found = bench.found(record)
    assert found.outcome.kind is OutcomeKind.UNCHANGED
    assert found.choice.image is None


def test_the_same_bytes_again_are_unchanged() -> None:
    bench = SearchBench(FakeProvider("iconsets", bodies={"icon": b"logo"}))
    record = stored(provider="iconsets")
    assert bench.found(record).outcome.kind is OutcomeKind.UNCHANGED


def test_other_images_are_asked_for_without_validators() -> None:
    other = "https://shopify.test/other.png"
    bench = SearchBench(FakeProvider(urls=[other]), fetcher=FakeFetcher({other: reply(body=b"new")}))
    assert bench.found(stored()).outcome.kind is OutcomeKind.FOUND
    assert [request.etag for request in bench.fetcher.asked] == [None]


def test_an_unchanged_offer_is_settled_by_its_winner_alone() -> None:
    """A small icon that won last time is confirmed without fetching those that lost."""
    lost = "https://shopify.test/lost.png"
    provider = FakeProvider(urls=[lost, URL])
    digest = candidates_digest(
        provider.candidates(make_integration(), SearchBench().log.ask), rules=NO_DEFAULT_ICONS.version
    )
    bench = SearchBench(provider, fetcher=FakeFetcher({URL: not_modified}))  # type: ignore[dict-item]  # a callable
    small = make_file(content=b"logo")
    record = stored(candidates_digest=digest, file=small)
    assert bench.found(record).outcome.kind is OutcomeKind.UNCHANGED
    assert bench.fetcher.urls == [URL]


def test_a_changed_offer_is_looked_at_from_the_top() -> None:
    new = "https://shopify.test/new.png"
    bench = SearchBench(FakeProvider(urls=[new, URL]), fetcher=FakeFetcher({new: reply(body=b"new")}))
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
    bench = SearchBench(FakeProvider("google", urls=[TEMPLATE], learns_placeholder=True), fetcher=fetcher)
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
    bench = SearchBench(
        provider, fetcher=fetcher, images=FakeImages({b"html": ImageRejection(reason="HTML")})
    )
    assert bench.found().outcome.kind is OutcomeKind.FOUND


def test_one_image_for_many_unrelated_domains_is_a_stand_in() -> None:
    names = ["amber", "birch", "cedar", "dogwood"]
    fetcher = FakeFetcher({f"https://icons.test/{name}.test": reply(body=b"globe") for name in names})
    bench = SearchBench(FakeProvider("google", urls=[TEMPLATE], learns_placeholder=True), fetcher=fetcher)
    results = [bench.look(domain=f"{name}.test") for name in names]
    kinds = [result.outcome.kind if isinstance(result, Found) else result.kind for result in results]
    assert kinds == [OutcomeKind.FOUND] * 3 + [OutcomeKind.PLACEHOLDER]


def test_national_sites_of_one_company_share_a_logo() -> None:
    domains = ["amber.com", "amber.de", "amber.fr", "amber.co.uk", "shop.amber.it"]
    fetcher = FakeFetcher({f"https://icons.test/{domain}": reply(body=b"logo") for domain in domains})
    bench = SearchBench(FakeProvider("google", urls=[TEMPLATE], learns_placeholder=True), fetcher=fetcher)
    assert all(isinstance(bench.look(domain=domain), Found) for domain in domains)


def test_a_known_fingerprint_is_refused_without_decoding() -> None:
    provider = FakeProvider(urls=[URL], placeholder_sha256=frozenset({sha256(b"arrow")}))
    bench = SearchBench(provider, fetcher=FakeFetcher({URL: reply(body=b"arrow")}))
    assert bench.failure().kind is OutcomeKind.PLACEHOLDER


# Nothing is asked twice --------------------------------------------------------------------------


def test_entries_of_one_domain_share_the_answers_of_a_run() -> None:
    bench = SearchBench(FakeProvider(urls=[URL]), fetcher=FakeFetcher({URL: reply(body=b"logo")}))
    memo = RequestMemo()
    for key in ("shopify", "shopify-pos"):
        log = FetchLog(bench.context, key, memo)
        result = bench.search.look_for(make_integration(key), make_record(key), log)
        assert isinstance(result, Found)
        assert [attempt.key for attempt in log.attempts] == [key]
    assert bench.fetcher.urls == [URL]
