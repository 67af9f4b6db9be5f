"""docs/configuration.md holds every setting as the program has it."""

from pathlib import Path

import pytest

from logocache.settings import Settings
from logocache.settings_sources import secret_names, variable_of

pytestmark = pytest.mark.docs

PAGE = Path(__file__).parents[2] / "docs" / "configuration.md"


def row(name: str) -> str:
    """The line of the page's table for one setting, as the program would write it."""
    field = Settings.model_fields[name]
    return f"| `{variable_of(name, Settings)}` | {shown_default(name)} | {field.description} |"


def shown_default(name: str) -> str:
    if name == "dir":
        return "the user's cache directory"
    match Settings.model_fields[name].default:
        case None | () | {} | "":
            return "none"
        case bool(value):
            return f"`{str(value).lower()}`"
        case tuple(values):
            return f"`{','.join(str(value) for value in values)}`"
        case value:
            return f"`{value}`"


@pytest.mark.parametrize("name", Settings.model_fields)
def test_every_setting_has_its_row(name: str) -> None:
    assert row(name) in PAGE.read_text(encoding="utf-8").splitlines()


def test_the_page_names_no_setting_that_does_not_exist() -> None:
    named = {
        line.split("`")[1]
        for line in PAGE.read_text(encoding="utf-8").splitlines()
        if line.startswith("| `LOGO")
    }
    assert named == {variable_of(name, Settings) for name in Settings.model_fields}


def test_the_page_names_every_secret() -> None:
    sentence = next(line for line in PAGE.read_text(encoding="utf-8").splitlines() if "`_FILE`" in line)
    assert all(variable_of(name, Settings) in sentence for name in secret_names(Settings))
