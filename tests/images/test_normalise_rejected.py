"""Bytes that are no logo are rejected with a reason, by their head if possible."""

import gzip
import io
import struct
import zlib

import pytest
from PIL import Image

from harness.image_samples import (
    CLEAR,
    MAX_PIXELS,
    RED,
    SIGNATURE,
    SMALL_IMAGES,
    decoded,
    encoded,
    normalised,
    png_chunk,
    png_chunks,
    svg,
    two_colours,
)
from logocache.images.normalise import LARGEST_UNPACKED, normalise
from logocache.images.raster import pack
from logocache.images.svg import rasterise
from logocache.images.svg_sanitiser import sanitise
from logocache.ports import ImageRejection, NormalisedImage


def rejected(body: bytes, *, max_pixels: int = MAX_PIXELS) -> ImageRejection:
    result = normalise(body, max_pixels=max_pixels)
    assert isinstance(result, ImageRejection)
    return result


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        pytest.param(encoded(Image.new("RGB", (1, 1)), "GIF"), "1×1", id="one pixel"),
        pytest.param(encoded(Image.new("RGB", (300, 1)), "PNG"), "300×1", id="a line"),
        pytest.param(encoded(Image.new("RGB", (32, 32), RED), "PNG"), "same colour", id="flat"),
        pytest.param(
            encoded(Image.new("RGBA", (32, 32), (255, 0, 0, 99)), "PNG"), "same colour", id="flat film"
        ),
        pytest.param(encoded(Image.new("RGB", (999, 999), RED), "JPEG"), "same colour", id="flat and large"),
        pytest.param(encoded(Image.new("RGBA", (32, 32), CLEAR), "PNG"), "transparent", id="transparent"),
        pytest.param(
            encoded(Image.merge("RGBA", [*two_colours().split(), Image.new("L", (32, 32), 0)]), "PNG"),
            "transparent",
            id="transparent over colours",
        ),
        pytest.param(svg(""), "transparent", id="empty SVG"),
        pytest.param(svg('<rect width="10" height="10"/>'), "same colour", id="flat SVG"),
    ],
)
def test_stand_ins_are_recognised_as_blank(body: bytes, reason: str) -> None:
    rejection = rejected(body)
    assert rejection.is_blank
    assert reason in rejection.reason


def test_a_one_colour_glyph_on_transparency_is_not_blank() -> None:
    picture = Image.new("RGBA", (32, 32), CLEAR)
    picture.paste((0, 0, 0, 255), (8, 8, 24, 24))
    assert normalised(encoded(picture, "PNG")).width == 32
    assert normalised(svg('<path d="M1 1h5v5z"/>')).width == 512


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        pytest.param(b"", "empty", id="nothing"),
        pytest.param(b"<!doctype html><html></html>", "HTML, not an image", id="HTML"),
        pytest.param(SIGNATURE, "a broken PNG file", id="just the signature of a PNG"),
        pytest.param(SMALL_IMAGES["png"][:60], "a broken PNG file", id="truncated"),
        pytest.param(SMALL_IMAGES["jpeg"][:300], "a broken JPEG file", id="truncated JPEG"),
        pytest.param(encoded(two_colours((7, 20)), "PNG"), "too few", id="seven pixels wide"),
        pytest.param(encoded(two_colours((90, 10)), "PNG"), "longer than 8:1", id="a strip"),
        pytest.param(svg("", attributes='viewBox="0 0 90 10"'), "longer than 8:1", id="a drawn strip"),
        pytest.param(svg("<g>"), "a broken SVG", id="broken XML"),
        pytest.param(
            gzip.compress(SMALL_IMAGES["png"]), "without an SVG inside", id="gzip of another format"
        ),
        pytest.param(gzip.compress(gzip.compress(svg(""))), "without an SVG inside", id="gzip of gzip"),
        pytest.param(b"\x1f\x8b\x08nonsense beyond the header", "a broken gzip file", id="broken gzip"),
        pytest.param(
            gzip.compress(svg("<!--" + " " * LARGEST_UNPACKED + "-->")),
            "unpacks to more than",
            id="gzip bomb",
        ),
    ],
)
def test_other_bytes_are_rejected_with_a_reason(body: bytes, reason: str) -> None:
    rejection = rejected(body)
    assert reason in rejection.reason
    assert not rejection.is_blank


