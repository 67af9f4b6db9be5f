"""Real servers on loopback, and a clock that only moves when told, for the fetcher's tests."""

import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from ipaddress import IPv4Network

from logocache.fetcher.client import HttpFetcher
from logocache.fetcher.network import Deadline, Resolve, Shutdown, system_resolve
from logocache.model import StoringClass
from logocache.ports import Answer, Clock, FetchRequest, ProviderTerms, utc_now
from logocache.settings import Settings
from logocache.settings.fields import ConnectTo

LOOPBACK = IPv4Network("127.0.0.0/8")
CONTEXT = ssl.create_default_context()
"""Loading the authorities for each fetcher would take most of the time of these tests."""

START = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)

Handler = Callable[[socket.socket, bytes], None]
"""Answers one request, whose head it is given."""


@dataclass
class Server:
    """Connections and requests of a loopback server. `stopping` is set when the test is over."""

    port: int
    requests: list[bytes] = field(default_factory=list)
    connections: int = 0
    stopping: threading.Event = field(default_factory=threading.Event)

    @property
    def connect_to(self) -> ConnectTo:
        """Sends every connection here."""
        return ConnectTo(None, None, "127.0.0.1", self.port)


@contextmanager
def serving(handler: Handler, *, tls: ssl.SSLContext | None = None) -> Iterator[Server]:
    """A server that answers any number of connections with any number of requests each."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        server = Server(port=listener.getsockname()[1])
        threads: list[threading.Thread] = []

        def accept() -> None:
            while True:
                connection, _ = listener.accept()
                if server.stopping.is_set():
                    connection.close()
                    return
                server.connections += 1
                thread = threading.Thread(target=serve, args=(connection,), daemon=True)
                threads.append(thread)
                thread.start()

        def serve(connection: socket.socket) -> None:
            connection.settimeout(5)
            with suppress(OSError), connection:
                stream = tls.wrap_socket(connection, server_side=True) if tls else connection
                with stream:
                    while head := read_head(stream):
                        server.requests.append(head)
                        handler(stream, head)

        acceptor = threading.Thread(target=accept, daemon=True)
        acceptor.start()
        try:
            yield server
        finally:
            server.stopping.set()
            socket.create_connection(("127.0.0.1", server.port)).close()
            for thread in (acceptor, *threads):
                thread.join(timeout=120)


def read_head(stream: socket.socket) -> bytes:
    """One request's head; empty when the client has gone."""
    head = b""
    while not head.endswith(b"\r\n\r\n"):
        data = stream.recv(65_536)
        if not data:
            return b""
        head += data
    return head


def always(answer: bytes, *, then_close: bool = False) -> Handler:
    """Sends the same bytes to every request."""

    def handle(stream: socket.socket, head: bytes) -> None:
        stream.sendall(answer)
        if then_close:
            stream.shutdown(socket.SHUT_RDWR)

    return handle


def http(status: int, body: bytes = b"", *headers: str) -> bytes:
    """A complete HTTP/1.1 answer."""
    fields = "".join(f"{header}\r\n" for header in headers)
    return f"HTTP/1.1 {status} X\r\n{fields}Content-Length: {len(body)}\r\n\r\n".encode() + body


class FakeTime:
    """A monotonic clock, a wall clock and a sleep that belong together."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.slept: list[float] = []

    def monotonic(self) -> float:
        return self.now

    def clock(self) -> datetime:
        return START + timedelta(seconds=self.now - 1000.0)

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds


def options(**changes: object) -> Settings:
    """Settings with short times and no retries, for servers on loopback."""
    values: dict[str, object] = {
        "concurrency_per_host": 2,
        "retries": 0,
        "connect_timeout_seconds": 2.0,
        "request_timeout_seconds": 5.0,
        "allowed_networks": (LOOPBACK,),
    }
    return Settings(**(values | changes))


def terms(provider: str, **facts: object) -> ProviderTerms:
    values: dict[str, object] = {
        "title": provider,
        "storing": StoringClass.UNSTATED,
        "licence": None,
        "terms_url": None,
        "uses_network": True,
    }
    return ProviderTerms(id=provider, **(values | facts))  # type: ignore[arg-type]  # each test names real fields


def request(url: str = "http://logo.example/icon.png", **changes: object) -> FetchRequest:
    values: dict[str, object] = {"url": url, "provider": "test", "max_bytes": 100_000}
    return FetchRequest(**(values | changes))  # type: ignore[arg-type]  # each test names real fields


@contextmanager
def fetching(
    server: Server,
    *,
    ssl_context: ssl.SSLContext | None = CONTEXT,
    resolve: Resolve = system_resolve,
    clock: Clock = utc_now,
    monotonic: Callable[[], float] = time.monotonic,
    random: Callable[[], float] = lambda: 1.0,
    providers: Iterable[ProviderTerms] = (),
    **changes: object,
) -> Iterator[HttpFetcher]:
    """A fetcher for which every host is that server."""
    values: dict[str, object] = {"connect_to": (server.connect_to,)}
    fetcher = HttpFetcher(
        options(**(values | changes)),
        providers,
        ssl_context=ssl_context,
        resolve=resolve,
        clock=clock,
        monotonic=monotonic,
        random=random,
    )
    try:
        yield fetcher
    finally:
        fetcher.close()


def ask(
    fetcher: HttpFetcher, url: str = "http://logo.example/", *, seconds: float = 10, **changes: object
) -> Answer:
    return fetcher.fetch(request(url, **changes), deadline=time.monotonic() + seconds)


def in_time(seconds: float = 5.0, *, closing: Shutdown | None = None) -> Deadline:
    """A deadline so many seconds from now."""
    deadline = Deadline(time.monotonic, closing or Shutdown())
    deadline.at = time.monotonic() + seconds
    return deadline
