"""Refusals of images and the bounds that decoders keep: the one door for foreign decoding errors."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from logocache.errors import PicklableError
from logocache.ports import ImageRejection

LONGEST_REASON = 160

_MEMORY = re.compile(r"\bout of memory\b|\bmemory allocation\b|\bcannot allocate\b", re.IGNORECASE)
"""How libraries below Python say MemoryError: libjpeg, libavif and Pillow's own codecs."""


class ImageRefused(PicklableError):  # noqa: N818 - a decision about an image, not a fault of the program
    """Bytes will not become a logo. Never leaves this box: it becomes an `ImageRejection`."""

    def __init__(self, reason: str, *, is_blank: bool = False) -> None:
        self.rejection = ImageRejection(reason=one_line(reason), is_blank=is_blank)
        super().__init__(self.rejection.reason)


class DecodingFailed(Exception):  # noqa: N818 - as above
    """It could not be decoded or read here and now: that says nothing about it. Never leaves this box."""

    def __init__(self, reason: str) -> None:
        self.reason = one_line(reason)
        super().__init__(self.reason)


@contextmanager
def refusing(what: str) -> Iterator[None]:
    """Turn whatever a decoder raises into `ImageRefused`, with `what` as the start of its reason.

    All of `Exception` is meant: on hostile bytes Pillow raises SyntaxError, ValueError,
    struct.error, zlib.error, KeyError and more, and documents no list. Raises `DecodingFailed` instead
    when memory was wanting.
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
    """`text` as one printable line of bounded length, whatever a decoder or a file put into it."""
    printable = "".join(char if char.isprintable() else " " for char in text[: 4 * LONGEST_REASON])
    line = " ".join(printable.split())
    return line if len(line) <= LONGEST_REASON else line[: LONGEST_REASON - 1] + "…"


LONGEST_SIDE = 512
"""Pixels of a stored logo."""
LARGEST_PNG = 2_000_000
"""Bytes of a stored logo. 512×512 RGBA that does not compress at all has 1.05 million."""
QUICK_SECONDS = 0.5
"""For the first try of each picture; what takes longer waits for its turn among the slow ones. Of 3,766
icons of the Iconify sets logos, devicon and skill-icons 13 do, the slowest for 1.8 s."""
QUICK_PIXELS = 2_000_000
"""Larger pictures wait for their turn among the slow ones: two of them at once would need too much memory."""
QUICK_MEMORY = 0.5
"""Part of a decoder's memory that a first try may use."""
FEWEST_PLACES = 2
"""One for slow pictures, one for all others."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What decoding one image, or one batch of stored files, may take."""

    max_pixels: int
    seconds: float
    memory_bytes: int