def header_only(name: str, width: int, height: int) -> bytes:
    """A file that ends where its pixels would begin: reading any of them would be an error."""
    match name:
        case "png":
            header = struct.pack(">IIBBBBB", width, height, 8, 6, 0, 0, 0)
            return SIGNATURE + png_chunk(b"IHDR", header) + png_chunk(b"IDAT", zlib.compress(b"")[:2])
        case "gif":
            return (
                b"GIF89a"
                + struct.pack("<HHBBB", width, height, 0, 0, 0)
                + struct.pack("<sHHHHBB", b",", 0, 0, width, height, 0, 8)
            )
        case "bmp":
            info = struct.pack("<IiiHHIIiiII", 40, width, height, 1, 24, 0, 0, 0, 0, 0, 0)
            return b"BM" + struct.pack("<IHHI", 54, 0, 0, 54) + info
        case _:
            frame = b"\x08" + struct.pack(">HHB", height, width, 1) + b"\1\x11\0"
            return (
                b"\xff\xd8\xff\xc0"
                + struct.pack(">H", len(frame) + 2)
                + frame
                + b"\xff\xda\0\x08\1\1\0\0\x3f\0"
            )


@pytest.mark.parametrize("name", ["png", "gif", "bmp", "jpeg"])
def test_too_many_pixels_are_refused_by_the_header_alone(name: str) -> None:
    assert "pixels" in rejected(header_only(name, 4000, 4000)).reason
    # The same file within the limit is refused for what it lacks: so it was the limit before.
    assert "a broken" in rejected(header_only(name, 40, 40)).reason


@pytest.mark.parametrize("image_format", ["WEBP", "AVIF"])
def test_too_many_pixels_are_refused_in_formats_whose_header_needs_the_whole_file(image_format: str) -> None:
    body = encoded(two_colours((200, 200)), image_format)
    assert "more than 39999 pixels" in rejected(body, max_pixels=39_999).reason
    assert isinstance(normalise(body, max_pixels=40_000), NormalisedImage)


def test_pillows_own_limit_is_reported_as_too_many_pixels(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 100)
    assert "more pixels than decoders may use" in rejected(SMALL_IMAGES["png"]).reason
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 1000)
    assert "more pixels than decoders may use" in rejected(SMALL_IMAGES["png"]).reason


def test_a_lack_of_memory_is_a_rejection() -> None:
    # 40,000 × 40,000 × 4 bytes are refused by the allocator, not by a limit of ours.
    body = header_only("png", 100_000, 100_000)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Image, "MAX_IMAGE_PIXELS", None)
        assert isinstance(normalise(body, max_pixels=10**12), ImageRejection)


@pytest.mark.parametrize(
    "content",
    [
        pytest.param('<circle cx="5" cy="5" r="4" fill="red"/>', id="smooth edges"),
        pytest.param('<rect width="5" height="10" fill="#123456" opacity=".004"/>', id="nearly transparent"),
        pytest.param(
            '<g opacity="0"><rect width="10" height="10" fill="red"/></g><circle r="5"/>', id="hidden"
        ),
    ],
)
def test_the_drawing_of_an_svg_is_kept_as_its_renderer_wrote_it(content: str) -> None:
    """It is what we would write ourselves, but for its compression: the same pixels, and nothing beside."""
    body = svg(content)
    drawing = rasterise(sanitise(body, max_pixels=10**6), longest_side=512).png
    result = normalise(body, max_pixels=10**6)
    assert isinstance(result, NormalisedImage)
    assert result.png == drawing
    assert set(png_chunks(drawing)) == {b"IHDR", b"IDAT", b"IEND"}
    with Image.open(io.BytesIO(drawing)) as picture:
        picture.load()
        picture.info = {}
        assert picture.mode == "RGBA"
        assert picture.tobytes() == decoded(pack(picture)).tobytes(), "no hidden colours"
