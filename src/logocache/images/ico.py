"""Windows icons: choosing the largest frame by what the frames themselves say.

The directory's sizes are hints that lie often (a 256 px PNG under "16×16"), so each frame's own
header counts. Pillow's reader believes the directory; here it is handed a file of one frame.
"""

import struct
from collections.abc import Iterator
from dataclasses import dataclass

from logocache.images.refusal import ImageRefused

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
    """One picture of an icon: its real size, and the bytes from its header to the end of the file."""

    width: int
    height: int
    bits: int
    data: memoryview

    @property
    def is_png(self) -> bool:
        return self.data[: len(_PNG_SIGNATURE)] == _PNG_SIGNATURE


def largest_frame(body: bytes) -> Frame:
    """The frame with the most pixels, among equals the one with the most colours.

    Raises `ImageRefused` when there is none, or when the directory is absurdly long.
    """
    count = int.from_bytes(body[4:6], "little")
    if count > MOST_FRAMES:
        raise ImageRefused(f"an icon of {count} frames, of which at most {MOST_FRAMES} are read")
    best = max(_frames(body, count), key=lambda frame: (frame.width * frame.height, frame.bits), default=None)
    if best is None:
        raise ImageRefused("an icon without a readable frame")
    return best


def single_icon(frame: Frame) -> bytes:
    """An icon file of this one bitmap frame, in which directory, header and mask agree.

    A 32-bit frame whose alpha is zero throughout dates from before alpha: its mask decides, as it
    does in Windows. A missing mask means opaque. Allocates by the frame's size: check that first.
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
    # The height counts the pixels and, below them, the mask.
    return Frame(width=width, height=abs(doubled_height) // 2, bits=bits, data=data)


def _pixels_start(frame: Frame) -> int:
    header_size, _, _, _, _, compression, _, _, _, colours = _BITMAP_HEADER.unpack_from(frame.data)
    palette = 4 * (colours or 1 << frame.bits) if frame.bits <= 8 else 0  # noqa: PLR2004 - deepest with palette
    masks = 12 if compression == _BITFIELDS and header_size == _BITMAP_HEADER.size else 0
    return int(header_size + palette + masks)


def _row_size(bits: int) -> int:
    """Bytes of a row: bitmaps pad rows to 32 bits."""
    return (bits + 31) // 32 * 4
