"""The bounds that decoder processes keep, and that their answers are held to."""

from dataclasses import dataclass

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
