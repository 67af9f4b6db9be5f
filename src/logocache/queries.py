"""Parameters of the operations: pure values, and their parsers."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import timedelta
from enum import StrEnum
from typing import TypeVar

from logocache.errors import SelectionError
from logocache.model import SortKey, Status
from logocache.results import FindingKind, Severity

Choice = TypeVar("Choice", bound=StrEnum)


@dataclass(frozen=True, slots=True, kw_only=True)
class ListQuery:
    """Conditions and order of the entries that `list` shows. All conditions must hold."""

    keys: tuple[str, ...] = ()
    statuses: tuple[Status, ...] = ()
    providers: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()
    text: str | None = None
    stale: bool = False
    failing: bool = False
    pinned: bool = False
    sort: SortKey = SortKey.KEY
    reverse: bool = False
    limit: int | None = None
    after: str | None = None
    """Only entries after this key: the next page, stable while entries are added or deleted."""

    @property
    def is_in_key_order(self) -> bool:
        return self.sort is SortKey.KEY and not self.reverse

    def checked(self) -> "ListQuery":
        """Return itself. Raises SelectionError for `after` with another order than by key."""
        if self.after is not None and not self.is_in_key_order:
            raise SelectionError(
                "only entries in the order of their keys can be paged",
                hint="leave out sort and reverse, or after",
            )
        return self


@dataclass(frozen=True, slots=True, kw_only=True)
class ClearSelection:
    """The logos and files that `clear` deletes. At least one condition is required; all must hold."""

    keys: tuple[str, ...] = ()
    older_than: timedelta | None = None
    providers: tuple[str, ...] = ()
    statuses: tuple[Status, ...] = ()
    orphans: bool = False
    everything: bool = False

    @property
    def selects_logos(self) -> bool:
        conditions = (self.keys, self.older_than is not None, self.providers, self.statuses)
        return self.everything or any(conditions)

    def checked(self) -> "ClearSelection":
        """Return itself. Raises SelectionError if it selects nothing, or contradicts itself."""
        if not self.selects_logos and not self.orphans:
            raise SelectionError(
                "nothing is selected",
                hint="name keys, or use --older-than, --provider, --status, --orphans or --all",
            )
        if self.everything and (self.keys or self.older_than is not None or self.providers or self.statuses):
            raise SelectionError(
                "--all cannot be combined with other conditions", hint="leave one of them out"
            )
        return self


@dataclass(frozen=True, slots=True, kw_only=True)
class FailOn:
    """Findings that make `verify` fail: of this severity or above, and of these kinds."""

    severity: Severity | None = Severity.ERROR
    kinds: frozenset[FindingKind] = frozenset()


def parse_filters(texts: Iterable[str], query: ListQuery) -> ListQuery:
    """`query` narrowed by texts such as `status=cached`, `provider=site`, `text=pay`, `stale`.

    Several values of the same name are alternatives.

    Raises:
        SelectionError: names the filter and what is allowed.
    """
    for text in texts:
        name, equals, value = (part.strip() for part in text.partition("="))
        match name, bool(equals):
            case ("stale", False):
                query = replace(query, stale=True)
            case ("failing", False):
                query = replace(query, failing=True)
            case ("pinned", False):
                query = replace(query, pinned=True)
            case ("status", True):
                query = replace(query, statuses=(*query.statuses, choice(Status, value, "status")))
            case ("provider", True):
                query = replace(query, providers=(*query.providers, value))
            case ("category", True):
                query = replace(query, categories=(*query.categories, value))
            case ("text", True):
                query = replace(query, text=value)
            case _:
                raise SelectionError(
                    f"{text[:60]!r} is not a filter",
                    hint="use status=…, provider=…, category=…, text=…, stale, failing or pinned",
                )
    return query


def parse_fail_on(text: str) -> FailOn:
    """`error`, `warning`, `never`, or kinds of findings separated by commas, such as `orphan,wrong_digest`.

    Raises:
        SelectionError: for anything else.
    """
    if text == "never":
        return FailOn(severity=None)
    if text in set(Severity):
        return FailOn(severity=Severity(text))
    kinds = [part.strip() for part in text.split(",")]
    return FailOn(
        severity=None, kinds=frozenset(choice(FindingKind, kind, "kind of finding") for kind in kinds)
    )


def choice(options: type[Choice], text: str, what: str) -> Choice:
    """The member with the value `text`. Raises SelectionError, which lists all values."""
    try:
        return options(text)
    except ValueError as error:
        allowed = ", ".join(option.value for option in options)
        raise SelectionError(f"{text[:60]!r} is not a {what}", hint=f"use one of {allowed}") from error


class ImageFormat(StrEnum):
    """Formats in which a logo is sent."""

    PNG = "png"
    JPG = "jpg"
    WEBP = "webp"
    SVG = "svg"
    """The sanitised document, as it is kept."""


class Theme(StrEnum):
    """The page on which a logo is shown."""

    LIGHT = "light"
    DARK = "dark"
    """A mark that cannot be recognised on a dark page is shown in another form."""


class Shape(StrEnum):
    """Outline of a variant."""

    ORIGINAL = "original"
    """The picture as stored, with its margins."""
    SQUARE = "square"
    """The mark without its transparent margins, in the middle of a square."""


SMALLEST, LARGEST = 16, 512
"""Bounds of a variant's size, in pixels."""
MOST_PADDING = 40
TRANSPARENT = "transparent"
LIGHT_FROM = 128
"""Luma, of 255."""
BACKGROUND = rf"{TRANSPARENT}|white|[0-9A-Fa-f]{{6}}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Variant:
    """A look of a stored logo. The default is the stored file itself.

    Raises:
        SelectionError: a value is out of its bounds, or there is padding without a square.
    """

    size: int | None = None
    """Longest side in pixels, 16 to 512; a smaller logo is not enlarged, but in a square. None: as stored."""
    format: ImageFormat = ImageFormat.PNG
    greyscale: bool = False
    shape: Shape = Shape.ORIGINAL
    padding: int = 0
    """Space on each side of a square, 0 to 40 per cent of its side."""
    background: str = TRANSPARENT
    """`transparent`, `white` (kept as `ffffff`), or six hexadecimal digits (kept in lower case).

    A JPEG has no transparency: on `transparent` it gets the ground on which its mark shows.
    """
    theme: Theme = Theme.LIGHT
    """On a light `background` always LIGHT."""
    label: str = field(init=False, compare=False, repr=False)
    """Identifies a variant of a logo in file names and ETags: `128-webp`, `64-png-grey-square10`."""

    def __post_init__(self) -> None:
        if self.size is not None and not SMALLEST <= self.size <= LARGEST:
            raise SelectionError(f"{self.size} is not a size", hint=f"use {SMALLEST} to {LARGEST}")
        if not 0 <= self.padding <= MOST_PADDING:
            raise SelectionError(f"{self.padding} is not a padding", hint=f"use 0 to {MOST_PADDING}")
        if self.padding and self.shape is not Shape.SQUARE:
            raise SelectionError(
                "padding needs a square", hint="choose the shape square, or leave out padding"
            )
        if not re.fullmatch(BACKGROUND, self.background):
            raise SelectionError(
                f"{self.background[:60]!r} is not a background",
                hint="use transparent, white or six hexadecimal digits",
            )
        background = "ffffff" if self.background == "white" else self.background.lower()
        theme = Theme.LIGHT if background != TRANSPARENT and is_light(background) else self.theme
        parts = (
            str(self.size or "full"),
            self.format,
            "grey" if self.greyscale else "",
            f"{self.shape}{self.padding or ''}" if self.shape is not Shape.ORIGINAL else "",
            background if background != TRANSPARENT else "",
            theme if theme is not Theme.LIGHT else "",
        )
        object.__setattr__(self, "background", background)
        object.__setattr__(self, "theme", theme)
        object.__setattr__(self, "label", "-".join(part for part in parts if part))

    @property
    def as_picture(self) -> "Variant":
        """A PNG for an SVG, which not every logo has."""
        return replace(self, format=ImageFormat.PNG) if self.format is ImageFormat.SVG else self

    @property
    def is_stored_form(self) -> bool:
        """True if this is the stored PNG or SVG itself."""
        return self.label in {"full-png", "full-svg"}


def is_light(colour: str) -> bool:
    """True if a colour of six hexadecimal digits is a light one, by its luma (ITU-R BT.601)."""
    red, green, blue = bytes.fromhex(colour)
    return 0.299 * red + 0.587 * green + 0.114 * blue >= LIGHT_FROM
