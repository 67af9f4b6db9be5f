"""Progress on standard error: a bar on a terminal, a few lines elsewhere."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from logocache.cli import terminal
from logocache.humanize import clean
from logocache.ports import Progress, Silent

if TYPE_CHECKING:
    from rich.progress import Progress as RichProgress
    from rich.progress import TaskID

MILESTONES = 10


@contextmanager
def shown(verb: str, *, quiet: bool) -> Iterator[Progress]:
    """Show progress until the block ends; nothing when `quiet`."""
    if quiet:
        yield Silent()
    elif terminal.err_is_terminal():
        with _bar() as bar:
            yield Bar(bar, verb)
    else:
        yield Milestones(verb)


class Milestones:
    """Writes at most ten lines for each `start`, whatever the total."""

    def __init__(self, verb: str) -> None:
        self._verb = verb
        self._total = 0
        self._done = 0

    def start(self, total: int) -> None:
        self._total, self._done = total, 0

    def advance(self, label: str) -> None:
        del label  # no line is about a single entry
        before = self._done * MILESTONES // max(self._total, 1)
        self._done += 1
        if self._done * MILESTONES // max(self._total, 1) > before and self._done <= self._total:
            terminal.echo(f"{self._verb} {self._done} of {self._total}")


class Bar:
    """A progress bar; a second `start` resets it."""

    def __init__(self, bar: "RichProgress", verb: str) -> None:
        self._bar = bar
        self._verb = verb
        self._task: TaskID | None = None

    def start(self, total: int) -> None:
        if self._task is not None:
            self._bar.remove_task(self._task)
        self._task = self._bar.add_task(self._verb, total=total, label="")

    def advance(self, label: str) -> None:
        if self._task is not None:
            self._bar.update(self._task, advance=1, label=clean(label))


def _bar() -> "RichProgress":
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        TextColumn,
        TimeRemainingColumn,
    )
    from rich.progress import Progress as RichProgress

    return RichProgress(
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        TextColumn("{task.fields[label]}", markup=False),
        console=Console(stderr=True),
        transient=True,
    )
