"""The servers that logocache is compared with, each as its own documentation says.

Run as a program: `python peers.py APPLICATION DIRECTORY PORT`.
"""

import sys
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any

import uvicorn
from fastapi import FastAPI
from fastapi.staticfiles import StaticFiles

PREFIX = "/static/cached_logos"
Application = Callable[..., Awaitable[None]]
Send = Callable[[Mapping[str, Any]], Awaitable[None]]


def static_files(directory: Path) -> Application:
    """A directory the way FastAPI documents it (https://fastapi.tiangolo.com/tutorial/static-files/)."""
    app = FastAPI()
    app.mount(PREFIX, StaticFiles(directory=directory))
    return app


def bare(directory: Path) -> Application:
    """The least that an ASGI application can do: ready answers from a dict."""
    ready = {}
    for path in directory.glob("*.png"):
        body = path.read_bytes()
        headers = [(b"content-type", b"image/png"), (b"content-length", str(len(body)).encode())]
        start = {"type": "http.response.start", "status": 200, "headers": headers}
        ready[f"{PREFIX}/{path.name}"] = (start, {"type": "http.response.body", "body": body})

    async def app(scope: Mapping[str, Any], _receive: object, send: Send) -> None:
        for message in ready[scope["path"]]:
            await send(message)

    return app


def empty(_: Path) -> Application:
    """An application that answers all with nothing."""

    async def app(_scope: object, _receive: object, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"0")]})
        await send({"type": "http.response.body", "body": b""})

    return app


PEERS = {"static_files": static_files, "bare": bare, "empty": empty}

if __name__ == "__main__":
    name, directory, port = sys.argv[1:]
    application = PEERS[name](Path(directory))
    uvicorn.run(application, port=int(port), access_log=False, log_level="error", lifespan="off")
