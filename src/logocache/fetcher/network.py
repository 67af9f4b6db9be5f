"""Name resolution with a time limit, TCP connections to given addresses, certificate authorities."""

import os
import selectors
import socket
import ssl
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future, wait
from contextlib import suppress
from ipaddress import ip_address
from pathlib import Path

import httpcore

from logocache.errors import SettingsError
from logocache.fetcher.addresses import IPAddress
from logocache.fetcher.streams import Deadline, SocketStream
from logocache.settings.sources import read_input


def connect(addresses: Sequence[IPAddress], port: int, *, deadline: Deadline, limit: float) -> SocketStream:
    """The first connection that succeeds, within `limit` seconds and before `deadline`.

    The time is divided among the addresses, so that an unreachable one leaves time for the others.
    Raises `httpcore.ConnectTimeout` or `httpcore.ConnectError` with the last failure, and `FetchError`
    (NOT_ASKED) once the fetcher is closed.
    """
    share = min(limit, deadline.left(httpcore.ConnectTimeout)) / len(addresses)
    failure: OSError | httpcore.ConnectTimeout | None = None
    for address in addresses:
        deadline.left(httpcore.ConnectTimeout)
        try:
            connected = connected_to(address, port, deadline=deadline.within(share))
        except (OSError, httpcore.ConnectTimeout) as error:
            failure = error
        else:
            connected.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            return SocketStream(connected, deadline)
    if isinstance(failure, httpcore.ConnectTimeout | TimeoutError):
        raise httpcore.ConnectTimeout("no answer in time") from failure
    raise httpcore.ConnectError(failure) from failure


def connected_to(address: IPAddress, port: int, *, deadline: Deadline) -> socket.socket:
    """A connected socket. Raises OSError, or as `deadline`."""
    family, kind, protocol, _, place = socket.getaddrinfo(
        str(address), port, type=socket.SOCK_STREAM, flags=socket.AI_NUMERICHOST
    )[0]
    connecting = socket.socket(family, kind, protocol)
    try:
        connecting.setblocking(False)
        with suppress(BlockingIOError):  # connecting has begun
            connecting.connect(place)
        wait_until_writable(connecting, deadline)
        failure = connecting.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
        if failure:
            raise OSError(failure, os.strerror(failure))
    except BaseException:
        connecting.close()
        raise
    return connecting


def wait_until_writable(connecting: socket.socket, deadline: Deadline) -> None:
    """Wait until the connection is established or has failed."""
    with selectors.DefaultSelector() as selector:
        selector.register(connecting, selectors.EVENT_WRITE)
        while not selector.select(deadline.piece(httpcore.ConnectTimeout)):
            pass


Resolve = Callable[[str, int], Sequence[IPAddress]]
"""The addresses of a host for TCP to a port, best first. Raises OSError when there are none."""

FAMILIES = (socket.AF_INET, socket.AF_INET6)


def system_resolve(host: str, port: int) -> Sequence[IPAddress]:
    """The operating system's addresses, in its order (RFC 6724). Raises OSError or UnicodeError."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, proto=socket.IPPROTO_TCP)
    texts = dict.fromkeys(str(sockaddr[0]) for family, _, _, _, sockaddr in found if family in FAMILIES)
    return [ip_address(text) for text in texts]


def resolve_within(resolve: Resolve, host: str, port: int, *, deadline: Deadline) -> Sequence[IPAddress]:
    """The addresses of `host`, at least one.

    Raises `httpcore.ConnectTimeout` at the deadline, `httpcore.ConnectError` when there are none, and
    `FetchError` (NOT_ASKED) once the fetcher is closed; none of them names the host, which may be the
    operator's proxy or internal. The lookup runs in a daemon thread, because `getaddrinfo` cannot be
    interrupted and must not delay the end of the program.
    """
    deadline.left(httpcore.ConnectTimeout)  # raises when there is none
    answer: Future[Sequence[IPAddress]] = Future()
    threading.Thread(
        target=settle, args=(answer, resolve, host, port), name=f"resolve {host}", daemon=True
    ).start()
    wait_for(answer, deadline)
    try:
        addresses = answer.result()
    except (OSError, UnicodeError) as error:
        why = (isinstance(error, OSError) and error.strerror) or "it is not a name of the DNS"
        raise httpcore.ConnectError(f"its name cannot be looked up: {why}") from error
    if not addresses:
        raise httpcore.ConnectError("its name has no address")
    return addresses


def wait_for(answer: Future[Sequence[IPAddress]], deadline: Deadline) -> None:
    try:
        while not wait([answer], timeout=deadline.piece(httpcore.ConnectTimeout)).done:
            pass
    except httpcore.ConnectTimeout as error:
        raise httpcore.ConnectTimeout("looking up its name took too long") from error


def settle(answer: Future[Sequence[IPAddress]], resolve: Resolve, host: str, port: int) -> None:
    try:
        answer.set_result(resolve(host, port))
    except BaseException as error:  # noqa: BLE001  # passed to the waiting thread
        answer.set_exception(error)


MAX_BYTES = 10_000_000
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
        read_input(Path(name), most=MAX_BYTES)
        return ssl.create_default_context(cafile=name)
    except OSError as error:  # ssl.SSLError is one: there is no certificate in it
        reason = "it holds no certificates" if isinstance(error, ssl.SSLError) else error.strerror
        raise SettingsError(
            f"SSL_CERT_FILE names {name}, which cannot be used ({reason})",
            hint="name a file of certificates in PEM, or unset it",
        ) from error
