"""Blocks of output, and their form as plain text and on a terminal."""

from dataclasses import dataclass
from enum import Enum
from typing import assert_never

from logocache.humanize import clean


class Tone(Enum):
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
    text: str
    tone: Tone = Tone.PLAIN


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """Pairs of label and value."""

    rows: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Grid:
    title: str
    columns: tuple[Column, ...]
    rows: tuple[tuple[str, ...], ...]
    """Each with as many cells as there are columns."""
    most: int | None = None
    """Rows shown on a terminal at most; elsewhere all are shown."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Gauge:
    """A bar for a percentage, drawn on a terminal only."""

    percent: float


Block = Line | Facts | Grid | Gauge
Blocks = tuple[Block, ...]

GAP = "  "


def plain_text(blocks: Blocks) -> str:
    """The blocks as newline-terminated lines; tables are indented."""
    return "".join(f"{line}\n" for block in blocks for line in _lines(block))


def _lines(block: Block) -> list[str]:
    match block:
        case Line():
            return [clean(block.text)]
        case Facts():
            return [f"{label}: {clean(value)}" for label, value in block.rows]
        case Grid():
            return [*([f"{block.title}:"] if block.title else []), *_aligned(block)]
        case Gauge():
            return []
        case _:
            assert_never(block)


def _aligned(grid: Grid) -> list[str]:
    rows = [tuple(clean(cell) for cell in row) for row in grid.rows]
    widths = [max((len(cell) for cell in cells), default=0) for cells in zip(*rows, strict=True)]
    return [_row(row, grid.columns, widths) for row in rows]


def _row(row: tuple[str, ...], columns: tuple[Column, ...], widths: list[int]) -> str:
    cells = (
        cell.rjust(width) if column.number else cell.ljust(width)
        for cell, column, width in zip(row, columns, widths, strict=True)
    )
    return (GAP + GAP.join(cells)).rstrip()
