"""Pictures get smaller in their own proportions, and without fringes."""

import pytest
from PIL import Image

from harness.image_samples import two_colours
from logocache.images.raster import fitted


@pytest.mark.parametrize(
    ("size", "longest", "expected"),
    [
        pytest.param((512, 512), 64, (64, 64), id="square"),
        pytest.param((512, 256), 64, (64, 32), id="wide"),
        pytest.param((100, 300), 30, (10, 30), id="tall"),
        pytest.param((512, 64), 16, (16, 2), id="the widest that is stored"),
        pytest.param((600, 1), 16, (16, 1), id="no side vanishes"),
        pytest.param((333, 512), 100, (65, 100), id="rounded"),
    ],
)
def test_the_longest_side_is_what_was_asked_for(
    size: tuple[int, int], longest: int, expected: tuple[int, int]
) -> None:
    assert fitted(two_colours(size), longest).size == expected


@pytest.mark.parametrize("longest", [40, 41, 512])
def test_nothing_is_enlarged(longest: int) -> None:
    picture = two_colours((40, 20))
    assert fitted(picture, longest) is picture


def test_an_edge_to_transparency_keeps_its_colour() -> None:
    """Averaged without regard to alpha, the black beneath it would darken the edge."""
    picture = Image.new("RGBA", (120, 120), (0, 0, 0, 0))
    picture.paste((255, 240, 0, 255), (0, 0, 61, 120))
    small = fitted(picture, 16)
    row = [small.getpixel((x, 8)) for x in range(16)]
    edge = [pixel for pixel in row if isinstance(pixel, tuple) and 16 < pixel[3] < 255]
    assert edge, "an edge that is partly transparent"
    assert all(red > 240 and green > 225 and blue < 15 for red, green, blue, _ in edge), edge
