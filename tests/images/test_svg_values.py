"""Values of CSS become values that resvg reads; others are ignored."""

from collections.abc import Callable
from typing import Any

import pytest
import tinycss2
from hypothesis import given
from hypothesis import strategies as st

from logocache.images import svg_colours as colours
from logocache.images import svg_values as values


def tokens(text: str) -> list[Any]:
    return [token for token in tinycss2.parse_component_value_list(text) if token.type != "whitespace"]


@pytest.mark.parametrize(
    ("read", "text", "value"),
    [
        (colours.colour, "#0A5", "#00aa55"),
        (colours.colour, "rgb(0 170 85)", "#00aa55"),
        (colours.colour, "rgb(0, 170, 85)", "#00aa55"),
        (colours.colour, "rgb(0 170 85 / 50%)", "rgba(0,170,85,0.5)"),
        (colours.colour, "hsl(150deg 100% 33.333%)", "#00aa55"),
        (colours.colour, "hwb(150 0% 33.333%)", "#00aa55"),
        (colours.colour, "color(srgb 0 0.6667 0.3333)", "#00aa55"),
        (colours.colour, "color(srgb-linear 0 0.402 0.0908)", "#00aa55"),
        (colours.colour, "color(display-p3 .5252 .23 1)", "#9135ff"),
        (colours.colour, "color(xyz 0.16014 0.29405 0.13423)", "#00aa55"),
        (colours.colour, "lab(100 0 0)", "#ffffff"),
        (colours.colour, "oklab(1 0 0)", "#ffffff"),
        (colours.colour, "color(a98-rgb 1 1 1)", "#ffffff"),
        (colours.colour, "color(rec2020 1 1 1)", "#ffffff"),
        (colours.colour, "TRANSPARENT", "rgba(0,0,0,0)"),
        (colours.colour, "currentColor", "currentColor"),
        (colours.colour, "rgb(from red r g b)", None),
        (colours.colour, "color(unknown 1 1 1)", None),
        (colours.colour, "color()", None),
        (colours.colour, "red blue", None),
        (values.paint, "none", "none"),
        (values.paint, "url(#a)", "url(#a)"),
        (values.paint, 'url("#a") hsl(0 100% 50%)', "url(#a) #ff0000"),
        (values.paint, "url(#a) url(#b)", None),
        (values.paint, "", None),
        (colours.background, "url(x.png) #0a5 no-repeat", "#00aa55"),
        (colours.background, "none", "rgba(0,0,0,0)"),
        (colours.background, "linear-gradient(red, blue)", None),
        (values.opacity, "150%", "1"),
        (values.opacity, ".5", "0.5"),
        (values.opacity, "half", None),
        (values.length, "1in", "96"),
        (values.length, "50%", "50%"),
        (values.length, "3", "3"),
        (values.length, "3furlong", None),
        (values.css_length, "3", None),
        (values.css_length, "0", "0"),
        (values.dashes, "1, 2px 3", "1,2,3"),
        (values.dashes, "none", "none"),
        (values.dashes, "1 x", None),
        (values.reference, 'url("#a")', "url(#a)"),
        (values.reference, "circle(50%)", None),
        (values.filters, "blur(2px) url(#f)", "blur(2px) url(#f)"),
        (values.filters, "progid(x)", None),
        (values.transform, "none", ""),
        (values.transform, "rotate(.5turn)", "rotate(180)"),
        (values.transform, "translateY(1in) scaleX(2)", "translate(0 96) scale(2 1)"),
        (values.transform, "skew(45deg)", "matrix(1 0 1 1 0 0)"),
        (values.transform, "translate(50%)", None),
        (values.transform, "perspective(1px)", None),
        (values.path_data, 'path("M0 0z")', "M0 0z"),
        (values.path_data, "none", None),
        (values.number, "3px", None),
        (values.words, "a 1", None),
    ],
)
def test_values(read: Callable[[Any], str | None], text: str, value: str | None) -> None:
    assert read(tokens(text)) == value


@pytest.mark.parametrize(
    ("text", "size", "origin"),
    [
        ("center", (200.0, 100.0), "100 50"),
        ("top left", (200.0, 100.0), "0 0"),
        ("10px 50%", (200.0, 100.0), "10 50"),
        ("bottom", None, "50% 100%"),
        ("25% 75%", None, "25% 75%"),
        ("", None, None),
        ("somewhere", None, None),
    ],
)
def test_origins(text: str, size: tuple[float, float] | None, origin: str | None) -> None:
    assert values.origin(tokens(text), size) == origin


READERS = [
    *(colours.colour, values.paint, colours.background, values.opacity, values.length, values.dashes),
    *(values.reference, values.filters, values.transform, values.path_data, values.number, values.words),
]


@given(st.sampled_from(READERS), st.text(alphabet="rgbcolhs(),.%0123456789/#- abu\"'nept", max_size=60))
def test_whatever_is_written_there_is_a_value_or_none(read: Callable[[Any], str | None], text: str) -> None:
    assert isinstance(read(tokens(text)), str | None)
