"""docs/commands.md and the help pages say what the program does."""

import re
import shlex
from pathlib import Path
from typing import cast

import pytest
from typer.core import TyperCommand, TyperGroup
from typer.main import get_command

from harness.fake_cache import FakeCache, FakeServer
from logocache.cli.main import app, run
from logocache.cli.terminal import ExitCode
from logocache.model import SortKey
from logocache.policy.findings import severity_of
from logocache.results import FindingKind

pytestmark = pytest.mark.docs

PAGE = (Path(__file__).parents[2] / "docs" / "commands.md").read_text(encoding="utf-8")
PROGRAM = cast("TyperGroup", get_command(app))
COMMANDS = sorted(PROGRAM.commands)


def section(heading: str) -> str:
    _, found, rest = PAGE.partition(f"\n## {heading}\n")
    assert found, f"docs/commands.md has no section {heading}"
    return rest.partition("\n## ")[0]


def documented_options(heading: str) -> set[str]:
    """Each spelling in the first cells of the tables: `--yes`, `-y`."""
    cells = re.findall(r"^\| ((?:`-[^`]+`(?:, )?)+) \|", section(heading), re.MULTILINE)
    return {spelling.split()[0] for cell in cells for spelling in re.findall(r"`([^`]+)`", cell)}


def below(name: str) -> list[TyperCommand]:
    """The command, or those of a group."""
    found = PROGRAM.commands[name]
    commands = found.commands.values() if isinstance(found, TyperGroup) else [found]
    return [cast("TyperCommand", command) for command in commands]


@pytest.mark.parametrize("command", COMMANDS)
def test_the_page_has_every_option_of_every_command_and_no_other(command: str) -> None:
    parameters = [parameter for single in below(command) for parameter in single.params]
    declared = {option for parameter in parameters for option in (*parameter.opts, *parameter.secondary_opts)}
    assert documented_options(command) == {option for option in declared if option.startswith("-")}


def test_the_page_has_every_global_option_and_no_other() -> None:
    declared = {option for parameter in PROGRAM.params for option in parameter.opts}
    assert documented_options("Global options") == declared | {"--help", "-h"}


def test_the_page_has_every_command_and_no_other() -> None:
    headings = set(re.findall(r"^## (\w+)$", PAGE, re.MULTILINE))
    assert headings == set(COMMANDS)


def test_the_page_has_every_exit_code() -> None:
    codes = {int(code) for code in re.findall(r"^\| (\d+) \|", section("Exit codes"), re.MULTILINE)}
    assert codes == set(ExitCode)


def test_the_page_has_every_kind_of_finding_with_its_severity() -> None:
    rows = dict(re.findall(r"^\| `(\w+)` \| (\w+) \|", section("verify"), re.MULTILINE))
    assert rows == {kind.value: severity_of(kind).value for kind in FindingKind}


def test_the_page_and_the_help_name_every_field_to_sort_by(capsys: pytest.CaptureFixture[str]) -> None:
    run(["list", "--help"])
    shown = capsys.readouterr().out
    for key in SortKey:
        assert f"`{key.value}`" in section("list")
        assert key.value in shown


def examples_of_the_page() -> list[str]:
    return re.findall(r"^\$ (logocache .*)$", PAGE, re.MULTILINE)


def examples_of_the_help() -> list[str]:
    commands = [PROGRAM, *PROGRAM.commands.values(), *(single for name in COMMANDS for single in below(name))]
    pages = [command.epilog or "" for command in commands]
    lines = [line.strip() for page in pages for line in page.splitlines()]
    return [re.split(r" {2,}", line)[0] for line in lines if line.startswith("logocache ")]


@pytest.mark.parametrize("example", [*examples_of_the_page(), *examples_of_the_help()])
def test_every_example_is_a_command_line_that_works(
    example: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    _, *arguments = shlex.split(re.split(r"[|#]", example)[0])
    wants_terminal = "clear" in arguments and not {"--yes", "--dry-run"} & set(arguments)
    expected = ExitCode.USAGE if wants_terminal or "soon" in arguments else ExitCode.FINE
    assert run(arguments, opener=FakeCache().open, server=FakeServer()) == (
        ExitCode.PROBLEMS if "--strict" in arguments else expected
    )
