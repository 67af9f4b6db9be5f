"""Ends of the program: exit codes, and signals that ask for an orderly end."""

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
    """The four answers, and 128 plus the signal's number for the ends that a signal brings."""

    FINE = 0
    PROBLEMS = 1
    """It ran, and something is wrong."""
    USAGE = 2
    """The command line or the configuration is wrong; nothing was done."""
    COULD_NOT_RUN = 3
    """The directory or the database is not usable, or the program has a bug."""
    INTERRUPTED = 130
    READER_GONE = 141
    """Whoever read the output, such as `head`, went away."""
    TERMINATED = 128 + signal.SIGTERM
    """As `signals.EndingSignal` has it; here so that the pages that list all codes are held to it."""


def of_error(error: Exception) -> ExitCode:
    return ExitCode.USAGE if isinstance(error, ConfigurationError) else ExitCode.COULD_NOT_RUN


def of_fetch(report: "FetchReport", *, strict: bool) -> ExitCode:
    """A missing logo is a problem only when `strict`, and never while the cache is switched off."""
    return ExitCode.PROBLEMS if strict and report.enabled and report.missing else ExitCode.FINE


def of_verify(report: "VerifyReport") -> ExitCode:
    """What could not be looked at is neither fine nor a problem found."""
    if any(finding.kind == "not_checked" for finding in report.findings):
        return ExitCode.COULD_NOT_RUN
    return ExitCode.FINE if report.ok else ExitCode.PROBLEMS


ENDING = (signal.SIGTERM, signal.SIGHUP)
"""Ctrl-C (SIGINT) is not here: Python raises KeyboardInterrupt for it."""


class EndingSignal(SystemExit):
    """Raised in the main thread, so that every `with` on the way out cleans up: leases are released."""

    def __init__(self, number: int) -> None:
        self.number = number
        self.name = signal.Signals(number).name
        self.exit_code = 128 + number
        super().__init__(self.exit_code)

    def __reduce__(self) -> tuple[Any, ...]:
        """Made again from the signal: SystemExit keeps its code where only its constructor can put it."""
        return type(self), (self.number,), self.__dict__


@contextmanager
def raised_as_exits() -> Iterator[None]:
    """While it lasts, an ending signal raises `EndingSignal`. Ignored signals, as under nohup, stay so."""
    heeded = [number for number in ENDING if signal.getsignal(number) is not signal.SIG_IGN]
    earlier = {number: signal.signal(number, _raise) for number in heeded}
    try:
        yield
    finally:
        for number, handler in earlier.items():
            signal.signal(number, handler)


def _raise(number: int, _frame: FrameType | None) -> None:
    # A second signal must not break the clean-up that the first one began.
    signal.signal(number, signal.SIG_IGN)
    raise EndingSignal(number)
