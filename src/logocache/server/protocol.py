"""uvicorn's HTTP protocol, with limits on the time and the size of request heads.

    connection ──► awaiting a head ──► late: 408 (without a byte: closed) · too large: 431
                        ▲    ▼
                        └── request and response: uvicorn's

uvicorn itself limits idle connections (`timeout_keep_alive`) and concurrent requests
(`limit_concurrency`), `early_responses.ClientLimits` limits bodies. Clients that read responses slowly
are left to the proxy in front: see docs/deployment.md.
"""

import asyncio
import ipaddress
import logging
from typing import Any

from uvicorn import Config
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn.server import ServerState

from logocache.server import early_responses
from logocache.server.early_responses import EarlyResponse

LOCAL_ADDRESS = ("127.0.0.1", 0)
"""Stands for a client on a unix socket, which has no address but is on this machine."""

_log = logging.getLogger(__name__)


class HttpProtocol(HttpToolsProtocol):
    def __init__(
        self,
        config: Config,
        server_state: ServerState,
        app_state: dict[str, Any],  # the state of the application's lifespan
        _loop: asyncio.AbstractEventLoop | None = None,
        *,
        max_head_bytes: int,
        head_seconds: float,
    ) -> None:
        """A head may take `max_head_bytes`, and `head_seconds` from its first byte to its last."""
        super().__init__(config, server_state, app_state, _loop)
        self._max_head_bytes = max_head_bytes
        self._head_seconds = head_seconds
        self._head_bytes = 0
        """Bytes received since the last complete head, part of a body, or request."""
        self._head_timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn's
        super().connection_made(transport)
        self.client = client_address(self.client)
        self._await_head()

    def connection_lost(self, exc: Exception | None) -> None:
        self._stop_waiting()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        # The parser gets at most the bytes of one head at a time, so that a larger one is noticed.
        while data and not self.transport.is_closing():
            piece = data[: self._max_head_bytes - self._head_bytes]
            data = data[len(piece) :]
            self._head_bytes += len(piece)
            super().data_received(piece)
            if self._head_bytes >= self._max_head_bytes:
                self._refuse(early_responses.LARGE_HEAD)

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._await_head()

    def on_headers_complete(self) -> None:
        self._head_bytes = 0
        self._stop_waiting()
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        self._head_bytes = 0
        super().on_body(body)

    def on_message_complete(self) -> None:
        self._head_bytes = 0
        super().on_message_complete()

    def send_400_response(self, msg: str) -> None:  # noqa: ARG002  # as uvicorn calls it
        """Called by uvicorn when the parser gives up."""
        self._refuse(early_responses.BAD_REQUEST)

    def _unsupported_upgrade_warning(self) -> None:
        """Do not log: an upgrade that is not supported is ignored (RFC 9110 7.8)."""

    def _await_head(self) -> None:
        if self._head_timer is None:
            self._head_timer = self.loop.call_later(self._head_seconds, self._head_is_late)

    def _stop_waiting(self) -> None:
        if self._head_timer is not None:
            self._head_timer.cancel()
            self._head_timer = None

    def _head_is_late(self) -> None:
        self._head_timer = None
        if self._is_answering():
            self._await_head()  # of a pipelined request, which waits for its turn
        elif self._head_bytes:
            self._refuse(early_responses.SLOW_HEAD)
        else:
            self.transport.close()

    def _refuse(self, response: EarlyResponse) -> None:
        """Respond instead of the application, unless it has begun to; then close the connection."""
        if self.transport.is_closing():
            return
        client = self.client[0] if self.client else ""
        _log.info(
            "client.refused",
            extra={"client": client, "status": response.status.value, "reason": response.code},
        )
        self._unset_keepalive_if_required()
        if self._is_answering():
            self.transport.abort()
        else:
            self.transport.write(response.as_bytes)
            self.transport.close()

    def _is_answering(self) -> bool:
        cycle: object = self.cycle  # None before the first request, whatever uvicorn's annotation says
        return cycle is not None and not self.cycle.response_complete


def client_address(peer: tuple[str, int] | None) -> tuple[str, int]:
    """Address and port of a client: mapped IPv4 addresses as IPv4, `LOCAL_ADDRESS` on a unix socket."""
    if peer is None:
        return LOCAL_ADDRESS
    host, port = peer
    if ":" in host:
        mapped = ipaddress.IPv6Address(host).ipv4_mapped
        if mapped is not None:
            return str(mapped), port
    return host, port
