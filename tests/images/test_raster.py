"""Every mode becomes 8-bit sRGB with its colours and its transparency."""

import hashlib
import io
import struct

import pytest
from PIL import Image, ImageCms, PngImagePlugin

from harness.image_samples import RED, decoded, encoded, png_chunk, png_chunks, raw_png, two_colours
from logocache.images.raster import encode, fitted, pack, to_srgb
from logocache.model import ImageInfo


def opened(body: bytes) -> Image.Image:
    return decoded(body)


def sixteen(*samples: int) -> bytes:
    return struct.pack(f">{len(samples)}H", *samples)


@pytest.mark.parametrize(
    ("image", "mode", "pixels"),
    [
        pytest.param(two_colours((2, 1)), "RGB", [RED, (0, 0, 255)], id="RGB"),
        pytest.param(two_colours((2, 1), mode="P"), "RGB", [RED, (0, 0, 255)], id="palette"),
        pytest.param(two_colours((2, 1), mode="CMYK"), "RGB", [RED, (0, 0, 255)], id="CMYK"),
        pytest.param(two_colours((2, 1), mode="RGBA"), "RGB", [RED, (0, 0, 255)], id="RGBA, all opaque"),
        pytest.param(Image.new("1", (1, 1), 1), "RGB", [(255, 255, 255)], id="one bit"),
        pytest.param(Image.new("L", (1, 1), 77), "RGB", [(77, 77, 77)], id="grey"),
        pytest.param(Image.new("LA", (1, 1), (77, 9)), "RGBA", [(77, 77, 77, 9)], id="grey with alpha"),
        pytest.param(Image.new("RGBA", (1, 1), (1, 2, 3, 4)), "RGBA", [(1, 2, 3, 4)], id="RGBA"),
        pytest.param(Image.new("PA", (1, 1), (0, 9)), "RGBA", [(0, 0, 0, 9)], id="palette with alpha"),
        pytest.param(Image.new("YCbCr", (1, 1), (128, 128, 128)), "RGB", [(128, 128, 128)], id="YCbCr"),
    ],
)
def test_converts_the_modes_that_pillow_decodes_to(
    image: Image.Image, mode: str, pixels: list[tuple[int, ...]]
) -> None:
    result = to_srgb(image)
    assert result.mode == mode
    assert [result.getpixel((x, 0)) for x in range(result.width)] == pixels


@pytest.mark.parametrize(
    ("body", "pixels"),
    [
        pytest.param(
            raw_png((4, 1), depth=16, colour_type=0, rows=[sixteen(0, 0x40FF, 0x8000, 0xFFFF)]),
            [(0, 0, 0), (64, 64, 64), (128, 128, 128), (255, 255, 255)],
            id="16-bit grey",
        ),
        pytest.param(
            raw_png(
                (2, 1),
                depth=16,
                colour_type=0,
                rows=[sixteen(0x8000, 0xFFFF)],
                chunks=png_chunk(b"tRNS", sixteen(0xFFFF)),
            ),
            [(128, 128, 128, 255), (255, 255, 255, 0)],
            id="16-bit grey, one transparent",
        ),
        pytest.param(
            raw_png((1, 1), depth=16, colour_type=2, rows=[sixteen(0xFFFF, 0x8000, 0x1000)]),
            [(255, 128, 16)],
            id="16-bit RGB",
        ),
        pytest.param(
            raw_png(
                (2, 1),
                depth=16,
                colour_type=2,
                rows=[sixteen(0xFFFF, 0x8000, 0, 0x1000, 0, 0)],
                chunks=png_chunk(b"tRNS", sixteen(0xFFFF, 0x8000, 0)),
            ),
            [(255, 128, 0, 0), (16, 0, 0, 255)],
            id="16-bit RGB, one transparent",
        ),
        pytest.param(
            raw_png((1, 1), depth=16, colour_type=4, rows=[sixteen(0x8000, 0x4000)]),
            [(128, 128, 128, 64)],
            id="16-bit grey with alpha",
        ),
        pytest.param(
            raw_png(
                (2, 1), depth=8, colour_type=0, rows=[bytes([9, 200])], chunks=png_chunk(b"tRNS", sixteen(9))
            ),
            [(9, 9, 9, 0), (200, 200, 200, 255)],
            id="grey, one transparent",
        ),
        pytest.param(
            raw_png(
                (2, 1),
                depth=8,
                colour_type=2,
                rows=[bytes([1, 2, 3, 4, 5, 6])],
                chunks=png_chunk(b"tRNS", sixteen(1, 2, 3)),
            ),
            [(1, 2, 3, 0), (4, 5, 6, 255)],
            id="RGB, one transparent",
        ),
        pytest.param(
            raw_png((2, 1), depth=1, colour_type=0, rows=[b"\x40"], chunks=png_chunk(b"tRNS", sixteen(1))),
            [(0, 0, 0, 255), (255, 255, 255, 0)],
            id="one bit, one transparent",
        ),
        pytest.param(
            raw_png(
                (3, 1),
                depth=8,
                colour_type=3,
                rows=[bytes([0, 1, 2])],
                chunks=png_chunk(b"PLTE", bytes([255, 0, 0, 0, 255, 0, 0, 0, 255]))
                + png_chunk(b"tRNS", b"\0\x80"),
            ),
            [(255, 0, 0, 0), (0, 255, 0, 128), (0, 0, 255, 255)],
            id="palette with an alpha for each colour",
        ),
    ],
)
def test_keeps_colours_and_transparency_of_pngs(body: bytes, pixels: list[tuple[int, ...]]) -> None:
    result = to_srgb(opened(body))
    assert [result.getpixel((x, 0)) for x in range(result.width)] == pixels


