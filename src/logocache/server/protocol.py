"""uvicorn's HTTP protocol, with limits on the time and the size of request heads.

    connection ──► awaiting a head ──► late: 408 (without a byte: closed) · too large: 431
                        ▲    ▼
                        └── request and response: uvicorn's

Hot logos are answered by `fast_path`, before or after the head has been parsed.
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
from logocache.server.fast_path import (
    FAST_PATH_IN_STATE,
    LONGEST_HEAD,
    FastPath,
    UsualRequest,
    usual_request,
)

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
        self._is_in_head = False
        self._is_between = True
        """True while no byte of the next request has been parsed."""
        self._begun = 0
        """Requests that began in the bytes received last."""
        self._fast_path: FastPath | None = app_state.get(FAST_PATH_IN_STATE)
        self._answered: UsualRequest | None = None
        """The request being parsed, if the fast path has answered it already."""
        self._answered_at = 0.0
        self._learnt: UsualRequest | None = None
        """The one request in the bytes received last, if the fast path has answered it."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn's
        super().connection_made(transport)
        self.client = client_address(self.client)
        self._await_head()

    def connection_lost(self, exc: Exception | None) -> None:
        self._stop_waiting()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        fast_path, head = self._fast_path, data
        if fast_path is not None and self._is_between and not self._head_bytes:
            request = fast_path.heads.get(data)
            if request is not None and self._respond(fast_path, request, None):
                return
        self._begun, self._learnt = 0, None
        # The parser gets at most the bytes of one head at a time, so that a larger one is noticed.
        while data and not self.transport.is_closing():
            piece = data[: self._max_head_bytes - self._head_bytes]
            data = data[len(piece) :]
            self._head_bytes += len(piece)
            super().data_received(piece)
            if self._head_bytes >= self._max_head_bytes:
                self._refuse(early_responses.LARGE_HEAD)
        if self._is_in_head and not self.transport.is_closing():
            self._await_head()
        elif fast_path is not None:
            self._learn(fast_path, head)

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._is_in_head, self._is_between = True, False
        self._begun += 1

    def on_headers_complete(self) -> None:
        self._head_bytes = 0
        self._is_in_head = False
        self._stop_waiting()
        if self._fast_path is None or not self._is_answered_fast(self._fast_path):
            super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        self._head_bytes = 0
        super().on_body(body)

    def on_message_complete(self) -> None:
        self._head_bytes = 0
        self._is_between = True
        if self._answered is None:
            super().on_message_complete()
        self._answered = None

    def timeout_keep_alive_handler(self) -> None:
        """Called by its timer, which requests on the fast path leave as it is."""
        left = self._answered_at + self.timeout_keep_alive - self.loop.time()
        if left > 0:
            self._keep_alive(left)
        else:
            super().timeout_keep_alive_handler()

    def send_400_response(self, msg: str) -> None:  # noqa: ARG002  # as uvicorn calls it
        """Called by uvicorn when the parser gives up."""
        self._refuse(early_responses.BAD_REQUEST)

    def _unsupported_upgrade_warning(self) -> None:
        """Do not log: an upgrade that is not supported is ignored (RFC 9110 7.8)."""

    def _learn(self, fast_path: FastPath, received: bytes) -> None:
        """Learn the bytes received last, if they are one whole request that the fast path has answered."""
        learnt = self._learnt
        if learnt is not None and self._begun == 1 and self._is_between and len(received) <= LONGEST_HEAD:
            fast_path.learn(received, learnt)

    def _is_answered_fast(self, fast_path: FastPath) -> bool:
        """Answer the request whose head has been parsed, if it is a usual one."""
        if self.parser.get_http_version() != "1.1":
            return False
        usual = usual_request(self.parser.get_method(), self.url, self.headers)
        if usual is None:
            if self.parser.should_upgrade():
                self._fast_path = None  # the parser decides what follows
            return False
        request, named = usual
        if not self._respond(fast_path, request, named):
            return False
        self._answered = request
        if named is None and self._begun == 1:
            self._learnt = request
        return True

    def _respond(self, fast_path: FastPath, request: UsualRequest, named: bytes | None) -> bool:
        """Answer by the fast path, unless uvicorn would have the request wait, or refuse it."""
        most = self.limit_concurrency
        if (
            self._is_answering()
            or self.flow.write_paused
            or self.transport.is_closing()
            or (most is not None and (len(self.connections) >= most or len(self.tasks) >= most))
            or not fast_path.respond(
                request, named, self.transport, self.server_state.default_headers, self.client
            )
        ):
            return False
        self.server_state.total_requests += 1
        self._answered_at = self.loop.time()
        if self._head_timer is not None:
            self._stop_waiting()
        if self.timeout_keep_alive_task is None:
            self._keep_alive(self.timeout_keep_alive)
        return True

    def _keep_alive(self, seconds: float) -> None:
        self.timeout_keep_alive_task = self.loop.call_later(seconds, self.timeout_keep_alive_handler)

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
