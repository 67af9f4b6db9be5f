"""Icons of a site: their URLs (also `data:` URIs, RFC 2397), declared properties and ranking. Pure."""

import base64
import binascii
import re
from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum, IntEnum, auto
from typing import assert_never
from urllib.parse import quote, unquote_to_bytes, urljoin, urlsplit, urlunsplit

from logocache.domains import canonical_domain
from logocache.errors import DomainError

SCHEME = re.compile(r"\s*data:", re.IGNORECASE)
BASE64 = re.compile(r";\s*base64\s*$", re.IGNORECASE)
ASCII_SPACES = b" \t\r\n\f"
LARGEST_ENCODING = 4
"""Characters per byte: `%41` has three; line breaks and padding come on top."""


def is_data_uri(text: str) -> bool:
    return SCHEME.match(text) is not None


def media_type_of(uri: str) -> str:
    """The media type of a `data:` URI, `image/svg+xml` for `data:Image/SVG+xml;utf8,…`; empty without one."""
    scheme = SCHEME.match(uri)
    return media_type(uri[scheme.end() :].partition(",")[0]) if scheme is not None else ""


def decode(uri: str, *, max_bytes: int) -> bytes | None:
    """The bytes of a `data:` URI; None when it is empty, too long or invalid.

    Spaces inside base64 and missing padding are allowed, as in browsers
    (https://infra.spec.whatwg.org/#forgiving-base64).
    """
    scheme = SCHEME.match(uri)
    if scheme is None or len(uri) > LARGEST_ENCODING * max_bytes + 1000:
        return None
    head, comma, data = uri[scheme.end() :].partition(",")
    if not comma:
        return None
    raw = unquote_to_bytes(data.encode("utf-8", "surrogatepass"))
    body = _from_base64(raw) if BASE64.search(head) else raw
    return body if body and len(body) <= max_bytes else None


def _from_base64(raw: bytes) -> bytes | None:
    compact = raw.translate(None, ASCII_SPACES).rstrip(b"=")
    try:
        return base64.b64decode(compact + b"=" * (-len(compact) % 4), validate=True)
    except binascii.Error:
        return None


SIZE = re.compile(r"([1-9][0-9]{0,4})x([1-9][0-9]{0,4})", re.IGNORECASE)
MAX_SIZES = 50
SVG_TYPE = "image/svg+xml"
ICO_TYPES = frozenset({"image/x-icon", "image/vnd.microsoft.icon", "image/ico", "image/icon"})


class Role(Enum):
    """The place and purpose for which a site declares an icon."""

    LINK = auto()
    """`<link rel="icon">`."""
    TOUCH = auto()
    """`<link rel="apple-touch-icon">`."""
    MANIFEST = auto()
    """In the manifest, for any purpose."""
    MASKABLE = auto()
    """In the manifest, for masks only."""
    ROOT_TOUCH = auto()
    """Not declared: `/apple-touch-icon.png`, which browsers try by convention."""
    ROOT_ICO = auto()
    """Not declared: `/favicon.ico`, which browsers try by convention."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Icon:
    """One icon. `url` is an https URL or a `data:` URI."""

    url: str
    role: Role
    size: int | None = None
    """The longest declared side, in pixels."""
    media_type: str = ""
    is_dark: bool = False
    """Declared for dark pages."""

    @property
    def is_vector(self) -> bool:
        """By media type, else by the URL's suffix. `sizes="any"` is ignored: many use it for an ICO."""
        return self.media_type == SVG_TYPE or (not self.media_type and self._ends_with(".svg"))

    @property
    def is_ico(self) -> bool:
        """True if it may contain several sizes, whatever is declared."""
        return self.media_type in ICO_TYPES or self._ends_with(".ico")

    def _ends_with(self, suffix: str) -> bool:
        # A `data:` URI has no path, and `urlsplit` raises for `data://[,`.
        return not is_data_uri(self.url) and urlsplit(self.url).path.lower().endswith(suffix)


def longest_side(sizes: str) -> int | None:
    """The longest side in a list such as `16x16 32x32`; None if it has no size."""
    tokens = sizes.split(maxsplit=MAX_SIZES)[:MAX_SIZES]
    found = [SIZE.fullmatch(token) for token in tokens]
    return max((int(side) for match in found if match for side in match.groups()), default=None)


def media_type(text: str) -> str:
    """`image/svg+xml` for `Image/SVG+XML; charset=utf-8`."""
    return text.partition(";")[0].strip().lower()


LARGE_MANIFEST = 192
LARGE_TOUCH = 120
LARGE_LINK = 96
MEDIUM = 48


