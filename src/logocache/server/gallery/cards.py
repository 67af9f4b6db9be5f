"""View models of the gallery: cards, filters and the facts of one entry. Pure."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from urllib.parse import quote, urlsplit

from logocache.humanize import label
from logocache.results import Entry

LOGO_SIDE = 64
"""Longest side of a logo on the page, in CSS pixels."""
SENT_SIDE = 128
"""Longest side of the image that is sent: sharp on dense screens; as Clearbit's default, a common variant."""


class State(StrEnum):
    """State of an entry in the gallery. A failing entry has another state, too."""

    CACHED = "cached"
    STALE = "stale"
    PLACEHOLDER = "placeholder"
    PENDING = "pending"
    FAILING = "failing"


STATE_WORDS = {
    State.CACHED: "a fresh logo",
    State.STALE: "a logo older than the refresh interval",
    State.PLACEHOLDER: "a monogram, until a source has a logo",
    State.PENDING: "nothing stored yet",
    State.FAILING: "the last attempts failed",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Image:
    """Attributes of an `img` element; the sides are in CSS pixels."""

    address: str
    """Relative to the root of our routes."""
    width: int
    height: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    key: str
    name: str
    domain: str
    category: str
    provider: str
    """Empty when nothing is stored."""
    states: tuple[State, ...]
    """The state of its logo first."""
    page: str
    """URL of the page of its facts, relative to the root of our routes."""
    image: Image | None
    """None while nothing is stored: viewing the gallery must not cause fetches."""
    initial: str
    fetched_at: datetime | None
    size_bytes: int
    access_count: int
    error: str
    """Empty unless the entry is failing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """A value of a filter, with the number of cards that have it."""

    value: str
    label: str
    title: str
    count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Facet:
    name: str
    choices: tuple[Choice, ...]


def card_of(entry: Entry) -> Card:
    states = states_of(entry)
    return Card(
        key=entry.key,
        name=entry.name,
        domain=entry.domain,
        category=entry.category,
        provider=entry.provider or "",
        states=states,
        page=f"logos/{quote(entry.key, safe='')}",
        image=image_of(entry, side=LOGO_SIDE),
        initial=next((letter.upper() for letter in entry.name if letter.isalnum()), "?"),
        fetched_at=entry.fetched_at,
        size_bytes=entry.size_bytes or 0,
        access_count=entry.access_count,
        error=(entry.last_error or "no reason is known") if State.FAILING in states else "",
    )


def states_of(entry: Entry) -> tuple[State, ...]:
    """The state of the logo, then FAILING if the last attempts failed, as `stats` counts them."""
    held = State.STALE if entry.stale else State(entry.status.value)
    return (held, State.FAILING) if entry.failure_count > 0 else (held,)


def image_of(entry: Entry, *, side: int) -> Image | None:
    """The stored logo, scaled down to a longest side of at most `side`; None if nothing is stored."""
    if entry.file is None or not entry.width or not entry.height:
        return None
    scale = min(1.0, side / max(entry.width, entry.height))
    return Image(
        address=f"api/integrations/{quote(entry.key, safe='')}/logo?size={SENT_SIDE}",
        width=max(1, round(entry.width * scale)),
        height=max(1, round(entry.height * scale)),
    )


def facets_of(cards: Sequence[Card]) -> tuple[Facet, ...]:
    """Filters: all states, then the categories and the providers in use, the most frequent first."""
    states = Counter(state for card in cards for state in card.states)
    shown = tuple(
        Choice(value=state, label=label(state), title=STATE_WORDS[state], count=states[state])
        for state in State
    )
    return (
        Facet(name="state", choices=shown),
        Facet(name="category", choices=_frequent(card.category for card in cards)),
        Facet(name="provider", choices=_frequent(card.provider for card in cards if card.provider)),
    )


def _frequent(values: Iterable[str]) -> tuple[Choice, ...]:
    counted = sorted(Counter(values).items(), key=lambda item: (-item[1], item[0].casefold()))
    return tuple(Choice(value=value, label=label(value), title="", count=count) for value, count in counted)


PREVIEW_SIDE = 96
"""Longest side of the preview, in CSS pixels."""

LINKED = frozenset({"http", "https"})
"""Schemes of URLs that become links; a source may name any other."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """A URL of the logo on this server, relative to the root of our routes."""

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
    """URL of the source, if a link to it is safe."""


def facts_of(entry: Entry) -> Facts:
    return Facts(
        card=card_of(entry),
        entry=entry,
        preview=image_of(entry, side=PREVIEW_SIDE),
        addresses=_addresses(entry),
        source_link=entry.source_url if entry.source_url and is_web_address(entry.source_url) else None,
    )


def is_web_address(text: str) -> bool:
    """True for an http or https URL with a host, without characters that browsers would remove or replace."""
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
