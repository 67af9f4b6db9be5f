"""Memory of `serve` at rest and under load, against uvicorn with an empty application.

Proportional set size of all its processes; at rest means after the first answer. The size of the work is in
seconds of load. Linux only.
"""

import tempfile
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from functools import partial
from pathlib import Path

from costs import server_memory
from servers import Server, ask, filled, load, logocache, uvicorn
from side_by_side import Contest, Figures, Options

CLIENTS = 32


def contests(options: Options) -> Iterator[Contest]:
    seconds = options.pick(quick=1, default=5)
    with tempfile.TemporaryDirectory() as folder:
        logos = filled(Path(folder), 3 if options.quick else 50)
        started: dict[str, Callable[[], AbstractContextManager[Server]]] = {
            "uvicorn, empty application": lambda: uvicorn("empty", logos),
            "logocache serve": lambda: logocache(logos),
        }
        yield Contest(
            title=f"a server at rest, and after {seconds} s of load",
            contestants={name: partial(used, start, seconds) for name, start in started.items()},
        )


def used(start: Callable[[], AbstractContextManager[Server]], seconds: int) -> Figures:
    with start() as server:
        ask(server, server.paths[0])
        at_rest = server_memory(server.pid)
        load(server, status=200, clients=CLIENTS, seconds=seconds)
        return {"MB at rest": at_rest, "MB hot": server_memory(server.pid)}
