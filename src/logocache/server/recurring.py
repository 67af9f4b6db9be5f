"""Work that comes back every so often while the server runs."""

import asyncio
import logging
import random
from collections.abc import Awaitable, Callable

from logocache.errors import LogoCacheError

_log = logging.getLogger(__name__)


class Recurring:
    """Does one thing again and again, a while apart. What goes wrong is logged, once until it heals."""

    def __init__(self, name: str, action: Callable[[], Awaitable[None]], wait: Callable[[], float]) -> None:
        """`wait` gives the seconds until the next time, anew each time, so that it may be jittered."""
        self._name = name
        self._action = action
        self._wait = wait
        self._failing = False
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        self._task = asyncio.create_task(self._run(), name=self._name)

    async def stop(self) -> None:
        """No further time; whoever works in another thread finishes there."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait([self._task])

    async def once(self) -> None:
        """Do it now. LogoCacheErrors and surprises are logged, not raised."""
        try:
            await self._action()
        except LogoCacheError as error:
            if not self._failing:
                _log.warning(f"{self._name}.failed", extra={"error": str(error)})  # the event's name
            self._failing = True
        except Exception:  # noqa: BLE001  # a bug in one round must not end all the others
            _log.exception(f"{self._name}.broken")  # the event's name
            self._failing = True
        else:
            if self._failing:
                _log.warning(f"{self._name}.recovered")  # the event's name
            self._failing = False

    async def _run(self) -> None:
        while True:
            await asyncio.sleep(self._wait())
            await self.once()


def jittered(seconds: float) -> float:
    """A wait around `seconds`, so that many processes do not move in step."""
    return seconds * random.uniform(0.5, 1.5)  # noqa: S311  # no secret depends on it
