"""A run that goes wrong ends with one line, and the exit code of its kind."""

import errno
from collections.abc import Iterator, Sequence

import pytest

from harness.fake_cache import FakeCache
from logocache import __version__, errors
from logocache.cli.main import run
from logocache.cli.terminal import ExitCode, of_error

Captured = pytest.CaptureFixture[str]


def every(kind: type[errors.LogoCacheError]) -> Iterator[type[errors.LogoCacheError]]:
    yield kind
    for subclass in kind.__subclasses__():
        yield from every(subclass)


@pytest.mark.parametrize("kind", list(every(errors.LogoCacheError)), ids=lambda kind: kind.__name__)
def test_every_error_is_one_line_with_the_exit_code_of_its_branch(
    kind: type[errors.LogoCacheError], capsys: Captured
) -> None:
    error = kind("it is\nwrong \x1b[2J", hint="do this")
    code = run(["stats", "--json"], opener=FakeCache(error=error).open)
    shown = capsys.readouterr()
    assert code == (2 if issubclass(kind, errors.ConfigurationError) else 3) == of_error(error)
    assert shown.err == "logocache: error: it is wrong \ufffd[2J: do this\n"
    assert shown.out == ""


@pytest.mark.parametrize(
    ("error", "lacking"),
    [
        (RuntimeError("can't start new thread"), "no further thread or process"),
        (BlockingIOError(errno.EAGAIN, "Resource temporarily unavailable"), "no further thread or process"),
        (OSError(errno.EMFILE, "Too many open files"), "may open no more files"),
        (OSError(errno.ENFILE, "Too many open files in system"), "may open no more files"),
        (OSError(errno.ENOMEM, "Cannot allocate memory"), "no more memory"),
        (MemoryError(), "no more memory"),
    ],
    ids=lambda value: type(value).__name__,
)
def test_what_the_system_lacks_is_no_bug(error: Exception, lacking: str, capsys: Captured) -> None:
    assert run(["stats"], opener=FakeCache(error=error).open) == ExitCode.COULD_NOT_RUN
    shown = capsys.readouterr().err
    assert shown.startswith("logocache: error: this process")
    assert lacking in shown
    assert "LOGO_CACHE_CONCURRENCY" in shown
    assert shown.count("\n") == 1


@pytest.mark.parametrize(
    "error", [RuntimeError("odd"), OSError(errno.EIO, "odd"), KeyError("odd")], ids=lambda e: type(e).__name__
)
def test_what_nobody_foresaw_is_a_bug(error: Exception, capsys: Captured) -> None:
    assert run(["stats"], opener=FakeCache(error=error).open) == ExitCode.COULD_NOT_RUN
    assert "this is a bug" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("typed", "line"),
    [
        pytest.param(["stats", "--foo"], "No such option: --foo: try 'logocache stats --help'", id="option"),
        pytest.param(["--zz"], "No such option: --zz: try 'logocache --help'", id="global option"),
        pytest.param(["refresh", "--limit", "0"], "'--limit'", id="range"),
        pytest.param(["refresh", "--limit", "9" * 20], "'--limit'", id="a number beyond all"),
        pytest.param(["list", "--limit", "9" * 20], "'--limit'", id="another one"),
        pytest.param(["--cache-dir", "~no-such-user/x", "stats"], "no home directory", id="home"),
        pytest.param(["list", "--limit", "x"], "try 'logocache list --help'", id="number"),
        pytest.param(["nothing"], "No such command 'nothing'", id="command"),
        pytest.param(["stats", "x"], "unexpected extra argument", id="argument too many"),
        pytest.param(["init", "--cache-dir"], "'--cache-dir' requires an argument", id="value missing"),
        pytest.param(["list", "--sort", "x"], "'x' is not a field to sort by: use one of key,", id="sort"),
        pytest.param(["list", "--filter", "x"], "'x' is not a filter", id="filter"),
        pytest.param(["clear"], "nothing is selected", id="clear without a selection"),
        pytest.param(
            ["clear", "--all", "a"], "--all cannot be combined with other conditions", id="contradiction"
        ),
        pytest.param(["clear", "--older-than", "3x"], "'3x' is not a length of time", id="duration"),
        pytest.param(["clear", "--status", "x"], "'x' is not a status: use one of cached,", id="status"),
        pytest.param(["verify", "--fail-on", "x"], "'x' is not a kind of finding", id="fail-on"),
        pytest.param(["-q", "-v", "stats"], "--quiet and --verbose contradict", id="quiet and verbose"),
        pytest.param(["--config", "/nowhere", "stats"], "/nowhere cannot be read", id="settings file"),
        pytest.param(
            ["--database-url", "x", "stats"], "LOGO_CACHE_DATABASE_URL is not allowed", id="setting"
        ),
    ],
)
def test_bad_usage_is_one_line_and_exit_2(typed: Sequence[str], line: str, capsys: Captured) -> None:
    cache = FakeCache()
    assert run(typed, opener=cache.open) == ExitCode.USAGE
    shown = capsys.readouterr()
    assert shown.out == ""
    assert shown.err.startswith("logocache: error: ")
    assert line in shown.err
    assert shown.err.count("\n") == 1
    assert cache.calls == []


