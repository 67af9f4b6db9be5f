"""Routes of logos: by file, by key, and by domain in Clearbit's URL shape."""

from collections.abc import Awaitable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Annotated, Any
from urllib.parse import quote

from fastapi import APIRouter, Depends, Path, Query, Request, Response

from logocache.errors import LogoCacheError
from logocache.results import Entry
from logocache.server.fast_path import RouteCache
from logocache.server.json_documents import EntryDocument, entry_response, problem_responses
from logocache.server.memory import MEDIA_TYPES
from logocache.server.negotiation import Wanted, preferences_in, variant_query
from logocache.server.problems import ProblemError, Routes, problem_of
from logocache.server.requests import (
    MISS_SECONDS,
    AdminOnly,
    CacheRequest,
    Fallback,
    FileRequest,
    LogoRequest,
    LogoResponse,
    MovedError,
    Name,
)
from logocache.server.responses import Cors, Headers, HttpResponse, http_response_of, with_vary
from logocache.server.service import LogoService

CLEARBIT_SIZE = 128
"""Clearbit's default size."""
LONGEST_NAME = 300
KEY = "Key, alias or domain."

FallbackQuery = Query(description="What to send when there is no logo: status 404, or a drawn monogram.")

BINARY = {"schema": {"type": "string", "format": "binary"}}
LOGO: dict[int | str, dict[str, Any]] = {  # a fragment of OpenAPI
    200: {
        "description": "The logo.",
        "content": dict.fromkeys(MEDIA_TYPES.values(), BINARY),
        "headers": {
            "ETag": {"schema": {"type": "string"}, "description": "Strong: the same tag is the same bytes."},
            "Cache-Control": {"schema": {"type": "string"}},
            "X-Cache": {"schema": {"type": "string", "enum": ["HIT", "STALE", "MISS", "PLACEHOLDER"]}},
        },
    },
    304: {"description": "The client has it already (If-None-Match)."},
    412: {"description": "The client wants a version that is not the current one (If-Match)."},
}


def build(
    service: LogoService, route_cache: RouteCache, cors: Cors, admin: AdminOnly, *, is_webp_offered: bool
) -> APIRouter:
    """Build the router; `route_cache` learns the requests that it has parsed.

    With `is_webp_offered`, requests without a format get WebP if the client accepts it.
    """
    router = Routes(tags=["logos"])
    responder = Responder(service, route_cache, cors)
    variants = variant_query(None, is_webp_offered=is_webp_offered)

    @router.readable(
        "/static/cached_logos/{file}",
        operation_id="get_file",
        summary="A stored file by its name",
        response_class=Response,
        responses={
            200: LOGO[200] | {"content": dict.fromkeys(("image/png", "image/svg+xml"), BINARY)},
            302: {"description": "The name of an earlier file: where the current one is."},
            304: LOGO[304],
            412: LOGO[412],
            **problem_responses(404, 422, 503),
        },
    )
    async def get_file(request: Request, file: Annotated[str, Path(max_length=LONGEST_NAME)]) -> Response:
        """Never changes: other content has another name. An old name redirects to the current one."""
        cache_request = FileRequest(file)
        return await responder.respond(request, cache_request, service.file(cache_request))

    @router.readable(
        "/api/integrations/{id}/logo",
        operation_id="get_logo",
        summary="The logo of an integration",
        response_class=Response,
        responses={**LOGO, **problem_responses(400, 404, 422, 429, 503)},
    )
    async def get_logo(
        request: Request,
        key: Annotated[Name, Path(alias="id", description=KEY)],
        wanted: Annotated[Wanted, Depends(variants)],
        fallback: Annotated[Fallback, FallbackQuery] = Fallback.MONOGRAM,
    ) -> Response:
        """From memory, from disk, or fetched on first access. Without `size` in the size that is stored."""
        return await responder.logo(request, LogoRequest(key, wanted.variant, fallback, wanted.vary))

    @router.post(
        "/api/integrations/{id}/logo/refresh",
        operation_id="refresh_logo",
        summary="Fetch a logo now",
        dependencies=[Depends(admin)],
        response_model=EntryDocument,
        response_description="The entry after the attempt; `last_outcome` says how it went.",
        responses=problem_responses(400, 401, 403, 404, 422, 503),
    )
    async def refresh_logo(key: Annotated[Name, Path(alias="id", description=KEY)]) -> Response:
        """Due or not. A failed attempt keeps the existing logo."""
        with as_problems(()):
            record = await service.refresh(key)
        return entry_response(Entry.of(record, stale=service.is_stale(record)))

    return router


