"""What a connection may cost: uvicorn's HTTP protocols, hardened against slow and greedy clients.

uvicorn limits how long a kept-alive connection may idle, and nothing else: a client may send a head
without end, byte by byte or not at all, and never take its answer. Here a connection is

    accepted ──► refused, when there are too many                          503, closed
        ▼
    awaiting a head ──► refused, when it is too large or late              431 / 408, closed
        ▼
    request and answer ──► ended, when the client does not take the answer  reset
        ▼
    kept alive, awaiting the next head: uvicorn's own time limit until its first byte

Bodies that are too large or late are the business of `limits.ClientLimits`, which knows requests;
here only their wrapping is kept within bounds. `protocol_class` chooses the parser.
"""

import asyncio
import importlib.util
import ipaddress
import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from uvicorn import Config
from uvicorn.server import ServerState

from logocache.server import refusals
from logocache.server.refusals import Refusal

if TYPE_CHECKING:
    # The two protocols of uvicorn have all that is used here in common, but no base class.
    from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol as UvicornProtocol
else:
    UvicornProtocol = asyncio.Protocol

LINGER_SECONDS = 2.0
"""How long what a refused client still sends is taken and dropped."""
TOLD_TO_WAIT = 100
"""Connections over the limit that are answered; yet others are just closed."""
WIRE_BYTES = 6
"""What one byte of a body takes on the wire at worst, in a chunk of its own (RFC 9112 7.1)."""
LOCAL_ADDRESS = ("127.0.0.1", 0)
"""Who a client on a unix socket is: it has no address, and is on this machine."""

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class ConnectionLimits:
    connections: int
    head_bytes: int
    body_bytes: int
    slow_client_seconds: float


def protocol_class() -> "type[HardenedProtocol]":
    """The protocol with the fastest parser that is installed."""
    if importlib.util.find_spec("httptools") is not None:
        from logocache.server.protocol_httptools import HardenedHttpTools  # noqa: PLC0415  # one may be missing

        return HardenedHttpTools
    from logocache.server.protocol_h11 import HardenedH11  # noqa: PLC0415  # needed by nobody else

    return HardenedH11


