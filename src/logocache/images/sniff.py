"""Detect image formats by content alone, and find the pictures in an icon file (ICO).

Pure and linear in the length of the input; nothing is decoded.
"""

import codecs
import re
import struct
from collections.abc import Iterator
from dataclasses import dataclass, replace
from enum import StrEnum

from logocache.images.errors import ImageRefused


class ImageFormat(StrEnum):
    """Supported input formats. The values are those of `ImageInfo.format`, and `svgz`."""

    PNG = "png"
    JPEG = "jpeg"
    GIF = "gif"
    WEBP = "webp"
    AVIF = "avif"
    BMP = "bmp"
    ICO = "ico"
    SVG = "svg"
    SVGZ = "svgz"
    """A gzip file, which may contain an SVG."""


def sniff(body: bytes) -> ImageFormat | None:
    """The format by the beginning of `body`; None for anything unsupported."""
    for image_format, signature in _SIGNATURES:
        if signature.match(body):
            return image_format
    if _is_avif(body):
        return ImageFormat.AVIF
    if _first_element(_text(body)).rpartition(":")[2] == "svg":
        return ImageFormat.SVG
    return None


def describe(body: bytes) -> str:
    """Describe a body that `sniff` does not recognise, as the end of "it is …"."""
    if not body:
        return "empty"
    text = _text(body)
    element = _first_element(text)
    if element.lower() in {"html", "head", "body", "title", "meta", "script"} or _HTML_DOCTYPE.search(text):
        return "HTML, not an image"
    if element:
        return f"XML or HTML that begins with <{element[:40]}>, not an image"
    if text.lstrip().startswith(("{", "[")):
        return "JSON or text, not an image"
    return f"of no known image format (it begins with {body[:8].hex(' ')})"


_SIGNATURES = tuple(
    (image_format, re.compile(pattern, re.DOTALL))
    for image_format, pattern in (
        (ImageFormat.PNG, rb"\x89PNG\r\n\x1a\n"),
        (ImageFormat.JPEG, rb"\xff\xd8\xff"),
        (ImageFormat.GIF, rb"GIF8[79]a"),
        (ImageFormat.WEBP, rb"RIFF.{4}WEBP"),
        # "BM" alone begins many texts: the size of the second header is part of the signature.
        (ImageFormat.BMP, rb"BM.{12}[\x0c\x28\x34\x38\x40\x6c\x7c]\x00\x00\x00"),
        (ImageFormat.ICO, rb"\x00\x00\x01\x00(?!\x00\x00).{2}"),
        (ImageFormat.SVGZ, rb"\x1f\x8b\x08"),
    )
)
_HTML_DOCTYPE = re.compile(r"\A\s*<!doctype\s+html", re.IGNORECASE)
_ELEMENT = re.compile(r"<([A-Za-z_][\w.:-]*)(?=[\s/>])")
_PROLOGUE = re.compile(
    r"\s+|<!--.*?-->|<\?.*?\?>|<!(?!--)[^\[>]*(?:\[[^\]]*\][^>]*)?>",
    re.DOTALL,
)


def _is_avif(body: bytes) -> bool:
    """True for an ISO base media file whose major or compatible brands (ISO/IEC 14496-12, 4.3) name AVIF."""
    if body[4:8] != b"ftyp":
        return False
    box = body[8 : min(int.from_bytes(body[:4]), 512)]
    return any(box[at : at + 4] in {b"avif", b"avis"} for at in (0, *range(8, len(box), 4)))


def _text(body: bytes) -> str:
    """`body` as text, by its byte order mark; without one as Latin-1, which is enough to find markup."""
    for mark, encoding in ((codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be")):
        if body.startswith(mark):
            return body.removeprefix(mark).decode(encoding, errors="replace")
    return body.removeprefix(codecs.BOM_UTF8).decode("latin-1")


def _first_element(text: str) -> str:
    """The name of the first element after declarations, comments and doctype; else empty."""
    at = 0
    while skipped := _PROLOGUE.match(text, at):
        at = skipped.end()
    element = _ELEMENT.match(text, at)
    return element[1] if element else ""


MOST_FRAMES = 128

_PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_DIRECTORY_HEADER = struct.Struct("<HHH")
_DIRECTORY_ENTRY = struct.Struct("<BBBBHHII")
_PNG_HEADER = struct.Struct(">16xIIBB")
_PNG_SAMPLES = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}
"""Samples of a pixel, by colour type (PNG, third edition, 11.2.1)."""
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
    declared_bits: int = 0
    """Bits per pixel by the directory, which may be wrong."""

    @property
    def is_png(self) -> bool:
        return self.data[: len(_PNG_SIGNATURE)] == _PNG_SIGNATURE


def largest_frame(body: bytes) -> Frame:
    """The frame with the most pixels, among equals with the most bits per pixel, also by the directory.

    Raises `ImageRefused` when there is none, or when there are more than `MOST_FRAMES`.
    """
    count = int.from_bytes(body[4:6], "little")
    if count > MOST_FRAMES:
        raise ImageRefused(f"an icon of {count} frames, of which at most {MOST_FRAMES} are read")
    best = max(
        _frames(body, count),
        key=lambda frame: (frame.width * frame.height, frame.bits, frame.declared_bits),
        default=None,
    )
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
            yield replace(frame, declared_bits=entry[5])


def _frame(data: memoryview) -> Frame | None:
    if len(data) < _BITMAP_HEADER.size:
        return None
    if data[: len(_PNG_SIGNATURE)] == _PNG_SIGNATURE:
        width, height, depth, colour = _PNG_HEADER.unpack_from(data)
        return Frame(width=width, height=height, bits=depth * _PNG_SAMPLES.get(colour, 0), data=data)
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
