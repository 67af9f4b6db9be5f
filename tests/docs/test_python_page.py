"""docs/python.md names what the package offers, and its example runs."""

import inspect
import re
import subprocess
import sys
from pathlib import Path

import pytest

import logocache
from logocache import LogoCache, LogoCacheError

pytestmark = pytest.mark.docs

PAGE = (Path(__file__).parents[2] / "docs" / "python.md").read_text(encoding="utf-8")


def test_every_public_name_is_on_the_page() -> None:
    names = set(logocache.__all__) - {"__version__"}
    assert {name for name in names if f"`{name}" not in PAGE} == set()


def test_every_method_is_on_the_page() -> None:
    methods = {
        name for name, _ in inspect.getmembers(LogoCache, inspect.isfunction) if not name.startswith("_")
    }
    assert {name for name in methods if f"| `{name}(" not in PAGE} == set()


def test_every_error_is_on_the_page_with_its_code() -> None:
    errors = [value for name in logocache.__all__ if inspect.isclass(value := getattr(logocache, name))]
    rows = [
        f"| `{error.__name__}` | `{error.code}` |" for error in errors if issubclass(error, LogoCacheError)
    ]
    rows.remove("| `LogoCacheError` | `error` |")
    assert [row for row in rows if row not in PAGE] == []


def test_the_example_runs(tmp_path: Path) -> None:
    found = re.search(r"```python\n(.*?)```", PAGE, re.DOTALL)
    assert found is not None
    result = subprocess.run(
        [sys.executable, "-c", found[1]],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=600,
        check=True,
    )
    lines = result.stdout.splitlines()
    assert lines[0] == "2 logos, 0 missing"
    assert re.fullmatch(r"shopify_[0-9a-f]{8}\.png iconsets \d+", lines[1])


def test_importing_the_package_loads_no_engine() -> None:
    engines = {
        "sqlalchemy",
        "httpx",
        "PIL",
        "resvg_py",
        "pydantic",
        "typer",
        "alembic",
    }
    code = "import sys, logocache; print(*sys.modules, sep='\\n')"
    result = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=600, check=True
    )
    assert engines & set(result.stdout.split()) == set()
