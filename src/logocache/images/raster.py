"""Raster images: opened by the reader of one format, converted to 8-bit sRGB, scaled, saved as PNG."""

import hashlib
import importlib
import io
import struct
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from PIL import Image, UnidentifiedImageError

from logocache.images.errors import LONGEST_SIDE, ImageRefused, refusing
from logocache.images.sniff import ImageFormat
from logocache.model import ImageInfo
from logocache.ports import NormalisedImage


@contextmanager
def opened(body: bytes, image_format: ImageFormat) -> Iterator[Image.Image]:
    """The image with its header read and nothing decoded yet.

    Exceptions become `ImageRefused`, also those raised in the `with` block; see `refusing`.
    """
    with refusing(f"a broken {image_format.upper()} file"):
        load_plugin(image_format)
        try:
            image = Image.open(io.BytesIO(body), formats=[image_format])
        except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
            raise ImageRefused("it has more pixels than decoders may use") from error
        except UnidentifiedImageError as error:
            raise ImageRefused(f"a broken {image_format.upper()} file: its header cannot be read") from error
        with image:
            yield image


def load_plugin(image_format: ImageFormat) -> None:
    """Import Pillow's plugin for this format only: loading all of them takes 100 ms."""
    match image_format:
        case ImageFormat.WEBP:
            importlib.import_module("PIL.WebPImagePlugin")
        case ImageFormat.ICO:
            importlib.import_module("PIL.IcoImagePlugin")
        case ImageFormat.AVIF:
            plugin = importlib.import_module("PIL.AvifImagePlugin")
            # By default it starts a thread per processor, and each stack takes address space.
            vars(plugin)["DEFAULT_MAX_THREADS"] = 1


_DEEP_GREY = {"I;16", "I;16L", "I;16B", "I;16N"}


def to_srgb(image: Image.Image) -> Image.Image:
    """The picture as RGB, or as RGBA if it is not opaque, without metadata.

    An unusable colour profile is ignored, as in browsers.
    """
    profile = image.info.get("icc_profile")
    image = _to_eight_bit(image)
    alpha = image.getchannel("A") if image.mode in {"LA", "RGBA"} else None
    if alpha is not None and alpha.getextrema() == (255, 255):
        alpha = None
    if alpha is not None and image.mode == "RGBA" and not isinstance(profile, bytes):
        return without_metadata(image)
    colour = image.convert({"LA": "L", "RGBA": "RGB"}.get(image.mode, image.mode))
    colour = _apply(profile, colour) if isinstance(profile, bytes) else colour.convert("RGB")
    if alpha is not None:
        colour.putalpha(alpha)
    return without_metadata(colour)


def without_metadata(image: Image.Image) -> Image.Image:
    """`image` itself, with its metadata removed."""
    image.info = {}
    return image


def _to_eight_bit(image: Image.Image) -> Image.Image:
    """The image in one of the modes L, LA, RGB, RGBA and CMYK."""
    image = _to_eight_bit_samples(image)
    if image.mode in {"L", "LA", "RGB", "RGBA", "CMYK"} and "transparency" not in image.info:
        return image
    if image.has_transparency_data:
        return image.convert("RGBA")
    return image.convert("L" if image.mode == "1" else "RGB")


def _to_eight_bit_samples(image: Image.Image) -> Image.Image:
    """16-bit grey as L, which `convert` would clip to white, with its transparent colour.

    PNG's `transparency` of a 16-bit image has 16 bits; its high byte is the nearest 8-bit value.
    """
    key = image.info.get("transparency")
    if image.mode in _DEEP_GREY:
        image = image.point(lambda sample: sample * (1 / 256)).convert("L")
        key = key >> 8 if isinstance(key, int) else key
    elif isinstance(key, tuple) and max(key) > 255:  # noqa: PLR2004 - the largest 8-bit sample
        key = tuple(sample >> 8 for sample in key)
    if key is not None:
        image.info["transparency"] = key
    return image