class Rank(IntEnum):
    """Best first."""

    VECTOR = 0
    LARGE = 1
    MEDIUM = 2
    UNDECLARED = 3
    """A link without a size, which may be of any."""
    MASKABLE = 4
    """Its outer ring is background, so the mark in it is small."""
    MULTIPLE = 5
    """An ICO, which may contain a large frame, and images of about that size."""
    SMALL = 6
    ROOT_TOUCH = 7
    """Behind all that a page names: what no page names may be a leftover."""
    ROOT_ICO = 8


def ranked(icons: Iterable[Icon]) -> list[Icon]:
    """The icons, best first, each URL once.

    Those for dark pages come last. Larger ones first within a rank; among equals the last declared one
    (https://html.spec.whatwg.org/multipage/links.html#rel-icon).
    """
    best: dict[str, Icon] = {}
    last_first = [*icons][::-1]
    for icon in sorted(last_first, key=lambda icon: (icon.is_dark, rank_of(icon), -(icon.size or 0))):
        best.setdefault(icon.url, icon)
    return list(best.values())


def rank_of(icon: Icon) -> Rank:
    match icon.role:
        case Role.MASKABLE:
            return Rank.MASKABLE
        case Role.ROOT_TOUCH:
            return Rank.ROOT_TOUCH
        case Role.ROOT_ICO:
            return Rank.ROOT_ICO
        case Role.LINK | Role.TOUCH | Role.MANIFEST:
            return _rank_of_named(icon)
        case _:
            assert_never(icon.role)


def _rank_of_named(icon: Icon) -> Rank:
    if icon.is_vector:
        return Rank.VECTOR
    if icon.is_ico:
        return Rank.MULTIPLE
    if icon.size is None:
        # Touch icons without a size are usually 180 px wide.
        return Rank.LARGE if icon.role is Role.TOUCH else Rank.UNDECLARED
    if icon.size >= large(icon.role):
        return Rank.LARGE
    if icon.size >= LARGE_LINK:
        return Rank.MEDIUM
    return Rank.MULTIPLE if icon.size >= MEDIUM else Rank.SMALL


def large(role: Role) -> int:
    """The size in pixels from which a named icon of this role ranks as LARGE."""
    return LARGE_TOUCH if role is Role.TOUCH else LARGE_MANIFEST


MAX_LENGTH = 4000
"""Characters of a link; longer ones are ignored."""

REMOVED = str.maketrans("", "", "\t\n\r")
C0_OR_SPACE = "".join(map(chr, range(0x21)))
CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")

PATH_CHARACTERS = "/%:@!$&'()*+,;=~"
QUERY_CHARACTERS = PATH_CHARACTERS + "?"


def absolute(link: str, base: str) -> str | None:
    """The https URL of `link` on a page at `base`; None if it has none.

    Without fragment, and in ASCII: hosts as A-labels, everything else percent-encoded UTF-8. None for
    links with user information, control characters or other schemes than http and https. http becomes
    https, as in browsers (https://www.w3.org/TR/mixed-content/#upgrade-algorithm): an attacker on the
    network path must not choose the logo.
    """
    link = _with_plain_slashes(link.strip(C0_OR_SPACE).translate(REMOVED))
    if len(link) > MAX_LENGTH or CONTROL.search(link):
        return None
    try:
        parts = urlsplit(urljoin(base, link))
        host, port = parts.hostname, parts.port
    except ValueError:  # an invalid IPv6 address or port
        return None
    if parts.scheme not in {"http", "https"} or not host or "@" in parts.netloc:
        return None
    name = _ascii_host(host)
    if name is None:
        return None
    netloc = name if port is None or (parts.scheme, port) == ("http", 80) else f"{name}:{port}"
    path = quote(parts.path or "/", safe=PATH_CHARACTERS)
    address = urlunsplit(("https", netloc, path, quote(parts.query, safe=QUERY_CHARACTERS), ""))
    return address if len(address) <= MAX_LENGTH else None


START = re.compile(r"((?:https?:)?)//+", re.IGNORECASE)


def _with_plain_slashes(link: str) -> str:
    r"""`link` as browsers read it: `\` is `/` before `?` and `#`, and any number of slashes precede a host.

    https://url.spec.whatwg.org/#special-authority-ignore-slashes-state
    """
    end = min((at for at in (link.find("?"), link.find("#")) if at >= 0), default=len(link))
    path = link[:end].replace("\\", "/")
    return START.sub(r"\1//", path, count=1) + link[end:] if START.match(path) else path + link[end:]


def _ascii_host(host: str) -> str | None:
    if host.isascii():
        return host if re.fullmatch(r"[a-z0-9._-]+", host) else None
    try:
        return canonical_domain(host)
    except DomainError:
        return None
