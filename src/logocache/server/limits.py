"""What a request's body may cost."""

import asyncio
from collections.abc import Iterable

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from logocache.server import refusals
from logocache.server.refusals import Refusal

MAX_DIGITS = 18
"""More than any length has; Python refuses to parse thousands of them."""


class ClientLimits:
    """ASGI layer: a body that is too large is answered with 413, one that comes too slowly with 408.

    A declared length is judged before anything is read. A request without a body passes untouched.
    What a client may cost before its request is known, and by not taking its answer, is the
    business of `protocol`.
    """

    def __init__(self, app: ASGIApp, *, max_body_bytes: int, slow_client_seconds: float) -> None:
        self._app = app
        self._max_body_bytes = max_body_bytes
        self._slow_client_seconds = slow_client_seconds

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        length = declared_length(scope["headers"])
        if length == 0:
            await self._app(scope, receive, send)
        elif length is not None and length > self._max_body_bytes:
            await refusals.LARGE_BODY.send(send)
        else:
            await self._watched(scope, receive, send)

    async def _watched(self, scope: Scope, receive: Receive, send: Send) -> None:
        deadline = asyncio.get_running_loop().time() + self._slow_client_seconds
        body = WatchedBody(receive, send, max_bytes=self._max_body_bytes, deadline=deadline)
        try:
            await self._app(scope, body.receive, body.send)
        except Exception:
            # To the application the client went away; however it ends, the answer is given.
            if not body.is_refused:
                raise


class WatchedBody:
    """One request's `receive` and `send`.

    Once the body is refused, the application is told that the client has gone, and what it still
    sends goes nowhere.
    """

    def __init__(self, receive: Receive, send: Send, *, max_bytes: int, deadline: float) -> None:
        """`deadline` is a time of the running loop, by which the last byte must have come."""
        self.is_refused = False
        self._receive = receive
        self._send = send
        self._room = max_bytes
        self._deadline = deadline
        self._is_complete = False
        self._is_answered = False

    async def receive(self) -> Message:
        if self.is_refused:
            return {"type": "http.disconnect"}
        if self._is_complete:
            return await self._receive()
        try:
            async with asyncio.timeout_at(self._deadline):
                message = await self._receive()
        except TimeoutError:
            return await self._refuse(refusals.SLOW_BODY)
        self._room -= len(message.get("body", b""))
        if self._room < 0:
            return await self._refuse(refusals.LARGE_BODY)
        self._is_complete = not message.get("more_body", False)
        return message

    async def send(self, message: Message) -> None:
        if not self.is_refused:
            self._is_answered = True
            await self._send(message)

    async def _refuse(self, refusal: Refusal) -> Message:
        self.is_refused = True
        if not self._is_answered:
            await refusal.send(self._send)
        return {"type": "http.disconnect"}


def declared_length(headers: Iterable[tuple[bytes, bytes]]) -> int | None:
    """How long the body will be: 0 without any (RFC 9112 6.3), None when that must be counted."""
    length = 0
    for name, value in headers:
        if name == b"transfer-encoding":
            return None
        if name == b"content-length":
            if not value.isdigit() or len(value) > MAX_DIGITS:
                return None
            length = int(value)
    return length
