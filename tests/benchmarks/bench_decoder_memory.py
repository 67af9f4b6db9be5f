"""What one decoder process takes at most, with the worst images that are let through to it.

For each: the largest resident size of a fresh decoder that decodes it (VmHWM), whose memory is not bounded.
The size of the work is in megapixels. Linux only.
"""

import struct
import zlib
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

from PIL import Image, ImageCms

from harness.image_samples import SIGNATURE, bitmap_frame, data_uri, encoded, icon, png_chunk, svg
from logocache.images.decoder import Decoder
from logocache.images.errors import Limits
from logocache.images.messages import Message, Task, Value
from side_by_side import Contest, Figures, Options

SECONDS = 120
UNBOUNDED = 16 * 10**9


def noise(side: int, mode: str) -> Image.Image:
    """A picture that does not compress: a small one of chance, repeated, so that it is made quickly."""
    tile = Image.merge(mode, [Image.effect_noise((256, 256), 90 + band) for band in range(len(mode))])
    picture = Image.new(mode, (side, side))
    for x in range(0, side, 256):
        for y in range(0, side, 256):
            picture.paste(tile, (x, y))
    return picture


def pictures(side: int) -> Iterator[tuple[str, Callable[[], bytes]]]:
    """The formats in the forms that need most."""
    yield "nothing", lambda: b""
    yield "png rgb", lambda: encoded(Image.new("RGB", (side, side), "red"), "PNG")
    yield "png rgba", lambda: encoded(Image.new("RGBA", (side, side), (255, 0, 0, 99)), "PNG")
    yield "png rgba interlaced", lambda: interlaced(side)
    yield "png grey 16 bit", lambda: encoded(Image.new("I;16", (side, side), 999), "PNG")
    yield (
        "png palette with alpha",
        lambda: encoded(Image.new("P", (side, side), 1), "PNG", transparency=bytes(range(256))),
    )
    yield "png la", lambda: encoded(Image.new("LA", (side, side), (9, 99)), "PNG")
    yield (
        "png turned",
        lambda: encoded(
            Image.new("RGBA", (side, side), (255, 0, 0, 99)),
            "PNG",
            exif=b"Exif\0\0MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\x06\0\0\0\0\0\0",
        ),
    )
    yield (
        "png with profile",
        lambda: encoded(Image.new("RGBA", (side, side), (255, 0, 0, 99)), "PNG", icc_profile=profile()),
    )
    yield "jpeg", lambda: encoded(Image.new("RGB", (side, side), "red"), "JPEG", subsampling=0)
    yield (
        "jpeg progressive",
        lambda: encoded(Image.new("RGB", (side, side), "red"), "JPEG", progressive=True, subsampling=0),
    )
    yield (
        "jpeg progressive cmyk",
        lambda: encoded(
            Image.new("CMYK", (side, side), (9, 99, 9, 9)), "JPEG", progressive=True, subsampling=0
        ),
    )
    yield "gif", lambda: encoded(Image.new("P", (side, side), 3), "GIF", transparency=3)
    yield (
        "webp lossy alpha",
        lambda: encoded(Image.new("RGBA", (side, side), (255, 0, 0, 99)), "WEBP", method=0),
    )
    yield (
        "webp lossless",
        lambda: encoded(Image.new("RGBA", (side, side), (255, 0, 0, 99)), "WEBP", lossless=True, method=0),
    )
    yield (
        "avif 4:4:4 alpha",
        lambda: encoded(
            Image.new("RGBA", (side, side), (255, 0, 0, 99)), "AVIF", subsampling="4:4:4", speed=10
        ),
    )
    yield "avif noise", lambda: encoded(noise(side, "RGB"), "AVIF", subsampling="4:4:4", speed=10, quality=20)
    yield "bmp 32", lambda: encoded(Image.new("RGBA", (side, side), (255, 0, 0, 99)), "BMP")
    yield "ico png", lambda: icon(((0, 0), encoded(Image.new("RGBA", (side, side), (255, 0, 0, 99)), "PNG")))
    yield (
        "ico bitmap",
        lambda: icon(((0, 0), bitmap_frame((side, side), bits=32, pixels=bytes([9, 9, 9, 9]) * side * side))),
    )
    for kind in ("PNG", "JPEG", "WEBP", "GIF"):
        yield f"svg with {kind.lower()}", partial(with_image, side, kind)


def with_image(side: int, kind: str) -> bytes:
    uri = data_uri(encoded(Image.new("RGB", (side, side), "red"), kind), "image/png")
    return svg(f'<image width="9" height="9" href="{uri}"/>')


def interlaced(side: int) -> bytes:
    """Adam7: all rows of seven passes. Pillow does not write it."""
    rows = []
    for x0, y0, dx, dy in (
        (0, 0, 8, 8),
        (4, 0, 8, 8),
        (0, 4, 4, 8),
        (2, 0, 4, 4),
        (0, 2, 2, 4),
        (1, 0, 2, 2),
        (0, 1, 1, 2),
    ):
        width, height = -(-(side - x0) // dx), -(-(side - y0) // dy)
        rows.append((b"\0" + b"\xff\0\0\x63" * width) * height)
    head = struct.pack(">IIBBBBB", side, side, 8, 6, 0, 0, 1)
    pixels = zlib.compress(b"".join(rows), 1)
    return SIGNATURE + png_chunk(b"IHDR", head) + png_chunk(b"IDAT", pixels) + png_chunk(b"IEND", b"")


def profile() -> bytes:
    return ImageCms.ImageCmsProfile(ImageCms.createProfile("LAB")).tobytes()


def peak(make: Callable[[], bytes], limits: Limits) -> Figures:
    decoder = Decoder(limits)
    try:
        fields: dict[str, Value] = {
            "task": Task.NORMALISE,
            "heavy_pixels": limits.max_pixels,
            "memory_bytes": limits.memory_bytes,
        }
        decoder.ask(Message(fields=fields, blob=make()), seconds=SECONDS)
        status = Path(f"/proc/{decoder._process.pid}/status").read_text(encoding="ascii")
        line = next(line for line in status.splitlines() if line.startswith("VmHWM"))
        return {"MB at most": int(line.split()[1]) * 1024 / 1e6}
    finally:
        decoder.stop()


def contests(options: Options) -> Iterator[Contest]:
    side = int((options.pick(quick=1, default=12) * 1e6) ** 0.5) // (4 if options.quick else 1)
    limits = Limits(max_pixels=side * side, seconds=SECONDS, memory_bytes=UNBOUNDED)
    yield Contest(
        title=f"one image of {side} × {side} pixels",
        contestants={name: partial(peak, make, limits) for name, make in pictures(side)},
        rounds=1,  # it is the same each time
    )
