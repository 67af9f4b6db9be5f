"""True if a mark can be seen on a ground: a white one on transparency cannot be seen on a white page."""

from collections.abc import Callable

from PIL import Image, ImageChops

from logocache.policy.looks import DIGITS, SIDE

WHITE = "#ffffff"
DARK = "#111111"

SEEN = 32
"""Difference of one channel, of 255, from which a pixel stands out from its ground."""
SEEN_ON_DARK = 0.048
"""Relative luminance from which a pixel stands out from a dark ground, where hues are hard to tell: a
contrast of 1.75 by WCAG 2.2. #333333 has 1.5, pure blue has 2.2."""
INK = 16
"""Opacity, of 255, from which a pixel belongs to the mark."""
SMALLEST_SHARE = 0.02
"""Share of the mark's pixels that must stand out: the letter on a white plate is enough."""
SMALLEST_SHARE_ON_DARK = 0.25
"""As above, on a dark ground, unless the mark is a plate: a red dot beside black letters is not enough."""
PLATE = 0.7
"""Share of its extent that a plate fills; a disc fills 0.79."""
SMALLEST_EXTENT = 0.25
"""Share of the mark's extent over which they must be spread: a coloured dot beside white letters is not."""
LOOKED_AT = 128
"""Pixels of the longest side that are enough to tell."""


def shows(picture: Image.Image, ground: str) -> bool:
    """True if the mark in `picture` can be seen on `ground`, `#rrggbb`. An opaque picture brings its own."""

    def contrast(seen: Image.Image) -> Image.Image:
        red, green, blue = ImageChops.difference(seen, Image.new("RGB", seen.size, ground)).split()
        return at_least(SEEN, ImageChops.lighter(ImageChops.lighter(red, green), blue))

    return _stands_out(picture, ground, contrast, SMALLEST_SHARE)


def shows_on_dark(picture: Image.Image) -> bool:
    """True if the mark in `picture` can be recognised on a dark page: enough of it is light enough."""

    def light(seen: Image.Image) -> Image.Image:
        red, green, blue = (
            band.point(weights) for band, weights in zip(seen.split(), _LUMINANCES, strict=True)
        )
        luminance = ImageChops.add(ImageChops.add(red, green), blue)
        return at_least(round(SEEN_ON_DARK * 255), luminance)

    return _stands_out(picture, DARK, light, SMALLEST_SHARE_ON_DARK)


def _stands_out(
    picture: Image.Image, ground: str, seen_in: Callable[[Image.Image], Image.Image], least: float
) -> bool:
    """True if `seen_in`, a mask of the picture on its ground, has at least that share of the mark."""
    if picture.mode not in {"LA", "RGBA"}:
        return True
    picture = picture.reduce(max(1, max(picture.size) // LOOKED_AT)).convert("RGBA")
    opacity = picture.getchannel("A")
    if opacity.getextrema()[0] == 255:  # noqa: PLR2004 - opaque throughout
        return True
    seen = Image.new("RGB", picture.size, ground)
    seen.paste(picture.convert("RGB"), mask=opacity)
    ink, visible = at_least(INK, opacity), seen_in(seen)
    is_plate = _count(ink) >= PLATE * _extent(ink)
    return (
        _count(visible) >= (SMALLEST_SHARE if is_plate else least) * _count(ink)
        and _extent(visible) >= SMALLEST_EXTENT * _extent(ink)
        and _count(visible) > 0
    )


def ground_for(picture: Image.Image) -> str:
    """White, unless the mark can only be seen on a dark ground."""
    return DARK if not shows(picture, WHITE) and shows(picture, DARK) else WHITE


def at_least(least: int, band: Image.Image) -> Image.Image:
    """A mask of the samples of `band` that are `least` or more."""
    return band.point([255 * (level >= least) for level in range(256)])


def _linear(level: int) -> float:
    """Share of full light of a channel of sRGB (WCAG 2.2, relative luminance)."""
    share = level / 255
    return share / 12.92 if share <= 0.04045 else ((share + 0.055) / 1.055) ** 2.4  # noqa: PLR2004


_LUMINANCES = [
    [round(255 * weight * _linear(level)) for level in range(256)] for weight in (0.2126, 0.7152, 0.0722)
]
"""Luminance, of 255, of each level of red, green and blue."""


def look_of(picture: Image.Image, ground: str) -> str:
    """The look of `picture` (RGB or RGBA) on `ground`: see `policy.looks`."""
    small = picture.reduce(max(1, max(picture.size) // (8 * SIDE)))
    if small.mode == "RGBA":
        paper = Image.new("RGBA", small.size, ground)
        paper.alpha_composite(small)
        small = paper
    grid = small.convert("RGB").resize((SIDE, SIDE), Image.Resampling.BOX)
    return "".join(DIGITS[sample >> 2] for sample in grid.tobytes())


def _count(mask: Image.Image) -> int:
    return mask.histogram()[255]


def _extent(mask: Image.Image) -> int:
    left, top, right, bottom = mask.getbbox() or (0, 0, 0, 0)
    return (right - left) * (bottom - top)
