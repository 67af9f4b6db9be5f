"""Hot logos, answered from memory: by the middleware `Hits`, or by the protocol, without ASGI.

`FastPath` is only odd because it is fast:

    bytes of a head ──► `heads` ──► usual request ──► `respond`: one write
                          ▲ parsed once by the protocol

A prepared response lasts a second at most: as long as its Date, max-age and record are true. Whatever
is not usual (see `usual_request`) goes through ASGI, whose responses are the same, byte for byte.
LOGO_CACHE_FAST_PATH turns this off.
"""

import asyncio
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from random import getrandbits
from time import perf_counter
from urllib.parse import unquote

from cachetools import LRUCache
from starlette.types import ASGIApp, Receive, Scope, Send

from logocache.server.access_log import ACCEPTABLE_ID, ID_HEADER, AccessLog
from logocache.server.early_responses import is_host
from logocache.server.metrics import BUCKETS, Metrics
from logocache.server.middleware import ROUTE_IN_SCOPE
from logocache.server.negotiation import SCHEME, Preferences, preferences_in, preferences_of
from logocache.server.requests import CacheRequest
from logocache.server.responses import Cors, HttpResponse, LastingHit, http_response_of, with_vary
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


FAST_PATH_IN_STATE = "logocache.fast_path"
"""Key of the lifespan's state, by which the protocol finds the application's fast path."""
LONGEST_HEAD = 1000
"""Bytes of a head that is remembered at most."""
MOST_HEADS = 4096
MOST_PREPARED = 4096

UNUSUAL = frozenset(
    {
        *(b"authorization", b"content-length", b"expect", b"if-match", b"origin", b"range"),
        *(b"te", b"trailer", b"transfer-encoding", b"upgrade"),
    }
)
"""Fields on which a response, or what follows it, may depend."""

HINT = SCHEME.lower().encode("ascii")

Headers = Sequence[tuple[bytes, bytes]]
UsualRequest = tuple[bytes, bytes, bytes | None, Preferences]
"""Method, target, If-None-Match, and what else chooses the response."""


def usual_request(method: bytes, target: bytes, headers: Headers) -> tuple[UsualRequest, bytes | None] | None:
    """An HTTP/1.1 request that the fast path may answer, with the id it was sent with; else None."""
    if method not in (b"GET", b"HEAD") or not target.startswith(b"/"):
        return None
    fields = dict(headers)
    if len(fields) != len(headers) or not UNUSUAL.isdisjoint(fields):
        return None
    host, named, connection = fields.get(b"host"), fields.get(ID_HEADER), fields.get(b"connection")
    if host is None or not is_host(host):
        return None
    if named is not None and not ACCEPTABLE_ID.fullmatch(named):
        return None
    if connection is not None and connection.strip(b" \t").lower() != b"keep-alive":
        return None
    client = preferences_of(fields.get(b"accept"), fields.get(HINT))
    return (method, target, fields.get(b"if-none-match"), client), named


class Prepared:
    """The response to a request, without its id, and how often it was sent."""

    __slots__ = (
        *("body", "cached", "date", "head", "hit", "method", "name", "path"),
        *("route", "seconds", "status", "times", "until"),
    )

    def __init__(self, hit: LastingHit, method: str, path: str, route: str, *, date: Headers) -> None:
        self.hit = hit
        self.method, self.path, self.route = method, path, route
        self.name, self.cached, self.date = hit.name, hit.cached, date
        self.until = perf_counter() + hit.seconds
        self.head = self.body = b""
        self.status = self.times = 0
        self.seconds = 0.0


class FastPath:
    """Used by the event loop's thread only."""

    def __init__(
        self,
        service: LogoService,
        route_cache: RouteCache,
        cors: Cors,
        metrics: Metrics,
        access_log: AccessLog | None,
        *,
        root_path: str,
    ) -> None:
        self._service = service
        self._route_cache = route_cache
        self._cors = cors.headers(None)
        self._metrics = metrics
        self._access_log = access_log
        self._root_path = root_path
        self._has_record = service.records.has
        self._prepared: dict[UsualRequest, Prepared] = {}
        self.heads: dict[bytes, UsualRequest] = {}
        """Heads of usual requests without an id, as they were received."""

    def learn(self, head: bytes, request: UsualRequest) -> None:
        """Remember the meaning of a head that has been parsed."""
        if len(self.heads) >= MOST_HEADS:
            self.heads.clear()
        self.heads[head] = request

    def respond(
        self,
        request: UsualRequest,
        named: bytes | None,
        transport: asyncio.WriteTransport,
        date: Headers,
        client: tuple[str, int] | None,
    ) -> bool:
        """Send the response, if there is one; `date` are the headers that the server adds now."""
        started = perf_counter()
        found = self._prepared.get(request)
        if (
            found is None
            or started >= found.until
            or found.date is not date
            or not self._has_record(found.name, found.cached)
        ):
            found = self._prepare(request, date)
            if found is None:
                return False
        if named is None:
            named = b"%016x" % getrandbits(64)  # as `request_id` has it
        transport.write(b"%b%b\r\n\r\n%b" % (found.head, named, found.body))
        seconds = perf_counter() - started
        if seconds < BUCKETS[0]:
            found.times += 1
            found.seconds += seconds
        else:
            self._service.count_hits(found.hit, 1)
            self._metrics.request(found.method, found.route, found.status, seconds)
        if self._access_log is not None:
            self._access_log.write(
                method=found.method,
                path=found.path,
                status=found.status,
                seconds=seconds,
                size=len(found.body),
                client=client[0] if client else None,
                request_id=named.decode("ascii"),
            )
        return True

    def hand_over(self) -> None:
        """Hand all counts to the metrics and to the look-ups, and forget what is prepared."""
        for found in self._prepared.values():
            self._settle(found)
        self._prepared.clear()

    def _prepare(self, request: UsualRequest, date: Headers) -> Prepared | None:
        from httptools import parse_url  # noqa: PLC0415  # not on all interpreters, nor is the protocol

        earlier = self._prepared.pop(request, None)
        if earlier is not None:
            self._settle(earlier)
        method, target, condition, client = request
        url = parse_url(target)  # as uvicorn does it
        path = self._root_path + unquote(url.path.decode("ascii"))
        known = self._route_cache.find(path, url.query or b"")
        hit = self._service.lasting(known[0].chosen(client)) if known is not None else None
        if known is None or hit is None:
            return None
        prepared = Prepared(hit, method.decode("ascii"), path, known[1], date=date)
        headers = {b"if-none-match": condition} if condition is not None else {}
        cors = with_vary(self._cors, known[0].vary)
        response = http_response_of(hit.response, method=prepared.method, headers=headers, cors=cors)
        fields = b"".join(b"%b: %b\r\n" % field for field in (*date, *response.headers))
        status = f"HTTP/1.1 {response.status} {HTTPStatus(response.status).phrase}\r\n".encode()
        prepared.head = b"%b%b%b: " % (status, fields, ID_HEADER)
        prepared.status, prepared.body = response.status, response.body
        if len(self._prepared) >= MOST_PREPARED:
            self.hand_over()
        self._prepared[request] = prepared
        return prepared

    def _settle(self, found: Prepared) -> None:
        if found.times:
            self._service.count_hits(found.hit, found.times)
            self._metrics.quick_requests(
                found.method, found.route, found.status, times=found.times, seconds=found.seconds
            )
