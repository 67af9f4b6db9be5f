"""Pure: all that a page says about one entry."""

from dataclasses import dataclass
from urllib.parse import quote, urlsplit

from logocache.results import Entry
from logocache.server.cards import Card, Image, card_of, image_of

PREVIEW_SIDE = 96
"""Pixels of the page."""

LINKED = frozenset({"http", "https"})
"""Schemes of addresses that become links. A source may name any other one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """Where this server has the logo, relative to where our routes begin."""

    name: str
    path: str
    remark: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    card: Card
    entry: Entry
    preview: Image | None
    addresses: tuple[Address, ...]
    source_link: str | None
    """The source's address, when a link to it is harmless."""


def facts_of(entry: Entry) -> Facts:
    return Facts(
        card=card_of(entry),
        entry=entry,
        preview=image_of(entry, side=PREVIEW_SIDE),
        addresses=_addresses(entry),
        source_link=entry.source_url if entry.source_url and is_web_address(entry.source_url) else None,
    )


def is_web_address(text: str) -> bool:
    """Whether it is an http or https URL with a host, and nothing that browsers would mend into one."""
    if not text.isprintable() or "\\" in text or " " in text:
        return False
    try:
        parts = urlsplit(text)
        return parts.scheme in LINKED and bool(parts.hostname)
    except ValueError:
        return False


def _addresses(entry: Entry) -> tuple[Address, ...]:
    key, domain = quote(entry.key, safe=""), quote(entry.domain, safe="")
    always = (
        Address(name="API", path=f"api/integrations/{key}/logo", remark="size, format, greyscale, fallback"),
        Address(name="Clearbit’s form", path=domain, remark="128 pixels unless size says else"),
    )
    if entry.file is None:
        return always
    static = f"static/cached_logos/{quote(entry.file, safe='')}"
    return (*always, Address(name="File", path=static, remark="never changes: other content, other name"))
