"""Copies of other sizes and formats have nearly the same look; other pictures have not."""

import io
from collections.abc import Mapping
from typing import Any

import pytest
from PIL import Image, ImageDraw

from logocache.images.normalise import normalise
from logocache.images.visibility import DARK, WHITE, look_of
from logocache.policy.looks import PATTERN, is_copy, samples_of
from logocache.ports import NormalisedImage


def mark(side: int = 256, colour: str = "#2b6cb0") -> Image.Image:
    """A triangle on transparency."""
    picture = Image.new("RGBA", (side, side))
    corners = [(side * 0.1, side * 0.9), (side * 0.5, side * 0.1), (side * 0.9, side * 0.9)]
    ImageDraw.Draw(picture).polygon(corners, fill=colour)
    return picture


def saved(picture: Image.Image, kind: str, **options: Any) -> bytes:
    """`Any`: the options of Pillow's writers."""
    file = io.BytesIO()
    picture.save(file, kind, **options)
    return file.getvalue()


def look(body: bytes) -> str:
    image = normalise(body, max_pixels=10**6)
    assert isinstance(image, NormalisedImage)
    return image.look


def on_white(picture: Image.Image) -> Image.Image:
    paper = Image.new("RGBA", picture.size, WHITE)
    paper.alpha_composite(picture)
    return paper.convert("RGB")


COPIES: Mapping[str, bytes] = {
    **{f"{side} pixels": saved(mark().resize((side, side)), "PNG") for side in (16, 32, 64, 180, 512)},
    "an icon file": saved(mark(48), "ICO", sizes=[(48, 48)]),
    "opaque": saved(on_white(mark()), "PNG"),
    "a JPEG": saved(on_white(mark(96)), "JPEG", quality=75),
    "a WebP": saved(mark(96), "WEBP", quality=75),
    "64 colours": saved(on_white(mark(64)).quantize(64), "PNG"),
}


@pytest.mark.parametrize("name", COPIES)
def test_a_copy_is_known_by_its_look(name: str) -> None:
    original, copy = look(saved(mark(), "PNG")), look(COPIES[name])
    assert PATTERN.fullmatch(copy)
    assert is_copy(samples_of(original), samples_of(copy))


OTHERS = {
    "another colour": mark(colour="#d0342c"),
    "upside down": mark().transpose(Image.Transpose.FLIP_TOP_BOTTOM),
    "a hole": Image.composite(
        Image.new("RGBA", (256, 256)),
        mark(),
        mark(128).getchannel("A").resize((256, 256)).point(lambda level: level // 2),
    ),
    "smaller in its square": Image.new("RGBA", (256, 256)),
}
OTHERS["smaller in its square"].paste(mark(128), (64, 64))


@pytest.mark.parametrize("name", OTHERS)
def test_another_mark_has_another_look(name: str) -> None:
    original, other = look(saved(mark(), "PNG")), look(saved(OTHERS[name], "PNG"))
    assert not is_copy(samples_of(original), samples_of(other))


def test_a_white_mark_has_its_look_on_the_dark() -> None:
    """Or all white marks would look the same: like white paper."""
    white = mark(colour="#ffffff")
    assert look(saved(white, "PNG")) == look_of(white, DARK) != look_of(white, WHITE)
