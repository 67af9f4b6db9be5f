"""A small ASGI application whose paths behave in the ways that a server has to cope with."""

import asyncio
import os
import signal
import sys
import threading

from starlette.types import ASGIApp, Receive, Scope, Send

from logocache.errors import DatabaseError
from logocache.server.early_responses import ClientLimits
from logocache.server.metrics import METRICS_VARIABLE
from logocache.settings import Settings


async def tiny(scope: Scope, receive: Receive, send: Send) -> None:
    if scope["type"] == "lifespan":
        await live(receive, send)
        return
    match scope["path"].removeprefix(scope["root_path"]):
        case "/hang":
            tell("hanging")
            await asyncio.Event().wait()
        case "/busy":
            # A thread that waits for a source which does not answer.
            threading.Thread(target=threading.Event().wait).start()
            await answer(send, b"busy")
        case "/die":
            os.kill(os.getpid(), signal.SIGKILL)
        case "/body":
            await answer(send, b"%d bytes" % len(await body(receive)))
        case "/client":
            await answer(send, f"{scope['client'][0]} {scope['scheme']} {scope['path']}".encode())
        case "/process":
            await answer(send, f"{os.getpid()} {os.environ.get(METRICS_VARIABLE)}".encode())
        case _:
            await answer(send, b"hello")


async def live(receive: Receive, send: Send) -> None:
    """TINY chooses what the start does."""
    await receive()
    if os.environ.get("TINY") == "breaks":
        raise ZeroDivisionError("a bug")
    await send({"type": "lifespan.startup.complete"})
    await receive()
    tell("flushed")
    await send({"type": "lifespan.shutdown.complete"})


def check(_settings: Settings) -> None:
    """The check before anything is served."""
    match os.environ.get("TINY"):
        case "refuses":
            raise DatabaseError("the database is away", hint="start it")
        case "waits":
            tell("waiting")
            threading.Event().wait()


async def body(receive: Receive) -> bytes:
    message = await receive()
    whole: bytes = message.get("body", b"")
    while message.get("more_body"):
        message = await receive()
        whole += message.get("body", b"")
    return whole


async def answer(send: Send, content: bytes) -> None:
    headers = [(b"content-length", str(len(content)).encode())]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": content})


def tell(text: str) -> None:
    """To whoever waits for it on standard error."""
    os.write(sys.__stderr__.fileno() if sys.__stderr__ else 2, f"{text}\n".encode())


def application(settings: Settings) -> ASGIApp:
    return ClientLimits(
        tiny,
        max_body_bytes=settings.max_body_bytes,
        slow_client_seconds=settings.slow_client_seconds,
    )
