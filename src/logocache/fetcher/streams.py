"""Network streams that keep a wall-clock deadline in every operation, and end with the fetcher.

httpx's timeouts bound each read by itself, so a server that sends a byte a second holds a
worker for ever. Here every read, write and TLS handshake gets only what is left until the
deadline, a piece at a time, and raises `FetchError` (NOT_ASKED) once the fetcher is closed. TLS
goes through memory buffers, so that its many small reads obey it too, also in TLS to a proxy
around TLS to a site.
"""

import socket
import ssl
from collections.abc import Callable
from contextlib import suppress
from typing import Any, TypeVar

import httpcore

from logocache.fetcher.deadline import Deadline
from logocache.fetcher.failures import FetchError

Result = TypeVar("Result")

TLS_READ_SIZE = 65_536


class SocketStream(httpcore.NetworkStream):
    """A connected socket. The timeouts that httpcore passes along are ignored for the deadline."""

    def __init__(self, connected: socket.socket, deadline: Deadline) -> None:
        self._socket = connected
        self._deadline = deadline

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:  # noqa: ARG002  # see the class
        while True:
            try:
                self._socket.settimeout(self._deadline.piece(httpcore.ReadTimeout))
                return self._socket.recv(max_bytes)
            except TimeoutError:
                continue  # until there is no further piece
            except OSError as error:
                raise httpcore.ReadError(error) from error

    def write(self, buffer: bytes, timeout: float | None = None) -> None:  # noqa: ARG002  # see the class
        rest = memoryview(buffer)
        while rest:
            try:
                self._socket.settimeout(self._deadline.piece(httpcore.WriteTimeout))
                rest = rest[self._socket.send(rest) :]
            except TimeoutError:
                continue  # until there is no further piece
            except OSError as error:
                raise httpcore.WriteError(error) from error

    def close(self) -> None:
        with suppress(OSError):  # what was to be read has been read; the descriptor is freed anyway
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
        """Whether something came in, be it the end: then an idle connection is of no more use."""
        try:
            self._socket.setblocking(False)
            self._socket.recv(1, socket.MSG_PEEK)
        except BlockingIOError:
            return False
        except OSError:
            return True
        return True


class TLSStream(httpcore.NetworkStream):
    """TLS over another stream, which keeps the deadline."""

    def __init__(
        self, inner: httpcore.NetworkStream, context: ssl.SSLContext, server_hostname: str | None
    ) -> None:
        """Shake hands. `inner` is closed when that fails.

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
        """Do it, feeding it what comes in and sending what it puts out, until it is done."""
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
    """Why a handshake failed, without the host's name, which may be that of the operator's proxy."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"certificate verify failed: {error.verify_message.partition(', certificate is not valid')[0]}"
    return str(error)
