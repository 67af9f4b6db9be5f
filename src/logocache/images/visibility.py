"""True if a mark can be seen on a ground: a white one on transparency cannot be seen on a white page."""

from PIL import Image, ImageChops

WHITE = "#ffffff"
DARK = "#111111"

SEEN = 32
"""Difference of one channel, of 255, from which a pixel stands out from its ground."""
INK = 16
"""Opacity, of 255, from which a pixel belongs to the mark."""
SMALLEST_SHARE = 0.02
"""Share of the mark's pixels that must stand out: the letter on a white plate is enough."""
SMALLEST_EXTENT = 0.25
"""Share of the mark's extent over which they must be spread: a coloured dot beside white letters is not."""
LOOKED_AT = 128
"""Pixels of the longest side that are enough to tell."""


def shows(picture: Image.Image, ground: str) -> bool:
    """True if the mark in `picture` can be seen on `ground`, `#rrggbb`. An opaque picture brings its own."""
    if picture.mode not in {"LA", "RGBA"}:
        return True
    picture = picture.reduce(max(1, max(picture.size) // LOOKED_AT)).convert("RGBA")
    opacity = picture.getchannel("A")
    if opacity.getextrema()[0] == 255:  # noqa: PLR2004 - opaque throughout
        return True
    paper = Image.new("RGB", picture.size, ground)
    seen = paper.copy()
    seen.paste(picture.convert("RGB"), mask=opacity)
    red, green, blue = ImageChops.difference(seen, paper).split()
    contrast = ImageChops.lighter(ImageChops.lighter(red, green), blue)
    ink, visible = (
        band.point([255 * (level >= least) for level in range(256)])
        for band, least in ((opacity, INK), (contrast, SEEN))
    )
    return (
        _count(visible) >= SMALLEST_SHARE * _count(ink)
        and _extent(visible) >= SMALLEST_EXTENT * _extent(ink)
        and _count(visible) > 0
    )


def ground_for(picture: Image.Image) -> str:
    """White, unless the mark can only be seen on a dark ground."""
    return DARK if not shows(picture, WHITE) and shows(picture, DARK) else WHITE


def _count(mask: Image.Image) -> int:
    return mask.histogram()[255]


def _extent(mask: Image.Image) -> int:
    left, top, right, bottom = mask.getbbox() or (0, 0, 0, 0)
    return (right - left) * (bottom - top)
