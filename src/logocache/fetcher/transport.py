"""httpx's transport with the SSRF guard built in: see docs/adr/0003. Every hop is checked."""

import logging
import os
import ssl
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import httpcore
import httpx

from logocache.errors import SettingsError
from logocache.fetcher import addresses
from logocache.fetcher.addresses import IPAddress, IPNetwork, forbidden_reason
from logocache.fetcher.limits import FetchError
from logocache.fetcher.network import Deadline, Resolve, connect, resolve_within
from logocache.model import OutcomeKind
from logocache.settings import Settings
from logocache.settings.fields import ConnectTo
from logocache.settings.sources import read_input

logger = logging.getLogger(__name__)


class GuardedBackend(httpcore.NetworkBackend):
    """Resolves a name once, checks all its addresses, and connects only to those.

    Every operation ends before `deadline`; resolving and connecting take at most `limit` seconds
    each. `connect_to` redirects connections as curl's --connect-to does; the resulting addresses are
    checked as well.
    """

    def __init__(
        self,
        *,
        resolve: Resolve,
        deadline: Deadline,
        limit: float,
        allowed: Sequence[IPNetwork] = (),
        connect_to: Sequence[ConnectTo] = (),
    ) -> None:
        self._resolve = resolve
        self._deadline = deadline
        self._limit = limit
        self._allowed = allowed
        self._connect_to = connect_to

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ARG002  # the deadline applies
        local_address: str | None = None,  # noqa: ARG002  # our pools set none
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,  # noqa: ARG002  # our pools set none
    ) -> httpcore.NetworkStream:
        """Raises `FetchError` (REFUSED) for a forbidden address, else httpcore's `Connect…` errors."""
        host, port = destination(host, port, self._connect_to)
        addresses = resolve_within(self._resolve, host, port, deadline=self._deadline.within(self._limit))
        check(host, addresses, allowed=self._allowed)
        return connect(addresses, port, deadline=self._deadline, limit=self._limit)

    def connect_unix_socket(
        self,
        path: str,  # noqa: ARG002  # refused whatever it is
        timeout: float | None = None,  # noqa: ARG002  # as above
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,  # noqa: ARG002  # as above
    ) -> httpcore.NetworkStream:
        raise FetchError(OutcomeKind.REFUSED, "local sockets are not asked")


class ProxyBackend(httpcore.NetworkBackend):
    """Connects to the operator's proxy only.

    The proxy's address is not checked, since the operator chose it; nor are those of the sites, since
    the proxy resolves them.
    """

    def __init__(self, *, proxy: tuple[str, int], resolve: Resolve, deadline: Deadline, limit: float) -> None:
        self._proxy = proxy
        self._resolve = resolve
        self._deadline = deadline
        self._limit = limit

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ARG002  # the deadline applies
        local_address: str | None = None,  # noqa: ARG002  # our pools set none
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,  # noqa: ARG002  # our pools set none
    ) -> httpcore.NetworkStream:
        """Raises `FetchError` (REFUSED) for anything but the proxy, else httpcore's `Connect…` errors."""
        if (host, port) != self._proxy:
            raise FetchError(OutcomeKind.REFUSED, "only the proxy is connected to")
        addresses = resolve_within(self._resolve, host, port, deadline=self._deadline.within(self._limit))
        return connect(addresses, port, deadline=self._deadline, limit=self._limit)


def destination(host: str, port: int, connect_to: Iterable[ConnectTo]) -> tuple[str, int]:
    """Host and port to connect to for `host:port`, by the first matching entry of `connect_to`."""
    for entry in connect_to:
        if entry.host in {None, host} and entry.port in {None, port}:
            return entry.to_host, entry.to_port
    return host, port


def check(host: str, addresses: Iterable[IPAddress], *, allowed: Sequence[IPNetwork]) -> None:
    """Raise `FetchError` unless every address may be connected to.

    Outcomes are public and must not reveal internal addresses: the address is only in the debug log.
    One forbidden address forbids all: a name with both public and internal addresses is an attack or
    a mistake.
    """
    for address in addresses:
        why = forbidden_reason(address, allowed=allowed)
        if why is not None:
            logger.debug("address.refused", extra={"host": host, "address": str(address), "reason": why})
            raise FetchError(OutcomeKind.REFUSED, "refused: not a public address")


