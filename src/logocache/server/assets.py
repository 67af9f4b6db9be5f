"""The files that our pages need: style sheets, scripts, icons. Read once, from the installed package."""

import functools
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import resources
from types import MappingProxyType

MEDIA_TYPES: Mapping[str, str] = MappingProxyType(
    {
        "css": "text/css; charset=utf-8",
        "ico": "image/x-icon",
        "js": "text/javascript; charset=utf-8",
        "png": "image/png",
        "svg": "image/svg+xml",
        "txt": "text/plain; charset=utf-8",
    }
)
TEMPLATE = ".html"
VERSION_LENGTH = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class Asset:
    """One file, as it is sent."""

    name: str
    media_type: str
    content: bytes
    version: str
    """Tells contents apart: part of the address, so that what is there can be kept for ever."""

    @property
    def address(self) -> str:
        """Relative to where our routes begin."""
        return f"static/pages/{self.name}?v={self.version}"

    @property
    def etag(self) -> str:
        return f'"{self.version}"'


@functools.cache
def assets() -> Mapping[str, Asset]:
    """All files that browsers may have, by name."""
    return MappingProxyType(
        {
            each.name: _asset(each.name, each.read_bytes())
            for each in resources.files("logocache.server").joinpath("pages").iterdir()
            if each.name.rpartition(".")[2] in MEDIA_TYPES
        }
    )


@functools.cache
def templates() -> Mapping[str, str]:
    """The sources of all pages, by name."""
    return MappingProxyType(
        {
            each.name: each.read_text(encoding="utf-8")
            for each in resources.files("logocache.server").joinpath("pages").iterdir()
            if each.name.endswith(TEMPLATE)
        }
    )


def _asset(name: str, content: bytes) -> Asset:
    return Asset(
        name=name,
        media_type=MEDIA_TYPES[name.rpartition(".")[2]],
        content=content,
        version=hashlib.sha256(content).hexdigest()[:VERSION_LENGTH],
    )
