"""From a name to its addresses, within a time limit."""

import socket
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future, wait
from ipaddress import ip_address

import httpcore

from logocache.fetcher.addresses import IPAddress
from logocache.fetcher.deadline import Deadline

Resolve = Callable[[str, int], Sequence[IPAddress]]
"""The addresses of a host for TCP to a port, best first. Raises OSError when there are none."""

FAMILIES = (socket.AF_INET, socket.AF_INET6)


def system_resolve(host: str, port: int) -> Sequence[IPAddress]:
    """What the operating system says, in its order (RFC 6724). Raises OSError or UnicodeError."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, proto=socket.IPPROTO_TCP)
    texts = dict.fromkeys(str(sockaddr[0]) for family, _, _, _, sockaddr in found if family in FAMILIES)
    return [ip_address(text) for text in texts]


def resolve_within(resolve: Resolve, host: str, port: int, *, deadline: Deadline) -> Sequence[IPAddress]:
    """The addresses of `host`, at least one.

    Raises `httpcore.ConnectTimeout` at the deadline, `httpcore.ConnectError` when there are none, and
    `FetchError` (NOT_ASKED) once the fetcher is closed; none of them names the host, which may be the
    operator's proxy, or inside his network. The lookup runs in a daemon thread:
    `getaddrinfo` cannot be interrupted, and one that hangs must hold up neither us nor the end of
    the program.
    """
    deadline.left(httpcore.ConnectTimeout)  # or nothing is looked up
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
    except BaseException as error:  # noqa: BLE001  # handed over to the thread that waits
        answer.set_exception(error)
