"""A small ASGI application whose paths behave in the ways that a server has to cope with."""

import asyncio
import os
import signal
import sys
import threading
from pathlib import Path

from starlette.types import ASGIApp, Receive, Scope, Send

from logocache.errors import DatabaseError
from logocache.server.limits import ClientLimits
from logocache.server.serving import METRICS_VARIABLE
from logocache.settings import Settings

LARGE = b"x" * 16_000_000
"""More than the buffers of a connection take."""


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
            asyncio.get_running_loop().run_in_executor(None, threading.Event().wait)
            await answer(send, b"busy")
        case "/die":
            os.kill(os.getpid(), signal.SIGKILL)
        case "/large":
            await answer(send, LARGE)
        case "/body":
            await answer(send, b"%d bytes" % len(await body(receive)))
        case "/client":
            await answer(send, f"{scope['client'][0]} {scope['scheme']} {scope['path']}".encode())
        case "/process":
            await answer(send, f"{os.getpid()} {os.environ.get(METRICS_VARIABLE)}".encode())
        case _:
            await answer(send, b"hello")


async def live(receive: Receive, send: Send) -> None:
    """TINY chooses what the start does; while the file that TINY_AWAY names exists, it refuses, too."""
    await receive()
    if is_away():
        raise DatabaseError("the database is away", hint="start it")
    match os.environ.get("TINY"):
        case "refuses":
            raise DatabaseError("the database\nis away", hint="start it")
        case "breaks":
            raise ZeroDivisionError("a bug")
        case "waits":
            tell("waiting")
            await asyncio.Event().wait()
        case "dies":
            os.kill(os.getpid(), signal.SIGKILL)
    await send({"type": "lifespan.startup.complete"})
    await receive()
    tell("flushed")
    await send({"type": "lifespan.shutdown.complete"})


def is_away() -> bool:
    return Path(os.environ.get("TINY_AWAY", "/nowhere")).exists()


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
