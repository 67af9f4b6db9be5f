"""In what form a stored logo is wanted."""

from dataclasses import dataclass
from enum import StrEnum


class ImageFormat(StrEnum):
    """In what form a logo is sent."""

    PNG = "png"
    JPG = "jpg"
    WEBP = "webp"


@dataclass(frozen=True, slots=True, kw_only=True)
class Variant:
    """In what size, format and colours a stored logo is wanted. The default is the stored file itself."""

    size: int | None = None
    """Longest side in pixels, 16 to 512; a smaller logo is not enlarged. None: as stored."""
    format: ImageFormat = ImageFormat.PNG
    greyscale: bool = False

    @property
    def is_stored_form(self) -> bool:
        """Whether nothing has to be made: the stored PNG is the answer."""
        return self == Variant()

    @property
    def label(self) -> str:
        """Tells variants of one logo apart, in file names and in ETags: `128-webp`, `full-png-grey`."""
        grey = "-grey" if self.greyscale else ""
        return f"{self.size or 'full'}-{self.format}{grey}"
