"""Bytes from outside become our own PNG, or a rejection with its reason."""

import gzip
import hashlib

import pytest
from PIL import Image, PngImagePlugin

from harness.image_samples import (
    BLUE,
    CLEAR,
    RED,
    SMALL_IMAGES,
    colours,
    decoded,
    encoded,
    normalised,
    png_chunks,
    svg,
    two_colours,
)
from logocache.images.errors import LARGEST_SVG
from logocache.images.normalise import normalise
from logocache.model import ImageInfo
from logocache.ports import ImageRejection, NormalisedImage


def near(colour: object, expected: tuple[int, ...]) -> bool:
    """Lossy formats and tables of CMYK move a colour a little."""
    assert isinstance(colour, tuple)
    return all(abs(is_ - should) <= 6 for is_, should in zip(colour, expected, strict=True))


@pytest.mark.parametrize("name", sorted(SMALL_IMAGES.keys() - {"svg"}))
def test_every_format_keeps_its_size_and_colours(name: str) -> None:
    image = normalised(SMALL_IMAGES[name])
    assert (image.width, image.height) == (32, 32)
    assert image.source == ImageInfo(format=name.partition("-")[0], width=32, height=32)
    assert image.sha256 == hashlib.sha256(image.png).hexdigest()
    assert png_chunks(image.png) == [b"IHDR", b"IDAT", b"IEND"]
    picture = decoded(image.png)
    assert (picture.size, picture.mode) == ((32, 32), "RGB")
    assert near(picture.getpixel((4, 16)), RED)
    assert near(picture.getpixel((28, 16)), BLUE)


@pytest.mark.parametrize("packed", [False, True], ids=["svg", "svgz"])
def test_an_svg_is_drawn_at_512_px(packed: bool) -> None:  # noqa: FBT001 - a parameter of the table
    body = svg('<rect width="10" height="5" fill="#f00"/><rect y="5" width="10" height="5" fill="#00f"/>')
    image = normalised(gzip.compress(body) if packed else body)
    assert (image.width, image.height) == (512, 512)
    assert image.source == ImageInfo(format="svg", width=10, height=10)
    assert decoded(image.png).getpixel((256, 20)) == RED
    assert decoded(image.png).getpixel((256, 500)) == BLUE


def test_an_svg_is_drawn_whatever_the_limit_for_pixels_of_others() -> None:
    body = svg('<rect width="10" height="5" fill="#f00"/>')
    assert isinstance(normalise(body, max_pixels=100), NormalisedImage)


@pytest.mark.parametrize(
    ("size", "stored"),
    [
        pytest.param((513, 513), (512, 512), id="a little too large"),
        pytest.param((800, 400), (512, 256), id="wide"),
        pytest.param((100, 700), (73, 512), id="tall"),
        pytest.param((512, 300), (512, 300), id="just right"),
        pytest.param((16, 16), (16, 16), id="small: never enlarged"),
        pytest.param((80, 10), (80, 10), id="as long as may be"),
    ],
)
def test_the_longest_side_is_at_most_512_px(size: tuple[int, int], stored: tuple[int, int]) -> None:
    image = normalised(encoded(two_colours(size), "PNG"))
    assert (image.width, image.height) == stored
    assert decoded(image.png).size == stored
    assert (image.source.width, image.source.height) == size


def test_the_same_pixels_give_the_same_bytes_whatever_file_they_came_in() -> None:
    picture = two_colours((40, 40), mode="RGBA")
    picture.paste((0, 0, 0, 0), (0, 0, 8, 8))
    hidden = picture.copy()
    hidden.paste((9, 9, 9, 0), (0, 0, 8, 8))
    files = [
        encoded(picture, "PNG"),
        encoded(picture, "PNG", compress_level=0, dpi=(300, 300)),
        encoded(picture, "WEBP", lossless=True, exact=True),
        encoded(picture, "ICO", sizes=[(40, 40)]),
        encoded(hidden, "PNG"),
    ]
    assert len({normalised(file).png for file in files}) == 1


