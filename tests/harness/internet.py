"""A small internet on loopback: one HTTP and one HTTPS server for any number of sites.

Sites are distinguished by the Host header; certificates are issued on demand. Clients reach them
through `connect_to`, so that names, ports and certificates are those of real sites.
"""

import ssl
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import TracebackType
from typing import Self

import trustme


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """A site's answer for one path."""

    body: bytes = b""
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    etag: str | None = None
    """Sent as ETag; requests with it are answered with 304."""
    missing_bytes: int = 0
    """Number of bytes by which the body falls short of its Content-Length."""
    wait_for: threading.Event | None = None
    """Wait for this event before answering."""
    raw: bytes | None = None
    """The whole response, status line included, in place of all else."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """A received request, and what was answered."""

    host: str
    path: str
    headers: Mapping[str, str]
    status: int
    bytes_sent: int


Site = Mapping[str, Page]


class Loopback:
    """The servers. A context manager; `sites` may change while it runs."""

    def __init__(self, folder: Path, sites: Mapping[str, Site] | None = None) -> None:
        self.sites: dict[str, Site] = dict(sites or {})
        self.requests: list[Request] = []
        self._lock = threading.Lock()
        self._authority = trustme.CA()
        self._contexts: dict[str, ssl.SSLContext] = {}
        self.authority_file = folder / "authority.pem"
        self._authority.cert_pem.write_to_path(str(self.authority_file))
        handler = _handler_for(self)
        self._http = _Server(("127.0.0.1", 0), handler)
        self._https = _Server(("127.0.0.1", 0), handler, tls=self._tls())

    @property
    def connect_to(self) -> str:
        """The setting that redirects all connections to these servers."""
        return f":80:127.0.0.1:{self._http.server_port},:443:127.0.0.1:{self._https.server_port}"

    @property
    def http_origin(self) -> str:
        return f"http://127.0.0.1:{self._http.server_port}"

    @property
    def environment(self) -> dict[str, str]:
        """The environment variables for a client of this internet."""
        return {
            "LOGO_CACHE_CONNECT_TO": self.connect_to,
            "LOGO_CACHE_ALLOWED_NETWORKS": "127.0.0.0/8",
            "SSL_CERT_FILE": str(self.authority_file),
        }

    def urls(self, host: str | None = None) -> list[str]:
        """Host and path of the requests so far, in order."""
        return [
            request.host + request.path for request in self.requests if host is None or request.host == host
        ]

    def forget(self) -> None:
        """Forget the requests so far."""
        with self._lock:
            self.requests.clear()

    def note(self, request: Request) -> None:
        with self._lock:
            self.requests.append(request)

    def page(self, host: str, path: str) -> Page:
        return self.sites.get(host, {}).get(path, Page(status=404, body=b"nothing here"))

    def __enter__(self) -> Self:
        for server in (self._http, self._https):
            threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        for server in (self._http, self._https):
            server.shutdown()
            server.server_close()

    def _tls(self) -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._authority.issue_cert("unnamed.test").configure_cert(context)

        def choose(connection: ssl.SSLObject, name: str | None, _: ssl.SSLContext) -> None:
            if name is not None:
                connection.context = self._context_of(name)

        context.sni_callback = choose
        return context

    def _context_of(self, name: str) -> ssl.SSLContext:
        with self._lock:
            if name not in self._contexts:
                context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
                self._authority.issue_cert(name).configure_cert(context)
                self._contexts[name] = context
            return self._contexts[name]


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def __init__(
        self,
        address: tuple[str, int],
        handler: Callable[..., BaseHTTPRequestHandler],
        *,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self._tls = tls
        super().__init__(address, handler)

    def finish_request(self, request: object, client_address: object) -> None:
        """Do the TLS handshake in the connection's own thread, so that no client holds up others."""
        if self._tls is not None:
            try:
                request = self._tls.wrap_socket(request, server_side=True)  # type: ignore[arg-type]  # a socket
            except (OSError, ssl.SSLError):
                return
        try:
            super().finish_request(request, client_address)  # type: ignore[arg-type]  # as given
        finally:
            if self._tls is not None:
                request.close()  # type: ignore[attr-defined]  # a socket

    def handle_error(self, request: object, client_address: object) -> None:
        """Ignore clients that disconnect."""


def _handler_for(internet: Loopback) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        timeout = 30

        def do_GET(self) -> None:
            host = self.headers.get("Host", "").partition(":")[0]
            page = internet.page(host, self.path)
            if page.wait_for is not None:
                page.wait_for.wait(30)
            unchanged = page.etag is not None and self.headers.get("If-None-Match") == page.etag
            status, body = (304, b"") if unchanged else (page.status, page.body)
            internet.note(
                Request(
                    host=host,
                    path=self.path,
                    headers=dict(self.headers),
                    status=status,
                    bytes_sent=len(body),
                )
            )
            if page.raw is not None:
                self.wfile.write(page.raw)
                self.close_connection = True
                return
            self.send_response(status)
            for name, value in page.headers.items():
                self.send_header(name, value)
            if page.etag is not None:
                self.send_header("ETag", page.etag)
            self.send_header("Content-Length", str(len(body) + page.missing_bytes))
            self.end_headers()
            self.wfile.write(body)
            if page.missing_bytes:
                self.close_connection = True

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # the library's name
            """Tests read `requests` instead."""

    return Handler
