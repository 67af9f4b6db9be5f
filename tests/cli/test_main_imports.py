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


@pytest.mark.parametrize(
    ("arguments", "operations"),
    [
        pytest.param(("stats",), {"context", "default_icons", "identity", "stats"}, id="stats"),
        pytest.param(("list", "-q"), {"clear", "context", "default_icons", "identity", "lookup"}, id="list"),
        pytest.param(("init", "shopify"), None, id="init, nothing due"),
    ],
)
def test_commands_that_read_load_the_database_and_no_other_engine(
    arguments: tuple[str, ...], operations: set[str] | None, tmp_path: Path
) -> None:
    settings = {"LOGO_CACHE_DIR": str(tmp_path / "logos"), "LOGO_CACHE_OFFLINE": "true"}
    modules_after("init", "shopify", record=tmp_path / "modules", **settings)
    _, modules = modules_after(*arguments, record=tmp_path / "modules", **settings)
    assert modules & ENGINES == {"sqlalchemy"}
    boxes = {name.removeprefix("logocache.").partition(".")[0] for name in modules if "logocache." in name}
    assert not boxes & {"images", "fetcher", "providers"}
    ours = {name.rpartition(".")[2] for name in modules if name.startswith("logocache.operations.")}
    assert operations is None or ours == operations


def test_garbage_is_collected_once_a_command_works(tmp_path: Path) -> None:
    what = "str(gc.isenabled()) + str(gc.get_freeze_count() > 0)"
    program = "import gc\n" + RUN.replace('" ".join(sys.modules)', what)
    for arguments, expected in ((("stats",), "TrueTrue"), (("--version",), "FalseFalse")):
        subprocess.run(
            [sys.executable, "-c", program.format(arguments=arguments, record=str(tmp_path / "seen"))],
            capture_output=True,
            check=False,
            env=dict(os.environ) | {"LOGO_CACHE_DIR": str(tmp_path)},
        )
        assert (tmp_path / "seen").read_text(encoding="utf-8") == expected


AT_REST = """
import asyncio, sys
from logocache.server.serving import make_application
from logocache.settings import Settings
async def run(application):
    waiting = iter([{"type": "lifespan.startup"}, {"type": "lifespan.shutdown"}])
    async def receive(): return next(waiting)
    async def send(message): print(message["type"])
    await application({"type": "lifespan", "asgi": {"version": "3.0"}, "state": {}}, receive, send)
asyncio.run(run(make_application(Settings())))
print(" ".join(sys.modules))
"""


def test_a_server_at_rest_loads_no_engine_that_it_may_never_need(tmp_path: Path) -> None:
    settings = {"LOGO_CACHE_DIR": str(tmp_path / "logos"), "LOGO_CACHE_OFFLINE": "true"}
    modules_after("init", "shopify", record=tmp_path / "modules", **settings)
    command = [sys.executable, "-c", AT_REST]
    done = subprocess.run(
        command, capture_output=True, text=True, check=True, env=dict(os.environ) | settings
    )
    *events, modules = done.stdout.splitlines()
    assert events == ["lifespan.startup.complete", "lifespan.shutdown.complete"]
    loaded = set(modules.split())
    assert loaded & ENGINES == {"fastapi", "prometheus_client", "sqlalchemy", "starlette", "uvicorn"}
    assert "pydantic.v1.main" not in loaded
