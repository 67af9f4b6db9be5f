"""Quick commands load no slow module. Each case is an interpreter of its own."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.end_to_end

ENGINES = frozenset(
    {
        *("alembic", "psycopg", "sqlalchemy"),
        *("h11", "httpcore", "httpx"),
        *("fastapi", "httptools", "jinja2", "prometheus_client", "starlette", "uvicorn", "uvloop"),
        *("PIL", "defusedxml", "resvg_py"),
        *("fontawesome_free_pack", "publicsuffixlist", "simple_icons_pack"),
        "rich",
    }
)
OURS = frozenset(
    {
        *("logocache.settings", "logocache.model", "logocache.results", "logocache.bootstrap"),
        "logocache.server",
    }
)
"""Our own modules that take long to load."""

COMMANDS = ("init", "refresh", "stats", "list", "clear", "verify", "icons", "serve")

RUN = """
import atexit, sys
from pathlib import Path
atexit.register(lambda: Path({record!r}).write_text(" ".join(sys.modules)))
from logocache.__main__ import main
sys.argv = ["logocache", *{arguments!r}]
sys.exit(main())
"""


def modules_after(*arguments: str, record: Path, **environment: str) -> tuple[str, set[str]]:
    """The output of a run, and the modules that it has loaded by its end."""
    done = subprocess.run(
        [sys.executable, "-c", RUN.format(arguments=arguments, record=str(record))],
        capture_output=True,
        text=True,
        check=True,
        env=dict(os.environ) | environment,
    )
    return done.stdout, set(record.read_text(encoding="utf-8").split())


@pytest.mark.parametrize(
    "arguments",
    [("--help",), ("--version",), *((command, "--help") for command in COMMANDS)],
    ids=" ".join,
)
def test_help_and_version_load_no_engine(arguments: tuple[str, ...], tmp_path: Path) -> None:
    shown, modules = modules_after(*arguments, record=tmp_path / "modules")
    assert "logocache" in shown
    assert "typer" in modules
    assert not modules & ENGINES
    assert not modules & OURS


@pytest.mark.parametrize("option", ["--help", "--version"])
def test_the_quickest_answers_do_without_pydantic(option: str, tmp_path: Path) -> None:
    _, modules = modules_after(option, record=tmp_path / "modules")
    assert "pydantic" not in modules


@pytest.mark.parametrize(
    ("words", "offered"),
    [
        pytest.param("logocache ver", "verify", id="a command"),
        pytest.param("logocache clear --or", "--orphans", id="an option"),
        pytest.param("logocache clear --status pl", "placeholder", id="a status"),
        pytest.param("logocache init shop", "shopify", id="a key"),
    ],
)
def test_completion_loads_no_engine(words: str, offered: str, tmp_path: Path) -> None:
    shown, modules = modules_after(
        record=tmp_path / "modules",
        _LOGOCACHE_COMPLETE="complete_bash",
        COMP_WORDS=words,
        COMP_CWORD=str(len(words.split()) - 1),
    )
    assert offered in shown.split()
    assert not modules & ENGINES
