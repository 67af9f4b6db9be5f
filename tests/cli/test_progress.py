import dataclasses
import io
from collections.abc import Callable

import pytest
from rich.cells import cell_len
from rich.console import Console
from rich.progress import Progress as RichProgress

from harness.results import CACHED, CLEARED, FETCHED, ICON_SETS, MISSED, NOW, PENDING
from logocache.cli import output
from logocache.cli.output import Grid
from logocache.cli.progress import Bar, text
from logocache.cli.session import GlobalOptions, Milestones, Session
from logocache.ports import Progress, Silent
from logocache.results import ClearPlan, Listing, Result


def work(progress: Progress, total: int, *, steps: int | None = None) -> None:
    progress.start(total)
    for number in range(total if steps is None else steps):
        progress.advance(f"logo {number}")


@pytest.mark.parametrize(
    ("total", "lines"),
    [
        pytest.param(0, 0, id="nothing to do"),
        pytest.param(1, 1, id="one"),
        pytest.param(7, 7, id="fewer than milestones"),
        pytest.param(10, 10, id="as many"),
        pytest.param(72, 10, id="the catalogue"),
        pytest.param(100_000, 10, id="very many"),
    ],
)
def test_milestones_are_few_and_end_with_the_last(
    total: int, lines: int, capsys: pytest.CaptureFixture[str]
) -> None:
    work(Milestones("fetched"), total)
    err = capsys.readouterr().err.splitlines()
    assert len(err) == lines
    assert err[-1:] == ([f"logocache: fetched {total} of {total}"] if total else [])


def test_steps_beyond_the_total_are_silent(capsys: pytest.CaptureFixture[str]) -> None:
    work(Milestones("checked"), 2, steps=5)
    assert len(capsys.readouterr().err.splitlines()) == 2


def test_a_second_start_counts_anew(capsys: pytest.CaptureFixture[str]) -> None:
    milestones = Milestones("checked")
    work(milestones, 2)
    work(milestones, 1)
    assert capsys.readouterr().err.splitlines()[-1] == "logocache: checked 1 of 1"


def test_steps_of_another_kind_have_a_verb_of_their_own(capsys: pytest.CaptureFixture[str]) -> None:
    milestones = Milestones("fetched")
    for verb in ("looked at", ""):
        milestones.start(1, verb=verb)
        milestones.advance("shopify")
    assert capsys.readouterr().err.splitlines() == [
        "logocache: looked at 1 of 1",
        "logocache: fetched 1 of 1",
    ]


@pytest.mark.parametrize(
    ("quiet", "kind"), [pytest.param(True, Silent, id="quiet"), pytest.param(False, Milestones, id="pipe")]
)
def test_without_a_terminal_it_is_lines_or_nothing(quiet: bool, kind: Callable[..., Progress]) -> None:  # noqa: FBT001  # a table's column
    with Session(options=GlobalOptions(quiet=quiet)).progress("fetched") as progress:
        assert type(progress) is kind


def test_the_bar_begins_anew_and_shows_foreign_labels_harmlessly() -> None:
    rich = RichProgress(console=Console(file=io.StringIO()))
    bar = Bar(rich, "checked")
    bar.advance("before the start")
    work(bar, 3)
    bar.start(5)
    bar.advance("[bold]x\x1b[2J")
    (task,) = rich.tasks
    assert (task.completed, task.total) == (1, 5)
    assert task.fields["label"] == "[bold]x\ufffd[2J"


def prettily(result: Result, look: output.Look = output.USUAL) -> str:
    """As on a terminal without colours."""
    return text(output.blocks(result, now=NOW, look=look), stream=io.StringIO())


LONG = dataclasses.replace(
    CACHED,
    key="a-key-that-is-as-long-as-keys-may-be",
    file="a-key-that-is-as-long-as-keys-may-be_1f3a9c2e.png",
    last_error="could not connect (its name cannot be looked up: Name or service not known)",
)
MISSES = Listing(entries=(LONG, dataclasses.replace(PENDING, key="漢字-漢字-漢字-漢字")), matching=2)
HELD = Listing(entries=(LONG, dataclasses.replace(CACHED, failure_count=0)), matching=2)


@pytest.mark.parametrize("width", [80, 60, 50])
@pytest.mark.parametrize(
    ("result", "kept"),
    [
        pytest.param(MISSES, ("Reason", "could not", "in 1 day", "…"), id="list of placeholders"),
        pytest.param(HELD, ("Fetched", "3 days", "…"), id="list"),
        pytest.param(
            ClearPlan(
                logos=(dataclasses.replace(CLEARED, key=LONG.key, file=str(LONG.file)),),
                orphans=(),
                pinned_kept=0,
            ),
            ("Size", "12.3 kB", "…"),
            id="clear",
        ),
        pytest.param(
            dataclasses.replace(
                FETCHED, logos=(dataclasses.replace(MISSED, key=LONG.key, reason=str(LONG.last_error)),)
            ),
            ("Next try", "in 3 days", "…"),
            id="refresh",
        ),
        pytest.param(ICON_SETS, ("devicon", "missing"), id="icons"),
    ],
)
def test_a_row_is_one_line_on_a_narrow_terminal(
    monkeypatch: pytest.MonkeyPatch, width: int, result: Result, kept: tuple[str, ...]
) -> None:
    monkeypatch.setenv("COLUMNS", str(width))
    shown = prettily(result)
    assert max(map(cell_len, shown.splitlines())) <= width
    assert all(part in shown for part in kept)
    rows = [
        line
        for line in shown.splitlines()
        if line.startswith(("a-key", "漢", "shopify", "devicon ", "logos "))
    ]
    table = next(block for block in output.blocks(result, now=NOW) if isinstance(block, Grid))
    assert len(rows) == len(table.rows)


def test_wide_is_all_columns_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "60")
    shown = prettily(MISSES, output.Look(wide=True))
    for part in (LONG.key, str(LONG.file), str(LONG.last_error), "Category", "512×480"):
        assert part in shown
    assert "…" not in shown
    assert len(shown.splitlines()) == len(prettily(MISSES).splitlines())


def test_sentences_break_between_words_and_never_inside_a_path(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "60")
    report = dataclasses.replace(FETCHED, directory="/a" * 40, logos=())
    shown = prettily(report)
    assert f"{report.directory}:" in shown.splitlines()
    assert shown.split() == output.plain_text(output.blocks(report, now=NOW)).split()