def _apply(profile: bytes, colour: Image.Image) -> Image.Image:
    from PIL import ImageCms  # noqa: PLC0415 - 7 ms, and few images have a profile

    try:
        with refusing("colour profile"):
            source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
            if "sRGB" in ImageCms.getProfileDescription(source):
                return colour.convert("RGB")  # a conversion from sRGB to sRGB would still round
            converted = ImageCms.profileToProfile(
                colour, source, ImageCms.createProfile("sRGB"), outputMode="RGB"
            )
            return converted or colour.convert("RGB")
    except ImageRefused:
        return colour.convert("RGB")


ENOUGH = 2 * LONGEST_SIDE
"""Pixels of the longest side; more do not improve a logo."""

_MODES_TO_COARSEN = {"L", "LA", "RGB", "RGBA", "CMYK"}


def coarsened(picture: Image.Image) -> Image.Image:
    """`picture` reduced by a whole factor (box average) to a longest side of at least `ENOUGH` pixels.

    Itself when it is small enough, or in a mode that cannot be averaged.
    """
    if picture.mode == "P" and max(picture.size) >= 2 * ENOUGH:
        picture = picture.convert("RGBA" if picture.has_transparency_data else "RGB")
    factor = max(picture.size) // ENOUGH
    if factor <= 1 or picture.mode not in _MODES_TO_COARSEN or "transparency" in picture.info:
        return picture
    return picture.reduce(min(factor, *picture.size))


def fitted(picture: Image.Image, longest_side: int) -> Image.Image:
    """`picture` (RGB or RGBA), scaled down if a side is longer than `longest_side` pixels."""
    longest = max(picture.size)
    if longest <= longest_side:
        return picture
    width, height = (max(1, round(side * longest_side / longest)) for side in picture.size)
    # Pillow premultiplies alpha before resampling, so edges get no dark fringe.
    return picture.resize((width, height), Image.Resampling.LANCZOS)


# On logos at 512 px, levels 4 to 7 differ by 2 % in size; 4 takes 10 ms, 6 takes 13 ms, and 9 takes 70 ms
# to save a tenth.
_COMPRESS_LEVEL = 4


def encode(picture: Image.Image, *, source: ImageInfo, png: bytes | None = None) -> NormalisedImage:
    """`picture` as a logo to store, with digest and size.

    `png` is the same picture as PNG, if there is one that `pack` could have made; else see `pack`.
    """
    png = png or pack(picture)
    return NormalisedImage(
        png=png,
        sha256=hashlib.sha256(png).hexdigest(),
        width=picture.width,
        height=picture.height,
        source=source,
    )


_TRANSPARENT = [255] + 255 * [0]
"""Looks up in an alpha channel what is fully transparent."""


def pack(picture: Image.Image, *, strategy: int = zlib.Z_DEFAULT_STRATEGY) -> bytes:
    """`picture` (L, LA, RGB or RGBA, without metadata) as PNG; the same pixels give the same bytes.

    Fully transparent pixels become black, so that no hidden content is kept. `strategy` is zlib's.
    """
    if picture.mode in {"LA", "RGBA"}:
        transparent = picture.getchannel("A").point(_TRANSPARENT, "1")
        if transparent.getbbox() is not None:
            picture = picture.copy()
            picture.paste((0,) * len(picture.mode), mask=transparent)
    file = io.BytesIO()
    picture.save(file, format="PNG", compress_level=_COMPRESS_LEVEL, compress_type=strategy)
    return file.getvalue()


MOST_FRAMES = 128

_PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_DIRECTORY_HEADER = struct.Struct("<HHH")
_DIRECTORY_ENTRY = struct.Struct("<BBBBHHII")
_PNG_SIZE = struct.Struct(">16xII")
_BITMAP_HEADER = struct.Struct("<IiiHHIIiiI")
_BITMAP_DEPTHS = {1, 4, 8, 16, 24, 32}
_BITFIELDS = 3
_WITH_ALPHA = 32


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """One picture of an icon: its size by its own header, and the bytes from there to the end of the file."""

    width: int
    height: int
    bits: int
    data: memoryview

    @property
    def is_png(self) -> bool:
        return self.data[: len(_PNG_SIGNATURE)] == _PNG_SIGNATURE


