"""Small images of every kind, valid and malformed, for the tests of images."""

import base64
import io
import math
import struct
import zlib
from collections.abc import Sequence

from PIL import Image

from logocache.images.normalise import normalise
from logocache.ports import DecodingFailure, ImageRejection, Images, NormalisedImage

RED = (255, 0, 0)
BLUE = (0, 0, 255)
CLEAR = (0, 0, 0, 0)
MAX_PIXELS = 1_000_000
SIGNATURE = b"\x89PNG\r\n\x1a\n"
SVG_ROOT = 'xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink"'


def two_colours(size: tuple[int, int] = (32, 32), *, mode: str = "RGB") -> Image.Image:
    """Red on the left, blue on the right."""
    picture = Image.new("RGB", size, RED)
    picture.paste(BLUE, (size[0] // 2, 0, *size))
    return picture.convert(mode)


def encoded(picture: Image.Image, image_format: str, **options: object) -> bytes:
    file = io.BytesIO()
    picture.save(file, format=image_format, **options)
    return file.getvalue()


def decoded(png: bytes) -> Image.Image:
    picture = Image.open(io.BytesIO(png))
    picture.load()
    return picture


def normalised(body: bytes) -> NormalisedImage:
    """The result of normalising `body` in this process."""
    result = normalise(body, max_pixels=MAX_PIXELS)
    assert isinstance(result, NormalisedImage), result
    return result


def decode(images: Images, body: bytes) -> NormalisedImage | ImageRejection | DecodingFailure:
    """The result of normalising `body` without a deadline."""
    return images.normalise(body, deadline=math.inf)


def colours(png: bytes) -> set[tuple[int, int, int, int]]:
    """All colours in it, as RGBA."""
    samples = decoded(png).convert("RGBA").tobytes()
    return set(zip(samples[::4], samples[1::4], samples[2::4], samples[3::4], strict=True))


def png_chunk(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))


def raw_png(
    size: tuple[int, int], *, depth: int, colour_type: int, rows: Sequence[bytes], chunks: bytes = b""
) -> bytes:
    """A PNG built by the specification, for variants that Pillow does not write."""
    header = struct.pack(">IIBBBBB", *size, depth, colour_type, 0, 0, 0)
    pixels = zlib.compress(b"".join(b"\0" + row for row in rows))
    return (
        SIGNATURE + png_chunk(b"IHDR", header) + chunks + png_chunk(b"IDAT", pixels) + png_chunk(b"IEND", b"")
    )


def png_chunks(png: bytes) -> list[bytes]:
    """The kinds of its chunks, in order."""
    kinds, at = [], len(SIGNATURE)
    while at < len(png):
        kinds.append(png[at + 4 : at + 8])
        at += 12 + int.from_bytes(png[at : at + 4])
    return kinds


def bitmap_frame(
    size: tuple[int, int],
    *,
    bits: int,
    pixels: bytes,
    mask: bytes | None = None,
    palette: bytes = b"",
    header_size: int = 40,
) -> bytes:
    """A frame of an icon: bottom row first, BGR or BGRA or palette; `mask` of one bit a pixel."""
    header = struct.pack(
        "<IiiHHIIiiII", header_size, size[0], 2 * size[1], 1, bits, 0, 0, 0, 0, len(palette) // 4, 0
    )
    return header + palette + pixels + (mask or b"")


def icon(*frames: tuple[tuple[int, int], bytes]) -> bytes:
    """An ICO whose directory declares these sizes for these frames."""
    offset = 6 + 16 * len(frames)
    directory = struct.pack("<HHH", 0, 1, len(frames))
    for (width, height), frame in frames:
        directory += struct.pack("<BBBBHHII", width & 255, height & 255, 0, 0, 1, 32, len(frame), offset)
        offset += len(frame)
    return directory + b"".join(frame for _, frame in frames)


def svg(content: str, *, attributes: str = 'viewBox="0 0 10 10"') -> bytes:
    return f"<svg {SVG_ROOT} {attributes}>{content}</svg>".encode()


def data_uri(body: bytes, media_type: str) -> str:
    return f"data:{media_type};base64,{base64.b64encode(body).decode()}"


SMALL_IMAGES = {
    "png": encoded(two_colours(), "PNG"),
    "png-palette": encoded(two_colours(mode="P"), "PNG"),
    "jpeg": encoded(two_colours(), "JPEG"),
    "gif": encoded(two_colours(), "GIF"),
    "webp": encoded(two_colours(), "WEBP", lossless=True),
    "avif": encoded(two_colours(), "AVIF"),
    "bmp": encoded(two_colours(), "BMP"),
    "ico": encoded(two_colours(mode="RGBA"), "ICO", sizes=[(16, 16), (32, 32)], bitmap_format="bmp"),
    "svg": svg('<path d="M0 0h5v10h-5z" fill="red"/><rect x="5" width="5" height="10" fill="url(#b)"/>'),
}

ENDLESS = svg(
    f'<path stroke="red" stroke-width="1e5" stroke-linejoin="round" d="M0 0{"c1 1 2 -2 3 3" * 60_000}"/>'
)
"""An SVG that takes resvg a minute: each curve is stroked in thousands of pieces."""
