"""Answers from memory, before any routing: the way that nearly all requests take."""

from collections.abc import Mapping

from cachetools import LRUCache
from starlette.types import ASGIApp, Receive, Scope, Send

from logocache.server.requests import Question
from logocache.server.responses import Answer, Cors, answer_of
from logocache.server.service import LogoService

CAPACITY = 20_000
"""Addresses remembered; those asked for longest ago are forgotten first."""

LONGEST_QUERY = 200
"""Bytes of a query that is remembered: more than all parameters take, whatever else a client adds."""

METHODS = frozenset({"GET", "HEAD"})

Address = tuple[str, bytes]
"""Path and query of a request, as they came."""


class RouteCache:
    """Which question an address asks. Learnt from the routes, so that only these read parameters."""

    def __init__(self, capacity: int = CAPACITY) -> None:
        self._questions: LRUCache[Address, tuple[Question, str]] = LRUCache(capacity)

    def learn(self, scope: Scope, question: Question) -> None:
        """Remember what this request, which a route has understood, asks, unless its query is a long one."""
        if len(scope["query_string"]) > LONGEST_QUERY:
            return
        route = getattr(scope.get("route"), "path", "")
        self._questions[scope["path"], scope["query_string"]] = (question, route)

    def find(self, scope: Scope) -> tuple[Question, str] | None:
        """What the request asks, and the path of the route it would take."""
        return self._questions.get((scope["path"], scope["query_string"]))


class HotPath:
    """ASGI layer: what memory can answer goes no further."""

    def __init__(self, app: ASGIApp, *, service: LogoService, addresses: RouteCache, cors: Cors) -> None:
        self._app = app
        self._service = service
        self._addresses = addresses
        self._cors = cors

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        answer = self._answer(scope) if scope["type"] == "http" and scope["method"] in METHODS else None
        if answer is None:
            await self._app(scope, receive, send)
            return
        await send({"type": "http.response.start", "status": answer.status, "headers": answer.headers})
        await send({"type": "http.response.body", "body": answer.body})

    def _answer(self, scope: Scope) -> Answer | None:
        found = self._addresses.find(scope)
        if found is None:
            return None
        question, route = found
        served = self._service.from_memory(question)
        if served is None:
            return None
        scope["logocache.route"] = route
        request: Mapping[bytes, bytes] = dict(scope["headers"])
        origin = request.get(b"origin")
        cors = self._cors.headers(origin.decode("latin-1") if origin is not None else None)
        return answer_of(served, method=scope["method"], request=request, cors=cors)
