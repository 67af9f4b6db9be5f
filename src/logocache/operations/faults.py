"""Our own failures: each costs the entry at which it happened, and is logged with its traceback once.

raised by the work on an entry         what becomes of it
UnavailableError; no memory, thread    raised on as UnavailableError: the surroundings' doing, which
or library left                        ends the run once all that is finished is saved
any other exception                    the outcome `error`: of the source, whose chain goes on, or
                                       else of the entry, and all others go on
the same, once the program ends        `not_asked`: what we work with is being closed
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
    """What has failed in this process. Safe to use from several threads."""

    def __init__(self, interrupted: threading.Event) -> None:
        """`interrupted` is set when the program ends."""
        self._interrupted = interrupted
        self._known: set[str] = set()
        self._lock = threading.Lock()

    def result_of(self, error: Exception, *, key: str, provider: str = "") -> SourceResult:
        """What `error`, raised by the work on the entry `key`, means for it.

        Raises UnavailableError when it is not about the entry.
        """
        if isinstance(error, UnavailableError):
            raise error
        raise_if_exhausted(error)
        if self._interrupted.is_set():
            return SourceResult(provider=provider, kind=OutcomeKind.NOT_ASKED, reason="the program ends")
        fault = description(error)
        self._tell("entry.error", fault, error, key=key, provider=provider)
        return SourceResult(provider=provider, kind=OutcomeKind.ERROR, reason=fault)

    @contextmanager
    def survived(self, who: str) -> Iterator[None]:
        """Go on when `who`, told of the work by us, raises."""
        try:
            yield
        except Exception as error:  # noqa: BLE001  # not ours
            self._tell("watcher.error", description(error), error, watcher=who)

    def _tell(self, event: str, fault: str, error: Exception, **about: str) -> None:
        """Log it; with its traceback when it is news: 5,000 entries may meet one mistake."""
        with self._lock:
            is_news = fault not in self._known
            self._known.add(fault)
        level = logging.ERROR if is_news else logging.INFO
        _log.log(level, event, extra={**about, "fault": fault}, exc_info=error if is_news else None)


class SteadyProgress:
    """Progress whose own failures do not reach the work."""

    def __init__(self, progress: Progress, faults: Faults) -> None:
        self._progress = progress
        self._faults = faults

    def start(self, total: int) -> None:
        with self._faults.survived("progress"):
            self._progress.start(total)

    def advance(self, label: str) -> None:
        with self._faults.survived("progress"):
            self._progress.advance(label)


def description(error: BaseException) -> str:
    """What failed and where, the same for each time that it fails: `ValueError in providers.icons, line 50`.

    Its own message is left out: that may hold what a source sent, or a secret; the log's traceback has it.
    """
    module, line = _place(error.__traceback__)
    return f"{type(error).__name__} in {module}, line {line}"


def _place(traceback: TracebackType | None) -> tuple[str, int]:
    """The innermost line of ours that the error passed, or of anybody."""
    place, is_ours = ("an unknown place", 0), False
    while traceback is not None:
        module = str(traceback.tb_frame.f_globals.get("__name__", "?"))
        if module.startswith(OURS) or not is_ours:
            place, is_ours = (module.removeprefix(OURS), traceback.tb_lineno), module.startswith(OURS)
        traceback = traceback.tb_next
    return place