def largest_frame(body: bytes) -> Frame:
    """The frame with the most pixels, among equals with the most bits per pixel.

    Raises `ImageRefused` when there is none, or when there are more than `MOST_FRAMES`.
    """
    count = int.from_bytes(body[4:6], "little")
    if count > MOST_FRAMES:
        raise ImageRefused(f"an icon of {count} frames, of which at most {MOST_FRAMES} are read")
    best = max(_frames(body, count), key=lambda frame: (frame.width * frame.height, frame.bits), default=None)
    if best is None:
        raise ImageRefused("an icon without a readable frame")
    return best


def single_icon(frame: Frame) -> bytes:
    """An icon file of this one bitmap frame, with consistent directory, header and mask.

    A 32-bit frame with zero alpha throughout predates alpha: its mask decides, as in Windows. A missing
    mask means opaque. Allocates memory for the frame's size: check that first.
    """
    start = _pixels_start(frame)
    end = start + frame.height * _row_size(frame.width * frame.bits)
    mask_size = frame.height * _row_size(frame.width)
    bitmap = bytes(frame.data[:end]) + bytes(frame.data[end : end + mask_size]).ljust(mask_size, b"\0")
    has_alpha = frame.bits == _WITH_ALPHA and any(frame.data[start + 3 : end : 4])
    # Pillow takes transparency from the pixels when the directory says 32, else from the mask.
    depth = _WITH_ALPHA if has_alpha else 24
    offset = _DIRECTORY_HEADER.size + _DIRECTORY_ENTRY.size
    entry = _DIRECTORY_ENTRY.pack(frame.width & 255, frame.height & 255, 0, 0, 1, depth, len(bitmap), offset)
    return _DIRECTORY_HEADER.pack(0, 1, 1) + entry + bitmap


def _frames(body: bytes, count: int) -> Iterator[Frame]:
    view = memoryview(body)
    present = (len(body) - _DIRECTORY_HEADER.size) // _DIRECTORY_ENTRY.size
    for index in range(min(count, present)):
        entry = _DIRECTORY_ENTRY.unpack_from(body, _DIRECTORY_HEADER.size + index * _DIRECTORY_ENTRY.size)
        frame = _frame(view[entry[-1] :])
        if frame is not None and frame.width > 0 and frame.height > 0:
            yield frame


def _frame(data: memoryview) -> Frame | None:
    if len(data) < _BITMAP_HEADER.size:
        return None
    if data[: len(_PNG_SIGNATURE)] == _PNG_SIGNATURE:
        width, height = _PNG_SIZE.unpack_from(data)
        return Frame(width=width, height=height, bits=_WITH_ALPHA, data=data)
    header_size, width, doubled_height, _, bits, *_ = _BITMAP_HEADER.unpack_from(data)
    if header_size < _BITMAP_HEADER.size or bits not in _BITMAP_DEPTHS:
        return None
    # The height includes the mask below the pixels.
    return Frame(width=width, height=abs(doubled_height) // 2, bits=bits, data=data)


def _pixels_start(frame: Frame) -> int:
    header_size, _, _, _, _, compression, _, _, _, colours = _BITMAP_HEADER.unpack_from(frame.data)
    palette = 4 * (colours or 1 << frame.bits) if frame.bits <= 8 else 0  # noqa: PLR2004 - deepest with palette
    masks = 12 if compression == _BITFIELDS and header_size == _BITMAP_HEADER.size else 0
    return int(header_size + palette + masks)


def _row_size(bits: int) -> int:
    """Bytes of a row, padded to 32 bits."""
    return (bits + 31) // 32 * 4
