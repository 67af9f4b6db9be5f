"""Contrast as WCAG defines it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from logocache.providers.monogram import contrast, is_colour, luminance, readable_on

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
