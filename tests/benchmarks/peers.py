"""The servers that logocache is held against, each as its own documentation says.

Run as a program: `python peers.py APPLICATION DIRECTORY PORT`.
"""

import sys
from pathlib import Path

import uvicorn
from fastapi import FastAPI, Response
from fastapi.staticfiles import StaticFiles


def static_files(directory: Path) -> FastAPI:
    """A directory the way FastAPI documents it (https://fastapi.tiangolo.com/tutorial/static-files/)."""
    app = FastAPI()
    app.mount("/static/cached_logos", StaticFiles(directory=directory))
    return app


def from_memory(directory: Path) -> FastAPI:
    """The least that a FastAPI route can do: the bytes from a dict."""
    app = FastAPI()
    logos = {path.name: path.read_bytes() for path in directory.glob("*.png")}

    @app.get("/static/cached_logos/{file}")
    async def get(file: str) -> Response:
        return Response(logos[file], media_type="image/png")

    return app


PEERS = {"static_files": static_files, "from_memory": from_memory}

if __name__ == "__main__":
    name, directory, port = sys.argv[1:]
    application = PEERS[name](Path(directory))
    uvicorn.run(application, port=int(port), access_log=False, log_level="error")
