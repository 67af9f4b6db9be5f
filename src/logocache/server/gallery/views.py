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
"""Pixels of the page that a logo takes at most, on its longest side."""
SENT_SIDE = 128
"""Pixels of the image that is sent: crisp on dense screens, and Clearbit's default, so kept anyway."""


class State(StrEnum):
    """How an entry is, in the words of the gallery. An entry that is failing is in another state, too."""

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
    """A stored logo, as an `img` element has it; its sides are those on the page."""

    address: str
    """Relative to where our routes begin."""
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
    """The first is what the entry holds."""
    page: str
    """Where its facts are, relative to where our routes begin."""
    image: Image | None
    """None while nothing is stored: looking at the gallery must not make the server fetch."""
    initial: str
    fetched_at: datetime | None
    size_bytes: int
    access_count: int
    error: str
    """Of an entry that is failing, else empty."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """A value by which the gallery can be narrowed, and how many cards have it."""

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
        initial=next((each.upper() for each in entry.name if each.isalnum()), "?"),
        fetched_at=entry.fetched_at,
        size_bytes=entry.size_bytes or 0,
        access_count=entry.access_count,
        error=(entry.last_error or "no reason is known") if State.FAILING in states else "",
    )


def states_of(entry: Entry) -> tuple[State, ...]:
    """What it holds, then whether its last attempts failed, which `stats` counts in the same way."""
    held = State.STALE if entry.stale else State(entry.status.value)
    return (held, State.FAILING) if entry.failure_count > 0 else (held,)


def image_of(entry: Entry, *, side: int) -> Image | None:
    """The stored logo, its longest side at most `side`; a smaller one is not enlarged."""
    if entry.file is None or not entry.width or not entry.height:
        return None
    scale = min(1.0, side / max(entry.width, entry.height))
    return Image(
        address=f"api/integrations/{quote(entry.key, safe='')}/logo?size={SENT_SIDE}",
        width=max(1, round(entry.width * scale)),
        height=max(1, round(entry.height * scale)),
    )


def facets_of(cards: Sequence[Card]) -> tuple[Facet, ...]:
    """All states, in their order; categories and providers that occur, the most frequent first."""
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
    counted = sorted(Counter(values).items(), key=lambda each: (-each[1], each[0].casefold()))
    return tuple(Choice(value=value, label=label(value), title="", count=count) for value, count in counted)


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
