"""Hot logos over HTTP: logocache against nginx, uvicorn with a bare application, and StaticFiles.

Each server has one worker on one core, wrk another core. Requests are mixed over all logos, on connections
that stay open; counting and timing them is included. The size of the work is in seconds of load.
"""

import contextlib
import tempfile
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from pathlib import Path

from servers import OPEN_FILE_CACHE, Logos, Server, filled, load, logocache, nginx, uvicorn
from side_by_side import Contest, Figures, MissingError, Options

CLIENTS = 32
Opened = Callable[[contextlib.AbstractContextManager[Server]], Server]


def contests(options: Options) -> Iterator[Contest]:
    seconds = options.pick(quick=1, default=2)
    with tempfile.TemporaryDirectory() as made, contextlib.ExitStack() as stack:
        folder = Path(made)
        logos = filled(folder, 3 if options.quick else 50)
        opened: Opened = stack.enter_context
        peers, missing = nginx_peers(folder, logos, opened)
        first = dict(list(peers.items())[:1])
        own = opened(logocache(logos))
        static_files = opened(uvicorn("static_files", logos))
        everyone = {
            **peers,
            "uvicorn, bare application": opened(uvicorn("bare", logos)),
            "FastAPI + StaticFiles": static_files,
            "logocache": own,
            "logocache /{domain}": own.at([f"/{domain}" for domain in logos.domains]),
        }
        on_disk = {**peers, "FastAPI + StaticFiles": static_files, "logocache": own}
        few = {**first, "logocache": own}

        def contest(
            title: str, servers: Mapping[str, Server], status: int, clients: int = CLIENTS
        ) -> Contest:
            contestants = {
                name: partial(asked, server, status=status, clients=clients, seconds=seconds)
                for name, server in servers.items()
            }
            return Contest(title=title, contestants=contestants, missing=missing)

        yield contest(f"200, {CLIENTS} clients", everyone, 200)
        yield contest(f"304, {CLIENTS} clients", on_disk, 304)
        for clients in (1, 512):
            yield contest(f"200, {clients} client{'s' if clients > 1 else ''}", few, 200, clients)
        pair = {"logocache": opened(logocache(logos, workers=2))}
        if peers:
            pair = {"nginx": opened(nginx(folder, logos, workers=2)), **pair}
        yield contest(f"200, {CLIENTS} clients, 2 workers", pair, 200)


def nginx_peers(folder: Path, logos: Logos, opened: Opened) -> tuple[dict[str, Server], dict[str, str]]:
    try:
        return {
            "nginx": opened(nginx(folder, logos)),
            "nginx, open_file_cache": opened(nginx(folder, logos, more=OPEN_FILE_CACHE)),
        }, {}
    except MissingError as error:
        return {}, {"nginx": str(error)}


def asked(server: Server, *, status: int, clients: int, seconds: int) -> Figures:
    done = load(server, status=status, clients=clients, seconds=seconds)
    return {"CPU µs/request": done.cpu / done.requests * 1e6, "requests/s": done.requests / done.seconds}
