"""Responses from memory, before any routing. `fast_path` is a shorter way to the same."""

from collections.abc import Mapping

from cachetools import LRUCache
from starlette.types import ASGIApp, Receive, Scope, Send

from logocache.server.middleware import ROUTE_IN_SCOPE
from logocache.server.negotiation import preferences_in
from logocache.server.requests import CacheRequest
from logocache.server.responses import Cors, HttpResponse, http_response_of, with_vary
from logocache.server.service import LogoService

CAPACITY = 20_000
"""Targets in a route cache; the least recently used are dropped first."""

LONGEST_QUERY = 200
"""Bytes of a query that is cached at most: more than all parameters together need."""

METHODS = frozenset({"GET", "HEAD"})

Target = tuple[str, bytes]
"""Path and query of a request, unchanged."""


class RouteCache:
    """The meaning of request targets, learnt from the routes, so that only these parse parameters."""

    def __init__(self, capacity: int = CAPACITY) -> None:
        self._requests: LRUCache[Target, tuple[CacheRequest, str]] = LRUCache(capacity)

    def learn(self, scope: Scope, request: CacheRequest) -> None:
        """Cache the meaning of a request that a route has parsed, unless its query is too long."""
        if len(scope["query_string"]) > LONGEST_QUERY:
            return
        route = getattr(scope.get("route"), "path", "")
        self._requests[scope["path"], scope["query_string"]] = (request, route)

    def find(self, path: str, query: bytes) -> tuple[CacheRequest, str] | None:
        """The parsed request and the path template of its route, if cached."""
        return self._requests.get((path, query))


class Hits:
    """ASGI middleware that responds to requests for logos in memory."""

    def __init__(self, app: ASGIApp, *, service: LogoService, route_cache: RouteCache, cors: Cors) -> None:
        self._app = app
        self._service = service
        self._route_cache = route_cache
        self._cors = cors

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        response = self._respond(scope) if scope["type"] == "http" and scope["method"] in METHODS else None
        if response is None:
            await self._app(scope, receive, send)
            return
        await send({"type": "http.response.start", "status": response.status, "headers": response.headers})
        await send({"type": "http.response.body", "body": response.body})

    def _respond(self, scope: Scope) -> HttpResponse | None:
        found = self._route_cache.find(scope["path"], scope["query_string"])
        if found is None:
            return None
        request, route = found
        if request.vary:
            request = request.chosen(preferences_in(scope["headers"]))
        response = self._service.from_memory(request)
        if response is None:
            return None
        scope[ROUTE_IN_SCOPE] = route
        headers: Mapping[bytes, bytes] = dict(scope["headers"])
        origin = headers.get(b"origin")
        cors = self._cors.headers(origin.decode("latin-1") if origin is not None else None)
        cors = with_vary(cors, request.vary)
        return http_response_of(response, method=scope["method"], headers=headers, cors=cors)
