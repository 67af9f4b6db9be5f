"""Broken pipes, signals, and a closed or full output, each with a process of its own."""

import os
import signal
import subprocess

import pytest

from harness.program import PATIENCE, PROGRAM, environment, in_pipes

pytestmark = pytest.mark.end_to_end


@pytest.mark.parametrize("unbuffered", ["", "1"], ids=["buffered", "unbuffered, as in containers"])
@pytest.mark.parametrize("typed", [["list"], ["list", "--json"], ["list", "-q"]], ids=" ".join)
def test_a_reader_that_goes_away_ends_it_quietly(typed: list[str], unbuffered: str) -> None:
    with subprocess.Popen(
        [*PROGRAM, *typed],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=environment(FAKE_CACHE="long", PYTHONUNBUFFERED=unbuffered),
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        os.read(process.stdout.fileno(), 10)
        process.stdout.close()
        assert process.stderr.read() == b""
        assert process.wait(PATIENCE) == 141


def test_help_for_a_reader_that_has_gone_is_quiet_too() -> None:
    reading, writing = os.pipe()
    os.close(reading)
    done = subprocess.run(
        [*PROGRAM, "--help"], stdout=writing, stderr=subprocess.PIPE, env=environment(), check=False
    )
    os.close(writing)
    assert (done.returncode, done.stderr) == (141, b"")


@pytest.mark.parametrize(
    ("typed", "code"),
    [
        pytest.param(["init"], 0, id="the work is done all the same"),
        pytest.param(["init", "--foo"], 2, id="an error keeps its exit code"),
    ],
)
def test_messages_that_nobody_reads_change_nothing(typed: list[str], code: int) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    done = subprocess.run(
        [*PROGRAM, *typed], stdout=subprocess.PIPE, stderr=writing, env=environment(), check=False
    )
    os.close(writing)
    assert done.returncode == code
    assert (b"72 entries" in done.stdout) == (code == 0)


@pytest.mark.parametrize(
    ("number", "code", "line"),
    [
        pytest.param(signal.SIGTERM, 143, "logocache: ended by SIGTERM", id="SIGTERM"),
        pytest.param(signal.SIGHUP, 129, "logocache: ended by SIGHUP", id="SIGHUP"),
        pytest.param(signal.SIGINT, 130, "logocache: interrupted", id="SIGINT"),
    ],
)
def test_a_signal_during_init_closes_the_cache(number: int, code: int, line: str) -> None:
    with subprocess.Popen(
        [*PROGRAM, "init", "--quiet"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=environment(FAKE_CACHE="hang"),
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        assert process.stderr.readline() == "ready\n"
        process.send_signal(number)
        assert process.stderr.read() == f"closed\n{line}\n"
        assert process.stdout.read() == ""
        assert process.wait(PATIENCE) == code


def test_a_full_disk_behind_the_output_is_one_line() -> None:
    with open("/dev/full", "w") as full:  # noqa: PTH123  # a device, not a path of ours
        done = subprocess.run(
            [*PROGRAM, "list"], stdout=full, stderr=subprocess.PIPE, text=True, env=environment(), check=False
        )
    assert done.returncode == 3
    assert done.stderr.startswith("logocache: error: the output cannot be written (No space left on device)")
    assert done.stderr.count("\n") == 1


def test_closed_streams_do_no_harm() -> None:
    command = '"$@" stats >&- 2>&-'
    done = subprocess.run(["sh", "-c", command, "sh", *PROGRAM], env=environment(), check=False)
    assert done.returncode == 0


def test_an_output_without_unicode_gets_escapes() -> None:
    shown = in_pipes("list", PYTHONIOENCODING="ascii")
    assert shown.code == 0
    assert "Acme\\ufffd[31m Inc" in shown.out


def test_milestones_in_a_pipe_go_to_standard_error() -> None:
    shown = in_pipes("init")
    assert "72 entries" in shown.out
    assert shown.err.splitlines() == [f"logocache: fetched {number} of 3" for number in (1, 2, 3)]


def test_a_bug_shows_no_control_characters_even_in_its_traceback() -> None:
    shown = in_pipes("-vv", "list", FAKE_CACHE="bug")
    assert shown.code == 3
    assert "ZeroDivisionError: a bug\ufffd[2J" in shown.err
    assert "\x1b" not in shown.err
