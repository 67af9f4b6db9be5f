"""Making pictures smaller."""

from PIL import Image


def fitted(picture: Image.Image, longest_side: int) -> Image.Image:
    """`picture` (RGB or RGBA) with no side longer than that, in its own proportions. Never enlarged."""
    longest = max(picture.size)
    if longest <= longest_side:
        return picture
    width, height = (max(1, round(side * longest_side / longest)) for side in picture.size)
    # Pillow multiplies colours by alpha before it resamples, so edges get no dark fringe.
    return picture.resize((width, height), Image.Resampling.LANCZOS)
