"""`data:` URIs (RFC 2397) → their bytes. Pure."""

import base64
import binascii
import re
from urllib.parse import unquote_to_bytes

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
