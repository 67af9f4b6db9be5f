"""Pure: of what a view is made, before anyone decides how it looks."""

from dataclasses import dataclass
from enum import Enum


class Tone(Enum):
    """How a line is meant."""

    PLAIN = "plain"
    GOOD = "good"
    WARNING = "warning"
    BAD = "bad"


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    title: str
    number: bool = False
    """Aligned to the right."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One sentence or finding."""

    text: str
    tone: Tone = Tone.PLAIN


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """Labels and their values."""

    rows: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Grid:
    title: str
    columns: tuple[Column, ...]
    rows: tuple[tuple[str, ...], ...]
    """As many cells as columns in each."""
    most: int | None = None
    """So many rows are enough on a terminal; elsewhere all are shown."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Gauge:
    """How full something is; drawn on a terminal only."""

    percent: float


Block = Line | Facts | Grid | Gauge
Blocks = tuple[Block, ...]