def test_a_gif_keeps_its_transparent_colour() -> None:
    picture = two_colours((4, 4), mode="P")
    body = encoded(picture, "GIF", transparency=picture.getpixel((0, 0)))
    result = to_srgb(opened(body))
    assert [result.getpixel((x, 0)) for x in (0, 3)] == [(255, 0, 0, 0), (0, 0, 255, 255)]


def lab_profile() -> bytes:
    return ImageCms.ImageCmsProfile(ImageCms.createProfile("LAB")).tobytes()


def swapped_profile() -> bytes:
    """SRGB with its red and green primaries exchanged, under another name."""
    profile = bytearray(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
    count = int.from_bytes(profile[128:132])
    tags = {bytes(profile[at : at + 4]): at for at in range(132, 132 + 12 * count, 12)}
    red, green = tags[b"rXYZ"], tags[b"gXYZ"]
    profile[red : red + 4], profile[green : green + 4] = b"gXYZ", b"rXYZ"
    return bytes(profile).replace("sRGB".encode("utf-16-be"), "swap".encode("utf-16-be"))


@pytest.mark.parametrize("mode", ["RGB", "RGBA"])
def test_a_colour_profile_is_applied_and_dropped(mode: str) -> None:
    picture = two_colours((2, 1), mode=mode)
    if mode == "RGBA":
        picture.putalpha(99)
    result = to_srgb(opened(encoded(picture, "PNG", icc_profile=swapped_profile())))
    left = result.getpixel((0, 0))
    assert isinstance(left, tuple)
    assert left[0] < 20
    assert left[1] > 235, "red of the profile is green of ours"
    assert left[3:] == ((99,) if mode == "RGBA" else ())
    assert result.info == {}


def test_a_profile_that_is_srgb_changes_no_colour() -> None:
    srgb = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    for colour in ((1, 2, 3), (250, 128, 7), (90, 91, 92)):
        body = encoded(Image.new("RGB", (1, 1), colour), "PNG", icc_profile=srgb)
        assert to_srgb(opened(body)).getpixel((0, 0)) == colour


@pytest.mark.parametrize(
    "profile",
    [
        pytest.param(b"no profile", id="nonsense"),
        pytest.param(swapped_profile()[:300], id="truncated"),
        pytest.param(lab_profile(), id="of another colour space"),
    ],
)
def test_a_profile_that_cannot_be_used_is_ignored(profile: bytes) -> None:
    picture = two_colours((2, 1))
    picture.info["icc_profile"] = profile
    assert to_srgb(picture).getpixel((0, 0)) == RED


def test_a_grey_image_with_a_profile_for_rgb_stays_grey() -> None:
    body = io.BytesIO()
    Image.new("LA", (1, 1), (77, 9)).save(body, "PNG", icc_profile=swapped_profile())
    assert to_srgb(opened(body.getvalue())).getpixel((0, 0)) == (77, 77, 77, 9)


SOURCE = ImageInfo(format="gif", width=9, height=9)


def test_the_facts_beside_the_bytes_are_those_of_the_bytes() -> None:
    image = encode(two_colours((20, 30)), source=SOURCE)
    assert (image.width, image.height) == decoded(image.png).size == (20, 30)
    assert image.sha256 == hashlib.sha256(image.png).hexdigest()
    assert image.source is SOURCE
    assert png_chunks(image.png) == [b"IHDR", b"IDAT", b"IEND"]


def test_what_lies_beneath_full_transparency_is_not_kept() -> None:
    picture = Image.new("RGBA", (2, 2), (10, 20, 30, 0))
    picture.putpixel((1, 1), (10, 20, 30, 1))
    result = decoded(encode(picture, source=SOURCE).png)
    assert result.getpixel((0, 0)) == (0, 0, 0, 0)
    assert result.getpixel((1, 1)) == (10, 20, 30, 1)
    assert picture.getpixel((0, 0)) == (10, 20, 30, 0), "the picture of the caller is left alone"


def test_grey_loses_what_lies_beneath_full_transparency_too() -> None:
    picture = Image.new("LA", (2, 1), (99, 0))
    picture.putpixel((1, 0), (99, 255))
    result = decoded(pack(picture))
    assert (result.mode, result.getpixel((0, 0)), result.getpixel((1, 0))) == ("LA", (0, 0), (99, 255))


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


@pytest.mark.parametrize(
    ("gamma", "srgb", "expected"),
    [
        pytest.param(100_000, False, 188, id="linear light"),
        pytest.param(45_455, False, 128, id="that of sRGB"),
        pytest.param(100_000, True, 128, id="with an sRGB chunk, which goes before it"),
        pytest.param(1, False, 128, id="implausible"),
    ],
)
def test_the_gamma_of_a_png_is_applied(gamma: int, *, srgb: bool, expected: int) -> None:
    chunks = PngImagePlugin.PngInfo()
    chunks.add(b"gAMA", gamma.to_bytes(4))
    if srgb:
        chunks.add(b"sRGB", b"\0")
    file = io.BytesIO()
    Image.new("RGB", (16, 16), (128, 128, 128)).save(file, "PNG", pnginfo=chunks)
    with Image.open(io.BytesIO(file.getvalue())) as image:
        image.load()
        assert to_srgb(image).getpixel((0, 0)) == (expected,) * 3
