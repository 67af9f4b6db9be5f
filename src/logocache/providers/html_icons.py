"""A page → the icons it links to. Pure, and linear in the length of the page.

Python's own tokenizer is used, and only its start tags: a parser that builds the tree has to follow
nesting, and selectolax 1.0 took nine minutes for 2 MB of `<div>` (measured).
"""

import re
from contextlib import suppress
from dataclasses import dataclass
from html.parser import HTMLParser

from logocache.providers.charset import decoded
from logocache.providers.data_uri import is_data_uri, media_type_of
from logocache.providers.icons import Icon, Role, longest_side, media_type
from logocache.providers.links import absolute

MAX_BYTES = 500_000
"""Of a page. Icons are named in its head; what comes behind is not looked at."""
MAX_LINKS = 100

TOUCH_ICONS = frozenset({"apple-touch-icon", "apple-touch-icon-precomposed"})
DARK = "prefers-color-scheme:dark"

ENDLESS_REFERENCE = re.compile(r"&#[0-9]{641,};?")
"""Decimal character references that Python may refuse to read: it limits the digits of a number to 4,300,
or to any other number from 640 on (https://docs.python.org/3/library/stdtypes.html#int-max-str-digits)."""
NO_CHARACTER = "\N{REPLACEMENT CHARACTER}"
"""What a reference beyond Unicode means (https://html.spec.whatwg.org/#numeric-character-reference-end-state)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PageIcons:
    """What a page says about its icons, in tree order."""

    icons: tuple[Icon, ...] = ()
    manifest: str | None = None


def read_page(body: bytes, *, content_type: str | None, url: str) -> PageIcons:
    """What the page at `url` (after redirects) says. Empty for what is no page; never raises.

    Left out: `mask-icon` (one colour), icons for dark surroundings, and links that cannot be asked.
    """
    collector = _LinkCollector()
    text = ENDLESS_REFERENCE.sub(NO_CHARACTER, decoded(body[:MAX_BYTES], content_type))
    # AssertionError: `<![odd[`, for which the tokenizer has no rule; what it saw before stays.
    with suppress(AssertionError):
        # No `close`: a construct that never ends would be looked through again for each `<` in it.
        collector.feed(text)
    base = absolute(collector.base or "", url) or url
    icons = (_icon(link, base) for link in collector.links)
    manifests = (link["href"] for link in collector.links if "manifest" in _tokens(link))
    return PageIcons(
        icons=tuple(icon for icon in icons if icon is not None),
        manifest=next((found for each in manifests if (found := absolute(each, base))), None),
    )


class _LinkCollector(HTMLParser):
    """Collects `<link rel href>` and the first `<base href>`."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.links: list[dict[str, str]] = []
        self.base: str | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in {"link", "base"}:
            return
        attributes = {name: value or "" for name, value in reversed(attrs)}  # of equal names, the first
        if not attributes.get("href"):
            return
        if tag == "base" and self.base is None:
            self.base = attributes["href"]
        elif tag == "link" and len(self.links) < MAX_LINKS and _is_wanted(attributes):
            self.links.append(attributes)


def _tokens(link: dict[str, str]) -> set[str]:
    return set(link.get("rel", "").lower().split())


def _is_wanted(link: dict[str, str]) -> bool:
    return not _tokens(link).isdisjoint({"icon", "manifest", *TOUCH_ICONS})


def _icon(link: dict[str, str], base: str) -> Icon | None:
    if DARK in link.get("media", "").lower().replace(" ", ""):
        return None
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
    )


def _role(tokens: set[str]) -> Role | None:
    if tokens & TOUCH_ICONS:
        return Role.TOUCH
    return Role.LINK if "icon" in tokens else None
