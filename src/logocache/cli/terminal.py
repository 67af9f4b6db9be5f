"""The program towards its caller: standard streams, exit codes, and the signals that end it in order.

Data goes to standard output, messages to standard error, by the functions of this module only.
"""

import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from enum import IntEnum, StrEnum
from pathlib import Path
from types import FrameType
from typing import Any, TextIO

from logocache.errors import ConfigurationError, UnavailableError
from logocache.humanize import clean

PROGRAM = "logocache"

PIECE = 16384
"""Characters per write. With PYTHONUNBUFFERED, Python silently drops what a single write could not deliver
to a reader that has gone; the next write then raises the error."""


class Color(StrEnum):
    """When what is shown to people is in colour."""

    AUTO = "auto"
    """On a terminal, unless NO_COLOR is set."""
    ALWAYS = "always"
    """Elsewhere, too, as for a terminal: for a pager. NO_COLOR does not count."""
    NEVER = "never"


def out(text: str) -> None:
    """Write `text` to standard output, unchanged.

    Raises:
        BrokenPipeError: the reader has gone.
        UnavailableError: it cannot be written, for example because the disk is full.
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


def deliver(content: bytes, file: Path | None) -> None:
    """Write `content` to `file`, or to standard output without one. Raises as `out`."""
    try:
        if file is not None:
            file.write_bytes(content)
        elif sys.stdout is not None:
            sys.stdout.buffer.write(content)
            sys.stdout.flush()
    except BrokenPipeError:
        raise
    except OSError as error:
        abandon_broken_streams()
        place = file or "the output"
        raise UnavailableError(
            f"{place} cannot be written ({error.strerror})", hint="choose another place for it"
        ) from error


def note(text: str) -> None:
    """Write `text` to standard error, unchanged. A failure to write is ignored."""
    try:
        _write(sys.stderr, text)
    except OSError:
        abandon_broken_streams()


def echo(text: str) -> None:
    """Write one line to standard error, after the program's name, with control characters replaced."""
    note(f"{PROGRAM}: {clean(text)}\n")


def error(text: str) -> None:
    echo(f"error: {text}")


def can_ask() -> bool:
    """True if a person can see a question and answer it."""
    return _is_terminal(sys.stdin) and _is_terminal(sys.stderr)


def ask(question: str) -> bool:
    """Ask; True for `y` or `yes`. Anything else, and the end of input, is no."""
    note(f"{clean(question)} [y/N] ")
    answer = ""
    try:
        answer = sys.stdin.readline()
    finally:
        if not answer.endswith("\n"):
            note("\n")
    return answer.strip().lower() in {"y", "yes"}


def out_is_terminal() -> bool:
    return _is_terminal(sys.stdout)


def err_is_terminal() -> bool:
    return _is_terminal(sys.stderr)


def abandon_broken_streams() -> None:
    """Redirect streams that cannot be written to the null device: Python's final flush would fail."""
    for stream in (sys.stdout, sys.stderr):
        try:
            if stream is not None:
                stream.flush()
        except OSError:
            null = os.open(os.devnull, os.O_WRONLY)
            os.dup2(null, stream.fileno())
            os.close(null)


def _is_terminal(stream: TextIO | None) -> bool:
    return stream is not None and not stream.closed and stream.isatty()


def _write(stream: TextIO | None, text: str) -> None:
    """Write and flush; characters that the stream's encoding lacks are escaped.

    The stream is None when the program was started with it closed.
    """
    if stream is None:
        return
    encoding = stream.encoding or "utf-8"
    writable = text.encode(encoding, "backslashreplace").decode(encoding)
    for start in range(0, len(writable), PIECE):
        stream.write(writable[start : start + PIECE])
    stream.flush()


class ExitCode(IntEnum):
    """Exit codes of all commands; an end by a signal is 128 plus its number."""

    FINE = 0
    PROBLEMS = 1
    """The command ran and found problems."""
    USAGE = 2
    """The command line or the configuration is wrong; nothing was done."""
    COULD_NOT_RUN = 3
    """The directory or the database is not usable, or the program has a bug."""
    INTERRUPTED = 130
    READER_GONE = 141
    """The reader of the output, such as `head`, has gone."""
    TERMINATED = 128 + signal.SIGTERM
    """The exit code of `EndingSignal` for SIGTERM; tests compare the pages that list all codes with it."""


def of_error(error: Exception) -> ExitCode:
    return ExitCode.USAGE if isinstance(error, ConfigurationError) else ExitCode.COULD_NOT_RUN


ENDING = (signal.SIGTERM, signal.SIGHUP)
"""Without SIGINT (Ctrl-C), for which Python raises KeyboardInterrupt."""


class EndingSignal(SystemExit):
    """Raised in the main thread, so that every `with` cleans up on the way out, such as releasing leases."""

    def __init__(self, number: int) -> None:
        self.number = number
        self.name = signal.Signals(number).name
        self.exit_code = 128 + number
        super().__init__(self.exit_code)

    def __reduce__(self) -> tuple[Any, ...]:
        """Unpickle by calling the constructor: only SystemExit's own can set its code."""
        return type(self), (self.number,), self.__dict__


@contextmanager
def raised_as_exits() -> Iterator[None]:
    """Within the block, signals of `ENDING` raise `EndingSignal`, unless ignored before, as under nohup."""
    handled = [number for number in ENDING if signal.getsignal(number) is not signal.SIG_IGN]
    earlier = {number: signal.signal(number, _raise) for number in handled}
    try:
        yield
    finally:
        for number, handler in earlier.items():
            signal.signal(number, handler)


def _raise(number: int, _frame: FrameType | None) -> None:
    # A second signal must not interrupt the clean-up.
    signal.signal(number, signal.SIG_IGN)
    raise EndingSignal(number)
