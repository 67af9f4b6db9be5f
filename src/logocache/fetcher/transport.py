"""httpx's transport with the guard built in: every hop is checked."""

import logging
import ssl
from dataclasses import dataclass

import httpcore
import httpx

from logocache.fetcher import addresses
from logocache.fetcher.errors import FetchError
from logocache.fetcher.guard import GuardedBackend, ProxyBackend
from logocache.fetcher.network import Resolve
from logocache.fetcher.streams import Deadline
from logocache.model import OutcomeKind
from logocache.settings import Settings

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
