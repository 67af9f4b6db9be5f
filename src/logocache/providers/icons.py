"""What a site says about one of its icons. Pure."""

import re
from dataclasses import dataclass
from enum import Enum, auto
from urllib.parse import urlsplit

from logocache.providers.data_uri import is_data_uri

SIZE = re.compile(r"([1-9][0-9]{0,4})x([1-9][0-9]{0,4})", re.IGNORECASE)
MAX_SIZES = 50
SVG_TYPE = "image/svg+xml"
ICO_TYPES = frozenset({"image/x-icon", "image/vnd.microsoft.icon", "image/ico", "image/icon"})


class Role(Enum):
    """Where a site names an icon, and for what."""

    LINK = auto()
    """`<link rel="icon">`."""
    TOUCH = auto()
    """`<link rel="apple-touch-icon">`."""
    MANIFEST = auto()
    """In the manifest, for any purpose."""
    MASKABLE = auto()
    """In the manifest, for masks only."""
    ROOT_TOUCH = auto()
    """Nowhere: browsers look for `/apple-touch-icon.png` by themselves."""
    ROOT_ICO = auto()
    """Nowhere: browsers look for `/favicon.ico` by themselves."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Icon:
    """One icon. `url` is an https address or a `data:` URI."""

    url: str
    role: Role
    size: int | None = None
    """The longest side that is declared, in pixels."""
    media_type: str = ""

    @property
    def is_vector(self) -> bool:
        """By its type, or else its address. `sizes="any"` says nothing: many write it for an ICO."""
        return self.media_type == SVG_TYPE or (not self.media_type and self._ends_with(".svg"))

    @property
    def is_ico(self) -> bool:
        """Whether it may hold several sizes, whatever is declared."""
        return self.media_type in ICO_TYPES or self._ends_with(".ico")

    def _ends_with(self, suffix: str) -> bool:
        # A `data:` URI has no path, and is no address that may be taken apart: `data://[,` raises.
        return not is_data_uri(self.url) and urlsplit(self.url).path.lower().endswith(suffix)


def longest_side(sizes: str) -> int | None:
    """The longest side in a list such as `16x16 32x32`; None when there is no size in it."""
    tokens = sizes.split(maxsplit=MAX_SIZES)[:MAX_SIZES]
    found = [SIZE.fullmatch(token) for token in tokens]
    return max((int(side) for match in found if match for side in match.groups()), default=None)


def media_type(text: str) -> str:
    """`image/svg+xml` for `Image/SVG+XML; charset=utf-8`."""
    return text.partition(";")[0].strip().lower()
