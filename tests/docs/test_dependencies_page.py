"""docs/dependencies.md names every package that is declared, once, where it belongs."""

import re
import tomllib

import pytest

from harness.deployment import ROOT
from harness.pages import text_of

pytestmark = pytest.mark.docs

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
EXTRAS = PROJECT["optional-dependencies"]


def names(requirements: list[str]) -> list[str]:
    return [re.split(r"[\[<>=;]", requirement)[0] for requirement in requirements]


def rows(heading: str) -> list[str]:
    """The packages of the table below a heading."""
    section = text_of("dependencies.md").split(f"## {heading}\n")[1].split("\n## ")[0]
    cells = re.findall(r"^\| (.+?) \|", section, re.MULTILINE)[1:]
    return [name.split()[0] for cell in cells for name in cell.split(", ")]


@pytest.mark.parametrize(
    ("heading", "requirements"),
    [
        ("Core", PROJECT["dependencies"]),
        ("`[server]`", EXTRAS["server"]),
        ("`[postgresql]`", EXTRAS["postgresql"]),
    ],
)
def test_each_table_holds_what_is_declared(heading: str, requirements: list[str]) -> None:
    assert sorted(rows(heading)) == sorted(names(requirements))


def test_all_is_all() -> None:
    assert EXTRAS.keys() == {"server", "postgresql", "all"}
    assert EXTRAS["all"] == ["logocache[server,postgresql]"]
