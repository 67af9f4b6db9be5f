"""How well one colour can be seen on another (WCAG 2.2). Pure; a colour is `#RRGGBB`."""

import re

COLOUR = re.compile(r"#[0-9A-Fa-f]{6}")

WHITE = "#FFFFFF"
NEAR_BLACK = "#050505"
"""Hardly darker than it must be: with it or white, every ground gets a contrast of 4.5 or more."""
NEUTRAL_DARK = "#1F2937"
"""For marks whose brand colour nobody told us, and as a ground for marks that are nearly white."""


def is_colour(text: str) -> bool:
    return COLOUR.fullmatch(text) is not None


def luminance(colour: str) -> float:
    """Relative luminance, 0 for black to 1 for white (https://www.w3.org/TR/WCAG22/#dfn-relative-luminance)."""
    red, green, blue = (_linear(int(colour[start : start + 2], 16) / 255) for start in (1, 3, 5))
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(first: str, second: str) -> float:
    """Contrast ratio, 1 to 21 (https://www.w3.org/TR/WCAG22/#dfn-contrast-ratio)."""
    darker, lighter = sorted((luminance(first), luminance(second)))
    return (lighter + 0.05) / (darker + 0.05)


def readable_on(ground: str) -> str:
    """White or near black, whichever has more contrast to `ground`: at least 4.5."""
    return max((WHITE, NEAR_BLACK), key=lambda colour: contrast(colour, ground))


def _linear(channel: float) -> float:
    """A channel of sRGB, 0 to 1, in linear light (IEC 61966-2-1, which also gives the threshold)."""
    return float(channel / 12.92 if channel <= 0.04045 else ((channel + 0.055) / 1.055) ** 2.4)  # noqa: PLR2004  # see there
