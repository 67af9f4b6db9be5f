"""Stand-ins, learnt from what a provider gives for a domain that cannot exist, and from what many share."""

import itertools
from collections.abc import Sequence

import pytest

from harness.factories import NOW, make_image, make_integration
from harness.fakes import FakeImages, FakeLearntImages, FakeProvider, Reply, reply
from logocache.catalog import Catalog
from logocache.model import Integration, Origin, OutcomeKind, PlaceholderProof
from logocache.operations.placeholders import Fingerprint, PlaceholderDetector
from logocache.policy.acceptance import PROBE_REST, PROBES_IN_A_ROW
from logocache.ports import Answer, FetchRequest, NormalisedImage

GLOBE, LOGO = make_image(b"globe"), make_image(b"logo")
DOWN = reply(OutcomeKind.TRANSIENT, reason="timed out")
NONE = reply(OutcomeKind.NOT_FOUND, reason="HTTP 404")

PROVEN, SHARED = PlaceholderProof.PROVEN, PlaceholderProof.SHARED
AMONG_STRANGERS = PlaceholderProof.SHARED_ON_DEMAND
CATALOG = Catalog((make_integration("acme", domain="acme.com", aliases=("acmepay.com", "getacme.io")),))


class Scene:
    """One provider, and what it answers to our own question: the replies one after the other."""

    def __init__(self, *replies: Reply, most_images: int = 100) -> None:
        self.now = 0.0
        self.asked: list[str] = []
        self._replies = itertools.chain(replies, itertools.repeat(replies[-1]))
        self.provider = FakeProvider("guess", urls=["https://icons.test/{domain}"], learns_placeholder=True)
        numbers = itertools.count()
        self.learnt = FakeLearntImages()
        self.detector = PlaceholderDetector(
            FakeImages,
            self.learnt,
            CATALOG,
            clock=lambda: NOW,
            token=lambda: f"random{next(numbers)}",
            monotonic=lambda: self.now,
            most_images=most_images,
        )

    def fetch(self, request: FetchRequest) -> Answer:
        self.asked.append(request.url)
        answer = next(self._replies)
        return answer(request) if callable(answer) else answer

    def judge(self, of: Integration, *, image: NormalisedImage = LOGO) -> PlaceholderProof | None:
        return self.detector.judge(image.sha256, self.provider, of, self.fetch, deadline=1e6)

    def restart(self) -> "Scene":
        """The same database, in another process."""
        scene = Scene(NONE)
        scene.detector._learnt = scene.learnt = self.learnt
        scene.provider = self.provider
        return scene


def stranger(domain: str) -> Integration:
    return make_integration(domain, domain=domain, origin=Origin.ON_DEMAND)


PLATFORMS = ["one.github.io", "two.github.io", "three.github.io", "four.github.io"]
CHEAP = ["evil1.com", "evil2.net", "evil3.org", "evil4.xyz", "evil5.top"]


@pytest.mark.parametrize("domains", [PLATFORMS, CHEAP], ids=["free sub-domains", "cheap domains"])
def test_copies_of_strangers_take_nothing_from_the_catalogue(domains: Sequence[str]) -> None:
    """Before it was asked for first, and after."""
    scene = Scene(NONE)
    for _ in range(2):
        for domain in domains:
            scene.judge(stranger(domain))
        assert scene.judge(make_integration("acme")) is None


def test_free_sub_domains_are_one_company() -> None:
    scene = Scene(NONE)
    assert not any(scene.judge(stranger(domain)) for domain in PLATFORMS * 2)


@pytest.mark.parametrize("provider", ["guess", "site"])
def test_four_registered_domains_share_a_picture_for_good(provider: str) -> None:
    scene = Scene(NONE)
    if provider == "site":
        scene.provider = FakeProvider("site", asks_many_hosts=True)
    first = [scene.judge(stranger(domain)) for domain in CHEAP]
    assert first == [None, None, None, AMONG_STRANGERS, AMONG_STRANGERS]
    fingerprint = Fingerprint(provider, LOGO.sha256)
    assert scene.detector.learnt_late() == {fingerprint: AMONG_STRANGERS}, "the first three are looked at"
    scene.detector.taken_back(fingerprint, AMONG_STRANGERS)
    later = scene.restart()
    assert later.judge(stranger("late.com")) is AMONG_STRANGERS
    assert later.judge(make_integration("slack")) is None
    assert later.detector.learnt_late() == {}


