"""Pictures that are no logos: default icons of frameworks, and what unrelated companies show."""

import hashlib
from dataclasses import replace
from typing import Any

import pytest

from harness.factories import make_cached, make_file, make_image
from harness.fakes import FakeFetcher, FakeImages, FakeLearntImages, FakeProvider, reply
from harness.search import URL, SearchBench
from logocache.model import LogoRecord, Origin, Outcome, OutcomeKind
from logocache.operations.default_icons import DefaultIcons
from logocache.operations.judge import SHARED

ICON, ICON_LOOK = b"default icon", "5" * 192
ICONS = DefaultIcons(
    "name,owners,origin,fingerprint,look\n"
    f"Next.js,nextjs.test,npm:create-next-app@1,{hashlib.sha256(ICON).hexdigest()},{ICON_LOOK}\n"
)
SITE = FakeProvider(urls=[URL], asks_many_hosts=True)
SET = FakeProvider("iconsets", bodies={"iconify:logos:shopify": b"mark"})
COPY = replace(make_image(b"copy"), look=ICON_LOOK)


def search(*chain: FakeProvider, learnt: FakeLearntImages | None = None, **replies: bytes) -> SearchBench:
    """A search in which the site's icon is `site`, and other sources send what is named like them."""
    urls = {
        URL if name == "site" else f"https://{name}.test/icon.png": body for name, body in replies.items()
    }
    return SearchBench(
        *chain,
        fetcher=FakeFetcher({url: reply(body=body) for url, body in urls.items()}),
        images=FakeImages({b"copy": COPY}),
        default_icons=ICONS,
        learnt=learnt,
    )


def stored(body: bytes, **facts: Any) -> LogoRecord:
    """`Any`: forwards to the dataclass, which checks the names."""
    return make_cached(content=body, source_url=URL, **facts)


@pytest.mark.parametrize("body", [ICON, b"copy"], ids=["the file itself", "a copy of another size"])
def test_a_default_icon_is_no_logo(body: bytes) -> None:
    bench = search(SITE, site=body)
    failure = bench.failure()
    assert (failure.kind, failure.reason) == (OutcomeKind.PLACEHOLDER, "the default icon of Next.js")
    assert [(line.outcome, line.reason) for line in bench.log.attempts] == [
        (OutcomeKind.PLACEHOLDER, "the default icon of Next.js")
    ]


def test_an_icon_set_takes_its_place() -> None:
    assert search(SITE, SET, site=ICON).found().choice.terms.id == "iconsets"


def test_the_next_icon_of_the_page_takes_its_place() -> None:
    own = FakeProvider(urls=[URL, "https://other.test/icon.png"])
    assert search(own, site=ICON, other=b"own").found().choice.candidate.url == "https://other.test/icon.png"


def test_another_service_may_have_got_it_too() -> None:
    guess = FakeProvider("duckduckgo", urls=["https://guess.test/icon.png"])
    assert search(guess, guess=b"copy").failure().kind is OutcomeKind.PLACEHOLDER


def test_the_framework_keeps_its_icon() -> None:
    found = search(SITE, site=ICON).found(domain="docs.nextjs.test")
    assert found.choice.image is not None
    assert found.choice.image.flaw is None


def test_an_icon_set_is_believed() -> None:
    icons = FakeProvider("iconsets", bodies={"iconify:logos:nextjs": ICON})
    assert search(icons).found().choice.terms.id == "iconsets"


def test_a_default_icon_that_was_stored_gives_way() -> None:
    """To an icon set, even if that is a smaller picture; without one, to a monogram."""
    record = stored(ICON)
    assert search(SITE, SET, site=ICON).found(record).choice.terms.id == "iconsets"
    bench = search(SITE, site=ICON)
    assert isinstance(bench.look(record), Outcome)
    assert bench.log.is_doubted


def test_a_logo_gives_way_to_no_default_icon() -> None:
    bench = search(SITE, site=ICON)
    assert isinstance(bench.look(stored(b"real logo")), Outcome)
    assert not bench.log.is_doubted


def test_what_was_stored_under_earlier_rules_is_asked_for_in_full() -> None:
    """Or a server that confirms it would keep a default icon for ever."""
    for digest, etags in (("c0ffee", [None]), (f"{ICONS.version}-c0ffee", ['"1"'])):
        bench = search(SITE, site=ICON)
        bench.look(stored(ICON, etag='"1"', candidates_digest=digest))
        assert [request.etag for request in bench.fetcher.asked] == etags


FOUR = [(f"company{number}.com", Origin.CATALOG) for number in range(4)]


def shared(body: bytes) -> FakeLearntImages:
    return FakeLearntImages({make_image(body).sha256: FOUR})


def test_what_unrelated_companies_show_is_no_logo_of_another() -> None:
    bench = search(SITE, learnt=shared(b"globe"), site=b"globe")
    failure = bench.failure()
    assert (failure.kind, failure.reason) == (OutcomeKind.PLACEHOLDER, SHARED)
    assert search(SITE, SET, learnt=shared(b"globe"), site=b"globe").found().choice.terms.id == "iconsets"


@pytest.mark.parametrize("kind", [OutcomeKind.FOUND, OutcomeKind.UNCHANGED])
def test_who_has_it_already_keeps_it_until_something_better_is_found(kind: OutcomeKind) -> None:
    record = stored(b"globe", file=make_file(content=b"globe"))
    answers = FakeFetcher({URL: reply(kind, body=b"globe" if kind is OutcomeKind.FOUND else b"")})
    for chain, expected in (((SITE,), "site"), ((SITE, SET), "iconsets")):
        bench = SearchBench(*chain, fetcher=answers, default_icons=ICONS, learnt=shared(b"globe"))
        found = bench.found(record)
        assert found.choice.terms.id == expected
        assert (bench.log.attempts[0].outcome, bench.log.attempts[0].reason) == (kind, SHARED)


def test_an_icon_set_may_give_one_mark_to_many() -> None:
    assert search(SET, learnt=shared(b"mark")).found().choice.terms.id == "iconsets"
