"""Links as pages write them → addresses that can be asked, stored and shown. Pure."""

import re
from urllib.parse import quote, urljoin, urlsplit, urlunsplit

from logocache.domains import canonical_domain
from logocache.errors import DomainError

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
