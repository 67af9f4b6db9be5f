"""Draw an untrusted SVG that `svg_sanitiser` has sanitised."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from xml.sax.saxutils import quoteattr

import resvg_py

from logocache.images.errors import refusing
from logocache.images.svg_sanitiser import SVG_NAMESPACE, SafeSVG, view_box

LARGEST_SIZE = 1_000_000
PIXELS_PER_INCH = 96

_PIXELS_PER_UNIT = {
    "": 1,
    "px": 1,
    "pt": PIXELS_PER_INCH / 72,
    "pc": 16,
    "in": PIXELS_PER_INCH,
    "cm": PIXELS_PER_INCH / 2.54,
    "mm": PIXELS_PER_INCH / 25.4,
    "em": 16,
}
_LENGTH = re.compile(r"\s*\+?(\d+\.?\d*|\.\d+)(e[+-]?\d{1,3})?\s*([a-z]*)\s*", re.IGNORECASE | re.ASCII)


@dataclass(frozen=True, slots=True, kw_only=True)
class Drawing:
    """A drawn SVG as a PNG by resvg, and the document's own size in pixels."""

    png: bytes
    width: int
    height: int
    lost: str | None = None
    """What is missing of what a browser would draw."""


def rasterise(safe: SafeSVG, *, longest_side: int) -> Drawing:
    """A document drawn with a longest side of `longest_side` px, keeping its aspect ratio.

    No fonts are loaded, so text is not drawn. `currentColor` is black. Raises `ImageRefused`. May take
    any time and memory, and may crash the process: resvg has no limits.
    """
    with refusing("an SVG that cannot be drawn"):
        png = bytes(
            resvg_py.svg_to_bytes(
                svg_string=_enlarged(safe, longest_side),
                width=longest_side,
                height=longest_side,
                skip_system_fonts=True,
                dpi=PIXELS_PER_INCH,  # The default is 0, with which no inch has a size.
            )
        )
    width, height = intrinsic_size(safe.root) or (longest_side, longest_side)
    return Drawing(png=png, width=width, height=height, lost=safe.lost)


def _enlarged(safe: SafeSVG, longest_side: int) -> str:
    """The document in the size to draw.

    resvg rounds a document's own size to whole pixels, and scales that: one of 89.3×16 would be cut off.
    """
    size = _size(safe.root)
    if size is None:
        return safe.text
    width, height = (side * longest_side / max(size) for side in size)
    box = safe.root.get("viewBox") if view_box(safe.root.get("viewBox")) else f"0 0 {size[0]} {size[1]}"
    sized = {**safe.root, "width": f"{width:.4f}", "height": f"{height:.4f}", "viewBox": str(box)}
    attributes = "".join(f" {name}={quoteattr(value)}" for name, value in sized.items())
    _, _, rest = safe.text.partition(">")
    return f'<svg xmlns="{SVG_NAMESPACE}"{attributes}>{rest}'


def intrinsic_size(root: Mapping[str, str]) -> tuple[int, int] | None:
    """The size of a root element in whole pixels; None when the size is not given."""
    size = _size(root)
    return None if size is None else (_whole(size[0]), _whole(size[1]))


def _size(root: Mapping[str, str]) -> tuple[float, float] | None:
    """The size of a root element (SVG 2, 8.2 and CSS 2.2, 10.3.2).

    A missing or relative side follows from the view box. None when the size is not given, or has no area.
    """
    width, height = _pixels(root.get("width")), _pixels(root.get("height"))
    box = view_box(root.get("viewBox"))
    if box is not None:
        box_width, box_height = box
        if width is None and height is None:
            width, height = box
        elif height is None and width is not None:
            height = width * box_height / box_width
        elif width is None and height is not None:
            width = height * box_width / box_height
    return (width, height) if width and height else None


def _pixels(length: str | None) -> float | None:
    """A length in px; None when it is missing, relative or invalid."""
    found = _LENGTH.fullmatch(length or "")
    if found is None or (unit := found[3].lower()) not in _PIXELS_PER_UNIT:
        return None
    return float(found[1] + (found[2] or "")) * _PIXELS_PER_UNIT[unit]


def _whole(pixels: float) -> int:
    return round(min(max(pixels, 1), LARGEST_SIZE))
