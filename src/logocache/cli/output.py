"""Output of results: JSON, blocks as a view for a terminal, or plain lines for a pipe."""

import json
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import Enum
from typing import TYPE_CHECKING, assert_never

from logocache.cli import terminal
from logocache.humanize import clean

if TYPE_CHECKING:
    from logocache.results import ClearPlan, Listing, Result

MOST = 20
"""Rows shown on a terminal at most."""


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


def show(result: "Result", *, as_json: bool) -> None:
    """Write a result to standard output."""
    from logocache.cli import views
    from logocache.documents import document_of
    from logocache.results import Listing

    if as_json:
        terminal.out(json.dumps(document_of(result), indent=2) + "\n")
    elif terminal.out_is_terminal():
        from logocache.cli import progress

        terminal.out(progress.text(blocks(result, now=datetime.now(UTC)), stream=sys.stdout))
    elif isinstance(result, Listing):
        _out_lines(views.lines(result))
    else:
        terminal.out(plain_text(blocks(result, now=datetime.now(UTC))))


def show_keys(listing: "Listing") -> None:
    """Write the keys to standard output, one per line."""
    from logocache.cli import views

    _out_lines(views.keys(listing))


def show_aside(plan: "ClearPlan") -> None:
    """Show a plan on standard error, because standard output is for the JSON that follows."""
    from logocache.cli import progress

    terminal.note(progress.text(blocks(plan, now=datetime.now(UTC)), stream=sys.stderr))


def blocks(result: "Result", *, now: datetime) -> Blocks:
    """The view of a result."""
    from logocache.cli import clear, icon_commands, views
    from logocache.results import (
        CacheStats,
        ClearPlan,
        ClearReport,
        FetchReport,
        IconSets,
        Listing,
        VerifyReport,
    )

    match result:
        case FetchReport():
            return views.fetch_view(result, now=now)
        case CacheStats():
            return views.stats_view(result, now=now)
        case Listing():
            return views.listing_view(result, now=now)
        case ClearPlan():
            return clear.plan_view(result, now=now)
        case ClearReport():
            return clear.clear_summary(result)
        case VerifyReport():
            return views.verify_view(result)
        case IconSets():
            return icon_commands.icon_sets_view(result, now=now)
        case _:
            assert_never(result)


def _out_lines(lines: Iterable[str]) -> None:
    terminal.out("".join(f"{line}\n" for line in lines))