def test_entries_that_have_the_picture_count_in_the_next_process() -> None:
    scene = Scene(NONE)
    scene.provider = FakeProvider("site", asks_many_hosts=True)
    scene.learnt.entries[LOGO.sha256] = [(f"{name}.com", Origin.CATALOG) for name in ("one", "two", "three")]
    assert scene.judge(make_integration("one", domain="one.com")) is None
    assert scene.judge(stranger("late.com")) is AMONG_STRANGERS
    assert scene.judge(make_integration("four")) is SHARED
    assert scene.judge(make_integration("one", domain="one.com")) is SHARED
    assert scene.judge(make_integration("one", domain="one.com"), image=GLOBE) is None


def test_the_domains_of_one_company_share_its_logo() -> None:
    scene = Scene(NONE)
    domains = ["acme.com", "acme.net", "acme.io", "acme.co.uk", "shop.acme.de", "acme.vercel.app"]
    aliases = ["acmepay.com", "www.getacme.io"]
    assert not any(scene.judge(stranger(domain)) for domain in [*domains, *aliases])


def test_what_is_given_for_a_domain_that_cannot_exist_is_proven_whoever_has_it() -> None:
    scene = Scene(reply(body=b"globe"))
    assert scene.judge(make_integration("acme"), image=GLOBE) is PROVEN
    assert not scene.judge(make_integration("other"), image=LOGO)
    assert scene.detector.learnt_late() == {Fingerprint("guess", GLOBE.sha256): PROVEN}
    assert scene.asked == ["https://icons.test/random0.invalid"]


def test_a_question_that_failed_is_asked_again() -> None:
    scene = Scene(DOWN, reply(body=b"globe"))
    assert not scene.judge(make_integration("first"), image=GLOBE)
    assert scene.detector.learnt_late() == {}
    assert scene.judge(make_integration("second"), image=GLOBE)
    assert scene.detector.learnt_late() == {Fingerprint("guess", GLOBE.sha256): PROVEN}, (
        "the first is found out"
    )
    scene.judge(make_integration("third"))
    assert len(scene.asked) == 2


@pytest.mark.parametrize(
    "failure",
    [
        DOWN,
        reply(OutcomeKind.THROTTLED),
        reply(OutcomeKind.NOT_ASKED),
        reply(OutcomeKind.BLOCKED),
        reply(OutcomeKind.ERROR),
    ],
    ids=["down", "throttled", "breaker open", "blocked", "our own failure"],
)
def test_a_provider_that_never_answers_is_left_alone_after_a_few_questions(failure: Answer) -> None:
    scene = Scene(failure)
    for number in range(20):
        scene.judge(make_integration(f"company{number}"), image=make_image(b"%d" % number))
    assert len(scene.asked) == PROBES_IN_A_ROW
    scene.now += PROBE_REST
    for number in range(20):
        scene.judge(make_integration(f"company{number}"), image=make_image(b"%d" % number))
    assert len(scene.asked) == 2 * PROBES_IN_A_ROW


def test_a_question_that_breaks_off_counts_as_failed() -> None:
    def broken(request: FetchRequest) -> Answer:
        raise RuntimeError("a bug")

    scene = Scene(broken, NONE)
    with pytest.raises(RuntimeError):
        scene.judge(make_integration("acme"))
    assert not scene.judge(make_integration("acme"))
    assert len(scene.asked) == 2


def test_a_picture_that_many_share_is_asked_about_again_and_proven() -> None:
    """The provider's stand-in has changed since it was asked."""
    scene = Scene(NONE, reply(body=b"globe"))
    for key in ("alpha", "beta", "gamma"):
        assert not scene.judge(make_integration(key), image=GLOBE)
    scene.now += PROBE_REST
    assert scene.judge(make_integration("delta"), image=GLOBE)
    assert scene.detector.learnt_late() == {Fingerprint("guess", GLOBE.sha256): PROVEN}
    assert scene.judge(make_integration("alpha"), image=GLOBE) is PROVEN
    assert scene.restart().judge(make_integration("late"), image=GLOBE) is PROVEN


def test_only_so_many_pictures_are_remembered() -> None:
    scene = Scene(NONE, most_images=3)
    for number in range(50):
        scene.judge(make_integration("acme"), image=make_image(b"%d" % number))
        for key in ("alpha", "beta", "gamma", "delta", "epsilon", "zeta"):
            scene.judge(make_integration(key))
    assert len(scene.detector._seen) == 3
    assert all(len(companies) <= 8 for companies in scene.detector._seen.values())
    assert scene.judge(make_integration("eta")), "the one seen lately is remembered"


def test_a_provider_that_does_not_answer_for_every_domain_is_not_asked() -> None:
    scene = Scene(reply(body=b"globe"))
    scene.provider = FakeProvider("site")
    assert not scene.judge(make_integration("acme"), image=GLOBE)
    assert scene.asked == []
