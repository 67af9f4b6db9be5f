"""Opening a TCP connection to addresses that are known."""

import socket
from collections.abc import Sequence

import httpcore

from logocache.fetcher.addresses import IPAddress
from logocache.fetcher.streams import Deadline, SocketStream


def connect(addresses: Sequence[IPAddress], port: int, *, deadline: Deadline, limit: float) -> SocketStream:
    """The first connection that succeeds, within `limit` seconds and before `deadline`.

    The time is shared out among the addresses, so that a dead first one leaves the others their
    turn. Raises `httpcore.ConnectTimeout` or `httpcore.ConnectError`, for the last one's reason.
    """
    share = min(limit, deadline.left(httpcore.ConnectTimeout)) / len(addresses)
    failure: OSError | None = None
    for address in addresses:
        seconds = min(share, deadline.left(httpcore.ConnectTimeout))
        try:
            connected = socket.create_connection((str(address), port), timeout=seconds)
        except OSError as error:
            failure = error
        else:
            connected.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            return SocketStream(connected, deadline)
    if isinstance(failure, TimeoutError):
        raise httpcore.ConnectTimeout("no answer in time") from failure
    raise httpcore.ConnectError(failure) from failure
