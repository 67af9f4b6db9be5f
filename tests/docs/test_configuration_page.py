"""docs/configuration.md holds every setting as the program has it."""

from pathlib import Path

import pytest

from logocache.settings import Settings
from logocache.settings.sources import fields_of, secret_names, variable_of

pytestmark = pytest.mark.docs

PAGE = Path(__file__).parents[2] / "docs" / "configuration.md"
FIELDS = fields_of(Settings)


def row(name: str) -> str:
    """The line of the page's table for one setting, as the program would write it."""
    return f"| `{variable_of(name)}` | {shown_default(name)} | {FIELDS[name].description} |"


def shown_default(name: str) -> str:
    if name == "dir":
        return "the user's cache directory"
    match Settings().shown()[name]:
        case None | [] | {} | "":
            return "none"
        case bool(value):
            return f"`{str(value).lower()}`"
        case list(values):
            return f"`{','.join(str(value) for value in values)}`"
        case float(value):
            return f"`{value:g}`"
        case value:
            return f"`{value}`"


@pytest.mark.parametrize("name", FIELDS)
def test_every_setting_has_its_row(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("LOGO_CACHE_ICONIFY_SETS")
    assert row(name) in PAGE.read_text(encoding="utf-8").splitlines()


def test_the_page_names_no_setting_that_does_not_exist() -> None:
    named = {
        line.split("`")[1]
        for line in PAGE.read_text(encoding="utf-8").splitlines()
        if line.startswith("| `LOGO")
    }
    assert named == {variable_of(name) for name in FIELDS}


def test_the_page_names_every_secret() -> None:
    sentence = next(line for line in PAGE.read_text(encoding="utf-8").splitlines() if "`_FILE`" in line)
    assert all(variable_of(name) in sentence for name in secret_names(FIELDS))
