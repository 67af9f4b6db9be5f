"""Single flight: of many who want the same thing at the same time, one does the work."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Hashable
from functools import partial
from typing import Any, TypeVar

Result = TypeVar("Result")


class Once:
    """Used by the event loop's thread alone."""

    def __init__(self) -> None:
        self._under_way: dict[Hashable, asyncio.Task[Any]] = {}  # of as many types as there are callers

    async def do(self, key: Hashable, work: Callable[[], Coroutine[Any, Any, Result]]) -> Result:
        """What `work` gives, shared with all who ask for `key` until it is done. Raises what it raises.

        A caller that is cancelled takes nothing from the others.
        """
        task: asyncio.Task[Result] | None = self._under_way.get(key)
        if task is None:
            task = asyncio.create_task(work())
            self._under_way[key] = task
            task.add_done_callback(partial(self._done, key))
        shared: Awaitable[Result] = asyncio.shield(task)
        return await shared

    def _done(self, key: Hashable, task: "asyncio.Task[Any]") -> None:
        self._under_way.pop(key, None)
        if not task.cancelled():
            task.exception()  # whoever still waits has got it; nobody need
