"""The SSRF guard: a network backend that connects only to permitted addresses. See docs/adr/0003."""

import logging
from collections.abc import Iterable, Sequence

import httpcore

from logocache.fetcher.addresses import IPAddress, IPNetwork, forbidden_reason
from logocache.fetcher.errors import FetchError
from logocache.fetcher.network import Resolve, connect, resolve_within
from logocache.fetcher.streams import Deadline
from logocache.model import OutcomeKind
from logocache.settings.sources import ConnectTo

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
