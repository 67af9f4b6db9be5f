"""What can be seen on which ground."""

import pytest
from PIL import Image, ImageDraw

from logocache.images.visibility import DARK, WHITE, ground_for, shows, shows_on_dark

CLEAR = (0, 0, 0, 0)


def drawn(*boxes: tuple[tuple[int, int, int, int], str | tuple[int, ...]]) -> Image.Image:
    """A transparent picture of 100 pixels with these rectangles."""
    picture = Image.new("RGBA", (100, 100), CLEAR)
    pen = ImageDraw.Draw(picture)
    for box, colour in boxes:
        pen.rectangle(box, fill=colour)
    return picture


MARK = (10, 10, 89, 89)


@pytest.mark.parametrize(
    ("picture", "on_white", "on_dark"),
    [
        pytest.param(drawn((MARK, "#ffffff")), False, True, id="white"),
        pytest.param(drawn((MARK, "#f4f4f4")), False, True, id="nearly white"),
        pytest.param(drawn((MARK, "#000000")), True, False, id="black"),
        pytest.param(drawn((MARK, "#00aa55")), True, True, id="green"),
        pytest.param(drawn((MARK, "#ffff00")), True, True, id="yellow, which is bright but no white"),
        pytest.param(drawn((MARK, (0, 0, 0, 10))), False, False, id="a breath of black"),
        pytest.param(drawn((MARK, "white"), ((35, 20, 64, 79), "red")), True, True, id="a letter in white"),
        pytest.param(drawn((MARK, "white"), ((80, 80, 89, 89), "red")), False, True, id="a dot in white"),
        pytest.param(drawn(((10, 10, 45, 90), "white"), ((50, 10, 90, 90), "black")), True, True, id="both"),
        pytest.param(Image.new("RGB", (9, 9), "white"), True, True, id="opaque"),
        pytest.param(Image.new("RGBA", (9, 9), "white"), True, True, id="opaque, with a channel for it"),
        pytest.param(drawn((MARK, "white")).convert("LA"), False, True, id="grey"),
    ],
)
def test_a_mark_shows_where_it_stands_out(picture: Image.Image, *, on_white: bool, on_dark: bool) -> None:
    assert (shows(picture, WHITE), shows(picture, DARK)) == (on_white, on_dark)


@pytest.mark.parametrize(
    ("picture", "ground"),
    [
        (drawn((MARK, "white")), DARK),
        (drawn((MARK, "black")), WHITE),
        (drawn((MARK, "green")), WHITE),
        (drawn((MARK, (0, 0, 0, 10))), WHITE),
    ],
    ids=["white", "black", "green", "seen nowhere"],
)
def test_the_ground_is_white_unless_only_a_dark_one_helps(picture: Image.Image, ground: str) -> None:
    assert ground_for(picture) == ground


@pytest.mark.parametrize(
    ("picture", "is_recognised"),
    [
        pytest.param(drawn((MARK, "#000000")), False, id="black"),
        pytest.param(drawn((MARK, "#333333")), False, id="dark grey"),
        pytest.param(drawn((MARK, "#003087")), False, id="navy"),
        pytest.param(drawn((MARK, "#0000ff")), True, id="blue"),
        pytest.param(drawn((MARK, "#00aa55")), True, id="green"),
        pytest.param(drawn((MARK, "#c00000")), True, id="red"),
        pytest.param(drawn((MARK, "#ffffff")), True, id="white"),
        pytest.param(drawn((MARK, "black"), ((35, 20, 64, 79), "white")), True, id="a letter on a plate"),
        pytest.param(
            drawn(((0, 0, 20, 60), "black"), ((70, 0, 99, 60), "black"), ((20, 70, 80, 82), "orange")),
            False,
            id="a smile below letters",
        ),
        pytest.param(
            drawn(((0, 0, 40, 99), "#e01e5a"), ((60, 30, 99, 60), "black")),
            True,
            id="letters by a symbol",
        ),
        pytest.param(Image.new("RGB", (9, 9), "black"), True, id="opaque"),
        pytest.param(drawn((MARK, "black")).convert("LA"), False, id="grey"),
    ],
)
def test_a_mark_is_recognised_on_a_dark_page(picture: Image.Image, *, is_recognised: bool) -> None:
    assert shows_on_dark(picture) is is_recognised
