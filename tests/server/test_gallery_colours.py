"""The palette of the pages, held against WCAG 2.2 (1.4.3 and 1.4.11)."""

import re

import pytest

from logocache.server.gallery.pages import assets

TEXT = 4.5
"""Contrast of text to what is behind it, AA."""
PART = 3.0
"""Contrast of what one must see to use a control."""

STATES = ("cached", "stale", "placeholder", "pending", "failing")
ON_TEXT = [
    *((front, behind) for front in ("ink", "pale", "accent") for behind in ("paper", "surface", "raised")),
    *((state, "surface") for state in STATES),
    *((state, "paper") for state in ("stale", "failing")),
    ("on-accent", "accent"),
]
ON_PARTS = [("edge", "paper"), ("edge", "surface"), ("accent", "paper"), ("accent", "surface")]


def palettes() -> dict[str, dict[str, str]]:
    """The colours of the light and of the dark scheme."""
    style = assets()["base.css"].content.decode()
    light, dark = re.findall(r":root \{(.*?)color-scheme", style, re.DOTALL)
    return {
        name: dict(re.findall(r"--([a-z-]+): (#[0-9a-f]{6});", block))
        for name, block in (("light", light), ("dark", dark))
    }


def luminance(colour: str) -> float:
    """Relative luminance, from 0 to 1."""
    parts = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    red, green, blue = (
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    dim, bright = sorted((luminance(one), luminance(other)))
    return (bright + 0.05) / (dim + 0.05)


def test_contrast_is_computed_as_the_guidelines_have_it() -> None:
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.01)


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize(("front", "behind"), ON_TEXT, ids="-on-".join)
def test_text_can_be_read(scheme: str, front: str, behind: str) -> None:
    colours = palettes()[scheme]
    assert contrast(colours[front], colours[behind]) >= TEXT


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize(("front", "behind"), ON_PARTS, ids="-on-".join)
def test_edges_of_controls_and_focus_rings_can_be_seen(scheme: str, front: str, behind: str) -> None:
    colours = palettes()[scheme]
    assert contrast(colours[front], colours[behind]) >= PART


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_black_logos_stand_out_from_their_tile(scheme: str) -> None:
    """White ones have a shadow around them, in both schemes."""
    assert contrast("#000000", palettes()[scheme]["tile"]) >= 2 * TEXT


def test_both_schemes_have_the_same_colours() -> None:
    light, dark = palettes().values()
    assert set(light) == set(dark)
