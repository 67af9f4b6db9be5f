"""What needs Rich: progress on standard error, and blocks of output as tables and bars in colour."""

import functools
import sys
import textwrap
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Literal, TextIO, assert_never

from rich import box
from rich.cells import cell_len
from rich.console import Console
from rich.table import Table
from rich.text import Text

from logocache.cli.output import Block, Blocks, Column, Facts, Gauge, Grid, Line, Tone
from logocache.cli.terminal import Color
from logocache.humanize import clean
from logocache.ports import Progress

if TYPE_CHECKING:
    from rich.progress import Progress as RichProgress
    from rich.progress import TaskID


class Bar:
    """A progress bar; a second `start` resets it."""

    def __init__(self, bar: "RichProgress", verb: str) -> None:
        self._bar = bar
        self._verb = verb
        self._task: TaskID | None = None

    def start(self, total: int, *, verb: str = "") -> None:
        if self._task is not None:
            self._bar.remove_task(self._task)
        self._task = self._bar.add_task(verb or self._verb, total=total, label="")

    def advance(self, label: str) -> None:
        if self._task is not None:
            self._bar.update(self._task, advance=1, label=clean(label))


@contextmanager
def shown(verb: str, *, color: Color) -> Iterator[Progress]:
    """Show a bar on standard error until the block ends."""
    from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
    from rich.progress import Progress as RichProgress

    columns = RichProgress(
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        TextColumn("{task.fields[label]}", markup=False),
        console=console_for(sys.stderr, color),
        transient=True,
    )
    with columns as bar:
        yield Bar(bar, verb)


STYLES = {Tone.PLAIN: "", Tone.GOOD: "green", Tone.WARNING: "yellow", Tone.BAD: "red"}

FULL = 90
"""Percent from which a gauge warns."""

GAUGE_WIDTH = 40

GAP_WIDTH = 2
"""Characters between two columns."""


def console_for(stream: TextIO, color: Color) -> Console:
    """A console that writes to `stream`; NO_COLOR and Rich's own variables count for AUTO only."""
    plain = functools.partial(Console, file=stream, highlight=False, markup=False, emoji=False)
    match color:
        case Color.AUTO:
            return plain()
        case Color.ALWAYS:
            return plain(force_terminal=True, color_system="standard", no_color=False)
        case Color.NEVER:
            return plain(color_system=None)
        case _:
            assert_never(color)


def text(blocks: Blocks, *, stream: TextIO, color: Color = Color.AUTO) -> str:
    """The blocks with the control sequences that the terminal behind `stream` understands."""
    console = console_for(stream, color)
    with console.capture() as captured:
        for position, block in enumerate(blocks):
            if position and _stand_apart(blocks[position - 1], block):
                console.print()
            _print(block, console)
    return captured.get()


def _stand_apart(earlier: Block, block: Block) -> bool:
    """True if an empty line separates them."""
    return isinstance(earlier, Grid | Gauge) or isinstance(block, Facts | Grid)


def _print(block: Block, console: Console) -> None:
    match block:
        case Line():
            # Lines break between words; what is longer than a line, such as a path, stays whole.
            lines = textwrap.wrap(
                clean(block.text), console.width, break_long_words=False, break_on_hyphens=False
            )
            console.print(Text("\n".join(lines), style=STYLES[block.tone]), soft_wrap=True)
        case Facts():
            console.print(_facts(block))
        case Gauge():
            console.print(_gauge(block))
        case Grid():
            if block.title:
                console.print(Text(block.title, style="bold"))
            _print_table(block, console)
            if block.most is not None and len(block.rows) > block.most:
                console.print(f"and {len(block.rows) - block.most} more")
        case _:
            assert_never(block)


def _facts(facts: Facts) -> Table:
    table = Table.grid(padding=(0, 2))
    table.add_column(style="bold", no_wrap=True)
    table.add_column(overflow="fold")
    for label, value in facts.rows:
        table.add_row(label, Text(clean(value)))
    return table


def _gauge(gauge: Gauge) -> Text:
    """A bar that is readable without colours, too."""
    filled = min(round(gauge.percent * GAUGE_WIDTH / 100), GAUGE_WIDTH)
    style = STYLES[Tone.BAD if gauge.percent >= FULL else Tone.GOOD]
    return Text(f"[{'#' * filled}{'.' * (GAUGE_WIDTH - filled)}]", style=style)


def _print_table(grid: Grid, console: Console) -> None:
    """Print it with one line for each row, no wider than the terminal unless it is to be whole."""
    table = Table(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False, collapse_padding=True)
    rows = [tuple(clean(cell) for cell in row) for row in grid.rows[: grid.most]]
    widths = [
        max(map(cell_len, (column.title, *cells)))
        for column, cells in zip(grid.columns, zip(*rows, strict=True), strict=True)
    ]
    width = console.width
    if grid.whole:
        console.width = max(width, sum(widths) + GAP_WIDTH * len(widths))
    shown = fitted(grid.columns, widths, console.width)
    for position, length in shown.items():
        column = grid.columns[position]
        justify: Literal["left", "right"] = "right" if column.number else "left"
        table.add_column(column.title, justify=justify, width=length, no_wrap=True, overflow="ellipsis")
    for row in rows:
        table.add_row(*(Text(row[position]) for position in shown))
    console.print(table)
    console.width = width


def fitted(columns: Sequence[Column], widths: Sequence[int], width: int) -> dict[int, int]:
    """Positions of the columns that fit into `width`, with the width of each.

    Columns that can be spared are left out until the others fit; these are then shortened, the widest first.
    """
    shown = dict(enumerate(widths))
    least = {position: min(length, columns[position].least or length) for position, length in shown.items()}

    def excess(lengths: dict[int, int]) -> int:
        return sum(lengths[position] for position in shown) + GAP_WIDTH * (len(shown) - 1) - width

    for spared in sorted(shown, key=lambda position: -columns[position].drop):
        if excess(least) > 0 and columns[spared].drop:
            del shown[spared]
    for _ in range(excess(shown)):
        widest = max(shown, key=lambda position: (shown[position] > least[position], shown[position]))
        shown[widest] = max(shown[widest] - 1, 1)
    return shown
