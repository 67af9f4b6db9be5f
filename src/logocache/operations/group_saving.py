"""Many threads that finish one entry each, few transactions: who saves takes along all who wait."""

import threading
from dataclasses import dataclass

from logocache.operations.saving import Saved, Saver
from logocache.operations.work import Worked


@dataclass(slots=True)
class _Turn:
    """One thread's entry, and what became of it."""

    worked: Worked
    saved: Saved | None = None
    error: BaseException | None = None


class GroupSaver:
    """Group commit. Safe to use from several threads."""

    def __init__(self, saver: Saver) -> None:
        self._saver = saver
        self._waiting: list[_Turn] = []
        self._joining = threading.Lock()
        self._saving = threading.Lock()

    def save(self, worked: Worked) -> Saved:
        """As `Saver.save` for this one entry; returns once it is saved, by whichever thread.

        The result is that of the whole batch. Raises what saving the batch raised.
        """
        turn = _Turn(worked)
        with self._joining:
            self._waiting.append(turn)
        with self._saving:
            if turn.saved is None and turn.error is None:
                self._save_all_who_wait()
        if turn.error is not None:
            raise turn.error
        return turn.saved or Saved()

    def _save_all_who_wait(self) -> None:
        with self._joining:
            turns, self._waiting = self._waiting, []
        try:
            saved = self._saver.save([turn.worked for turn in turns])
        except BaseException as error:  # noqa: BLE001  # each of the waiting threads raises it
            for turn in turns:
                turn.error = error
        else:
            for turn in turns:
                turn.saved = saved
