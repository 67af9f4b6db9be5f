"""What may be asked of the image decoders.

Called from several threads at once.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from logocache.model import DecodingFailure, ImageRejection, Monogram, NormalisedImage
from logocache.variant import Variant


@dataclass(frozen=True, slots=True, kw_only=True)
class FileCheck:
    """What decoding a stored file showed: its size in pixels, what is wrong with it, or why it could
    not be looked at.
    """

    path: Path
    width: int = 0
    height: int = 0
    problem: str | None = None
    """The file is not a PNG that decodes."""
    obstacle: str | None = None
    """The file could not be looked at (a read error, a decoder that died): nothing is known of it."""


class Images(Protocol):
    """Decodes bytes from outside within bounds of time and memory; the process always lives."""

    def normalise(
        self, body: bytes, *, deadline: float
    ) -> NormalisedImage | ImageRejection | DecodingFailure:
        """Our own PNG of what `body` holds, why it is not a usable logo, or why that stays unknown.

        Waits for a decoder and decodes until `deadline`, a moment of `time.monotonic`, at the longest.
        Raises UnavailableError when no decoder can be started.
        """
        ...

    def draw(self, monogram: Monogram) -> NormalisedImage: ...

    def derive(self, png: bytes, variant: Variant) -> bytes:
        """A stored logo (a PNG of our own, known to be intact) as `variant` wants it.

        Made in the calling process: what we encoded ourselves needs no decoder that may die of it.
        Transparency becomes white in JPEG. Raises ValueError for bytes that are not such a PNG.
        """
        ...

    def check_files(self, paths: Iterable[Path]) -> Iterator[FileCheck]:
        """Decode stored PNG files, in parallel and in batches; results in the order of `paths`.

        Raises UnavailableError when no decoder can be started.
        """
        ...

    def close(self) -> None: ...
