"""ASGI middleware around every request: request id, request log and metrics."""

import logging
import time

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from logocache.server.access_log import ID_HEADER, LONGEST_PATH, AccessLog, begin_request
from logocache.server.metrics import Metrics
from logocache.server.problems import PROBLEM_IN_SCOPE, SERVER_ERROR, internal_error, problem_response

ROUTE_IN_SCOPE = "logocache.route"
"""Key under which the fast path, which skips routing, puts the path template of the route."""

PROBES = frozenset({"/healthz", "/readyz", "/metrics"})
"""Routes that monitoring requests every few seconds: they are logged with `-vv` only."""

GONE = 499
"""Status, as of nginx, of a request whose client or server went away before there was a response."""

_log = logging.getLogger(__name__)


class Requests:
    """The outermost middleware of an application of our own, so that it sees every response."""

    def __init__(self, app: ASGIApp, *, metrics: Metrics, access_log: AccessLog | None) -> None:
        """Without `access_log`, only responses with status 500 or above are logged."""
        self._app = app
        self._metrics = metrics
        self._access_log = access_log

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            try:
                await self._app(scope, receive, send)
            finally:
                if self._access_log is not None:
                    self._access_log.flush()  # the lifespan ends after the last request
            return
        response = _Response(send, begin_request(_sent_id(scope)))
        started = time.perf_counter()
        try:
            await self._app(scope, receive, response.send)
        except Exception as error:
            # The last resort: the error is logged in full, and the response reveals nothing of it.
            _log.exception("request.broken", extra={"request_id": response.request_id})
            if response.has_started:
                raise
            scope[PROBLEM_IN_SCOPE] = type(error).__name__
            await problem_response(internal_error())(scope, receive, response.send)
        finally:
            self._account(scope, response, time.perf_counter() - started)

    def _account(self, scope: Scope, response: "_Response", seconds: float) -> None:
        route = _route(scope)
        self._metrics.request(scope["method"], route, response.status, seconds)
        if self._access_log is not None:
            if response.status >= SERVER_ERROR:
                self._access_log.flush()  # an error stands behind the requests before it
            elif route not in PROBES or _log.isEnabledFor(logging.DEBUG):
                self._access_log.write(
                    method=scope["method"],
                    path=scope["path"],
                    status=response.status,
                    seconds=seconds,
                    size=response.size,
                    client=_client(scope),
                    request_id=response.request_id,
                )
        if response.status >= SERVER_ERROR:
            _log_failure(scope, response, seconds)


class _Response:
    """Sends a response with the id of the request, and keeps its status and size."""

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
            named = (ID_HEADER, self.request_id.encode("ascii"))
            message["headers"] = [*message.get("headers", ()), named]
        elif message["type"] == "http.response.body":
            self.size += len(message.get("body", b""))
        await self._send(message)


def _sent_id(scope: Scope) -> bytes | None:
    for name, value in scope["headers"]:
        if name == ID_HEADER:
            return bytes(value)
    return None


def _route(scope: Scope) -> str | None:
    """The path template of the route, such as `/api/integrations/{id}/logo`; None without a route."""
    known = scope.get(ROUTE_IN_SCOPE)
    if known is not None:
        return str(known)
    return getattr(scope.get("route"), "path", None)


def _client(scope: Scope) -> str | None:
    """The address of the client."""
    client = scope.get("client")
    return client[0] if client else None


def _log_failure(scope: Scope, response: _Response, seconds: float) -> None:
    fields = {
        "method": scope["method"],
        "path": scope["path"][:LONGEST_PATH],
        "status": response.status,
        "ms": round(seconds * 1000, 1),
        "bytes": response.size,
        "client": _client(scope),
        "request_id": response.request_id,
    }
    problem = scope.get(PROBLEM_IN_SCOPE)
    if problem is not None:
        fields["problem"] = problem
    _log.error("request", extra=fields)
