"""A page's bytes → text (https://html.spec.whatwg.org/multipage/parsing.html#determining-the-character-encoding)."""

import codecs
import re

PRESCANNED = 1024
"""Bytes in which a `<meta charset>` has to stand."""

BYTE_ORDER_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
CHARSET = re.compile(r"charset\s*=\s*[\"']?\s*([A-Za-z0-9_:.-]{1,40})", re.IGNORECASE)
META = re.compile(rb"<meta[^>]{0,500}", re.IGNORECASE)

UTF_16 = frozenset({"utf-16", "utf-16-le", "utf-16-be"})
ALLOWED = frozenset(
    {"utf-8", "big5", "big5hkscs", "euc_jp", "euc_kr", "gb18030", "gb2312", "gbk", "cp949", "cp932"}
    | {"shift_jis", "iso2022_jp", "koi8-r", "koi8-u", "mac-roman", "cp866", "cp874"}
    | {f"cp125{last}" for last in range(9)}
    | {f"iso8859-{part}" for part in (*range(1, 12), *range(13, 17))}
    | UTF_16
)
"""Python's names of the encodings of the web. It has others that are slow, warn, or are none at all."""


def decoded(body: bytes, content_type: str | None) -> str:
    """The text, by byte order mark, header, `<meta>`, or else UTF-8 or windows-1252. Never raises."""
    for mark, encoding in BYTE_ORDER_MARKS:
        if body.startswith(mark):
            return body[len(mark) :].decode(encoding, "replace")
    name = _known(CHARSET.search(content_type or "")) or _declared(body[:PRESCANNED])
    if name is not None:
        return body.decode(name, "replace")
    try:
        return body.decode("utf-8")
    except UnicodeDecodeError as error:
        # A page that was cut off inside its last character is UTF-8 all the same.
        is_cut = error.end >= len(body) and error.reason == "unexpected end of data"
        return body.decode("utf-8" if is_cut else "cp1252", "replace")


def _declared(start: bytes) -> str | None:
    """What a `<meta>` says. UTF-16 cannot be true, or we could not read it, and means UTF-8 then."""
    for tag in META.findall(start):
        name = _known(CHARSET.search(tag.decode("ascii", "replace")))
        if name is not None:
            return "utf-8" if name in UTF_16 else name
    return None


def _known(found: re.Match[str] | None) -> str | None:
    if found is None:
        return None
    try:
        name = codecs.lookup(found[1]).name
    except LookupError:
        return None
    # To the web, these two are windows-1252 (https://encoding.spec.whatwg.org/#names-and-labels).
    name = "cp1252" if name in {"ascii", "iso8859-1"} else name
    return name if name in ALLOWED else None
