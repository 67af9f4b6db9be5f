"""Output of results: JSON, blocks as a view for a terminal, or plain lines for a pipe."""

import json
import sys
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from enum import Enum
from typing import TYPE_CHECKING, assert_never

from logocache.cli import terminal
from logocache.cli.terminal import Color
from logocache.errors import SelectionError
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
    drop: int = 0
    """Order in which a narrow terminal leaves columns out, the highest first; 0: never."""
    least: int = 0
    """Characters to which a narrow terminal may shorten its cells; 0: not at all."""
    extra: bool = False
    """Shown only when it is named, or with --wide."""

    @property
    def name(self) -> str:
        """Its name for --columns: the first word of the title."""
        return self.title.split()[0].lower()


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
    whole: bool = False
    """No column is left out or shortened, whatever the terminal's width."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Gauge:
    """A bar for a percentage, drawn on a terminal only."""

    percent: float


Block = Line | Facts | Grid | Gauge
Blocks = tuple[Block, ...]

GAP = "  "


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """What a person asked to see of a result; JSON is not concerned."""

    wide: bool = False
    """All columns, whole."""
    columns: tuple[str, ...] = ()
    """Names of the columns to show, in this order; none: the usual ones."""
    full: bool = False
    """All figures of `stats`."""


USUAL = Look()


def look_of(columns: str | None, known: tuple[Column, ...], *, wide: bool = False) -> Look:
    """The look for --wide, and for --columns, names separated by commas.

    Raises:
        SelectionError: lists the names of the columns that are `known`.
    """
    names = tuple(name.strip().lower() for name in columns.split(",")) if columns is not None else ()
    allowed = [column.name for column in known]
    for name in names:
        if name not in allowed:
            raise SelectionError(f"{name[:60]!r} is not a column", hint=f"use some of {', '.join(allowed)}")
    return Look(wide=wide, columns=names)


def _chosen(block: Block, look: Look) -> Block:
    """A table with the columns that `look` wants; another block as it is."""
    if not isinstance(block, Grid):
        return block
    names = {column.name: position for position, column in enumerate(block.columns)}
    shown = [names[name] for name in look.columns if name in names] or [
        position for position, column in enumerate(block.columns) if look.wide or not column.extra
    ]
    return replace(
        block,
        columns=tuple(block.columns[position] for position in shown),
        rows=tuple(tuple(row[position] for position in shown) for row in block.rows),
        whole=look.wide,
    )


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


def show(result: "Result", *, as_json: bool, look: Look = USUAL, color: Color = Color.AUTO) -> None:
    """Write a result to standard output."""
    from logocache.cli import listing
    from logocache.documents import document_of
    from logocache.results import Listing

    if as_json:
        terminal.out(json.dumps(document_of(result), indent=2) + "\n")
    elif terminal.out_is_terminal() or color is Color.ALWAYS:
        from logocache.cli import progress

        view = blocks(result, now=datetime.now(UTC), look=look)
        terminal.out(progress.text(view, stream=sys.stdout, color=color))
    elif isinstance(result, Listing):
        _out_lines(listing.lines(result, look.columns))
    else:
        terminal.out(plain_text(blocks(result, now=datetime.now(UTC), look=look)))


def show_keys(found: "Listing") -> None:
    """Write the keys to standard output, one per line."""
    from logocache.cli import listing

    _out_lines(listing.keys(found))


def show_aside(plan: "ClearPlan", look: Look, *, color: Color) -> None:
    """Show a plan on standard error, because standard output is for the JSON that follows."""
    from logocache.cli import progress

    view = blocks(plan, now=datetime.now(UTC), look=look)
    terminal.note(progress.text(view, stream=sys.stderr, color=color))


def blocks(result: "Result", *, now: datetime, look: Look = USUAL) -> Blocks:
    """The view of a result."""
    return tuple(_chosen(block, look) for block in _view(result, now=now, full=look.full))


def _view(result: "Result", *, now: datetime, full: bool) -> Blocks:
    from logocache.cli import clear, icon_commands, listing, views
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
            return views.stats_view(result, now=now, full=full)
        case Listing():
            return listing.listing_view(result, now=now)
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
