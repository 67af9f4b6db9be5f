"""The README tells the truth: its commands run, its figures are the program's, its links lead somewhere."""

import os
import re
import shlex
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from logocache.catalog import builtin_catalog

pytestmark = pytest.mark.docs

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", README, re.DOTALL)


def everyday_commands() -> list[list[str]]:
    lines = [line for block in blocks("sh") for line in block.splitlines()]
    return [shlex.split(line, comments=True)[1:] for line in lines if line.startswith("logocache ")]


def run(arguments: Sequence[str], folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *arguments],
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
        stdin=subprocess.DEVNULL,
        cwd=folder,
        env={**os.environ, "LOGO_CACHE_DIR": str(folder / "logos"), "LOGO_CACHE_OFFLINE": "true"},
    )


def test_the_first_screen_holds_the_two_commands() -> None:
    first_screen = "\n".join(README.splitlines()[:16])
    assert "pip install '.[all]' && logocache init" in first_screen
    assert "pip install nox && nox" in first_screen


def test_ci_runs_what_the_readme_says() -> None:
    script = (ROOT / ".ci" / "run").read_text(encoding="utf-8").splitlines()
    assert script[-1] == "pip install nox && nox"


def test_the_everyday_commands_run_in_their_order(tmp_path: Path) -> None:
    commands = everyday_commands()
    assert len(commands) >= 8
    for command in commands:
        result = run(["-m", "logocache", *command], tmp_path)
        assert result.returncode == 0, (command, result.stderr)


def test_the_python_example_runs(tmp_path: Path) -> None:
    (example,) = blocks("python")
    result = run(["-c", example], tmp_path)
    assert result.returncode == 0, result.stderr
    assert result.stdout.strip().endswith("iconsets")


def test_the_number_of_integrations_is_right() -> None:
    assert f"**{len(builtin_catalog())} integrations are built in**" in README


def pages() -> list[Path]:
    return [ROOT / "README.md", ROOT / "CHANGELOG.md", *sorted((ROOT / "docs").rglob("*.md"))]


@pytest.mark.parametrize("page", pages(), ids=lambda page: str(page.relative_to(ROOT)))
def test_every_relative_link_leads_somewhere(page: Path) -> None:
    links = re.findall(r"\]\((?!https?:|#)([^)#]+)", page.read_text(encoding="utf-8"))
    assert [link for link in links if not (page.parent / link).exists()] == []