def test_a_bug_is_one_line_that_says_so(capsys: Captured) -> None:
    assert run(["stats"], opener=FakeCache(error=ValueError("x")).open) == ExitCode.COULD_NOT_RUN
    shown = capsys.readouterr().err
    assert shown.startswith("logocache: error: unexpected ValueError: x: this is a bug, run again with -vv")
    assert shown.count("\n") == 1


@pytest.mark.parametrize(
    "error",
    [MemoryError(), RuntimeError("can't start new thread"), ImportError("failed to map segment")],
    ids=["memory", "threads", "a library"],
)
def test_what_the_system_has_not_left_for_us_is_no_bug(error: Exception, capsys: Captured) -> None:
    assert run(["stats"], opener=FakeCache(error=error).open) == ExitCode.COULD_NOT_RUN
    shown = capsys.readouterr().err
    assert "ulimit" in shown
    assert "bug" not in shown
    assert shown.count("\n") == 1


@pytest.mark.parametrize(
    "error",
    [ValueError("a bug"), errors.DatabaseError("it is away", hint="start it")],
    ids=["bug", "known error"],
)
def test_the_traceback_comes_only_when_everything_is_asked_for(error: Exception, capsys: Captured) -> None:
    run(["-v", "stats"], opener=FakeCache(error=error).open)
    assert "Traceback" not in capsys.readouterr().err
    run(["stats", "-vv"], opener=FakeCache(error=error).open)
    assert "Traceback (most recent call last):" in capsys.readouterr().err


def test_ctrl_c_closes_the_cache_and_exits_with_130(capsys: Captured) -> None:
    cache = FakeCache(error=KeyboardInterrupt())
    assert run(["init"], opener=cache.open) == ExitCode.INTERRUPTED
    assert capsys.readouterr().err == "logocache: interrupted\n"
    assert cache.closed


def test_without_a_command_the_help_comes_and_exit_2(capsys: Captured) -> None:
    assert run([]) == ExitCode.USAGE
    shown = capsys.readouterr()
    assert shown.out == ""
    assert "Usage: logocache [OPTIONS] COMMAND" in shown.err


def test_the_version_is_data(capsys: Captured) -> None:
    assert run(["--version"]) == ExitCode.FINE
    assert capsys.readouterr().out == f"logocache {__version__}\n"


@pytest.mark.parametrize("command", ["init", "refresh", "stats", "list", "clear", "verify"])
@pytest.mark.parametrize("option", ["-h", "--help"])
def test_every_command_has_help_with_examples(command: str, option: str, capsys: Captured) -> None:
    assert run([command, option]) == ExitCode.FINE
    shown = capsys.readouterr().out
    assert f"Usage: logocache {command}" in shown
    assert f"Examples:\n    logocache {command}" in shown
    assert "Exit codes:" in shown
