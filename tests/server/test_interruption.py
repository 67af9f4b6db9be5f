import asyncio
import json

import pytest
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from logocache.server.interruption import AnswerInterrupted


async def silent(scope: Scope, receive: Receive, send: Send) -> None:
    await asyncio.Event().wait()


async def speaking(scope: Scope, receive: Receive, send: Send) -> None:
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await asyncio.Event().wait()


async def confused(scope: Scope, receive: Receive, send: Send) -> None:
    """Waits for something of its own that was cancelled; nobody cancelled the request."""
    raise asyncio.CancelledError


async def receive() -> Message:
    raise AssertionError("nobody reads here")


async def cancelled(app: ASGIApp) -> list[Message]:
    sent: list[Message] = []

    async def send(message: Message) -> None:
        sent.append(message)

    task = asyncio.ensure_future(AnswerInterrupted(app)({"type": "http"}, receive, send))
    await asyncio.sleep(0)
    task.cancel()
    try:
        await task
    except asyncio.CancelledError:
        sent.append({"type": "cancelled"})
    return sent


def test_a_cancelled_request_is_answered_with_a_problem() -> None:
    start, body = asyncio.run(cancelled(silent))
    assert start["status"] == 503
    assert (b"retry-after", b"1") in start["headers"]
    assert json.loads(body["body"])["code"] == "ending"


def test_an_answer_that_has_begun_stays_cancelled() -> None:
    assert [message["type"] for message in asyncio.run(cancelled(speaking))] == [
        "http.response.start",
        "cancelled",
    ]


def test_a_cancellation_from_within_is_no_end() -> None:
    with pytest.raises(asyncio.CancelledError):
        asyncio.run(AnswerInterrupted(confused)({"type": "http"}, receive, None))  # type: ignore[arg-type]  # not used
