"""What a client gets whose request was still going on when the time for the server's end was up."""

import asyncio

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from logocache.server import refusals


class AnswerInterrupted:
    """ASGI layer: a request that the server cancels is answered with 503, so that it is asked elsewhere.

    uvicorn alone would answer 500, and log the cancellation as an error with a traceback.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        is_answered = False

        async def noted(message: Message) -> None:
            nonlocal is_answered
            is_answered = True
            await send(message)

        try:
            await self._app(scope, receive, noted)
        except asyncio.CancelledError:
            task = asyncio.current_task()
            if is_answered or task is None or not task.cancelling():
                raise
            await refusals.ENDING.send(send)