class HardenedProtocol(UvicornProtocol):
    """Mixed in before a protocol of uvicorn."""

    def __init__(
        self,
        config: Config,
        server_state: ServerState,
        app_state: dict[str, Any],  # whatever the application's lifespan keeps there
        _loop: asyncio.AbstractEventLoop | None = None,
        *,
        limits: ConnectionLimits,
    ) -> None:
        super().__init__(config, server_state, app_state, _loop)
        self._limits = limits
        self._head_bytes = 0
        self._body_bytes = 0
        self._is_deaf = False
        self._reading: asyncio.TimerHandle | None = None
        self._writing: asyncio.TimerHandle | None = None
        self._ending: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn's
        super().connection_made(transport)
        self.client = client_address(self.client)
        excess = len(self.connections) - self._limits.connections
        if excess > TOLD_TO_WAIT:
            self._is_deaf = True
            transport.abort()
        elif excess > 0:
            self._refuse(refusals.TOO_MANY_CONNECTIONS)
        else:
            self._reading = self._after_a_while(self._head_is_late)

    def data_received(self, data: bytes) -> None:
        # Fed by no more than a head may have, so that it is seen in time that one is larger.
        while data and not self._is_deaf and not self.transport.is_closing():
            room = max(self._limits.head_bytes - self._head_bytes, 1)
            piece = data if self._is_in_body() else data[:room]
            self._feed(piece)
            data = data[len(piece) :]

    def eof_received(self) -> None:
        super().eof_received()
        self._let_go()

    def connection_lost(self, exc: Exception | None) -> None:
        self._is_deaf = True
        for timer in (self._reading, self._writing, self._ending):
            if timer is not None:
                timer.cancel()
        super().connection_lost(exc)

    def on_response_complete(self) -> None:
        if self.cycle.response_complete and self.cycle.more_body:
            # Who answers without reading the whole request cannot reuse the connection (RFC 9112 9.3).
            self._linger()
        cycle = self.cycle
        super().on_response_complete()
        if self.cycle is not cycle:  # h11 reads a pipelined request only now
            self._begin_request()
        if self._is_deaf:
            self._unset_keepalive_if_required()
        elif self.transport.is_closing():
            self._let_go()

    def send_400_response(self, msg: str) -> None:  # noqa: ARG002  # uvicorn calls it so
        """Called by uvicorn when the parser gives up."""
        self._refuse(refusals.BAD_REQUEST)

    def _unsupported_upgrade_warning(self) -> None:
        """An upgrade that is not on offer is ignored (RFC 9110 7.8): nothing to warn of, as uvicorn does."""

    def shutdown(self) -> None:
        if self._is_deaf:
            self.transport.abort()
        else:
            super().shutdown()

    def timeout_keep_alive_handler(self) -> None:
        super().timeout_keep_alive_handler()
        self._let_go()

    def pause_writing(self) -> None:
        """The client takes less than it is sent: it has until `slow_client_seconds` to catch up."""
        super().pause_writing()
        self._writing = self._after_a_while(self._answer_is_not_taken)

    def resume_writing(self) -> None:
        super().resume_writing()
        if self._writing is not None:
            self._writing.cancel()

    def _feed(self, piece: bytes) -> None:
        cycle, was_in_body = self.cycle, self._is_in_body()
        super().data_received(piece)
        if self.cycle is not cycle:
            self._begin_request()
        elif was_in_body:
            self._count_body(len(piece))
        elif not self._is_deaf:
            self._count_head(len(piece))

    def _begin_request(self) -> None:
        """A head is complete. Its answer may already wait for an earlier one."""
        self._head_bytes = self._body_bytes = 0
        if self._reading is not None:
            self._reading.cancel()
            self._reading = None
        if self._is_in_body():
            # Only with a body to come: nearly all requests have none, and nothing to drain.
            self.cycle.transport = DrainingTransport(self.transport, self._close_when_drained)  # type: ignore[assignment]  # all that a cycle uses

    def _count_head(self, size: int) -> None:
        self._head_bytes += size
        if self._head_bytes >= self._limits.head_bytes:
            self._refuse(refusals.LARGE_HEAD)
        elif self._reading is None and not self._is_answering():
            self._reading = self._after_a_while(self._head_is_late)

    def _count_body(self, size: int) -> None:
        """Chunk extensions and trailers are in no body that anyone counts: let them wait for the application.

        It reads on as long as the body itself is within its limits, and ends the request when not.
        """
        self._body_bytes += size
        if self._body_bytes > self._limits.head_bytes + WIRE_BYTES * self._limits.body_bytes:
            self.flow.pause_reading()

    def _head_is_late(self) -> None:
        if self._head_bytes:
            self._refuse(refusals.SLOW_HEAD)
        else:
            self.transport.abort()

    def _answer_is_not_taken(self) -> None:
        _log.info("client.slow", extra={"client": _shown(self.client)})
        self.transport.abort()

    def _refuse(self, refusal: Refusal) -> None:
        """Answer in place of the application, unless an answer of its own is on its way; then close."""
        _log.info(
            "client.refused",
            extra={"client": _shown(self.client), "status": refusal.status.value, "reason": refusal.code},
        )
        self._unset_keepalive_if_required()
        if self._is_answering() or self.transport.is_closing():
            self._is_deaf = True
            self.transport.abort()
            return
        self.transport.write(refusal.as_bytes)
        self._linger()

    def _close_when_drained(self) -> None:
        if self._is_in_body():
            self._linger()
        else:
            self.transport.close()

    def _linger(self) -> None:
        """Close our side, drop what still comes: else a reset could overtake the answer (RFC 9112 9.6)."""
        if self._is_deaf or self.transport.is_closing():
            return
        self._is_deaf = True
        self.transport.write_eof()
        self.flow.resume_reading()
        self._ending = self.loop.call_later(LINGER_SECONDS, self._end_lingering)

    def _end_lingering(self) -> None:
        if self.transport.get_write_buffer_size():
            self._ending = self._after_a_while(self.transport.abort)
        else:
            self.transport.abort()

    def _let_go(self) -> None:
        """Closing waits until everything is sent; a client that takes nothing must not make that for ever."""
        if self._ending is None and not self._is_deaf:
            self._ending = self._after_a_while(self.transport.abort)

    def _is_in_body(self) -> bool:
        return self._has_request() and self.cycle.more_body

    def _is_answering(self) -> bool:
        return self._has_request() and not self.cycle.response_complete

    def _has_request(self) -> bool:
        """Before the first request there is no cycle, although uvicorn's annotation knows nothing of that."""
        cycle: object = self.cycle
        return cycle is not None

    def _after_a_while(self, action: Callable[[], None]) -> asyncio.TimerHandle:
        return self.loop.call_later(self._limits.slow_client_seconds, action)


class DrainingTransport:
    """What a request with a body sees of its connection: closing it waits for the rest of the body."""

    def __init__(self, transport: asyncio.Transport, close: Callable[[], None]) -> None:
        self.write = transport.write
        self.is_closing = transport.is_closing
        self.close = close


def client_address(peer: tuple[str, int] | None) -> tuple[str, int]:
    """Address and port of a client: IPv4 as such on a dual-stack socket, this machine on a unix one."""
    if peer is None:
        return LOCAL_ADDRESS
    host, port = peer
    if ":" in host:
        mapped = ipaddress.IPv6Address(host).ipv4_mapped
        if mapped is not None:
            return str(mapped), port
    return host, port


def _shown(client: tuple[str, int] | None) -> str:
    return client[0] if client else ""
