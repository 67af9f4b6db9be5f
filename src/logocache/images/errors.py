"""Rejections of images, translation of decoding errors, and the limits of decoders."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from logocache.errors import PicklableError
from logocache.ports import ImageRejection

LONGEST_REASON = 160

_MEMORY = re.compile(r"\bout of memory\b|\bmemory allocation\b|\bcannot allocate\b", re.IGNORECASE)
"""Out-of-memory errors of libjpeg, libavif and Pillow's own codecs."""


class ImageRefused(PicklableError):  # noqa: N818 - a decision about an image, not a fault of the program
    """An image is not accepted as a logo. Never leaves this package: becomes an `ImageRejection`."""

    def __init__(self, reason: str, *, is_blank: bool = False) -> None:
        self.rejection = ImageRejection(reason=one_line(reason), is_blank=is_blank)
        super().__init__(self.rejection.reason)


class DecodingFailed(Exception):  # noqa: N818 - as above
    """Decoding or reading failed for now, which proves nothing about the image. Never leaves this package."""

    def __init__(self, reason: str) -> None:
        self.reason = one_line(reason)
        super().__init__(self.reason)


@contextmanager
def refusing(what: str) -> Iterator[None]:
    """Turn any exception of a decoder into `ImageRefused`, its reason prefixed with `what`.

    Catches every `Exception`: on hostile bytes Pillow raises SyntaxError, ValueError, struct.error,
    zlib.error, KeyError and more, and documents no list. Raises `DecodingFailed` when out of memory.
    """
    try:
        yield
    except (ImageRefused, DecodingFailed):
        raise
    except Exception as error:
        if isinstance(error, MemoryError) or _MEMORY.search(str(error)):
            raise DecodingFailed(f"{what}: it needs more memory than decoders may use") from error
        raise ImageRefused(f"{what}: {str(error) or type(error).__name__}") from error


def one_line(text: str) -> str:
    """`text` as one printable line of at most `LONGEST_REASON` characters."""
    printable = "".join(char if char.isprintable() else " " for char in text[: 4 * LONGEST_REASON])
    line = " ".join(printable.split())
    return line if len(line) <= LONGEST_REASON else line[: LONGEST_REASON - 1] + "…"


LONGEST_SIDE = 512
"""Pixels of a stored logo."""
LARGEST_PNG = 2_000_000
"""Bytes of a stored logo. Incompressible 512×512 RGBA takes 1.05 million."""
LARGEST_SVG = 500_000
"""Bytes of a sanitised SVG that is kept beside its drawing."""
QUICK_SECONDS = 0.5
"""Time limit of the first attempt on each picture; slower ones are queued in the slow lane. Of 3,766 icons
of the Iconify sets logos, devicon and skill-icons 13 are slower, the slowest takes 1.8 s."""
QUICK_PIXELS = 2_000_000
"""Larger pictures are queued in the slow lane: two of them at once would need too much memory."""
QUICK_MEMORY = 0.5
"""Fraction of a decoder's memory that a first attempt may use."""
FEWEST_PLACES = 2
"""One for slow pictures, one for all others."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Limits for decoding one image, or one batch of stored files."""

    max_pixels: int
    seconds: float
    memory_bytes: int
