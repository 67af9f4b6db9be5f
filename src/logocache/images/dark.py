"""Pictures of a mark for a dark page. Pure.

A mark that can be recognised there stays as it is. Else, if it is of one colour, it becomes white; else it is
put on a light tile.
"""

from PIL import Image, ImageDraw

from logocache.images.raster import fitted
from logocache.images.visibility import at_least, shows_on_dark

WHITE = (255, 255, 255)

SOLID = 128
"""Opacity, of 255, from which a pixel has the mark's colour: fainter ones are rounded too coarsely."""
SAME = 48
"""Difference of one channel, of 255, up to which two pixels have one colour."""
STRAY = 0.01
"""Share of the pixels at either end of a channel that do not count, such as those between two shapes."""

MARK = 0.8
"""Share of the tile's sides that the mark takes."""
CORNER = 0.18
"""Radius of the tile's corners, as a share of its shorter side."""
SMOOTH = 4
"""Factor by which the tile is drawn larger, for smooth corners."""


def dark_form(picture: Image.Image) -> Image.Image:
    """The picture (RGB or RGBA) as it is shown on a dark page, of the same size."""
    if shows_on_dark(picture):
        return picture
    return turned_white(picture) if is_of_one_colour(picture) else on_tile(picture)


def is_of_one_colour(picture: Image.Image) -> bool:
    """True if all that is solid in the picture (RGBA) has about one colour."""
    solid = at_least(SOLID, picture.getchannel("A"))
    return all(_spread(picture.getchannel(band).histogram(solid)) <= SAME for band in "RGB")


def turned_white(picture: Image.Image) -> Image.Image:
    """The shape of the picture (RGBA) in white."""
    white = Image.new("RGBA", picture.size, WHITE)
    white.putalpha(picture.getchannel("A"))
    return white


def on_tile(picture: Image.Image) -> Image.Image:
    """The mark in the picture (RGBA), made smaller, on a white tile with round corners."""
    tile = Image.new("RGBA", picture.size, (*WHITE, 0))
    large = [side * SMOOTH for side in picture.size]
    shape = Image.new("L", (large[0], large[1]))
    ImageDraw.Draw(shape).rounded_rectangle(
        (0, 0, large[0] - 1, large[1] - 1), radius=CORNER * min(large), fill=255
    )
    tile.putalpha(shape.resize(picture.size, Image.Resampling.BOX))
    mark = picture.crop(picture.getchannel("A").getbbox())
    room = [max(1, round(side * MARK)) for side in picture.size]
    scale = min(room[0] / mark.width, room[1] / mark.height)
    mark = fitted(mark, max(1, round(max(mark.size) * scale)))
    tile.alpha_composite(mark, ((tile.width - mark.width) // 2, (tile.height - mark.height) // 2))
    return tile


def _spread(histogram: list[int]) -> int:
    """Difference between the largest and the smallest level, apart from strays."""
    strays = STRAY * sum(histogram)
    ends = []
    for levels in (range(256), range(255, -1, -1)):
        passed = 0
        for level in levels:
            passed += histogram[level]
            if passed > strays:
                ends.append(level)
                break
    return ends[1] - ends[0] if len(ends) > 1 else 0
