"""What the head of a stored logo says, held to the bounds of stored logos. Decodes nothing."""

import struct

from logocache.images.inspect import ImageFormat, sniff
from logocache.images.limits import LARGEST_PNG, LONGEST_SIDE

_SIZE = struct.Struct(">16xII")
"""Width and height are the first fields of the first chunk (PNG, third edition, 11.2.1)."""


def stored_size(png: bytes) -> tuple[int, int]:
    """Width and height in pixels.

    Raises:
        ValueError: the bytes cannot be a logo that we stored; it names what they are instead.
    """
    if sniff(png) is not ImageFormat.PNG or not _SIZE.size <= len(png) <= LARGEST_PNG:
        raise ValueError("an image that is no PNG of ours")
    width, height = _SIZE.unpack_from(png)
    if not (0 < width <= LONGEST_SIDE and 0 < height <= LONGEST_SIDE):
        raise ValueError(f"an image of {width}×{height} pixels")
    return width, height
