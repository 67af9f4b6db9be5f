"""ASGI middleware around every request: its id, its line in the access log, its metrics."""

import logging
import time

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from logocache.server import request_id
from logocache.server.metrics import Metrics
from logocache.server.problems import PROBLEM_IN_SCOPE, internal_error, problem_response

ROUTE_IN_SCOPE = "logocache.route"
"""Where the hot path, which comes before all routing, leaves the template of the route."""

PROBES = frozenset({"/healthz", "/readyz", "/metrics"})
"""Routes asked for every few seconds, by machines."""

GONE = 499
"""The client left, or the server ended, before there was an answer. No status of HTTP: nginx uses it so."""
SERVER_ERROR = 500
LONGEST_PATH = 200
"""Characters of a path that are logged."""

_log = logging.getLogger(__name__)


class Requests:
    """ASGI layer around an application of our own. Outermost, so that it sees every answer."""

    def __init__(self, app: ASGIApp, *, metrics: Metrics) -> None:
        self._app = app
        self._metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        answer = _Watched(send, request_id.begin(_sent_id(scope)))
        started = time.perf_counter()
        try:
            await self._app(scope, receive, answer.send)
        except Exception as error:
            # The last door: whatever a handler raises is logged in full, and answered without a word of it.
            _log.exception("request.broken", extra={"request_id": answer.request_id})
            if answer.has_started:
                raise
            scope[PROBLEM_IN_SCOPE] = type(error).__name__
            await problem_response(internal_error())(scope, receive, answer.send)
        finally:
            self._account(scope, answer, time.perf_counter() - started)

    def _account(self, scope: Scope, answer: "_Watched", seconds: float) -> None:
        route = _route(scope)
        self._metrics.request(scope["method"], route, answer.status, seconds)
        level = _level(route, answer.status)
        if not _log.isEnabledFor(level):
            return
        client = scope.get("client")
        fields = {
            "method": scope["method"],
            "path": scope["path"][:LONGEST_PATH],
            "status": answer.status,
            "ms": round(seconds * 1000, 1),
            "bytes": answer.size,
            "client": client[0] if client else None,
            "request_id": answer.request_id,
        }
        problem = scope.get(PROBLEM_IN_SCOPE)
        if problem is not None:
            fields["problem"] = problem
        _log.log(level, "request", extra=fields)


class _Watched:
    """Passes an answer on, with the request's id, and remembers what it was."""

    __slots__ = ("_send", "request_id", "size", "status")

    def __init__(self, send: Send, named: str) -> None:
        self._send = send
        self.request_id = named
        self.status = GONE
        self.size = 0

    @property
    def has_started(self) -> bool:
        return self.status != GONE

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            named = (request_id.HEADER, self.request_id.encode("ascii"))
            message["headers"] = [*message.get("headers", ()), named]
        elif message["type"] == "http.response.body":
            self.size += len(message.get("body", b""))
        await self._send(message)


def _sent_id(scope: Scope) -> bytes | None:
    for name, value in scope["headers"]:
        if name == request_id.HEADER:
            return bytes(value)
    return None


def _route(scope: Scope) -> str | None:
    """The template of the route, such as `/api/integrations/{id}/logo`; None when there was none."""
    known = scope.get(ROUTE_IN_SCOPE)
    if known is not None:
        return str(known)
    return getattr(scope.get("route"), "path", None)


def _level(route: str | None, status: int) -> int:
    if status >= SERVER_ERROR:
        return logging.ERROR
    return logging.DEBUG if route in PROBES else logging.INFO
