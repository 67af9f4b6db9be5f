"""Pure: blocks as plain text: no colours, no box drawing, nothing left out."""

from typing import assert_never

from logocache.cli.views.blocks import Block, Blocks, Column, Facts, Gauge, Grid, Line
from logocache.cli.wording import clean

GAP = "  "


def text(blocks: Blocks) -> str:
    """All blocks, each line ended; tables have an indent."""
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
