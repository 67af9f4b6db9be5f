"""docker/entrypoint.sh, run by `sh` with a fake `logocache` that writes down how it was called."""

import os
import signal
import subprocess
from pathlib import Path

import pytest
from typer.main import get_command

from harness.deployment import ENTRYPOINT, run_tool
from logocache.cli.main import app

pytestmark = pytest.mark.end_to_end

FAKE = """#!/bin/sh
echo "logocache $*" >> "$CALLS"
case $1 in
    init)
        if [ "${INIT_SLEEPS:-}" ]; then
            trap 'kill "$!"; echo "init ended by TERM" >> "$CALLS"; exit 143' TERM
            sleep 60 &
            echo "init sleeps"
            wait
        fi
        exit "${INIT_CODE:-0}"
        ;;
    serve) exit "${SERVE_CODE:-0}" ;;
esac
"""
PATIENCE = 120
"""Seconds after which the script counts as stuck."""


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    programs = tmp_path / "bin"
    programs.mkdir()
    fake = programs / "logocache"
    fake.write_text(FAKE, encoding="utf-8")
    fake.chmod(0o755)
    return {"PATH": f"{programs}:{os.environ['PATH']}", "CALLS": str(tmp_path / "calls")}


def calls(environment: dict[str, str]) -> list[str]:
    path = Path(environment["CALLS"])
    return path.read_text(encoding="utf-8").splitlines() if path.exists() else []


def run(environment: dict[str, str], *arguments: str, **extra: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["sh", str(ENTRYPOINT), *arguments],
        env=environment | extra,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        pytest.param([], ["init", "serve"], id="nothing: ready, then serve"),
        pytest.param(["serve"], ["init", "serve"], id="serve"),
        pytest.param(["serve", "--port", "80"], ["init", "serve --port 80"], id="serve with options"),
        pytest.param(["serve", "--help"], ["serve --help"], id="help needs no cache"),
        pytest.param(["serve", "--port", "80", "-h"], ["serve --port 80 -h"], id="help, wherever it stands"),
        pytest.param(["init", "--offline"], ["init --offline"], id="init"),
        pytest.param(["refresh", "a b", "c"], ["refresh a b c"], id="refresh"),
        pytest.param(["stats"], ["stats"], id="stats"),
        pytest.param(["list", "-q"], ["list -q"], id="list"),
        pytest.param(["clear", "--all"], ["clear --all"], id="clear, which is a program of the shell, too"),
        pytest.param(["verify"], ["verify"], id="verify"),
        pytest.param(["--version"], ["--version"], id="an option"),
        pytest.param(["-v", "serve"], ["-v serve"], id="an option before serve: as it is"),
        pytest.param(["logocache", "stats"], ["stats"], id="the program by its name"),
    ],
)
def test_logocache_is_called(environment: dict[str, str], arguments: list[str], expected: list[str]) -> None:
    assert run(environment, *arguments).returncode == 0
    assert calls(environment) == [f"logocache {item}" for item in expected]


def test_every_command_of_the_program_is_known(environment: dict[str, str]) -> None:
    commands = set(get_command(app).commands)  # type: ignore[attr-defined]  # an app of several commands is a group
    for command in commands - {"serve"}:
        run(environment, command)
    assert set(calls(environment)) == {f"logocache {command}" for command in commands - {"serve"}}


def test_any_other_program_is_run_with_its_arguments_unharmed(environment: dict[str, str]) -> None:
    done = run(environment, "printf", "[%s]", "a b", "*")
    assert (done.returncode, done.stdout) == (0, "[a b][*]")
    assert calls(environment) == []


def test_a_program_that_is_not_there_is_said(environment: dict[str, str]) -> None:
    done = run(environment, "no-such-program")
    assert done.returncode == 127
    assert "no-such-program" in done.stderr


@pytest.mark.parametrize("code", [1, 2, 3])
def test_serve_does_not_start_when_init_fails_and_its_code_is_kept(
    environment: dict[str, str], code: int
) -> None:
    assert run(environment, INIT_CODE=str(code)).returncode == code
    assert calls(environment) == ["logocache init"]


def test_the_exit_code_is_that_of_serve(environment: dict[str, str]) -> None:
    assert run(environment, SERVE_CODE="3").returncode == 3


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_a_signal_during_init_ends_init_orderly_and_nothing_is_served(
    environment: dict[str, str], number: signal.Signals
) -> None:
    with subprocess.Popen(
        ["sh", str(ENTRYPOINT)], env=environment | {"INIT_SLEEPS": "yes"}, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "init sleeps\n"
        process.send_signal(number)
        assert process.wait(timeout=PATIENCE) == 143
    assert calls(environment) == ["logocache init", "init ended by TERM"]


def test_serve_takes_the_place_of_the_shell_so_that_it_gets_the_signals(
    environment: dict[str, str], tmp_path: Path
) -> None:
    fake = tmp_path / "bin" / "logocache"
    fake.write_text('#!/bin/sh\necho "$$" >> "$CALLS"\n', encoding="utf-8")
    with subprocess.Popen(["sh", str(ENTRYPOINT)], env=environment) as process:
        process.wait(timeout=PATIENCE)
    init, serve = calls(environment)
    assert int(serve) == process.pid
    assert int(init) != process.pid


def test_shellcheck_finds_nothing() -> None:
    scripts = ["docker/entrypoint.sh", "docker/try.sh", "docs/deploy/embedding/entrypoint.sh"]
    done = run_tool("shellcheck", "--shell=sh", *scripts)
    assert (done.returncode, done.stdout) == (0, "")
