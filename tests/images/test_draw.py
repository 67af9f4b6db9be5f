"""Placeholders: initials on a coloured square."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from harness.image_samples import colours, decoded
from logocache.images.draw import draw, drawable
from logocache.model import ImageInfo
from logocache.ports import Monogram, NormalisedImage

PAPER, INK = (31, 79, 163), (255, 255, 255)


def drawn(initials: str) -> NormalisedImage:
    return draw(Monogram(initials=initials, background="#1F4FA3", foreground="#FFFFFF"))


def ink(image: NormalisedImage) -> tuple[int, int, int, int]:
    """The box of what is nearer to ink than to paper."""
    red = decoded(image.png).convert("RGB").getchannel("R")
    inner = red.crop((40, 40, 472, 472)).point(lambda value: 255 * (value > 128))
    box = inner.getbbox()
    assert box is not None
    return box[0] + 40, box[1] + 40, box[2] + 40, box[3] + 40


@pytest.mark.parametrize("initials", ["A", "AN", "WWW", "Mi", "3M", "Ç", "I", "谷", "", "&", "JQ"])
def test_a_monogram_is_a_rounded_square_with_ink_in_the_middle(initials: str) -> None:
    image = drawn(initials)
    assert (image.width, image.height, image.source) == (
        512,
        512,
        ImageInfo(format="png", width=512, height=512),
    )
    picture = decoded(image.png)
    assert picture.getpixel((0, 0)) == (0, 0, 0, 0), "round corners"
    assert picture.getpixel((256, 0)) == (*PAPER, 255), "full-bleed edges"
    left, top, right, bottom = ink(image)
    assert abs((left + right) / 2 - 256) <= 1
    assert left >= 60
    assert right <= 452
    assert top >= 60
    assert bottom <= 452
    assert picture.getpixel((left - 8, 256)) == (*PAPER, 255)
    assert (*INK, 255) in colours(image.png)


@pytest.mark.parametrize("initials", ["A", "AN", "WWW", "HE"])
def test_capitals_stand_in_the_middle_upright(initials: str) -> None:
    _, top, _, bottom = ink(drawn(initials))
    assert abs((top + bottom) / 2 - 256) <= 1


def test_a_tail_does_not_lift_the_word() -> None:
    assert abs(ink(drawn("Qg"))[1] - ink(drawn("Og"))[1]) <= 1


def test_the_same_monogram_gives_the_same_bytes() -> None:
    assert drawn("AN").png == drawn("AN").png
    assert drawn("AN").png != drawn("NA").png


@pytest.mark.parametrize(
    ("initials", "shown"),
    [
        ("AN", "AN"),
        ("Mi", "Mi"),
        ("ABCD", "ABC"),
        ("Ç", "C"),
        ("éà", "ea"),
        ("Ø", "O"),
        ("ŁÓ", "LO"),
        ("ß", "ss"),
        ("谷歌", ""),
        ("Я1", "1"),
        ("\u200b", ""),
        (" A B ", "AB"),
        ("\N{FULLWIDTH LATIN CAPITAL LETTER A}", "A"),
    ],
)
def test_only_what_the_font_has_is_shown(initials: str, shown: str) -> None:
    assert drawable(initials) == shown


@given(st.text(max_size=12))
def test_at_most_three_printable_characters_are_shown(initials: str) -> None:
    shown = drawable(initials)
    assert len(shown) <= 3
    assert all("!" <= char <= "~" for char in shown)


def test_initials_without_a_letter_are_a_dot() -> None:
    left, top, right, bottom = ink(drawn("谷"))
    assert abs((right - left) - (bottom - top)) <= 1
    assert isinstance(decoded(drawn("谷").png), Image.Image)
    assert decoded(drawn("谷").png).getpixel((256, 256)) == (*INK, 255)
