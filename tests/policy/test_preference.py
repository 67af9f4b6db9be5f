"""Which source a person would choose."""

from types import MappingProxyType
from typing import Any

import pytest

from harness.factories import make_file, make_integration
from logocache.model import IconPurpose, ImageInfo
from logocache.policy.acceptance import RECOVERED, Grade, grade
from logocache.policy.preference import Order, Preference
from logocache.ports import Candidate

CHAIN = ("site", "duckduckgo", "iconsets")
ICONS = MappingProxyType({"logos": "any", "simpleicons": "any"})

VECTOR = ImageInfo(format="svg", width=24, height=24)


def order(*chain: str, **facts: Any) -> Order:
    return Order(make_integration(**({"icons": ICONS} | facts)), chain or CHAIN)


def raster(width: int, height: int | None = None) -> ImageInfo:
    return ImageInfo(format="png", width=width, height=height or width)


def offer(provider: str, **facts: Any) -> Candidate:
    return Candidate(provider=provider, url="https://any.test/", **facts)


COLOURED = offer("iconsets", icon_set="logos")
ONE_COLOUR = offer("iconsets", icon_set="simpleicons", is_one_colour=True)


def ranked(asked: Order, offer: Candidate, image: ImageInfo) -> Preference:
    return asked.of(offer, image, grade(image, offer.purpose))


IN_ORDER = [
    (offer("site"), VECTOR),
    (COLOURED, VECTOR),
    (offer("site"), raster(127)),
    (ONE_COLOUR, VECTOR),
    (offer("duckduckgo"), raster(512)),
]


def test_an_entry_with_icon_sets_has_its_order_of_preference() -> None:
    found = [ranked(order(), *image) for image in IN_ORDER]
    assert found == sorted(set(found), reverse=True)
    assert ranked(order(), offer("site"), raster(128)) is found[0]
    for size in (32, 48, 64, 96):
        assert ranked(order(), offer("site"), raster(size)) is found[2]
    assert ranked(order(), offer("site", purpose=IconPurpose.MASKABLE), raster(512)) is found[2]


@pytest.mark.parametrize(
    ("image", "is_flawed"),
    [
        pytest.param(raster(16), False, id="too small"),
        pytest.param(raster(300, 100), False, id="a wordmark"),
        pytest.param(ImageInfo(format="svg", width=9, height=9, shows_on_white=False), False, id="unseen"),
        pytest.param(VECTOR, True, id="not drawn in full"),
    ],
)
def test_a_poor_icon_of_the_site_precedes_no_drawing(image: ImageInfo, *, is_flawed: bool) -> None:
    found = order().of(offer("site"), image, Grade.POOR, is_flawed=is_flawed)
    assert found is Preference.REST


def test_an_entry_without_icon_sets_takes_the_first_of_the_chain() -> None:
    asked = order(icons={})
    assert {ranked(asked, *image) for image in IN_ORDER} == {Preference.REST}
    assert {asked.highest(provider) for provider in CHAIN} == {Preference.REST}


@pytest.mark.parametrize("wish", ["iconset", "iconsets"])
def test_the_catalogue_may_prefer_icon_sets(wish: str) -> None:
    for asked in (order(prefer=wish), order(prefer=wish, icons={}), order("logodev", *CHAIN, prefer=wish)):
        assert ranked(asked, ONE_COLOUR, VECTOR) is Preference.CHOSEN
        assert ranked(asked, offer("site"), VECTOR) < Preference.CHOSEN
        assert max(asked.chain, key=asked.highest) == "iconsets"


def test_the_catalogue_may_prefer_one_set() -> None:
    asked = order(prefer="simpleicons")
    assert ranked(asked, ONE_COLOUR, VECTOR) is Preference.CHOSEN
    assert ranked(asked, COLOURED, VECTOR) is Preference.COLOURED
    assert asked.highest("iconsets") is Preference.CHOSEN


def test_the_catalogue_may_prefer_the_site() -> None:
    asked = order(prefer="site")
    assert ranked(asked, offer("site"), raster(48)) is Preference.CHOSEN
    assert ranked(asked, offer("site"), raster(16)) is Preference.REST
    assert ranked(asked, COLOURED, VECTOR) is Preference.COLOURED
    assert max(CHAIN, key=asked.highest) == "site"


def test_what_cannot_be_used_is_not_preferred() -> None:
    wide = ImageInfo(format="svg", width=70, height=10)
    assert ranked(order(prefer="iconset"), COLOURED, wide) is Preference.REST


def test_what_the_operator_put_before_the_site_stays_there() -> None:
    asked = order("logodev", "site", "iconsets")
    assert ranked(asked, offer("logodev"), raster(128)) > ranked(asked, offer("site"), VECTOR)
    assert ranked(asked, offer("logodev"), raster(48)) is Preference.REST
    assert ranked(order("iconsets", "site"), ONE_COLOUR, VECTOR) is Preference.AHEAD
    assert ranked(order("duckduckgo", "iconsets"), offer("duckduckgo"), raster(128)) is Preference.REST


@pytest.mark.parametrize("asked", [order(), order(icons={}), order(prefer="iconset"), order(prefer="site")])
def test_no_image_of_a_source_is_preferred_beyond_its_highest(asked: Order) -> None:
    for image in (*IN_ORDER, (offer("site"), raster(16))):
        assert ranked(asked, *image) <= asked.highest(image[0].provider)


def is_worse(asked: Order, provider: str, preference: Preference, size: int, had: int, source: str) -> bool:
    stored = make_file(width=had, height=had)
    found = grade(raster(size), IconPurpose.GENERAL)
    return asked.is_worse(provider, preference, found, stored=stored, source=source)


@pytest.mark.parametrize(
    ("size", "provider", "had", "source", "worse"),
    [
        (128, "site", 128, "site", False),
        (32, "site", 128, "site", True),
        (64, "site", 512, "site", False),  # both are good
        (512, "duckduckgo", 128, "site", True),
        (128, "site", 512, "duckduckgo", False),
        (128, "iconsets", 32, "site", False),
        (48, "iconsets", 32, "duckduckgo", True),
        (128, "iconsets", 128, "of before", False),
        (32, "site", 128, RECOVERED, True),
    ],
)
def test_pixels_come_before_the_order_of_the_chain(
    size: int, provider: str, had: int, source: str, *, worse: bool
) -> None:
    assert is_worse(order(icons={}), provider, Preference.REST, size, had, source) is worse


@pytest.mark.parametrize(
    ("provider", "preference", "had", "source", "worse"),
    [
        ("iconsets", Preference.COLOURED, 180, "site", True),
        ("iconsets", Preference.COLOURED, 96, "site", False),
        ("iconsets", Preference.ONE_COLOUR, 96, "site", True),
        ("iconsets", Preference.ONE_COLOUR, 512, "duckduckgo", False),
        ("iconsets", Preference.ONE_COLOUR, 512, "iconsets", True),  # which may have been in colour
        ("site", Preference.SMALL_ICON, 512, "iconsets", True),
        ("site", Preference.LARGE_ICON, 512, "iconsets", False),
        ("site", Preference.STRANGER, 48, "site", True),
    ],
)
def test_preference_comes_before_pixels(
    provider: str, preference: Preference, had: int, source: str, *, worse: bool
) -> None:
    assert is_worse(order(), provider, preference, 512, had, source) is worse
