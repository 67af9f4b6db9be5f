"""Icons declared by a page or its manifest. Pure, and linear in the length of the page.

Rules: https://html.spec.whatwg.org/multipage/links.html#rel-icon and https://www.w3.org/TR/appmanifest/#icons-member.
"""

import json
import re
from contextlib import suppress
from dataclasses import dataclass
from html.entities import html5
from html.parser import HTMLParser

import webencodings

from logocache.providers.icons import (
    MAX_LENGTH,
    Icon,
    Role,
    absolute,
    is_data_uri,
    longest_side,
    media_type,
    media_type_of,
)

MAX_BYTES = 500_000
"""Of a page; the rest is ignored. Icons are declared in its head."""
MAX_LINKS = 100

PRESCANNED = 1024
"""Bytes in which a `<meta charset>` is recognised."""
CHARSET = re.compile(r"charset\s*=\s*[\"']?\s*([A-Za-z0-9_:.-]{1,40})", re.IGNORECASE)
META = re.compile(rb"<meta[^>]{0,500}", re.IGNORECASE)
UTF_16 = frozenset({"utf-16le", "utf-16be"})

TOUCH_ICONS = frozenset({"apple-touch-icon", "apple-touch-icon-precomposed"})
DARK = "prefers-color-scheme:dark"

ENDLESS_REFERENCE = re.compile(r"&#[0-9]{641,};?")
"""Decimal character references that Python may refuse to convert: it limits integers to 4,300 digits by
default, 640 at least (https://docs.python.org/3/library/stdtypes.html#int-max-str-digits)."""
NO_CHARACTER = "\N{REPLACEMENT CHARACTER}"
"""Stands for references beyond Unicode (https://html.spec.whatwg.org/#numeric-character-reference-end-state)."""


BARE_AMPERSAND = re.compile(r"&([A-Za-z][A-Za-z0-9]*)(?=([^A-Za-z0-9;]))")
"""A name without a semicolon, and what follows it."""


def _escaped(reference: re.Match[str]) -> str:
    """In an attribute, `&copy=` and `&copyright` are no references, though `&copy` is
    (https://html.spec.whatwg.org/#named-character-reference-state); Python reads all as ©.
    """
    name, following = reference.groups()
    return reference[0] if name in html5 and following != "=" else f"&amp;{name}"


@dataclass(frozen=True, slots=True, kw_only=True)
class PageIcons:
    """Icons and manifest URL of a page, in tree order."""

    icons: tuple[Icon, ...] = ()
    manifest: str | None = None
    refresh: str | None = None
    """Where the page leads its visitors at once, by `<meta http-equiv=refresh>`."""


def read_page(body: bytes, *, content_type: str | None, url: str) -> PageIcons:
    """The icons of the page at `url` (after redirects). Empty if it is not a page; never raises.

    Excludes `mask-icon` (one colour), and links that cannot be requested.
    """
    collector = _LinkCollector()
    text = ENDLESS_REFERENCE.sub(NO_CHARACTER, decoded(body[:MAX_BYTES], content_type))
    text = BARE_AMPERSAND.sub(_escaped, text)
    # AssertionError: `<![odd[`, for which the tokenizer has no rule; links found before are kept.
    with suppress(AssertionError):
        # No `close`: an unclosed construct would be scanned again for each `<` in it.
        collector.feed(text)
    base = absolute(collector.base or "", url) or url
    icons = (_icon(link, base) for link in collector.links)
    manifests = (link["href"] for link in collector.links if "manifest" in _tokens(link))
    return PageIcons(
        icons=tuple(icon for icon in icons if icon is not None),
        manifest=next((found for manifest in manifests if (found := absolute(manifest, base))), None),
        refresh=_refresh_target(collector.refresh, base),
    )


def decoded(body: bytes, content_type: str | None) -> str:
    """The page's text, by byte order mark, header, `<meta>`, else as UTF-8 or windows-1252. Never raises.

    https://html.spec.whatwg.org/multipage/parsing.html#determining-the-character-encoding; only labels of the
    web are recognised: some of Python's codecs are slow, and some do not produce text.
    """
    declared = _labelled(content_type or "") or _meta_encoding(body[:PRESCANNED])
    return webencodings.decode(body, declared or _guessed_encoding(body))[0]


def _labelled(text: str) -> webencodings.Encoding | None:
    found = CHARSET.search(text)
    return webencodings.lookup(found[1]) if found else None


def _meta_encoding(start: bytes) -> webencodings.Encoding | None:
    """The encoding of the first `<meta>` with a known label. UTF-16 cannot be true there: it means UTF-8."""
    labels = (_labelled(tag.decode("ascii", "replace")) for tag in META.findall(start))
    encoding = next((label for label in labels if label is not None), None)
    return webencodings.UTF8 if encoding and encoding.name in UTF_16 else encoding


