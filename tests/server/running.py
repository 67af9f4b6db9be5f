"""Runs a server in a thread, and speaks HTTP to it byte by byte."""

import functools
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from starlette.types import ASGIApp

from logocache.server.http_server import HttpServer
from logocache.server.protocol_h11 import HardenedH11
from logocache.settings import Settings

PATIENCE = 20
"""Seconds after which something counts as stuck."""
ENGINES = ("httptools on uvloop", "h11 on asyncio")


@dataclass(kw_only=True)
class Running:
    server: HttpServer
    address: tuple[str, int]
    thread: threading.Thread
    outcome: list[object] = field(default_factory=list)
    """What `run_until_ended` returned or raised."""

    def connect(self, *, receive_buffer: int | None = None) -> socket.socket:
        client = socket.socket()
        client.settimeout(PATIENCE)
        if receive_buffer is not None:
            client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        client.connect(self.address)
        return client

    def exchange(self, *pieces: bytes) -> bytes:
        """Everything that comes back on a new connection, until the server closes it."""
        with self.connect() as client:
            for piece in pieces:
                client.sendall(piece)
            return until_closed(client)

    def connections(self) -> int:
        return len(self.server.server_state.connections)

    def end(self) -> None:
        self.server.should_exit = True
        self.thread.join(PATIENCE)
        assert not self.thread.is_alive(), "the server is stuck"


@contextmanager
def running(
    app: ASGIApp, *, engine: str = ENGINES[0], send_buffer: int | None = None, **given: Any
) -> Iterator[Running]:
    """A server of `app` on loopback, with the settings `given`; it is ended at the end."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        if send_buffer is not None:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, send_buffer)
        ready = threading.Event()
        server = HttpServer(app, Settings(**given), ready.set)
        if engine == ENGINES[1]:
            limits = server.config.http.keywords["limits"]  # type: ignore[union-attr]  # our partial
            server.config.http = functools.partial(HardenedH11, limits=limits)  # type: ignore[assignment]
            server.config.loop = "asyncio"
        outcome: list[object] = []
        thread = threading.Thread(target=_run, args=(server, listener, outcome, ready))
        thread.start()
        ready.wait(PATIENCE)
        up = Running(server=server, address=listener.getsockname(), thread=thread, outcome=outcome)
        try:
            yield up
        finally:
            up.end()


def _run(server: HttpServer, listener: socket.socket, outcome: list[object], ready: threading.Event) -> None:
    try:
        outcome.append(server.run_until_ended([listener]))
    except Exception as error:  # noqa: BLE001  # the tests look at it
        outcome.append(error)
    finally:
        ready.set()


def until_closed(client: socket.socket) -> bytes:
    received = b""
    while piece := client.recv(65536):
        received += piece
    return received


def until(client: socket.socket, end: bytes) -> bytes:
    """What is received up to and including `end`."""
    received = b""
    while not received.endswith(end):
        piece = client.recv(65536)
        assert piece, f"closed after {received[-200:]!r}"
        received += piece
    return received


def is_dropped(client: socket.socket) -> bool:
    """Whether the server closes the connection, in whatever way, without another byte."""
    try:
        return client.recv(1) == b""
    except (ConnectionResetError, BrokenPipeError):
        return True


def what_was_sent(client: socket.socket) -> bytes:
    """What the system had taken for sending before the server dropped the connection."""
    received = b""
    try:
        while piece := client.recv(65536):
            received += piece
    except (ConnectionResetError, BrokenPipeError):
        pass
    return received


def eventually(condition: Callable[[], bool]) -> bool:
    """Whether it comes true within reasonable time; for what no socket tells."""
    deadline = time.monotonic() + PATIENCE
    pause = threading.Event()
    while not condition():
        if time.monotonic() > deadline:
            return False
        pause.wait(0.01)
    return True


def get(path: str, *fields: str) -> bytes:
    return "\r\n".join([f"GET {path} HTTP/1.1", "host: test", *fields, "", ""]).encode()
