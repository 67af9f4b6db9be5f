"""Runs a server in a thread, and speaks HTTP to it byte by byte."""

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from starlette.types import ASGIApp

from logocache.server.serving import Server, configuration
from logocache.settings import Settings

PATIENCE = 120
"""Seconds after which something counts as stuck."""
ENGINES = ("httptools on uvloop", "h11 on asyncio")


@dataclass(kw_only=True)
class Running:
    server: Server
    address: tuple[str, int]
    thread: threading.Thread

    def connect(self) -> socket.socket:
        return socket.create_connection(self.address, timeout=PATIENCE)

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
def running(app: ASGIApp, *, engine: str = ENGINES[0], **given: Any) -> Iterator[Running]:
    """A server of `app` on loopback, with the settings `given`; it is ended at the end."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        ready = threading.Event()
        server = Server(configuration(Settings(**given), lambda: app), ready.set)
        if engine == ENGINES[1]:
            server.config.http, server.config.loop = "h11", "asyncio"
        thread = threading.Thread(target=server.run, args=([listener],))
        thread.start()
        assert ready.wait(PATIENCE), "the server is stuck"
        up = Running(server=server, address=listener.getsockname(), thread=thread)
        try:
            yield up
        finally:
            up.end()


def until_closed(client: socket.socket) -> bytes:
    received = b""
    while piece := client.recv(65536):
        received += piece
    return received


def until(client: socket.socket, end: bytes) -> bytes:
    """Receive up to and including `end`."""
    received = b""
    while not received.endswith(end):
        piece = client.recv(65536)
        assert piece, f"closed after {received[-200:]!r}"
        received += piece
    return received


def is_dropped(client: socket.socket) -> bool:
    """True if the server closes the connection, in whatever way, without another byte."""
    try:
        return client.recv(1) == b""
    except (ConnectionResetError, BrokenPipeError):
        return True


def eventually(condition: Callable[[], bool]) -> bool:
    """Wait for what no socket tells; False if it does not come true within reasonable time."""
    deadline = time.monotonic() + PATIENCE
    pause = threading.Event()
    while not condition():
        if time.monotonic() > deadline:
            return False
        pause.wait(0.01)
    return True


def get(path: str, *fields: str) -> bytes:
    return "\r\n".join([f"GET {path} HTTP/1.1", "host: test", *fields, "", ""]).encode()
