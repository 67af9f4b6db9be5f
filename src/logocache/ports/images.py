"""What may be asked of the image decoders.

Called from several threads at once.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from logocache.model import ImageRejection, Monogram, NormalisedImage
from logocache.variant import Variant


@dataclass(frozen=True, slots=True, kw_only=True)
class FileCheck:
    """What decoding a stored file showed: its size in pixels, or why it failed."""

    path: Path
    width: int = 0
    height: int = 0
    problem: str | None = None


class Images(Protocol):
    """Decodes bytes from outside within bounds of time and memory; the process always lives."""

    def normalise(self, body: bytes) -> NormalisedImage | ImageRejection:
        """Our own PNG of what `body` holds, or why it is not a usable logo."""
        ...

    def draw(self, monogram: Monogram) -> NormalisedImage: ...

    def derive(self, png: bytes, variant: Variant) -> bytes:
        """A stored logo (a PNG of our own, known to be intact) as `variant` wants it.

        Made in the calling process: what we encoded ourselves needs no decoder that may die of it.
        Transparency becomes white in JPEG. Raises ValueError for bytes that are not such a PNG.
        """
        ...

    def check_files(self, paths: Iterable[Path]) -> Iterator[FileCheck]:
        """Decode stored PNG files, in parallel and in batches; results in the order of `paths`."""
        ...

    def close(self) -> None: ...
