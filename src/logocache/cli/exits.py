"""Exit codes, and the signals that end the program in an orderly way."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from enum import IntEnum
from types import FrameType
from typing import TYPE_CHECKING, Any

from logocache.errors import ConfigurationError

if TYPE_CHECKING:
    from logocache.results import FetchReport, VerifyReport


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


def of_fetch(report: "FetchReport", *, strict: bool) -> ExitCode:
    """PROBLEMS if `strict` and a logo is missing, unless the cache is switched off; else FINE."""
    return ExitCode.PROBLEMS if strict and report.enabled and report.missing else ExitCode.FINE


def of_verify(report: "VerifyReport") -> ExitCode:
    """COULD_NOT_RUN if anything was not checked; else PROBLEMS if a finding counts as failure."""
    if any(finding.kind == "not_checked" for finding in report.findings):
        return ExitCode.COULD_NOT_RUN
    return ExitCode.FINE if report.ok else ExitCode.PROBLEMS


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
