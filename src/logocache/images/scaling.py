"""Making pictures smaller."""

from PIL import Image

from logocache.images.limits import LONGEST_SIDE

ENOUGH = 2 * LONGEST_SIDE
"""Pixels of the longest side from which a logo is made as well as from more."""

_MODES_TO_COARSEN = {"L", "LA", "RGB", "RGBA", "CMYK"}


def coarsened(picture: Image.Image) -> Image.Image:
    """`picture`, each square of some pixels averaged to one; `ENOUGH` of them remain.

    Itself when it is small enough, or of a kind that has no averages.
    """
    if picture.mode == "P" and max(picture.size) >= 2 * ENOUGH:
        picture = picture.convert("RGBA" if picture.has_transparency_data else "RGB")
    factor = max(picture.size) // ENOUGH
    if factor <= 1 or picture.mode not in _MODES_TO_COARSEN or "transparency" in picture.info:
        return picture
    return picture.reduce(min(factor, *picture.size))


def fitted(picture: Image.Image, longest_side: int) -> Image.Image:
    """`picture` (RGB or RGBA) with no side longer than that, in its own proportions. Never enlarged."""
    longest = max(picture.size)
    if longest <= longest_side:
        return picture
    width, height = (max(1, round(side * longest_side / longest)) for side in picture.size)
    # Pillow multiplies colours by alpha before it resamples, so edges get no dark fringe.
    return picture.resize((width, height), Image.Resampling.LANCZOS)
