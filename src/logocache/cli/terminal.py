"""The two streams. Data goes to standard output, all talk to standard error, through here alone."""

import os
import sys
from typing import TextIO

from logocache.errors import UnavailableError
from logocache.humanize import clean

PROGRAM = "logocache"

PIECE = 16384
"""Characters written at once. With PYTHONUNBUFFERED, Python drops without an error what one write
could not deliver to a reader that went away; the next piece then brings the error."""


def out(text: str) -> None:
    """Write data, as it is, to standard output.

    Raises:
        BrokenPipeError: the reader has gone.
        UnavailableError: it cannot be written, such as to a full disk.
    """
    try:
        _write(sys.stdout, text)
    except BrokenPipeError:
        raise
    except OSError as error:
        abandon_broken_streams()
        raise UnavailableError(
            f"the output cannot be written ({error.strerror})", hint="look at where it is redirected to"
        ) from error


def talk(text: str) -> None:
    """Write to standard error, as it is. When nobody can read it, the work goes on all the same."""
    try:
        _write(sys.stderr, text)
    except OSError:
        abandon_broken_streams()


def say(text: str) -> None:
    """One line of talk, control characters replaced."""
    talk(f"{PROGRAM}: {clean(text)}\n")


def complain(text: str) -> None:
    say(f"error: {text}")


def can_ask() -> bool:
    """Whether a question would be seen and could be answered."""
    return _is_terminal(sys.stdin) and _is_terminal(sys.stderr)


def ask(question: str) -> bool:
    """Whether the person says yes; anything else, and the end of input, is no."""
    talk(f"{clean(question)} [y/N] ")
    answer = ""
    try:
        answer = sys.stdin.readline()
    finally:
        if not answer.endswith("\n"):
            talk("\n")
    return answer.strip().lower() in {"y", "yes"}


def out_is_terminal() -> bool:
    return _is_terminal(sys.stdout)


def talk_is_terminal() -> bool:
    return _is_terminal(sys.stderr)


def abandon_broken_streams() -> None:
    """Point streams that cannot be written to nowhere, so that Python's own last flush stays quiet."""
    for stream in (sys.stdout, sys.stderr):
        try:
            if stream is not None:
                stream.flush()
        except OSError:
            nowhere = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nowhere, stream.fileno())
            os.close(nowhere)


def _is_terminal(stream: TextIO | None) -> bool:
    return stream is not None and not stream.closed and stream.isatty()


def _write(stream: TextIO | None, text: str) -> None:
    """Write and flush. Characters that the stream's encoding lacks are written as escapes.

    Python has no stream (None) when the program was started with a closed one.
    """
    if stream is None:
        return
    encoding = stream.encoding or "utf-8"
    writable = text.encode(encoding, "backslashreplace").decode(encoding)
    for start in range(0, len(writable), PIECE):
        stream.write(writable[start : start + PIECE])
    stream.flush()
