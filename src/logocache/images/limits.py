"""The bounds that decoder processes keep, and that their answers are held to."""

from dataclasses import dataclass

LONGEST_SIDE = 512
"""Pixels of a stored logo."""
LARGEST_PNG = 2_000_000
"""Bytes of a stored logo. 512×512 RGBA that does not compress at all has 1.05 million."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What decoding one image, or one batch of stored files, may take."""

    max_pixels: int
    seconds: float
    memory_bytes: int
