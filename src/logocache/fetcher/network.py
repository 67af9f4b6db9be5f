"""Connections whose operations respect a deadline and the fetcher's shutdown: names, sockets, TLS streams."""

import os
import select
import socket
import ssl
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future, wait
from contextlib import suppress
from ipaddress import ip_address
from typing import Any, TypeVar

import httpcore

from logocache.fetcher.addresses import IPAddress
from logocache.fetcher.limits import FetchError, closed


class Shutdown:
    """Event that stops all requests. Thread-safe."""

    def __init__(self) -> None:
        self._begun = threading.Event()

    def begin(self) -> None:
        """From now on `check` raises and `sleep` returns at once."""
        self._begun.set()

    def check(self) -> None:
        """Raise `FetchError` (NOT_ASKED) once it has begun."""
        if self._begun.is_set():
            raise closed()

    def sleep(self, seconds: float) -> None:
        """Sleep, at most until the shutdown begins."""
        self._begun.wait(seconds)


LONGEST_WAIT = 0.1
"""Seconds after which a wait checks for a shutdown: not all systems can wake a socket from another thread."""


class Deadline:
    """The current request's deadline, on the `monotonic` clock. Set for each request; used by one thread."""

    def __init__(self, monotonic: Callable[[], float], shutdown: Shutdown) -> None:
        self._monotonic = monotonic
        self._shutdown = shutdown
        self.at = 0.0

    def left(self, too_late: type[httpcore.TimeoutException]) -> float:
        """Remaining seconds, above 0.

        Raises `too_late` when there are none, and `FetchError` (NOT_ASKED) once the fetcher is closed.
        """
        self._shutdown.check()
        seconds = self.at - self._monotonic()
        if seconds <= 0:
            raise too_late("no time left")
        return seconds

    def piece(self, too_late: type[httpcore.TimeoutException]) -> float:
        """Seconds of one wait, at most `LONGEST_WAIT`; otherwise as `left`."""
        return min(self.left(too_late), LONGEST_WAIT)

    def within(self, seconds: float) -> "Deadline":
        """A deadline `seconds` from now, but no later than this one."""
        part = Deadline(self._monotonic, self._shutdown)
        part.at = min(self.at, self._monotonic() + seconds)
        return part


Result = TypeVar("Result")

TLS_READ_SIZE = 65_536


class SocketStream(httpcore.NetworkStream):
    """A connected socket. The deadline replaces the timeouts that httpcore passes."""

    def __init__(self, connected: socket.socket, deadline: Deadline) -> None:
        connected.setblocking(False)
        self._socket = connected
        self._deadline = deadline

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:  # noqa: ARG002  # see the class
        while True:
            piece = self._deadline.piece(httpcore.ReadTimeout)
            try:
                return self._socket.recv(max_bytes)
            except BlockingIOError:
                is_ready(self._socket, select.POLLIN, piece)
            except OSError as error:
                raise httpcore.ReadError(error) from error

    def write(self, buffer: bytes, timeout: float | None = None) -> None:  # noqa: ARG002  # see the class
        rest = memoryview(buffer)
        while rest:
            piece = self._deadline.piece(httpcore.WriteTimeout)
            try:
                rest = rest[self._socket.send(rest) :]
            except BlockingIOError:
                is_ready(self._socket, select.POLLOUT, piece)
            except OSError as error:
                raise httpcore.WriteError(error) from error

    def close(self) -> None:
        with suppress(OSError):  # the descriptor is freed anyway
            self._socket.close()

    def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,  # noqa: ARG002  # see the class
    ) -> httpcore.NetworkStream:
        return TLSStream(self, ssl_context, server_hostname)

    def get_extra_info(self, info: str) -> Any:  # noqa: ANN401  # as httpcore declares it
        return self._is_readable() if info == "is_readable" else None

    def _is_readable(self) -> bool:
        """True if there is data or the end of the stream: then an idle connection cannot be reused."""
        try:
            self._socket.recv(1, socket.MSG_PEEK)
        except BlockingIOError:
            return False
        except OSError:
            return True
        return True


def is_ready(connected: socket.socket, event: int, seconds: float) -> bool:
    """Wait until the socket is ready, or has failed; False if that takes longer than `seconds`."""
    poll = select.poll()
    poll.register(connected, event)
    return bool(poll.poll(seconds * 1000))


class TLSStream(httpcore.NetworkStream):
    """TLS over another stream, which enforces the deadline."""

    def __init__(
        self, inner: httpcore.NetworkStream, context: ssl.SSLContext, server_hostname: str | None
    ) -> None:
        """Do the handshake. `inner` is closed when that fails.

        Raises `httpcore.ConnectError` or `ConnectTimeout`, or `FetchError` once the fetcher is closed.
        """
        self._inner = inner
        self._incoming = ssl.MemoryBIO()
        self._outgoing = ssl.MemoryBIO()
        self._tls = context.wrap_bio(self._incoming, self._outgoing, server_hostname=server_hostname)
        try:
            self._perform(self._tls.do_handshake)
        except (httpcore.ReadTimeout, httpcore.WriteTimeout) as error:
            inner.close()
            raise httpcore.ConnectTimeout("the TLS handshake took too long") from error
        except (ssl.SSLError, httpcore.NetworkError) as error:
            inner.close()
            raise httpcore.ConnectError(f"the TLS handshake failed: {_tls_problem(error)}") from error
        except FetchError:
            inner.close()
            raise

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:  # noqa: ARG002  # see `inner`
        try:
            return self._perform(lambda: self._tls.read(max_bytes))
        except ssl.SSLError as error:  # also an end without close_notify: the body may be cut off
            raise httpcore.ReadError(error) from error

    def write(self, buffer: bytes, timeout: float | None = None) -> None:  # noqa: ARG002  # see `inner`
        rest = memoryview(buffer)
        while rest:
            try:
                rest = rest[self._perform(lambda: self._tls.write(rest)) :]  # noqa: B023  # called at once
            except ssl.SSLError as error:
                raise httpcore.WriteError(error) from error

    def close(self) -> None:
        self._inner.close()

    def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,  # noqa: ARG002  # see `inner`
    ) -> httpcore.NetworkStream:
        return TLSStream(self, ssl_context, server_hostname)

    def get_extra_info(self, info: str) -> Any:  # noqa: ANN401  # as httpcore declares it
        return self._tls if info == "ssl_object" else self._inner.get_extra_info(info)

    def _perform(self, operation: Callable[[], Result]) -> Result:
        """Run `operation` to its end, passing data between it and the inner stream."""
        while True:
            try:
                result = operation()
            except ssl.SSLWantReadError:
                self._send()
                self._receive()
                continue
            self._send()
            return result

    def _send(self) -> None:
        if self._outgoing.pending:
            self._inner.write(self._outgoing.read())

    def _receive(self) -> None:
        data = self._inner.read(TLS_READ_SIZE)
        if data:
            self._incoming.write(data)
        else:
            self._incoming.write_eof()


def _tls_problem(error: ssl.SSLError | httpcore.NetworkError) -> str:
    """The reason without the host's name, which may be that of the operator's proxy."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"certificate verify failed: {error.verify_message.partition(', certificate is not valid')[0]}"
    return str(error)


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
        while not is_ready(connecting, select.POLLOUT, deadline.piece(httpcore.ConnectTimeout)):
            pass
        failure = connecting.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
        if failure:
            raise OSError(failure, os.strerror(failure))
    except BaseException:
        connecting.close()
        raise
    return connecting


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