GUARD_CONTEXT = "logocache"
"""The request extension with the `GuardContext`."""

CONNECTIONS = 4
"""Connections of one transport (one thread): the one in use, and a few kept alive."""

KEPT_ALIVE_SECONDS = 15.0


@dataclass(frozen=True, slots=True, kw_only=True)
class GuardContext:
    """Deadline and trusted origin of a request."""

    deadline: float
    """On the clock of the transport's `Deadline`."""
    trusted_origin: str | None = None


class GuardedTransport(httpx.HTTPTransport):
    """Sends requests that carry a `GuardContext`, over HTTP/1.1. For one thread at a time.

    `handle_request` raises `FetchError` for what the guard refuses, and httpx's errors.
    """

    def __init__(
        self, settings: Settings, *, ssl_context: ssl.SSLContext, resolve: Resolve, deadline: Deadline
    ) -> None:
        super().__init__(verify=ssl_context)
        # httpx takes no network backend, so its private pool is replaced. Should a later httpx keep its
        # pool elsewhere, requests would bypass the guard: fail here instead.
        if not isinstance(vars(self).get("_pool"), httpcore.ConnectionPool):
            problem = "this version of httpx cannot be guarded: install the one pyproject.toml names"
            raise RuntimeError(problem)  # noqa: TRY004  # no caller gave a wrong type
        self._pool = pool_of(settings, ssl_context=ssl_context, resolve=resolve, deadline=deadline)
        self._deadline = deadline
        # Local names are resolved only where the operator allowed private networks, or named the host.
        self._asks_intranet = any(not network.is_loopback for network in settings.allowed_networks)
        self._named_hosts = frozenset(entry.host for entry in settings.connect_to if entry.host)
        silence_headers()

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        context = request.extensions.get(GUARD_CONTEXT)
        if not isinstance(context, GuardContext):
            raise FetchError(OutcomeKind.REFUSED, "a request that does not come from the fetcher")
        host = addresses.host_of(request.url)
        addresses.check(
            request.url,
            trusted_origin=context.trusted_origin,
            local_names=self._asks_intranet or host in self._named_hosts,
        )
        self._deadline.at = context.deadline
        return super().handle_request(request)


def pool_of(
    settings: Settings, *, ssl_context: ssl.SSLContext, resolve: Resolve, deadline: Deadline
) -> httpcore.ConnectionPool:
    """A connection pool over the guard, or over a backend that connects only to the proxy."""
    if settings.http_proxy is None:
        return httpcore.ConnectionPool(
            ssl_context=ssl_context,
            max_connections=CONNECTIONS,
            keepalive_expiry=KEPT_ALIVE_SECONDS,
            network_backend=GuardedBackend(
                resolve=resolve,
                deadline=deadline,
                limit=settings.connect_timeout_seconds,
                allowed=settings.allowed_networks,
                connect_to=settings.connect_to,
            ),
        )
    proxy = httpx.Proxy(settings.http_proxy.get_secret_value())
    host, port = addresses.host_of(proxy.url), proxy.url.port or addresses.DEFAULT_PORTS[proxy.url.scheme]
    return httpcore.HTTPProxy(
        proxy_url=httpcore.URL(scheme=proxy.url.scheme, host=host, port=port, target="/"),
        proxy_auth=proxy.raw_auth,
        proxy_ssl_context=ssl_context if proxy.url.scheme == "https" else None,
        ssl_context=ssl_context,
        max_connections=CONNECTIONS,
        keepalive_expiry=KEPT_ALIVE_SECONDS,
        network_backend=ProxyBackend(
            proxy=(host, port), resolve=resolve, deadline=deadline, limit=settings.connect_timeout_seconds
        ),
    )


def silence_headers() -> None:
    """Keep httpcore from logging response headers: a Location may echo a secret."""
    logging.getLogger("httpcore.http11").setLevel(logging.INFO)


FOREIGN = (httpx.HTTPError, httpx.InvalidURL, httpx.StreamError, httpx.CookieConflict)
"""The base classes of all exceptions that httpx raises on purpose."""

