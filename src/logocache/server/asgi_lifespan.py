"""Start and end of an ASGI application, by the ASGI lifespan protocol.

uvicorn's own handling logs a traceback and exits when a start fails; here the application's exception
comes out as it is, so that its one line can be shown.
"""

import asyncio
from typing import Any

from starlette.types import ASGIApp, Message


class AsgiLifespan:
    """One start and one end."""

    def __init__(self, app: ASGIApp) -> None:
        self.state: dict[str, Any] = {}  # what the application keeps for its requests
        self._app = app
        self._questions: asyncio.Queue[Message] = asyncio.Queue()
        self._answers: asyncio.Queue[Message] = asyncio.Queue()
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Returns when the application can answer. Raises what its start raised."""
        self._task = asyncio.create_task(self._run(), name="lifespan")
        await self._ask("lifespan.startup")

    async def stop(self) -> None:
        """Returns when the application has ended. Raises what its end raised."""
        await self._ask("lifespan.shutdown")
        await self._running()

    def cancel(self) -> None:
        """End it wherever it is."""
        if self._task is not None:
            self._task.cancel()

    async def _run(self) -> None:
        scope = {
            "type": "lifespan",
            "asgi": {"version": "3.0", "spec_version": "2.0"},
            "state": self.state,
        }
        await self._app(scope, self._questions.get, self._answers.put)

    async def _ask(self, question: str) -> None:
        task = self._running()
        await self._questions.put({"type": question})
        answer = asyncio.create_task(self._answers.get())
        await asyncio.wait({answer, task}, return_when=asyncio.FIRST_COMPLETED)
        if answer.done() and answer.result()["type"] == f"{question}.complete":
            return
        answer.cancel()
        # An application that failed raises; one that only says so has to be taken at its word.
        await task
        raise RuntimeError(f"the application did not manage its {question}")

    def _running(self) -> "asyncio.Task[None]":
        if self._task is None:
            raise RuntimeError("not started")
        return self._task