def build_by_domain(
    service: LogoService, route_cache: RouteCache, cors: Cors, *, is_webp_offered: bool
) -> APIRouter:
    """Build the router of Clearbit's URL shape. It matches every name, so it comes after all other routes."""
    router = Routes(tags=["logos"])
    responder = Responder(service, route_cache, cors)
    variants = variant_query(CLEARBIT_SIZE, is_webp_offered=is_webp_offered)

    @router.readable(
        "/{domain}",
        operation_id="get_logo_of_domain",
        summary="The logo of a domain, in Clearbit's URL shape",
        response_class=Response,
        responses={**LOGO, **problem_responses(400, 404, 422, 429, 503)},
    )
    async def get_logo_of_domain(
        request: Request,
        domain: Annotated[str, Path(max_length=LONGEST_NAME, examples=["shopify.com"])],
        wanted: Annotated[Wanted, Depends(variants)],
        fallback: Annotated[Fallback, FallbackQuery] = Fallback.NOT_FOUND,
    ) -> Response:
        """Like https://logo.clearbit.com: 404 if there is no logo, unless `fallback=monogram`."""
        return await responder.logo(request, LogoRequest(domain, wanted.variant, fallback, wanted.vary))

    for path in ("/static/cached_logos/{file}", "/api/integrations/{id}/logo", "/{domain}"):
        router.add_api_route(path, responder.preflight, methods=["OPTIONS"], include_in_schema=False)
    return router


class Responder:
    """Turns results of the service into HTTP responses."""

    def __init__(self, service: LogoService, route_cache: RouteCache, cors: Cors) -> None:
        self._service = service
        self._route_cache = route_cache
        self._cors = cors

    async def logo(self, request: Request, cache_request: LogoRequest) -> Response:
        client = request.client.host if request.client is not None else ""
        chosen = cache_request.chosen(preferences_in(request.scope["headers"]))
        return await self.respond(request, cache_request, self._service.logo(chosen, client))

    async def respond(
        self, request: Request, cache_request: CacheRequest, pending: Awaitable[LogoResponse]
    ) -> Response:
        """Return the HTTP response for `pending`. Raises ProblemError."""
        cors = with_vary(self._cors.headers(request.headers.get("origin")), cache_request.vary)
        try:
            with as_problems(cors):
                found = await pending
        except MovedError as moved:
            return _redirect(moved.file, cors)
        self._route_cache.learn(request.scope, cache_request)
        headers = dict(request.scope["headers"])
        return RawResponse(http_response_of(found, method=request.method, headers=headers, cors=cors))

    async def preflight(self, request: Request) -> Response:
        """Respond to OPTIONS (Fetch standard)."""
        headers = ((b"allow", b"GET, HEAD, OPTIONS"), *self._cors.preflight(request.headers.get("origin")))
        return RawResponse(HttpResponse(204, headers, b""))


class RawResponse(Response):
    """A response whose headers are complete."""

    def __init__(self, response: HttpResponse) -> None:
        super().__init__(status_code=response.status)
        self.body = response.body
        self.raw_headers = list(response.headers)


@contextmanager
def as_problems(cors: Headers) -> Iterator[None]:
    """Turn errors of the service into ProblemErrors with the headers `cors`."""
    try:
        yield
    except (ProblemError, LogoCacheError) as error:
        problem = error.problem if isinstance(error, ProblemError) else problem_of(error)
        headers = {name.decode("ascii"): value.decode("latin-1") for name, value in cors}
        raise ProblemError.of(replace(problem, headers={**problem.headers, **headers})) from error


def _redirect(file: str, cors: Headers) -> Response:
    """Redirect to a sibling of the requested path, so that any prefix stays."""
    headers = (
        (b"location", quote(file).encode("ascii")),
        (b"cache-control", f"public, max-age={MISS_SECONDS}".encode("ascii")),
        (b"content-length", b"0"),
        *cors,
    )
    return RawResponse(HttpResponse(302, headers, b""))
