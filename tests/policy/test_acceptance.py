"""Is it a logo, and which is the best."""

import hashlib
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from logocache.model import IconPurpose, ImageInfo, StoringClass
from logocache.policy.acceptance import (
    Grade,
    candidates_digest,
    grade,
    is_provider_placeholder,
    score,
    unsettled,
    was_judged_by,
)
from logocache.ports import Candidate, ProviderTerms


def info(width: int, height: int, kind: str = "png") -> ImageInfo:
    return ImageInfo(format=kind, width=width, height=height)


def terms(**facts: object) -> ProviderTerms:
    return ProviderTerms(
        id="google",
        title="Google",
        storing=StoringClass.UNSTATED,
        licence=None,
        terms_url=None,
        uses_network=True,
        **facts,  # type: ignore[arg-type]  # tests name real fields
    )


@pytest.mark.parametrize(
    ("image", "purpose", "expected"),
    [
        (info(180, 180), IconPurpose.TOUCH_ICON, Grade.GOOD),
        (info(64, 64), IconPurpose.GENERAL, Grade.GOOD),
        (info(63, 63), IconPurpose.GENERAL, Grade.POOR),
        (info(16, 16), IconPurpose.GENERAL, Grade.POOR),
        (info(15, 15), IconPurpose.GENERAL, Grade.UNUSABLE),
        (info(200, 90), IconPurpose.GENERAL, Grade.POOR),
        (info(700, 100), IconPurpose.GENERAL, Grade.UNUSABLE),
        (info(512, 512), IconPurpose.MASKABLE, Grade.POOR),
        (info(24, 24, "svg"), IconPurpose.GENERAL, Grade.GOOD),
        (info(24, 200, "svg"), IconPurpose.GENERAL, Grade.POOR),
    ],
    ids=lambda value: (
        f"{value.width}x{value.height}-{value.format}" if isinstance(value, ImageInfo) else str(value)
    ),
)
def test_real_pixels_decide(image: ImageInfo, purpose: IconPurpose, expected: Grade) -> None:
    assert grade(image, purpose) is expected


@pytest.mark.parametrize(
    ("better", "worse"),
    [
        ((info(180, 180), IconPurpose.GENERAL), (info(64, 64), IconPurpose.GENERAL)),
        ((info(100, 100), IconPurpose.GENERAL), (info(200, 60), IconPurpose.GENERAL)),
        ((info(200, 200), IconPurpose.GENERAL), (info(200, 200), IconPurpose.MASKABLE)),
        ((info(32, 32, "svg"), IconPurpose.GENERAL), (info(512, 512), IconPurpose.GENERAL)),
    ],
    ids=["larger", "squarer", "not maskable", "vector"],
)
def test_the_better_image_scores_higher(
    better: tuple[ImageInfo, IconPurpose], worse: tuple[ImageInfo, IconPurpose]
) -> None:
    assert score(*better) > score(*worse)


UNSEEN_VECTOR = ImageInfo(format="svg", width=24, height=24, shows_on_white=False)
UNSEEN_TOUCH = ImageInfo(format="png", width=512, height=512, shows_on_white=False)


@pytest.mark.parametrize("image", [UNSEEN_VECTOR, UNSEEN_TOUCH], ids=["vector", "raster"])
def test_what_cannot_be_seen_is_poor_and_comes_behind_all_that_can(image: ImageInfo) -> None:
    assert grade(image, IconPurpose.GENERAL) is Grade.POOR
    small = info(16, 16)
    assert grade(small, IconPurpose.GENERAL) is Grade.POOR
    assert score(small, IconPurpose.GENERAL) > score(image, IconPurpose.GENERAL)


@given(
    width=st.integers(1, 4096),
    height=st.integers(1, 4096),
    kind=st.sampled_from(["png", "svg"]),
    purpose=st.sampled_from(IconPurpose),
)
def test_being_seen_never_makes_it_worse(width: int, height: int, kind: str, purpose: IconPurpose) -> None:
    seen = info(width, height, kind)
    unseen = replace(seen, shows_on_white=False)
    assert (grade(seen, purpose), score(seen, purpose)) >= (grade(unseen, purpose), score(unseen, purpose))


def test_pixels_beyond_what_we_store_win_nothing() -> None:
    assert score(info(512, 512), IconPurpose.GENERAL) == score(info(4096, 4096), IconPurpose.GENERAL)


def test_an_image_without_pixels_scores_nothing() -> None:
    assert score(info(0, 0), IconPurpose.GENERAL) == 0


@pytest.mark.parametrize("digest", ["sha256", "sha1", "md5"])
def test_a_known_fingerprint_is_a_stand_in(digest: str) -> None:
    body = b"a grey globe"
    known = terms(**{f"placeholder_{digest}": frozenset({hashlib.new(digest, body).hexdigest()})})
    assert is_provider_placeholder(body, None, known)
    assert not is_provider_placeholder(b"a logo", None, known)


@pytest.mark.parametrize(
    ("image", "expected"),
    [(info(16, 16), True), (info(17, 17), False), (info(16, 16, "svg"), False)],
    ids=["at the bound", "above", "vector"],
)
def test_an_image_far_smaller_than_asked_is_a_stand_in(image: ImageInfo, *, expected: bool) -> None:
    assert is_provider_placeholder(b"", image, terms(smallest_acceptable=16)) is expected


def test_the_digest_tells_any_change_of_the_offer() -> None:
    first = Candidate(provider="site", url="https://a.test/1.png", expected_size=32)
    second = Candidate(provider="site", url="https://a.test/2.png", expected_size=32)
    larger = Candidate(provider="site", url="https://a.test/1.png", expected_size=64)
    offers = [[first], [first, second], [second, first], [larger], []]
    digests = [candidates_digest(offer, rules=rules) for offer in offers for rules in "ab"]
    assert len(set(digests)) == 2 * len(offers)
    assert candidates_digest([first], rules="a") in digests


def test_images_chosen_under_earlier_rules_are_seen_again() -> None:
    chosen = [candidates_digest([], rules="now"), unsettled("now")]
    assert all(was_judged_by("now", digest) and not was_judged_by("later", digest) for digest in chosen)
    assert not was_judged_by("now", "c0ffee" * 10), "of an earlier version of the program"


def test_an_address_with_half_a_surrogate_pair_has_a_digest_too() -> None:
    """Such as one made with the prefix of an icon set, which is any text that JSON can hold."""
    assert candidates_digest([Candidate(provider="iconsets", url="iconify:\ud800:shopify")], rules="a")