def test_scaling_leaves_no_dark_fringe_around_what_is_transparent() -> None:
    picture = Image.new("RGBA", (1000, 1000), CLEAR)
    picture.paste((255, 255, 255, 255), (333, 333, 777, 777))
    visible = [colour for colour in colours(normalised(encoded(picture, "PNG")).png) if colour[3] > 0]
    assert any(colour[3] < 255 for colour in visible), "the edge is soft"
    assert min(min(colour[:3]) for colour in visible) >= 254


@pytest.mark.parametrize("image_format", ["JPEG", "PNG", "WEBP"])
def test_the_orientation_of_exif_is_applied_and_dropped(image_format: str) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6  # Turn by 90° clockwise to see it upright.
    image = normalised(encoded(two_colours((40, 20)), image_format, exif=exif, quality=100))
    picture = decoded(image.png)
    assert picture.size == (20, 40)
    assert (image.source.width, image.source.height) == (20, 40)
    assert near(picture.getpixel((10, 4)), RED)
    assert near(picture.getpixel((10, 36)), BLUE)
    assert png_chunks(image.png) == [b"IHDR", b"IDAT", b"IEND"]


@pytest.mark.parametrize("exif", [b"no EXIF at all", b"II*\0\x08\0\0\0\xff\xff" + b"\x12\x01" * 9])
def test_an_unreadable_orientation_is_ignored(exif: bytes) -> None:
    image = normalised(encoded(two_colours((40, 20)), "PNG", exif=exif))
    assert (image.width, image.height) == (40, 20)


def test_no_metadata_is_kept() -> None:
    info = PngImagePlugin.PngInfo()
    info.add_text("Comment", "secret")
    info.add_itxt("XML:com.adobe.xmp", "<x>secret</x>")
    image = normalised(
        encoded(two_colours(), "PNG", pnginfo=info, dpi=(300, 300), exif=Image.Exif().tobytes())
    )
    assert png_chunks(image.png) == [b"IHDR", b"IDAT", b"IEND"]


@pytest.mark.parametrize("image_format", ["GIF", "PNG", "WEBP", "AVIF"])
def test_of_an_animation_the_first_frame_is_taken(image_format: str) -> None:
    frames = [two_colours(), two_colours().rotate(180)]
    body = encoded(frames[0], image_format, save_all=True, append_images=frames[1:], duration=100)
    picture = decoded(normalised(body).png)
    assert near(picture.getpixel((4, 16)), RED)
    assert near(picture.getpixel((28, 16)), BLUE)


def test_cmyk_jpegs_keep_their_colours() -> None:
    picture = decoded(normalised(encoded(two_colours(mode="CMYK"), "JPEG", quality=100)).png)
    assert near(picture.getpixel((4, 16)), RED)


def test_an_opaque_drawing_is_stored_without_alpha() -> None:
    result = normalise(svg('<rect width="10" height="10" fill="red"/><circle r="5"/>'), max_pixels=10**6)
    assert isinstance(result, NormalisedImage)
    assert decoded(result.png).mode == "RGB"


def gif(*boxes: tuple[int, int, int, int], screen: int = 16) -> bytes:
    """A GIF in green (0) and red (1) whose frames lie in these boxes, each green."""
    size = screen.to_bytes(2, "little") * 2
    body = b"GIF89a" + size + b"\x80\0\0" + b"\0\xaa\x55" + b"\xff\0\0"
    for left, top, right, bottom in boxes:
        picture = Image.new("P", (right - left, bottom - top))
        alone = encoded(picture, "GIF")
        start = alone.index(b"\x2c\0\0\0\0")
        place = b"".join(side.to_bytes(2, "little") for side in (left, top))
        body += b"\x21\xf9\4\0\0\0\0\0" + b"\x2c" + place + alone[start + 5 : -1]
    return body + b"\x3b"


def test_what_lies_outside_the_frame_of_a_gif_is_transparent() -> None:
    picture = decoded(normalised(gif((4, 4, 12, 12))).png)
    assert picture.convert("RGBA").getpixel((0, 0)) == (0, 0, 0, 0)
    assert picture.convert("RGBA").getpixel((8, 8)) == (0, 170, 85, 255)


