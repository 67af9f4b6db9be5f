"""Resized, reformatted and grey copies of stored logos."""

import io
import itertools
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageChops, ImageDraw

from harness.image_samples import (
    RED,
    SIGNATURE,
    decoded,
    encoded,
    png_chunk,
    png_chunks,
    raw_png,
    two_colours,
)
from logocache.images import raster
from logocache.images.variants import derive, mark_box, placed
from logocache.images.visibility import INK
from logocache.queries import ImageFormat, Shape, Theme, Variant

FORMATS = {ImageFormat.PNG: "PNG", ImageFormat.JPG: "JPEG", ImageFormat.WEBP: "WEBP"}
EVERY = [
    Variant(size=size, format=each, greyscale=grey)
    for size, each, grey in itertools.product((None, 16, 64, 512), FORMATS, (False, True))
]


def disc() -> Image.Image:
    """A red disc on nothing."""
    picture = Image.new("RGBA", (256, 256), (0, 0, 0, 0))
    ImageDraw.Draw(picture).ellipse((0, 0, 255, 255), fill=RED)
    return picture


OPAQUE = raster.pack(two_colours((256, 128)))
CLEAR = raster.pack(disc())


@pytest.mark.parametrize("stored", [OPAQUE, CLEAR], ids=["opaque", "transparent"])
@pytest.mark.parametrize("variant", EVERY, ids=lambda variant: variant.label)
def test_each_form_is_what_was_asked_for(stored: bytes, variant: Variant) -> None:
    made, original = decoded(derive(stored, variant)), decoded(stored)
    assert made.format == FORMATS[variant.format]
    longest = min(variant.size or 512, 256)
    assert made.size == (longest, longest * original.height // 256)
    assert derive(stored, variant) == derive(stored, variant), "the same bytes again"
    if variant.format is not ImageFormat.JPG:
        assert made.has_transparency_data == (stored is CLEAR)
    if variant.greyscale:
        red, green, blue = (made.convert("RGB").getchannel(band).tobytes() for band in "RGB")
        assert red == green == blue


def test_the_stored_form_is_the_stored_file() -> None:
    assert derive(CLEAR, Variant()) is CLEAR


@pytest.mark.parametrize("variant", [Variant(size=256), Variant(size=512)])
def test_a_png_that_is_small_enough_keeps_its_pixels(variant: Variant) -> None:
    assert derive(CLEAR, variant) == CLEAR


def test_grey_is_as_light_as_the_colour_was() -> None:
    """Weighted as eyes do (ITU-R BT.601): red is lighter than blue."""
    grey = decoded(derive(OPAQUE, Variant(greyscale=True)))
    assert grey.mode == "L"
    assert (grey.getpixel((10, 10)), grey.getpixel((250, 10))) == (76, 29)


@pytest.mark.parametrize("greyscale", [False, True])
def test_transparency_becomes_white_in_jpeg(greyscale: bool) -> None:  # noqa: FBT001  # a case of a table
    made = decoded(derive(CLEAR, Variant(size=64, format=ImageFormat.JPG, greyscale=greyscale)))
    corner, middle = (made.convert("RGB").getpixel(at) for at in ((0, 0), (32, 32)))
    assert isinstance(corner, tuple)
    assert isinstance(middle, tuple)
    assert min(corner) > 250
    expected = (76, 76, 76) if greyscale else RED
    assert all(abs(sample - wanted) < 4 for sample, wanted in zip(middle, expected, strict=True))


def test_jpegs_are_progressive_and_keep_sharp_colours() -> None:
    jpeg = derive(OPAQUE, Variant(format=ImageFormat.JPG))
    made = decoded(jpeg)
    assert made.info.get("progressive")
    assert b"\xff\xc2" in jpeg
    left, right = (made.convert("RGB").getpixel((x, 60)) for x in (127, 128))
    assert isinstance(left, tuple)
    assert isinstance(right, tuple)
    assert left[0] - right[0] > 200, "4:2:0 would mix the colours of neighbours"


@pytest.mark.parametrize("form", [ImageFormat.PNG, ImageFormat.WEBP])
def test_edges_have_no_dark_fringe(form: ImageFormat) -> None:
    samples = decoded(derive(CLEAR, Variant(size=64, format=form))).convert("RGBA")
    pixels = [samples.getpixel((x, y)) for x in range(64) for y in range(64)]
    edge = [pixel for pixel in pixels if isinstance(pixel, tuple) and 64 < pixel[3] < 250]
    assert len(edge) > 20
    assert min(pixel[0] for pixel in edge) > 230


@pytest.mark.parametrize(
    "variant", [item for item in EVERY if not item.is_stored_form], ids=lambda variant: variant.label
)
def test_no_metadata_is_handed_on(variant: Variant) -> None:
    text = png_chunk(b"tEXt", b"Comment\0secret")
    profile = png_chunk(b"eXIf", b"MM\0*\0\0\0\x08\0\0secret")
    size = png_chunk(b"pHYs", (5000).to_bytes(4) * 2 + b"\x01")
    marked = CLEAR[:33] + text + profile + size + CLEAR[33:]
    made = derive(marked, variant)
    assert b"secret" not in made
    assert made == derive(CLEAR, variant)
    if variant.format is ImageFormat.PNG:
        assert set(png_chunks(made)) == {b"IHDR", b"IDAT", b"IEND"}


def bomb() -> bytes:
    """A second header, behind the one that is looked at, of an image that fills the memory."""
    second = (60_000).to_bytes(4) * 2 + b"\x08\x06\0\0\0"
    return OPAQUE[:33] + png_chunk(b"IHDR", second) + OPAQUE[33:]


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(b"", id="nothing"),
        pytest.param(b"<svg/>", id="not a PNG"),
        pytest.param(encoded(two_colours(), "JPEG"), id="a JPEG"),
        pytest.param(SIGNATURE, id="a signature alone"),
        pytest.param(OPAQUE[:40], id="cut off in its pixels"),
        pytest.param(OPAQUE[: len(OPAQUE) // 2], id="half of it"),
        pytest.param(OPAQUE[:45] + bytes(20) + OPAQUE[65:], id="overwritten"),
        pytest.param(encoded(two_colours((513, 4)), "PNG"), id="larger than we store"),
        pytest.param(encoded(two_colours().convert("P"), "PNG"), id="with a palette"),
        pytest.param(raw_png((2, 2), depth=16, colour_type=0, rows=[b"\0\1\2\3"] * 2), id="deep grey"),
        pytest.param(bomb(), id="two headers"),
    ],
)
def test_what_is_no_stored_logo_is_a_value_error(body: bytes) -> None:
    for variant in (Variant(), Variant(size=32), Variant(format=ImageFormat.WEBP)):
        with pytest.raises(ValueError, match=r"PNG|image|pixels"):
            derive(body, variant)


@given(st.integers(0, len(CLEAR) - 1), st.integers(0, 255), st.sampled_from(EVERY))
def test_damage_is_a_value_error_or_a_picture(at: int, byte: int, variant: Variant) -> None:
    damaged = CLEAR[:at] + bytes([byte]) + CLEAR[at + 1 :]
    try:
        made = derive(damaged, variant)
    except ValueError:
        return
    with Image.open(io.BytesIO(made)) as picture:
        assert max(picture.size) <= 512


def test_several_threads_may_ask_at_once() -> None:
    with ThreadPoolExecutor(8) as threads:
        made = list(threads.map(lambda variant: derive(CLEAR, variant), EVERY * 4))
    assert made == [derive(CLEAR, variant) for variant in EVERY] * 4


@pytest.mark.parametrize(("mark", "ground"), [("white", 17), ("black", 255)])
@pytest.mark.parametrize("greyscale", [False, True])
def test_a_jpeg_has_the_ground_on_which_its_mark_shows(mark: str, ground: int, *, greyscale: bool) -> None:
    picture = Image.new("RGBA", (64, 64))
    picture.paste(mark, (16, 16, 48, 48))
    jpeg = derive(raster.pack(picture), Variant(format=ImageFormat.JPG, greyscale=greyscale))
    with Image.open(io.BytesIO(jpeg)) as shown:
        lowest, highest = shown.convert("L").crop((0, 0, 8, 8)).getextrema()
    assert lowest == highest == ground


# Squares and grounds.

SIDES = st.integers(1, 512)
PADDINGS = st.integers(0, 40)


@given(SIDES, SIDES, st.integers(16, 512), PADDINGS)
def test_a_mark_fills_the_middle_of_its_square(width: int, height: int, side: int, padding: int) -> None:
    left, top, right, bottom = placed((width, height), side, padding=padding)
    free = round(side * padding / 100)
    assert max(right - left, bottom - top) == side - 2 * free, "as large as it fits"
    assert abs(left - (side - right)) <= 1, "in the middle"
    assert abs(top - (side - bottom)) <= 1
    assert min(left, top) >= free
    # Rounding aside, it keeps its proportions.
    assert abs((right - left) * height - (bottom - top) * width) <= max(width, height)


@given(st.integers(0, 60), st.integers(0, 60), st.integers(1, 60), st.integers(1, 60), st.integers(1, 255))
def test_margins_that_cannot_be_seen_are_trimmed(
    left: int, top: int, width: int, height: int, opacity: int
) -> None:
    picture = Image.new("RGBA", (120, 120))
    picture.paste((*RED, 3), (left, top, 120, 120))
    picture.paste((*RED, opacity), (left, top, left + width, top + height))
    seen = (left, top, left + width, top + height) if opacity >= INK else (0, 0, 120, 120)
    assert mark_box(picture) == seen


@pytest.mark.parametrize("variant", EVERY, ids=lambda variant: variant.label)
@pytest.mark.parametrize("margins", [(0, 0, 0, 0), (200, 10, 3, 90)], ids=["without", "with"])
def test_marks_look_even_whatever_their_margins(variant: Variant, margins: tuple[int, int, int, int]) -> None:
    left, top, right, bottom = margins
    stored = Image.new("RGBA", (100 + left + right, 50 + top + bottom))
    stored.paste(RED, (left, top, left + 100, top + 50))
    made = decoded(
        derive(raster.pack(stored), replace(variant, shape=Shape.SQUARE, padding=10, background="00ff00"))
    )
    side = variant.size or max(stored.size)
    assert (made.size, made.has_transparency_data) == ((side, side), False)
    green = Image.new("RGB", made.size, "#00ff00")
    differs = ImageChops.difference(made.convert("RGB"), green).convert("L").point([0] * 60 + [255] * 196)
    box, expected = differs.getbbox(), placed((100, 50), side, padding=10)
    assert box is not None
    assert all(abs(found - there) <= 1 for found, there in zip(box, expected, strict=True))


def test_an_opaque_logo_keeps_its_ground() -> None:
    made = decoded(derive(OPAQUE, Variant(shape=Shape.SQUARE, background="00ff00")))
    assert made.size == (256, 256)
    assert made.getpixel((128, 10)) == (0, 255, 0)
    assert made.getpixel((10, 70)) == RED


@pytest.mark.parametrize("greyscale", [False, True])
@pytest.mark.parametrize("image_format", FORMATS)
@pytest.mark.parametrize(("background", "colour"), [("white", (255,) * 3), ("3366Cc", (0x33, 0x66, 0xCC))])
def test_a_ground_has_its_colour_also_under_grey(
    image_format: ImageFormat, background: str, colour: tuple[int, int, int], *, greyscale: bool
) -> None:
    variant = Variant(size=64, format=image_format, greyscale=greyscale, background=background)
    corner = decoded(derive(CLEAR, variant)).convert("RGB").getpixel((0, 0))
    assert isinstance(corner, tuple)
    assert all(abs(found - there) <= 5 for found, there in zip(corner, colour, strict=True)), corner


def test_nothing_to_be_seen_is_no_reason_to_fail() -> None:
    nothing = raster.pack(Image.new("RGBA", (64, 32)))
    assert decoded(derive(nothing, Variant(shape=Shape.SQUARE, padding=40))).size == (64, 64)


def test_on_a_dark_page_a_black_mark_is_white_in_every_look() -> None:
    black = disc()
    black.paste("black", mask=black.getchannel("A"))
    stored = raster.pack(black)
    dark = Variant(theme=Theme.DARK)
    assert decoded(derive(stored, dark)).getpixel((128, 128)) == (255, 255, 255, 255)
    assert decoded(derive(stored, replace(dark, size=64, shape=Shape.SQUARE))).getpixel((32, 32))[:3] == (  # type: ignore[index]  # a colour
        (255, 255, 255)
    )
    jpg = decoded(derive(stored, replace(dark, format=ImageFormat.JPG)))
    assert jpg.getpixel((128, 128)) == (255, 255, 255)
    assert max(jpg.getpixel((1, 1))) < 32, "a dark ground"  # type: ignore[arg-type]  # a colour
    on_white = derive(stored, replace(dark, background="white"))
    assert decoded(on_white).getpixel((128, 128)) == (0, 0, 0), "the ground is light"


def test_a_picture_cannot_be_an_svg() -> None:
    with pytest.raises(ValueError, match="cannot be an SVG"):
        derive(CLEAR, Variant(size=64, format=ImageFormat.SVG))
