"""Runs the fake program as a process: on a pseudo-terminal, in pipes, under signals."""

import os
import pty
import select
import signal
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

TESTS = Path(__file__).parents[1]
PROGRAM = (sys.executable, str(Path(__file__).with_name("fake_program.py")))
QUESTION = b"[y/N] "
PATIENCE = 60
"""Seconds after which a process counts as stuck."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    code: int
    out: str
    err: str = ""


def environment(**extra: str) -> dict[str, str]:
    """The environment of a plain user, without settings of this machine."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("LOGO_", "PYTHONUNBUFFERED", "NO_COLOR", "FORCE_COLOR", "TERM"))
    }
    return kept | {"PYTHONPATH": str(TESTS), "COLUMNS": "120", "TERM": "xterm"} | extra


def in_pipes(*arguments: str, **extra: str) -> Ended:
    """Standard input is empty, both outputs are pipes."""
    done = subprocess.run(
        [*PROGRAM, *arguments],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
        env=environment(**extra),
    )
    return Ended(code=done.returncode, out=done.stdout, err=done.stderr)


def on_terminal(
    *arguments: str, answer: str | signal.Signals = "", out: int | None = None, **extra: str
) -> Ended:
    """All three streams are one pseudo-terminal; a question is answered by typing, or by a signal.

    Standard output goes to the descriptor `out` instead, when one is given.
    """
    ours, theirs = pty.openpty()
    with subprocess.Popen(
        [*PROGRAM, *arguments],
        stdin=theirs,
        stdout=theirs if out is None else out,
        stderr=theirs,
        env=environment(**extra),
    ) as process:
        os.close(theirs)
        shown = b""
        while piece := _read(ours, process):
            asked = QUESTION in shown
            shown += piece
            if QUESTION in shown and not asked:
                _answer(answer, ours, process)
        os.close(ours)
        return Ended(code=process.wait(PATIENCE), out=shown.decode().replace("\r\n", "\n"))


def _answer(answer: str | signal.Signals, terminal: int, process: subprocess.Popen[bytes]) -> None:
    if isinstance(answer, signal.Signals):
        process.send_signal(answer)
    else:
        os.write(terminal, answer.encode())


def _read(terminal: int, process: subprocess.Popen[bytes]) -> bytes:
    """The next output; empty when the program has let go of the terminal (EIO on Linux)."""
    ready, _, _ = select.select([terminal], [], [], PATIENCE)
    if not ready:
        process.kill()
        raise AssertionError("the program is stuck")
    try:
        return os.read(terminal, 4096)
    except OSError:
        return b""
