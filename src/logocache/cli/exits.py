"""How the program ends: every exit code, and which end has which."""

import signal
from enum import IntEnum
from typing import TYPE_CHECKING

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
    if any(each.kind == "not_checked" for each in report.findings):
        return ExitCode.COULD_NOT_RUN
    return ExitCode.FINE if report.ok else ExitCode.PROBLEMS
