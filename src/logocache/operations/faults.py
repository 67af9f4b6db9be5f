"""Our own failures: each affects only its entry, and is logged with a traceback the first time.

exception while fetching an entry      result
UnavailableError; out of memory or     raised as UnavailableError: ends the run after saving what is
threads, missing library               finished
any other exception                    outcome `error` of the source, or else of the entry; other
                                       sources and entries continue
the same, once the program ends        outcome `not_asked`
"""

import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import TracebackType

from logocache.errors import UnavailableError, raise_if_exhausted
from logocache.model import OutcomeKind
from logocache.policy.attempts import SourceResult
from logocache.ports import Progress

OURS = "logocache."

_log = logging.getLogger(__name__)


class Faults:
    """Failures of this process. Safe to use from several threads."""

    def __init__(self, interrupted: threading.Event) -> None:
        """`interrupted` is set when the program ends."""
        self._interrupted = interrupted
        self._known: set[str] = set()
        self._lock = threading.Lock()

    def result_of(self, error: Exception, *, key: str, provider: str = "") -> SourceResult:
        """Result for the entry `key` of an `error` raised while fetching it.

        Raises UnavailableError if the entry is not the cause.
        """
        if isinstance(error, UnavailableError):
            raise error
        raise_if_exhausted(error)
        if self._interrupted.is_set():
            return SourceResult(provider=provider, kind=OutcomeKind.NOT_ASKED, reason="the program ends")
        fault = description(error)
        self._log_fault("entry.error", fault, error, key=key, provider=provider)
        return SourceResult(provider=provider, kind=OutcomeKind.ERROR, reason=fault)

    @contextmanager
    def suppressed(self, who: str) -> Iterator[None]:
        """Log and suppress exceptions of the callback `who`."""
        try:
            yield
        except Exception as error:  # noqa: BLE001  # a callback may raise anything
            self._log_fault("watcher.error", description(error), error, watcher=who)

    def _log_fault(self, event: str, fault: str, error: Exception, **about: str) -> None:
        """Log the fault, with a traceback the first time only: it may occur at every entry."""
        with self._lock:
            is_news = fault not in self._known
            self._known.add(fault)
        level = logging.ERROR if is_news else logging.INFO
        _log.log(level, event, extra={**about, "fault": fault}, exc_info=error if is_news else None)


class SteadyProgress:
    """Progress whose exceptions are logged and suppressed."""

    def __init__(self, progress: Progress, faults: Faults) -> None:
        self._progress = progress
        self._faults = faults

    def start(self, total: int) -> None:
        with self._faults.suppressed("progress"):
            self._progress.start(total)

    def advance(self, label: str) -> None:
        with self._faults.suppressed("progress"):
            self._progress.advance(label)


def description(error: BaseException) -> str:
    """Type and place of an error, such as `ValueError in providers.icons, line 50`.

    Its message is left out, since it may contain data of a source or a secret; the log has it.
    """
    module, line = _place(error.__traceback__)
    return f"{type(error).__name__} in {module}, line {line}"


def _place(traceback: TracebackType | None) -> tuple[str, int]:
    """Module and line of the innermost frame of ours, or else of any."""
    place, is_ours = ("an unknown place", 0), False
    while traceback is not None:
        module = str(traceback.tb_frame.f_globals.get("__name__", "?"))
        if module.startswith(OURS) or not is_ours:
            place, is_ours = (module.removeprefix(OURS), traceback.tb_lineno), module.startswith(OURS)
        traceback = traceback.tb_next
    return place
