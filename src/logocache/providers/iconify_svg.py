"""An icon's drawing → an SVG document. Pure; the same transformations as Iconify's `iconToSVG`."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Drawing:
    """SVG content and its box. First it is flipped, then turned clockwise."""

    body: str
    left: float
    top: float
    width: float
    height: float
    quarter_turns: int = 0
    """0 to 3."""
    is_flipped_horizontally: bool = False
    is_flipped_vertically: bool = False


def svg(drawing: Drawing) -> str | None:
    """The document; None for a box without an area. Flipped and turned drawings begin at 0, 0."""
    left, top, width, height = drawing.left, drawing.top, drawing.width, drawing.height
    if width <= 0 or height <= 0:
        return None
    transformations = [*_turn(drawing), *_flip(drawing), f"translate({0 - left:g} {0 - top:g})"]
    if drawing.quarter_turns % 2:
        width, height = height, width
    group = f'<g transform="{" ".join(transformations)}">{drawing.body}</g>'
    return (
        '<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" '
        f'viewBox="0 0 {width:g} {height:g}">{group}</svg>'
    )


def _flip(drawing: Drawing) -> list[str]:
    """Mirrors the box 0, 0, width, height in itself."""
    if not drawing.is_flipped_horizontally and not drawing.is_flipped_vertically:
        return []
    across, down = drawing.is_flipped_horizontally, drawing.is_flipped_vertically
    moved = f"translate({drawing.width if across else 0:g} {drawing.height if down else 0:g})"
    return [moved, f"scale({-1 if across else 1} {-1 if down else 1})"]


def _turn(drawing: Drawing) -> list[str]:
    """Turns the box 0, 0, width, height and moves it back to 0, 0."""
    match drawing.quarter_turns:
        case 1:
            return [f"translate({drawing.height:g} 0)", "rotate(90)"]
        case 2:
            return [f"translate({drawing.width:g} {drawing.height:g})", "rotate(180)"]
        case 3:
            return [f"translate(0 {drawing.width:g})", "rotate(270)"]
        case _:
            return []
