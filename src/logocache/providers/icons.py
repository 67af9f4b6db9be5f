"""Icons of a site: links (with `data:` URIs, RFC 2397), claims, and the order to try them. Pure."""

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
"""Characters for one byte: `%41` is three; line breaks and padding come on top."""


def is_data_uri(text: str) -> bool:
    return SCHEME.match(text) is not None


def media_type_of(uri: str) -> str:
    """`image/svg+xml` for `data:Image/SVG+xml;utf8,…`; empty when none is given."""
    scheme = SCHEME.match(uri)
    head = uri[scheme.end() :].partition(",")[0] if scheme is not None else ""
    return head.partition(";")[0].strip().lower()


def decode(uri: str, *, max_bytes: int) -> bytes | None:
    """The bytes, whatever their media type says; None when there are none, too many, or it is broken.

    Spaces inside base64 and missing padding are allowed, as by browsers
    (https://infra.spec.whatwg.org/#forgiving-base64).
    """
    scheme = SCHEME.match(uri)
    if scheme is None or len(uri) > LARGEST_ENCODING * max_bytes + 1000:
        return None
    media_type, comma, data = uri[scheme.end() :].partition(",")
    if not comma:
        return None
    raw = unquote_to_bytes(data.encode("utf-8", "surrogatepass"))
    body = _from_base64(raw) if BASE64.search(media_type) else raw
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
    """A link without a size may be of any."""
    ROOT_TOUCH = 4
    MASKABLE = 5
    """Its outer ring is only a ground, so the mark in it is small."""
    MULTIPLE = 6
    """An ICO, which may hold a large frame, and images of about that size."""
    SMALL = 7


def ranked(icons: Iterable[Icon]) -> list[Icon]:
    """The icons, best first, each address once.

    Larger ones first within a rank; among equals the one that the site names last
    (https://html.spec.whatwg.org/multipage/links.html#rel-icon).
    """
    placed = sorted(enumerate(icons), key=lambda each: (rank_of(each[1]), -(each[1].size or 0), -each[0]))
    best = {icon.url: icon for _, icon in reversed(placed)}
    return [icon for _, icon in placed if best[icon.url] is icon]


def rank_of(icon: Icon) -> Rank:
    if icon.role is Role.MASKABLE:
        return Rank.MASKABLE
    if icon.is_vector:
        return Rank.VECTOR
    if icon.role is Role.ROOT_TOUCH:
        return Rank.ROOT_TOUCH
    if icon.is_ico:
        return Rank.MULTIPLE
    if icon.size is None:
        # Touch icons without a size are 180 px wide nowadays.
        return Rank.LARGE if icon.role is Role.TOUCH else Rank.UNDECLARED
    if icon.size >= large(icon.role):
        return Rank.LARGE
    if icon.size >= LARGE_LINK:
        return Rank.MEDIUM
    return Rank.MULTIPLE if icon.size >= MEDIUM else Rank.SMALL


def large(role: Role) -> int:
    """From how many pixels on an icon of this role is as good as any."""
    match role:
        case Role.TOUCH | Role.ROOT_TOUCH:
            return LARGE_TOUCH
        case Role.LINK | Role.MANIFEST | Role.MASKABLE | Role.ROOT_ICO:
            return LARGE_MANIFEST
        case _:
            assert_never(role)


MAX_LENGTH = 4000
"""Characters. Longer links are no icon's address, only a burden to store and to show."""

REMOVED = str.maketrans("", "", "\t\n\r")
C0_OR_SPACE = "".join(map(chr, range(0x21)))
CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")

PATH_CHARACTERS = "/%:@!$&'()*+,;=~"
QUERY_CHARACTERS = PATH_CHARACTERS + "?"


def absolute(link: str, base: str) -> str | None:
    """The https address that `link` means on a page at `base`; None when it means none.

    Without fragment, and in ASCII: hosts as A-labels, everything else percent-encoded UTF-8. Links
    with user information, control characters or another scheme than http and https mean none. http
    becomes https, as browsers do for images (https://www.w3.org/TR/mixed-content/#upgrade-algorithm):
    our pages come by https, and whoever sits on the way must not choose the logo.
    """
    link = link.strip(C0_OR_SPACE).translate(REMOVED)
    if len(link) > MAX_LENGTH or CONTROL.search(link):
        return None
    try:
        parts = urlsplit(urljoin(base, link))
        host, port = parts.hostname, parts.port
    except ValueError:  # brackets that are no IPv6 address, a port that is no number
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


def _ascii_host(host: str) -> str | None:
    if host.isascii():
        return host if re.fullmatch(r"[a-z0-9._-]+", host) else None
    try:
        return canonical_domain(host)
    except DomainError:
        return None
