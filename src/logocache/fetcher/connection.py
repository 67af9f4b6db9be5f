"""Opening a TCP connection to addresses that are known."""

import os
import selectors
import socket
from collections.abc import Sequence
from contextlib import suppress

import httpcore

from logocache.fetcher.addresses import IPAddress
from logocache.fetcher.deadline import Deadline
from logocache.fetcher.streams import SocketStream


def connect(addresses: Sequence[IPAddress], port: int, *, deadline: Deadline, limit: float) -> SocketStream:
    """The first connection that succeeds, within `limit` seconds and before `deadline`.

    The time is shared out among the addresses, so that a dead first one leaves the others their
    turn. Raises `httpcore.ConnectTimeout` or `httpcore.ConnectError`, for the last one's reason,
    and `FetchError` (NOT_ASKED) once the fetcher is closed.
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
        with suppress(BlockingIOError):  # that it has begun
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
    """Wait until the connection is there, or has failed."""
    with selectors.DefaultSelector() as selector:
        selector.register(connecting, selectors.EVENT_WRITE)
        while not selector.select(deadline.piece(httpcore.ConnectTimeout)):
            pass
