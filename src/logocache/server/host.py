"""The Host field of a request (RFC 9112 3.2, RFC 9110 7.2): what proxies, caches and logs take a request for.

h11 refuses requests that have none or two of them by itself, httptools lets all pass.
"""

import ipaddress
import re
from collections.abc import Iterable
from functools import lru_cache

from starlette.types import ASGIApp, Receive, Scope, Send

from logocache.server import refusals

FIELD = re.compile(
    rb"(?:\[(?P<literal>[^\]]*)\]|(?:[A-Za-z0-9\-._~!$&'()*+,;=]|%[0-9A-Fa-f]{2})*)(?::[0-9]{0,5})?"
)
"""`uri-host [ ":" port ]` (RFC 3986 3.2.2). A host may be empty: that of a target without an authority is."""
FUTURE_ADDRESS = re.compile(rb"v[0-9A-Fa-f]+\.[A-Za-z0-9\-._~!$&'()*+,;=:]+")


class HostRequired:
    """ASGI layer: a request whose Host is missing, doubled or malformed is answered with 400.

    HTTP/1.0 knew requests without Host. Of HTTP/2 and later the server makes the field from `:authority`.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and not has_proper_host(scope["http_version"], scope["headers"]):
            await refusals.BAD_HOST.send(send)
        else:
            await self._app(scope, receive, send)


def has_proper_host(http_version: str, headers: Iterable[tuple[bytes, bytes]]) -> bool:
    """True for exactly one valid Host, and for none where the version of HTTP did not want one yet."""
    hosts = [value for name, value in headers if name == b"host"]
    if not hosts:
        return http_version != "1.1"
    return len(hosts) == 1 and is_host(hosts[0])


@lru_cache(maxsize=256)  # a server is known by a few names, and asked thousands of times a second
def is_host(value: bytes) -> bool:
    """True if `value` is a host, perhaps with a port. httptools leaves white space around values."""
    found = FIELD.fullmatch(value.strip(b" \t"))
    return found is not None and (found["literal"] is None or _is_literal(found["literal"]))


def _is_literal(text: bytes) -> bool:
    """True for what may stand in brackets: an IPv6 address without a zone, or one of a later version."""
    if FUTURE_ADDRESS.fullmatch(text):
        return True
    try:
        ipaddress.IPv6Address(text.decode("ascii"))
    except ValueError:  # UnicodeDecodeError is one
        return False
    return b"%" not in text
