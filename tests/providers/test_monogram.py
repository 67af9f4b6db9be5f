"""Placeholders: the same for ever, and readable."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.factories import make_integration
from logocache.model import Integration
from logocache.providers.monogram import (
    PALETTE,
    contrast,
    design,
    initials_of,
    is_colour,
    luminance,
    readable_on,
)

INTEGRATIONS = st.builds(
    Integration,
    key=st.just("key"),
    name=st.text(),
    domain=st.text() | st.from_regex(r"(xn--)?[a-z0-9]+\.[a-z]+", fullmatch=True),
    category=st.just("any"),
    color=st.none() | st.text() | st.integers(0, 0xFFFFFF).map("#{:06x}".format),
)


@pytest.mark.parametrize(
    ("name", "initials"),
    [
        pytest.param("Klaviyo", "K", id="one word"),
        pytest.param("Authorize.Net", "A", id="a domain"),
        pytest.param("monday.com", "M", id="a domain in small letters"),
        pytest.param("docs.acme-corp.co.uk", "AC", id="a host: its owner's label has two words"),
        pytest.param("Monday.com Work", "MW", id="a domain and a word"),
        pytest.param("acme.test", "A", id="a domain that nobody can register"),
        pytest.param("Node.js", "NJ", id="two words with a dot"),
        pytest.param("Twitter/X", "TX", id="two words with a slash"),
        pytest.param("Bank of America", "BO", id="three words"),
        pytest.param("PayPal", "PP", id="two words in one"),
        pytest.param("eBay", "EB", id="small letter first"),
        pytest.param("IBM", "I", id="capitals alone are one word"),
        pytest.param("3M", "3M", id="a whole short name"),
        pytest.param("x", "X", id="one letter"),
        pytest.param("7-Eleven", "7E", id="digit"),
        pytest.param("Émile Zola", "EZ", id="accent"),
        pytest.param("E\u0301mile", "E", id="accent as a character of its own"),
        pytest.param("\uff21\uff22\uff23 \uff24", "AD", id="full width"),
        pytest.param("Ørsted Energy", "", id="first letter cannot be shown"),
        pytest.param("Energy Ørsted", "E", id="second letter cannot be shown"),
        pytest.param("微博", "", id="no Latin letter"),
        pytest.param("ßigma", "", id="a letter with two capitals"),
        pytest.param("  --  ", "", id="no letter"),
        pytest.param("", "", id="empty"),
    ],
)
def test_initials(name: str, initials: str) -> None:
    assert initials_of(name) == initials


@pytest.mark.parametrize(
    ("domain", "initials"),
    [
        pytest.param("xn--fiqs8s.example.com", "E", id="an international sub-domain"),
        pytest.param("weibo.com", "W", id="plain"),
        pytest.param("www.weibo.com", "W", id="www"),
        pytest.param("mail.example.co.uk", "E", id="registrable part"),
        pytest.param("qq.com", "QQ", id="a short one"),
        pytest.param("xn--mgbaakc7dvf.com", "M", id="international name"),
        pytest.param("", "?", id="none"),
    ],
)
def test_a_name_that_cannot_be_shown_gives_way_to_the_domain(domain: str, initials: str) -> None:
    assert design(make_integration(name="微博", domain=domain)).initials == initials


@pytest.mark.parametrize(
    ("name", "background", "foreground"),
    [
        pytest.param("Klaviyo", "#0E6A9B", "#FFFFFF", id="Klaviyo"),
        pytest.param("Postmark", "#0E6A9B", "#FFFFFF", id="Postmark"),
        pytest.param("Authorize.Net", "#116D8A", "#FFFFFF", id="Authorize.Net"),
        pytest.param("微博", "#116D8A", "#FFFFFF", id="any script"),
    ],
)
def test_colours_never_change_between_versions(name: str, background: str, foreground: str) -> None:
    monogram = design(make_integration(name=name))
    assert (monogram.background, monogram.foreground) == (background, foreground)


def test_case_and_spaces_do_not_change_the_colour() -> None:
    assert design(make_integration(name="Acme  Corp")) == design(make_integration(name="ACME corp"))


@pytest.mark.parametrize(
    ("color", "background", "foreground"),
    [
        pytest.param("#ffe01b", "#FFE01B", "#050505", id="bright"),
        pytest.param("#635BFF", "#635BFF", "#FFFFFF", id="dark"),
        pytest.param("blue", design(make_integration()).background, "#FFFFFF", id="not a colour"),
    ],
)
def test_the_brands_colour_is_the_ground(color: str, background: str, foreground: str) -> None:
    monogram = design(make_integration(color=color))
    assert (monogram.background, monogram.foreground) == (background, foreground)


@given(integration=INTEGRATIONS)
def test_every_monogram_can_be_drawn_and_read(integration: Integration) -> None:
    monogram = design(integration)
    assert 1 <= len(monogram.initials) <= 2
    assert monogram.initials == "?" or (monogram.initials.isascii() and monogram.initials.isalnum())
    assert is_colour(monogram.background)
    assert contrast(monogram.background, monogram.foreground) >= 4.5


def test_the_palette_has_24_colours_on_which_white_can_be_read() -> None:
    assert len(set(PALETTE)) == 24
    assert all(contrast(colour, "#FFFFFF") >= 4.5 for colour in PALETTE)


COLOURS = st.integers(0, 0xFFFFFF).map("#{:06X}".format)


@pytest.mark.parametrize(
    ("first", "second", "ratio"),
    [
        pytest.param("#000000", "#FFFFFF", 21.0, id="the most there is"),
        pytest.param("#777777", "#ffffff", 4.48, id="grey, lower case"),
        pytest.param("#FF0000", "#FFFFFF", 4.0, id="red"),
        pytest.param("#123456", "#123456", 1.0, id="none"),
    ],
)
def test_known_ratios(first: str, second: str, ratio: float) -> None:
    assert contrast(first, second) == pytest.approx(ratio, abs=0.005)
    assert contrast(second, first) == contrast(first, second)


def test_luminance_goes_from_black_to_white() -> None:
    assert luminance("#000000") == 0
    assert luminance("#FFFFFF") == pytest.approx(1)


@given(ground=COLOURS)
def test_there_is_a_readable_colour_on_every_ground(ground: str) -> None:
    assert contrast(readable_on(ground), ground) >= 4.5


@pytest.mark.parametrize("text", ["", "#FFF", "FFFFFF", "#GGGGGG", "#FFFFFF\n", "red", "#FFFFFF00"])
def test_other_notations_are_no_colour(text: str) -> None:
    assert not is_colour(text)
