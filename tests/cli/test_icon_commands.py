"""The commands about icon sets say what has changed and what comes next."""

import pytest

from harness.fake_cache import FakeCache
from logocache.cli.main import run
from logocache.results import IconSets

Captured = pytest.CaptureFixture[str]


def test_the_list_is_a_table_and_the_problems_below_it(capsys: Captured) -> None:
    assert run(["icons", "list"], opener=FakeCache().open) == 0
    first, second, problem = capsys.readouterr().out.splitlines()
    for cell in ("logos", "used", "2312", "1.2.19", "CC0-1.0", "https://cdn.jsdelivr.net/npm/"):
        assert cell in first
    assert ("missing" in second, "devicon: HTTP 503�[31m; next attempt" in problem) == (True, True)


def test_no_sets_are_one_line(capsys: Captured) -> None:
    assert run(["icons", "list"], opener=FakeCache(sets=IconSets(sets=())).open) == 0
    assert capsys.readouterr().out == "No icon set is kept, and no setting names one.\n"


@pytest.mark.parametrize(
    ("typed", "notice"),
    [(["add", "devicon"], "`logocache refresh` fetches"), (["remove", "devicon"], "logos that it gave stay")],
    ids=["add", "remove"],
)
def test_a_change_says_what_comes_of_it_unless_quiet(typed: list[str], notice: str, capsys: Captured) -> None:
    assert run(["icons", *typed], opener=FakeCache().open) == 0
    assert notice in capsys.readouterr().err
    assert run(["--quiet", "icons", *typed], opener=FakeCache().open) == 0
    assert capsys.readouterr().err == ""


def test_a_missing_command_is_a_usage_error(capsys: Captured) -> None:
    assert run(["icons"], opener=FakeCache().open) == 2
    assert "icons --help" in capsys.readouterr().err
