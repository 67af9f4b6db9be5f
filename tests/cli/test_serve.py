"""`logocache serve`, with a server that only remembers how it was called."""

import contextlib
import io
import json
import logging
import pickle
import signal
from pathlib import Path

import pytest

from harness.fake_cache import FakeServer
from logocache.cli.main import run
from logocache.cli.terminal import EndingSignal, ExitCode
from logocache.errors import SettingsError, UnavailableError
from logocache.settings import Settings

Captured = pytest.CaptureFixture[str]


def settings_of(*options: str) -> Settings:
    server = FakeServer()
    assert run(["serve", *options], server=server) == ExitCode.FINE
    assert server.settings is not None
    return server.settings


@pytest.mark.parametrize(
    ("typed", "name", "value"),
    [
        pytest.param(["--host", "::"], "serve_host", "::", id="--host"),
        pytest.param(["--port", "0"], "serve_port", 0, id="--port"),
        pytest.param(["--workers", "3"], "serve_workers", 3, id="--workers"),
        pytest.param(["--unix-socket", "/run/l.sock"], "serve_unix_socket", Path("/run/l.sock"), id="socket"),
        pytest.param(["--root-path", "/logos/"], "root_path", "/logos", id="--root-path"),
        pytest.param(["--access-log"], "access_log", True, id="--access-log"),
        pytest.param(["--no-access-log"], "access_log", False, id="--no-access-log"),
        pytest.param(["--cache-dir", "/logos"], "dir", Path("/logos"), id="a global option"),
    ],
)
def test_each_option_overrides_its_setting(
    typed: list[str], name: str, value: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LOGO_CACHE_SERVE_HOST", "127.0.0.9")
    monkeypatch.setenv("LOGO_CACHE_SERVE_PORT", "999")
    monkeypatch.setenv("LOGO_CACHE_SERVE_WORKERS", "9")
    monkeypatch.setenv("LOGO_CACHE_ROOT_PATH", "/other")
    assert getattr(settings_of(*typed), name) == value


@pytest.mark.parametrize(
    ("options", "variable", "is_terminal", "logged"),
    [
        pytest.param([], None, False, True, id="into a file"),
        pytest.param([], None, True, False, id="on a terminal"),
        pytest.param(["--quiet"], None, False, False, id="quiet"),
        pytest.param([], "false", False, False, id="a setting against it"),
        pytest.param([], "true", True, True, id="a setting for it"),
        pytest.param(["--quiet"], "true", False, True, id="a setting, and quiet"),
    ],
)
def test_requests_are_logged_unless_somebody_watches(
    options: list[str],
    variable: str | None,
    is_terminal: bool,  # noqa: FBT001  # a table's column
    logged: bool,  # noqa: FBT001  # a table's column
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    if variable is not None:
        monkeypatch.setenv("LOGO_CACHE_ACCESS_LOG", variable)
    server = FakeServer()
    with contextlib.redirect_stderr(Terminal() if is_terminal else io.StringIO()):
        run([*options, "serve"], server=server)
    assert server.settings is not None
    assert server.settings.access_log is logged


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize("option", [["--host", "127.0.0.1"], ["--port", "80"]], ids=" ".join)
def test_an_address_on_the_command_line_wins_over_a_unix_socket_of_the_environment(
    option: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LOGO_CACHE_SERVE_UNIX_SOCKET", "/run/l.sock")
    assert settings_of().serve_unix_socket == Path("/run/l.sock")
    assert settings_of(*option).serve_unix_socket is None


@pytest.mark.parametrize(
    ("typed", "told"),
    [
        pytest.param(["--port", "65536"], "less than or equal to 65535", id="no port"),
        pytest.param(["--workers", "0"], "greater than or equal to 1", id="no worker"),
        pytest.param(["--unix-socket", "a", "--port", "1"], "goes with neither --host nor --port", id="both"),
        pytest.param(["--root-path", "a b"], "LOGO_CACHE_ROOT_PATH = 'a b' is not allowed", id="no path"),
    ],
)
def test_what_cannot_be_meant_is_one_line(typed: list[str], told: str, capsys: Captured) -> None:
    assert run(["serve", *typed], server=FakeServer()) == ExitCode.USAGE
    (line,) = capsys.readouterr().err.splitlines()
    assert told in line


@pytest.mark.parametrize(
    ("error", "code"),
    [
        pytest.param(UnavailableError("in use", hint="stop it"), ExitCode.COULD_NOT_RUN, id="unavailable"),
        pytest.param(SettingsError("in use", hint="stop it"), ExitCode.USAGE, id="configuration"),
    ],
)
def test_a_server_that_cannot_start_is_one_line(error: Exception, code: ExitCode, capsys: Captured) -> None:
    assert run(["serve"], server=FakeServer(error=error)) == code
    assert capsys.readouterr().err == "logocache: error: in use: stop it\n"


@pytest.mark.parametrize(
    "error",
    [
        pytest.param(KeyboardInterrupt(), id="Ctrl-C"),
        pytest.param(EndingSignal(signal.SIGTERM), id="SIGTERM"),
    ],
)
def test_to_be_asked_to_end_is_a_good_end(error: BaseException, capsys: Captured) -> None:
    assert run(["serve"], server=FakeServer(error=error)) == ExitCode.FINE
    assert capsys.readouterr().err == "logocache: ended before it served\n"


@pytest.mark.parametrize(
    ("options", "events"),
    [
        pytest.param([], ["client.refused"], id="information"),
        pytest.param(["--quiet"], [], id="quiet"),
        pytest.param(["-vv"], ["detail", "client.refused"], id="everything"),
    ],
)
def test_while_serving_information_is_logged(options: list[str], events: list[str], capsys: Captured) -> None:
    settings_of(*options)
    capsys.readouterr()
    logging.getLogger("logocache.server.routes").debug("detail")
    logging.getLogger("logocache.server.protocol").info("client.refused")
    assert [json.loads(line)["event"] for line in capsys.readouterr().err.splitlines()] == events


@pytest.mark.parametrize(("options", "lines"), [([], 1), (["--quiet"], 0)], ids=["aloud", "quiet"])
def test_it_says_where_it_serves(options: list[str], lines: int, capsys: Captured) -> None:
    settings_of(*options)
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.count("logocache: serving on http://127.0.0.1:8080 (press Ctrl-C") == lines


def test_how_logging_is_prepared_reaches_other_processes() -> None:
    server = FakeServer()
    run(["serve"], server=server)
    pickle.loads(pickle.dumps(server.prepare))()
    assert logging.getLogger("logocache").level == logging.INFO
