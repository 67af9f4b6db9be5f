"""Monograms, the placeholders for missing logos: initials on a colour with contrast (WCAG 2.2). Pure."""

import hashlib
import re
import unicodedata
from itertools import takewhile

from logocache.catalog import domain_in
from logocache.domains import owner_label
from logocache.model import Integration
from logocache.ports import Monogram

COLOUR = re.compile(r"#[0-9A-Fa-f]{6}")

WHITE = "#FFFFFF"
NEAR_BLACK = "#050505"
"""Just dark enough: every background has a contrast of 4.5 or more to it or to white."""
NEUTRAL_DARK = "#1F2937"
"""For marks without a known brand colour, and as a background for marks that are nearly white."""


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
    """White or near black, whichever has more contrast to the background `ground`: at least 4.5."""
    return max((WHITE, NEAR_BLACK), key=lambda colour: contrast(colour, ground))


def _linear(channel: float) -> float:
    """A channel of sRGB, 0 to 1, in linear light; threshold by IEC 61966-2-1."""
    return float(channel / 12.92 if channel <= 0.04045 else ((channel + 0.055) / 1.055) ** 2.4)  # noqa: PLR2004  # see there


MAX_INITIALS = 2

PALETTE = (
    "#9F3960", "#A33949", "#A43C2F", "#A14206", "#915006", "#865901", "#796006", "#6D6603",
    "#5B6C09", "#3C740D", "#087736", "#007654", "#037465", "#017272", "#06707E", "#116D8A",
    "#0E6A9B", "#2063B0", "#455BB2", "#5D53AE", "#714CA6", "#804699", "#8E4088", "#983C75",
)  # fmt: skip
"""24 hues, 15° apart, with OKLCH lightness 0.5 and chroma 0.14, or the most that sRGB has. Never change or
reorder: placeholders must keep their colours."""

WORD = re.compile(r"[^\W_]+")
CAMEL_CASE = re.compile(r"(?<=[a-z])(?=[A-Z])")
SHOWABLE = re.compile(r"[A-Z0-9]")
"""The capitals and digits of Pillow's built-in font."""


def design(integration: Integration) -> Monogram:
    """The placeholder of an integration; deterministic in its name and brand colour.

    One or two capitals or digits, in white or near black, with a contrast of at least 4.5:1 (WCAG 2.2,
    level AA).
    """
    background = ground_of(integration)
    return Monogram(
        initials=initials_of(integration.name) or initials_of(owner_label(integration.domain)) or "?",
        background=background,
        foreground=readable_on(background),
    )


def initials_of(name: str) -> str:
    """The first letters of the first two words (`PayPal` has two), or a whole name such as `3M`.

    A domain counts as its owner's label: `monday.com` is `monday`. Accents are dropped. Empty if the font
    does not have the first letter.
    """
    text = " ".join(owner_label(domain) if (domain := domain_in(part)) else part for part in name.split())
    words = [part for word in WORD.findall(_without_accents(text)) for part in CAMEL_CASE.split(word)]
    whole = len(words) == 1 and len(words[0]) <= MAX_INITIALS
    letters = words[0] if whole else "".join(word[0] for word in words[:MAX_INITIALS])
    return "".join(takewhile(SHOWABLE.fullmatch, map(str.upper, letters)))


def ground_of(integration: Integration) -> str:
    """The brand's colour, or one derived from the name."""
    if integration.color is not None and is_colour(integration.color):
        return integration.color.upper()
    name = " ".join(integration.name.casefold().split())
    digest = hashlib.sha256(name.encode("utf-8", "surrogatepass")).digest()
    return PALETTE[digest[0] % len(PALETTE)]


def _without_accents(name: str) -> str:
    """Letters without marks, compatibility forms (full-width, circled) as plain letters."""
    return "".join(char for char in unicodedata.normalize("NFKD", name) if not unicodedata.combining(char))
