import io
from collections.abc import Callable

import pytest
from rich.console import Console
from rich.progress import Progress as RichProgress

from logocache.cli.progress import Bar
from logocache.cli.session import GlobalOptions, Milestones, Session
from logocache.ports import Progress, Silent


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