MEANINGS: dict[type[Exception], tuple[OutcomeKind, str]] = {
    httpx.HTTPError: (OutcomeKind.TRANSIENT, "the request failed"),
    httpx.HTTPStatusError: (OutcomeKind.TRANSIENT, "the answer says that the request failed"),
    httpx.RequestError: (OutcomeKind.TRANSIENT, "the request failed"),
    httpx.TransportError: (OutcomeKind.TRANSIENT, "the request failed"),
    httpx.TimeoutException: (OutcomeKind.TRANSIENT, "it took too long"),
    httpx.ConnectTimeout: (OutcomeKind.TRANSIENT, "connecting took too long"),
    httpx.ReadTimeout: (OutcomeKind.TRANSIENT, "the answer took too long"),
    httpx.WriteTimeout: (OutcomeKind.TRANSIENT, "sending took too long"),
    httpx.PoolTimeout: (OutcomeKind.TRANSIENT, "no connection became free"),
    httpx.NetworkError: (OutcomeKind.TRANSIENT, "the network failed"),
    httpx.ConnectError: (OutcomeKind.TRANSIENT, "could not connect"),
    httpx.ReadError: (OutcomeKind.TRANSIENT, "the connection broke while reading"),
    httpx.WriteError: (OutcomeKind.TRANSIENT, "the connection broke while sending"),
    httpx.CloseError: (OutcomeKind.TRANSIENT, "the connection broke while closing"),
    httpx.ProxyError: (OutcomeKind.TRANSIENT, "the proxy did not let us through"),
    httpx.ProtocolError: (OutcomeKind.TRANSIENT, "HTTP was broken"),
    httpx.RemoteProtocolError: (OutcomeKind.TRANSIENT, "the answer is broken or incomplete"),
    httpx.LocalProtocolError: (OutcomeKind.REFUSED, "the request cannot be written as HTTP"),
    httpx.UnsupportedProtocol: (OutcomeKind.REFUSED, "only http and https are asked"),
    httpx.DecodingError: (OutcomeKind.TRANSIENT, "the answer cannot be decoded"),
    httpx.TooManyRedirects: (OutcomeKind.REFUSED, "too many redirects"),
    httpx.InvalidURL: (OutcomeKind.REFUSED, "not a valid URL"),
    httpx.CookieConflict: (OutcomeKind.TRANSIENT, "the answer's cookies contradict each other"),
    httpx.StreamError: (OutcomeKind.TRANSIENT, "the answer could not be read"),
    httpx.StreamConsumed: (OutcomeKind.TRANSIENT, "the answer could not be read twice"),
    httpx.StreamClosed: (OutcomeKind.TRANSIENT, "the answer was closed before it was read"),
    httpx.ResponseNotRead: (OutcomeKind.TRANSIENT, "the answer was not read"),
    httpx.RequestNotRead: (OutcomeKind.TRANSIENT, "the request was not read"),
}
"""Every exception class of httpx; a test fails when httpx adds one."""


def translated(error: Exception) -> FetchError:
    """`error`, an instance of `FOREIGN`, as a `FetchError` with the original text in parentheses.

    That text may be long and contain what a server sent: mask it, then shorten it, before it is shown.
    """
    kind, meaning = next(MEANINGS[base] for base in type(error).__mro__ if base in MEANINGS)
    # A proxy's text may describe its internal network: only the status is shown.
    detail = str(error).strip() if not isinstance(error, httpx.ProxyError) else str(error)[:3]
    return FetchError(kind, f"{meaning} ({detail})" if detail else meaning)


MAX_CERTIFICATE_BYTES = 10_000_000
"""Of a certificate file; all public authorities together take 300 kB."""


def named_authorities() -> ssl.SSLContext | None:
    """A context that trusts the authorities in SSL_CERT_FILE; None when the variable is not set.

    Raises:
        SettingsError: the file cannot be used.
    """
    name = os.environ.get("SSL_CERT_FILE")
    if not name:
        return None
    try:
        read_input(Path(name), most=MAX_CERTIFICATE_BYTES)
        return ssl.create_default_context(cafile=name)
    except OSError as error:  # ssl.SSLError is one: there is no certificate in it
        reason = "it holds no certificates" if isinstance(error, ssl.SSLError) else error.strerror
        raise SettingsError(
            f"SSL_CERT_FILE names {name}, which cannot be used ({reason})",
            hint="name a file of certificates in PEM, or unset it",
        ) from error