@pytest.mark.parametrize("image_format", ["GIF", "PNG", "WEBP"])
def test_a_blank_first_frame_is_passed_over(image_format: str) -> None:
    blank, drawing = Image.new("RGBA", (32, 32)), two_colours((32, 32)).convert("RGBA")
    body = encoded(blank, image_format, save_all=True, append_images=[drawing])
    assert len(set(decoded(normalised(body).png).convert("RGB").get_flattened_data())) > 1


def test_an_animation_of_nothing_is_no_logo() -> None:
    frames = [Image.new("RGBA", (32, 32), colour) for colour in ("red", "blue")]
    body = encoded(frames[0], "GIF", save_all=True, append_images=frames[1:])
    assert isinstance(normalise(body, max_pixels=10_000), ImageRejection)


@pytest.mark.parametrize(
    "picture",
    [Image.new("RGB", (180, 20), "red"), Image.new("RGB", (32, 32), "red")],
    ids=["a wordmark of 9:1", "one flat colour"],
)
def test_only_what_is_believed_may_be_a_strip_or_one_colour(picture: Image.Image) -> None:
    body = encoded(picture, "PNG")
    assert isinstance(normalise(body, max_pixels=10_000), ImageRejection)
    assert isinstance(normalise(body, max_pixels=10_000, is_believed=True), NormalisedImage)


def test_nothing_at_all_is_not_believed() -> None:
    body = encoded(Image.new("RGBA", (32, 32)), "PNG")
    assert isinstance(normalise(body, max_pixels=10_000, is_believed=True), ImageRejection)


def test_white_on_transparency_is_told_from_what_can_be_seen() -> None:
    white = Image.new("RGBA", (64, 64))
    white.paste("white", (10, 10, 50, 50))
    assert not normalised(encoded(white, "PNG")).source.shows_on_white
    white.paste("black", (10, 10, 50, 50))
    assert normalised(encoded(white, "PNG")).source.shows_on_white


DARK_RULE = "<style>path{fill:#111}@media (prefers-color-scheme: dark){path{fill:%s}}</style>"
SHAPE = '<path d="M1 1h8v4h-8z"/>'


def test_an_svg_is_kept_as_it_was_sanitised() -> None:
    image = normalised(svg(f"<script>alert(1)</script>{SHAPE}"))
    assert image.svg is not None
    assert image.svg.startswith(b'<svg xmlns="http://www.w3.org/2000/svg"')
    assert b"script" not in image.svg
    assert normalised(image.svg).png == image.png, "it is drawn as the picture"


@pytest.mark.parametrize("name", sorted(SMALL_IMAGES.keys() - {"svg"}))
def test_no_other_format_has_an_svg(name: str) -> None:
    assert normalised(SMALL_IMAGES[name]).svg is None


def test_a_document_that_is_too_large_is_not_kept() -> None:
    image = normalised(svg(SHAPE.replace("M1 1", "M1 1" + "h0" * (LARGEST_SVG // 2))))
    assert image.svg is None
    assert image.png


@pytest.mark.parametrize(
    ("document", "has_dark"),
    [
        pytest.param(svg(DARK_RULE % "#fff" + SHAPE), True, id="white on a dark page"),
        pytest.param(svg(DARK_RULE % "#000" + SHAPE), False, id="as dark there"),
        pytest.param(svg(DARK_RULE.replace("#111", "#0a5") % "#fff" + SHAPE), False, id="seen as it is"),
        pytest.param(svg(SHAPE), False, id="no rule for it"),
    ],
)
def test_an_svg_brings_its_own_form_for_dark_pages(document: bytes, has_dark: bool) -> None:  # noqa: FBT001 - a parameter of the table
    image = normalised(document)
    assert (image.dark is not None) == has_dark
    if image.dark is not None:
        assert decoded(image.dark).getpixel((256, 150)) == (255, 255, 255, 255)
        assert decoded(image.png).getpixel((256, 150)) == (17, 17, 17, 255)