def _guessed_encoding(body: bytes) -> str:
    try:
        body.decode("utf-8")
    except UnicodeDecodeError as error:
        # A page may have been cut inside its last character.
        is_cut = error.end >= len(body) and error.reason == "unexpected end of data"
        return "utf-8" if is_cut else "windows-1252"
    return "utf-8"


class _LinkCollector(HTMLParser):
    """Collects `<link rel href>`, the first `<base href>` and the first `<meta http-equiv=refresh>`."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.links: list[dict[str, str]] = []
        self.base: str | None = None
        self.refresh: str | None = None
        self._is_for_scriptless = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "noscript":
            self._is_for_scriptless = True
        if tag not in {"link", "base", "meta"}:
            return
        attributes = {name: value or "" for name, value in reversed(attrs)}  # of equal names, the first
        if tag == "meta":
            self._read_meta(attributes)
        elif not attributes.get("href"):
            return
        elif tag == "base" and self.base is None:
            self.base = attributes["href"]
        elif tag == "link" and len(self.links) < MAX_LINKS and _is_wanted(attributes):
            self.links.append(attributes)

    def handle_endtag(self, tag: str) -> None:
        if tag == "noscript":
            self._is_for_scriptless = False

    def _read_meta(self, attributes: dict[str, str]) -> None:
        """Browsers run scripts, and do not read what is in `<noscript>`."""
        is_refresh = attributes.get("http-equiv", "").strip().lower() == "refresh"
        if is_refresh and not self._is_for_scriptless and self.refresh is None:
            self.refresh = attributes.get("content", "")


def _tokens(link: dict[str, str]) -> set[str]:
    return set(link.get("rel", "").lower().split())


def _is_wanted(link: dict[str, str]) -> bool:
    return not _tokens(link).isdisjoint({"icon", "manifest", *TOUCH_ICONS})


REFRESH = re.compile(
    r"\s*(?P<seconds>[0-9]{0,9})[0-9.]{0,20}\s*[;,\s]\s*(?:url\s*=\s*)?"
    r"(?:'(?P<single>[^']*)|\"(?P<double>[^\"]*)|(?P<bare>.*))",
    re.IGNORECASE | re.DOTALL,
)
"""https://html.spec.whatwg.org/multipage/semantics.html#shared-declarative-refresh-steps"""
LONGEST_REFRESH = 10
"""Seconds; a later one is no redirect: it loads news into an open page."""


def _refresh_target(content: str | None, base: str) -> str | None:
    found = REFRESH.match(content[:MAX_LENGTH]) if content else None
    if found is None or int(found["seconds"] or 0) > LONGEST_REFRESH:
        return None
    target = found["single"] or found["double"] or found["bare"] or ""
    return absolute(target, base) if target.strip() else None


def _icon(link: dict[str, str], base: str) -> Icon | None:
    href = link["href"]
    url = href.strip() if is_data_uri(href) else absolute(href, base)
    role = _role(_tokens(link))
    if url is None or role is None:
        return None
    return Icon(
        url=url,
        role=role,
        size=longest_side(link.get("sizes", "")),
        media_type=media_type(link.get("type", "")) or media_type_of(url),
        is_dark=DARK in link.get("media", "").lower().replace(" ", ""),
    )


def _role(tokens: set[str]) -> Role | None:
    if tokens & TOUCH_ICONS:
        return Role.TOUCH
    # "icon mask": the first form of what is now "mask-icon", a silhouette.
    return Role.LINK if "icon" in tokens and "mask" not in tokens else None


MAX_ICONS = 50


def read_manifest(body: bytes, url: str) -> tuple[Icon, ...]:
    """The icons of a manifest at `url`, in its order; none if the document is not a manifest.

    An icon without a purpose counts as one for any purpose. Monochrome ones are excluded.
    """
    try:
        document: object = json.loads(body)
    except (ValueError, RecursionError):  # not JSON, not Unicode, or nested too deeply
        return ()
    entries = document.get("icons") if isinstance(document, dict) else None
    if not isinstance(entries, list):
        return ()
    icons = (_manifest_icon(entry, url) for entry in entries[:MAX_ICONS])
    return tuple(icon for icon in icons if icon is not None)


def _manifest_icon(entry: object, base: str) -> Icon | None:
    if not isinstance(entry, dict):
        return None
    role = _manifest_role(_text(entry.get("purpose")))
    url = absolute(_text(entry.get("src")), base)
    if role is None or url is None:
        return None
    return Icon(
        url=url,
        role=role,
        size=longest_side(_text(entry.get("sizes"))),
        media_type=media_type(_text(entry.get("type"))),
    )


def _manifest_role(purpose: str) -> Role | None:
    tokens = set(purpose.lower().split())
    if not tokens or "any" in tokens:
        return Role.MANIFEST
    return Role.MASKABLE if "maskable" in tokens else None


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""
