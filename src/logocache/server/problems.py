"""Errors as problem documents (RFC 9457): `application/problem+json` with a stable `code`.

Routes of class `ProblemRoute` respond with them in any application; `install_handlers` covers the rest of
an application of our own.
"""

from collections.abc import Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, TypeVar

from fastapi import APIRouter, FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse
from starlette.routing import Match
from starlette.types import Receive, Scope, Send

from logocache.documents import writable_all
from logocache.errors import (
    ConfigurationError,
    DatabaseError,
    DirectoryError,
    DomainError,
    LogoCacheError,
    PicklableError,
    SchemaError,
    SelectionError,
    UnavailableError,
    UnknownKeyError,
)
from logocache.server.access_log import current_request_id
from logocache.server.json_documents import MEDIA_TYPE, type_of

METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")

ROUTED = frozenset({"route", "endpoint", "path_params", "fastapi"})
"""Results of routing in a scope, removed before routing again."""


def allowed_methods(scope: Scope) -> str:
    """All methods for which the application has a route at the path of this request, as `GET, HEAD`.

    Routes of one path are separate objects, each of which knows only its own methods.
    """
    application: Starlette = scope["app"]
    asked = {name: value for name, value in scope.items() if name not in ROUTED}
    return ", ".join(
        method
        for method in METHODS
        if any(route.matches({**asked, "method": method})[0] is Match.FULL for route in application.routes)
    )


RETRY_SECONDS = 5
"""Retry-After while something is unavailable; the server retries about as often."""
MOST_MISTAKES = 20
"""Mistakes of a request that are listed at most."""

SERVER_ERROR = 500
PROBLEM_IN_SCOPE = "logocache.problem"
"""Key under which the reason of a 5xx is left for the access log."""

KINDS: Mapping[type[LogoCacheError], tuple[int, str]] = MappingProxyType(
    {
        UnknownKeyError: (404, "No such logo"),
        DomainError: (400, "Not a public domain"),
        SelectionError: (400, "Not a valid selection"),
        ConfigurationError: (400, "Not a valid request"),
        DirectoryError: (503, "The cache directory cannot be used"),
        DatabaseError: (503, "The database cannot be used"),
        SchemaError: (503, "The database's schema is not the one of this version"),
        UnavailableError: (503, "Not possible here and now"),
        LogoCacheError: (500, "Not possible"),
    }
)
"""Status and title of each error; subclasses use those of their nearest base."""

