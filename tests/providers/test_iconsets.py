"""Installed icon sets and Iconify files."""

import xml.etree.ElementTree as ET  # parses only what we made
from collections.abc import Mapping

import pytest

from harness.factories import make_integration
from logocache.model import IconPurpose, Integration, StoringClass
from logocache.ports import Answer, Candidate, FetchRequest, Provider
from logocache.providers.iconify import IconifySet
from logocache.providers.iconsets import IconSetProvider, slugs_of

OWN = IconifySet(
    prefix="logos",
    licence="CC0-1.0",
    attribution="SVG Logos by Gil Barbara",
    root={},
    icons={"shopify": {"body": '<path fill="currentColor" d="M0 0h1v1z"/>'}},
    aliases={},
)


def ask(request: FetchRequest) -> Answer:
    raise AssertionError(f"nothing may be asked: {request.url}")


def find(integration: Integration, *sets: IconifySet) -> dict[str, Candidate]:
    """Candidates by the set they come from, in order."""
    provider: Provider = IconSetProvider(sets)
    found: dict[str, Candidate] = {}
    for candidate in provider.candidates(integration, ask):
        assert candidate.body is not None
        ET.fromstring(candidate.body)
        assert (candidate.provider, candidate.purpose) == ("iconsets", IconPurpose.LOGO)
        name = next(
            item for item in ("iconify:logos", "simple-icons", "Font-Awesome") if item in candidate.url
        )
        assert name not in found
        found[name] = candidate
    return found


def mapped(**icons: str) -> Integration:
    return make_integration("any", icons=icons)


def svg(candidate: Candidate) -> str:
    assert candidate.body is not None
    return candidate.body.decode()


def test_the_terms_are_open_and_each_icon_carries_its_own_licence() -> None:
    terms = IconSetProvider().terms
    assert (terms.storing, terms.licence, terms.uses_network) == (StoringClass.OPEN_LICENCE, None, False)


def test_sets_in_colour_come_first() -> None:
    found = find(make_integration("shopify"), OWN)
    assert list(found) == ["iconify:logos", "simple-icons", "Font-Awesome"]


def test_a_simple_icon_has_its_brands_colour_licence_and_source() -> None:
    candidate = find(mapped(simpleicons="shopify"))["simple-icons"]
    assert 'fill="#7AB55C"' in svg(candidate)
    assert candidate.licence == "CC0-1.0"
    assert candidate.attribution == "Simple Icons, after https://www.shopify.com/brand-assets"
    assert candidate.url == "https://github.com/simple-icons/simple-icons/blob/develop/icons/shopify.svg"


def test_a_simple_icon_with_a_licence_of_its_own_keeps_it() -> None:
    assert find(mapped(simpleicons="apachekafka"))["simple-icons"].licence == "Apache-2.0"


@pytest.mark.parametrize(
    ("slug", "fill", "on_a_tile"),
    [
        pytest.param("sony", "#FFFFFF", True, id="white"),
        pytest.param("snapchat", "#FFFC00", True, id="bright yellow"),
        pytest.param("mailchimp", "#FFE01B", False, id="yellow"),
        pytest.param("apple", "#000000", False, id="black"),
    ],
)
def test_a_mark_that_white_would_swallow_stands_on_a_dark_tile(
    slug: str,
    fill: str,
    on_a_tile: bool,  # noqa: FBT001  # a table's column
) -> None:
    document = svg(find(mapped(simpleicons=slug))["simple-icons"])
    assert f'fill="{fill}"' in document
    assert ("<rect" in document) is on_a_tile


@pytest.mark.parametrize(
    ("color", "fill"),
    [
        pytest.param("#E01E5A", "#E01E5A", id="the entry's"),
        pytest.param(None, "#1F2937", id="none"),
        pytest.param('"/><script>', "#1F2937", id="not a colour"),
    ],
)
def test_a_font_awesome_brand_has_the_entrys_colour(color: str | None, fill: str) -> None:
    integration = make_integration("any", icons={"fontawesome": "slack"}, color=color)
    candidate = find(integration)["Font-Awesome"]
    assert f'fill="{fill}"' in svg(candidate)
    assert "currentColor" not in svg(candidate)
    assert candidate.licence == "CC-BY-4.0"
    assert candidate.attribution is not None
    assert "Font Awesome Free" in candidate.attribution


def test_an_iconify_icon_has_its_sets_licence_and_the_entrys_colour() -> None:
    integration = make_integration("any", icons={"logos": "shopify"}, color="#00FF00")
    candidate = find(integration, OWN)["iconify:logos"]
    assert 'fill="#00FF00"' in svg(candidate)
    assert (candidate.licence, candidate.attribution) == ("CC0-1.0", "SVG Logos by Gil Barbara")
    assert candidate.url == "iconify:logos:shopify"


@pytest.mark.parametrize(
    ("icons", "key", "aliases", "slugs"),
    [
        pytest.param({"set": "slug"}, "key", (), ("slug",), id="mapped"),
        pytest.param({"set": "brands/slug"}, "key", (), ("slug",), id="mapped with the folder"),
        pytest.param({"other": "slug"}, "key", ("alias",), (), id="mapped in other sets only"),
        pytest.param({}, "key", ("alias", "example.com"), ("key", "alias"), id="not mapped: names"),
        pytest.param({}, "example.com", (), (), id="a domain is no slug"),
        pytest.param({"set": "../x"}, "key", (), (), id="a path is no slug"),
        pytest.param({"set": "x\ud800"}, "key", (), (), id="half a surrogate pair is no slug"),
    ],
)
def test_what_is_looked_up(
    icons: Mapping[str, str], key: str, aliases: tuple[str, ...], slugs: tuple[str, ...]
) -> None:
    assert slugs_of(make_integration(key, icons=icons, aliases=aliases), "set") == slugs


def test_only_brands_of_font_awesome_are_taken() -> None:
    """`user` is an icon of its other families."""
    assert "Font-Awesome" not in find(make_integration("user"))


@pytest.mark.parametrize("name", ["no-such-company-at-all", "shopif", "Shopify"])
def test_an_icon_is_taken_by_its_exact_name_only(name: str) -> None:
    assert find(make_integration(name), OWN) == {}


def test_an_alias_finds_the_icon_too() -> None:
    assert "simple-icons" in find(make_integration("no-such-company", aliases=("shopify",)))


def test_what_is_mapped_and_not_there_is_left_out() -> None:
    assert find(mapped(simpleicons="gone", fontawesome="gone", logos="gone"), OWN) == {}
