"""The form of a mark for a dark page: itself, white, or on a light tile."""

import pytest
from PIL import Image, ImageDraw

from logocache.images.dark import dark_form, is_of_one_colour
from logocache.images.visibility import shows_on_dark


def discs(*colours: str, size: tuple[int, int] = (200, 100)) -> Image.Image:
    """Discs side by side on nothing, with smooth edges."""
    large = Image.new("RGBA", (size[0] * 4, size[1] * 4))
    pen, width = ImageDraw.Draw(large), large.width // len(colours)
    for number, colour in enumerate(colours):
        pen.ellipse((number * width + 8, 8, (number + 1) * width - 9, large.height - 9), fill=colour)
    return large.resize(size, Image.Resampling.LANCZOS)


@pytest.mark.parametrize("colour", ["#ff0000", "#00aa55", "#ffffff"])
def test_what_can_be_recognised_stays_as_it_is(colour: str) -> None:
    picture = discs(colour)
    assert dark_form(picture) is picture


def test_an_opaque_picture_brings_its_own_ground() -> None:
    picture = Image.new("RGB", (9, 9), "black")
    assert dark_form(picture) is picture


@pytest.mark.parametrize("colours", [("#000000",), ("#24292f", "#24292f"), ("#003087",), ("#111", "#222")])
def test_a_dark_mark_of_one_colour_turns_white(colours: tuple[str, ...]) -> None:
    picture = discs(*colours)
    white = dark_form(picture)
    assert (white.size, white.getchannel("A").tobytes()) == (picture.size, picture.getchannel("A").tobytes())
    assert white.convert("RGB").getextrema() == ((255, 255),) * 3


@pytest.mark.parametrize("size", [(200, 100), (100, 200), (64, 64), (512, 512), (400, 50), (48, 48)])
def test_a_dark_mark_of_more_colours_is_put_on_a_light_tile(size: tuple[int, int]) -> None:
    picture = discs("#000000", "#00007a", size=size)
    tile = dark_form(picture)
    assert tile.size == size
    assert shows_on_dark(tile)
    assert tile.getpixel((0, 0)) == (255, 255, 255, 0), "round corners"
    assert tile.getpixel((size[0] // 2, 0)) == (255, 255, 255, 255)
    counted = tile.convert("RGB").getcolors(maxcolors=size[0] * size[1]) or []
    colours = {colour for _, colour in counted}
    assert {(0, 0, 0), (0, 0, 122)} <= colours, "the mark is there, in its colours"


def test_the_edges_of_one_colour_are_no_second_one() -> None:
    assert is_of_one_colour(discs("#000000", size=(30, 30)))
    assert not is_of_one_colour(discs("#000000", "#00007a", size=(30, 30)))
    assert is_of_one_colour(Image.new("RGBA", (9, 9))), "nothing at all has no second one"