HTTP_PROBLEMS: Mapping[int, tuple[str, str, str]] = MappingProxyType(
    {
        404: ("not_found", "Nothing is here", "no route has this path: /openapi.json lists those there are"),
        405: ("method_not_allowed", "Not with this method", "the Allow field lists the methods of this path"),
        413: ("body_too_large", "Too large", "the request's body is larger than LOGO_CACHE_MAX_BODY_KB"),
    }
)
"""Code, title and detail for errors of the web framework."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """A problem document, with its header fields."""

    status: int
    code: str
    title: str
    detail: str
    mistakes: Sequence[Mapping[str, str]] = ()
    """Place and description of each invalid parameter."""
    headers: Mapping[str, str] = field(default_factory=dict)


class ProblemError(PicklableError):
    """Ends a request with a problem document."""

    def __init__(
        self, status: int, *, code: str, title: str, detail: str, headers: Mapping[str, str] | None = None
    ) -> None:
        super().__init__(f"{title}: {detail}")
        self.problem = Problem(status=status, code=code, title=title, detail=detail, headers=headers or {})

    @classmethod
    def of(cls, problem: Problem) -> "ProblemError":
        error = cls(problem.status, code=problem.code, title=problem.title, detail=problem.detail)
        error.problem = problem
        return error


class ProblemRoute(APIRoute):
    """A route whose errors are problem documents, and whose responses to HEAD have no body."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        handler = super().get_route_handler()

        async def respond(request: Request) -> Response:
            try:
                response = await handler(request)
            except (LogoCacheError, ProblemError, RequestValidationError, HTTPException) as error:
                response = _response_to(error, request.scope)
            if request.method == "HEAD":
                response.body = b""  # Content-Length stays that of GET (RFC 9110 9.3.2)
            return response

        return respond

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Respond, also to methods that the path does not have, which no handler sees."""
        try:
            await super().handle(scope, receive, send)
        except HTTPException as error:
            await _response_to(error, scope)(scope, receive, send)


Handler = TypeVar("Handler", bound=Callable[..., Any])


class Routes(APIRouter):
    """A router of `ProblemRoute`s."""

    def __init__(self, **options: Any) -> None:  # noqa: ANN401  # those of APIRouter
        super().__init__(route_class=ProblemRoute, **options)

    def readable(self, path: str, **described: Any) -> Callable[[Handler], Handler]:  # noqa: ANN401  # as `get`
        """Declare a route for GET, and for HEAD, which the OpenAPI document leaves out."""

        def declare(handler: Handler) -> Handler:
            self.head(path, include_in_schema=False)(handler)
            return self.get(path, **described)(handler)

        return declare


def problem_response(problem: Problem) -> Response:
    """The response for a problem; `no-store` unless its headers have another Cache-Control."""
    document: dict[str, object] = {
        "type": type_of(problem.code),
        "title": problem.title,
        "status": problem.status,
        "detail": problem.detail,
        "code": problem.code,
    }
    if problem.mistakes:
        document["errors"] = [dict(mistake) for mistake in problem.mistakes]
    named = current_request_id()
    if named is not None:
        document["request_id"] = named
    headers = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"} | dict(problem.headers)
    return JSONResponse(writable_all(document), problem.status, headers, media_type=MEDIA_TYPE)


def problem_of(error: LogoCacheError) -> Problem:
    """The problem for an error of ours."""
    status, title = next(KINDS[kind] for kind in type(error).__mro__ if kind in KINDS)
    headers = {"Retry-After": str(RETRY_SECONDS)} if isinstance(error, UnavailableError) else {}
    return Problem(status=status, code=error.code, title=title, detail=str(error), headers=headers)


def internal_error() -> Problem:
    """The problem for a bug; its details are in the log only."""
    return Problem(
        status=500,
        code="internal",
        title="A mistake in logocache",
        detail="the server's log says more, under the id of this request",
    )


def install_handlers(app: FastAPI) -> None:
    """Respond with problem documents where no `ProblemRoute` does: unknown paths and methods, and bugs."""

    async def respond(request: Request, error: Exception) -> Response:
        return _response_to(error, request.scope)

    for kind in (HTTPException, RequestValidationError, LogoCacheError, ProblemError, Exception):
        app.add_exception_handler(kind, respond)


def _response_to(error: Exception, scope: Scope) -> Response:
    problem = _problem_behind(error, scope)
    if problem.status >= SERVER_ERROR:
        scope[PROBLEM_IN_SCOPE] = problem.detail
    return problem_response(problem)


def _problem_behind(error: Exception, scope: Scope) -> Problem:
    match error:
        case ProblemError():
            return error.problem
        case LogoCacheError():
            return problem_of(error)
        case RequestValidationError():
            return _invalid_request(error)
        case HTTPException():
            return _refused_by_framework(error, scope)
        case _:
            return internal_error()


def _invalid_request(error: RequestValidationError) -> Problem:
    """Place and description of each mistake, without values: they may be huge, or secret."""
    mistakes = [
        {
            "in": str(mistake["loc"][0]),
            "name": ".".join(str(step) for step in mistake["loc"][1:]),
            "detail": str(mistake["msg"]),
        }
        for mistake in error.errors()[:MOST_MISTAKES]
    ]
    first = mistakes[0]
    return Problem(
        status=422,
        code="invalid_request",
        title="The request breaks the rules of its parameters",
        detail=f"{first['in']} {first['name']}: {first['detail']}",
        mistakes=mistakes,
    )


def _refused_by_framework(error: HTTPException, scope: Scope) -> Problem:
    code, title, detail = HTTP_PROBLEMS.get(
        error.status_code, ("http_error", "The request was refused", str(error.detail))
    )
    headers = dict(error.headers or {})
    if error.status_code == 405:  # noqa: PLR2004  # RFC 9110 15.5.6
        headers["Allow"] = allowed_methods(scope)
    return Problem(status=error.status_code, code=code, title=title, detail=detail, headers=headers)
