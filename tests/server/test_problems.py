from collections.abc import Iterator
from typing import Annotated

import pytest
from fastapi import APIRouter, FastAPI, Query
from starlette.exceptions import HTTPException
from starlette.types import Message, Receive, Scope, Send

from harness.small_app import Client
from logocache.errors import (
    CatalogError,
    DatabaseError,
    DomainError,
    LogoCacheError,
    SchemaError,
    SelectionError,
    UnavailableError,
    UnknownKeyError,
)
from logocache.server.problems import (
    MOST_MISTAKES,
    Problem,
    ProblemError,
    ProblemRoute,
    install_handlers,
    problem_of,
    problem_response,
)

SECRET = "swordfish" * 5


def all_errors(kind: type[LogoCacheError] = LogoCacheError) -> Iterator[type[LogoCacheError]]:
    yield kind
    for subclass in kind.__subclasses__():
        yield from all_errors(subclass)


class Raising:
    """A route that raises what it is told."""

    def __init__(self) -> None:
        self.error: Exception = DomainError("never", hint="raised")

    def router(self) -> APIRouter:
        router = APIRouter(route_class=ProblemRoute)

        @router.get("/raise")
        @router.head("/raise")
        def answer(size: int = 1, numbers: Annotated[list[int] | None, Query(alias="number")] = None) -> None:
            raise self.error

        return router


@pytest.fixture
def raising() -> Raising:
    return Raising()


@pytest.fixture
def foreign(raising: Raising) -> FastAPI:
    app = FastAPI()
    app.include_router(raising.router(), prefix="/logos")

    @app.get("/own")
    def own(size: int) -> None: ...

    return app


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (UnknownKeyError, 404),
        (DomainError, 400),
        (SelectionError, 400),
        (CatalogError, 400),
        (DatabaseError, 503),
        (SchemaError, 503),
        (UnavailableError, 503),
        (LogoCacheError, 500),
    ],
)
def test_each_kind_of_error_has_its_status(error: type[LogoCacheError], status: int) -> None:
    problem = problem_of(error("something is wrong", hint="mend it"))
    assert (problem.status, problem.code) == (status, error.code)
    assert problem.detail == "something is wrong: mend it"


@pytest.mark.parametrize("error", list(all_errors()))
def test_what_is_away_may_be_asked_for_again_and_nothing_else(error: type[LogoCacheError]) -> None:
    problem = problem_of(error("something is wrong", hint="mend it"))
    assert ("Retry-After" in problem.headers) == (problem.status == 503)


def test_a_problem_is_not_to_be_stored_unless_it_says_so() -> None:
    plain = Problem(status=404, code="no_logo", title="No logo", detail="none")
    kept = Problem(
        status=404, code="no_logo", title="No logo", detail="none", headers={"Cache-Control": "max-age=60"}
    )
    assert problem_response(plain).headers["cache-control"] == "no-store"
    assert problem_response(kept).headers["cache-control"] == "max-age=60"
    assert problem_response(plain).headers["x-content-type-options"] == "nosniff"


def test_an_error_of_ours_is_a_problem_in_a_foreign_application(foreign: FastAPI, raising: Raising) -> None:
    raising.error = UnknownKeyError("no logo is called 'x'", hint="did you mean y?")
    answer = Client(foreign).get("/logos/raise")
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.status_code == 404
    assert answer.json() == {
        "type": "urn:logocache:problem:unknown_key",
        "title": "No such logo",
        "status": 404,
        "detail": "no logo is called 'x': did you mean y?",
        "code": "unknown_key",
    }


def test_a_problem_keeps_the_headers_it_was_raised_with(foreign: FastAPI, raising: Raising) -> None:
    raising.error = ProblemError(
        429, code="too_many_misses", title="Too many", detail="wait", headers={"Retry-After": "7"}
    )
    answer = Client(foreign).get("/logos/raise")
    assert (answer.status_code, answer.headers["retry-after"]) == (429, "7")
    assert answer.json()["code"] == "too_many_misses"


def test_head_has_the_headers_of_get_and_no_body(foreign: FastAPI, raising: Raising) -> None:
    get, head = Client(foreign).get("/logos/raise"), Client(foreign).head("/logos/raise")
    assert head.status_code == get.status_code == 400
    assert (head.headers, head.content) == (get.headers, b"")


def test_a_request_that_breaks_rules_is_told_where_but_not_what_it_sent(foreign: FastAPI) -> None:
    answer = Client(foreign).get("/logos/raise", params={"size": SECRET, "number": ["1", SECRET]})
    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"
    assert [(each["in"], each["name"]) for each in answer.json()["errors"]] == [
        ("query", "size"),
        ("query", "number.1"),
    ]
    assert answer.json()["detail"].startswith("query size: Input should be a valid integer")
    assert SECRET not in answer.text


def test_the_list_of_mistakes_is_bounded(foreign: FastAPI) -> None:
    answer = Client(foreign).get("/logos/raise", params={"number": ["x"] * 1000})
    assert len(answer.json()["errors"]) == MOST_MISTAKES


@pytest.mark.parametrize(
    ("error", "code"),
    [(HTTPException(413), "body_too_large"), (HTTPException(418, "short and stout"), "http_error")],
    ids=["known", "unknown"],
)
def test_what_the_framework_refuses_is_a_problem_too(
    foreign: FastAPI, raising: Raising, error: HTTPException, code: str
) -> None:
    raising.error = error
    answer = Client(foreign).get("/logos/raise")
    assert (answer.status_code, answer.json()["code"]) == (error.status_code, code)


def test_a_mistake_of_ours_is_left_to_the_foreign_application(foreign: FastAPI, raising: Raising) -> None:
    raising.error = ZeroDivisionError(SECRET)
    with pytest.raises(ZeroDivisionError):
        Client(foreign).get("/logos/raise")


def test_routes_of_the_foreign_application_are_left_alone(foreign: FastAPI) -> None:
    assert Client(foreign).get("/own").json()["detail"][0]["type"] == "missing"
    assert Client(foreign).get("/nowhere").json() == {"detail": "Not Found"}
    assert Client(foreign).post("/own").json() == {"detail": "Method Not Allowed"}


def test_our_own_application_answers_unknown_paths_and_foreign_routes_with_problems(raising: Raising) -> None:
    app = FastAPI(openapi_url=None)
    app.include_router(raising.router())
    install_handlers(app)

    @app.get("/plain")
    def plain(size: int) -> None: ...

    client = Client(app)
    codes = [client.get(path).json()["code"] for path in ("/nowhere/at/all", "/plain", "/raise")]
    assert codes == ["not_found", "invalid_request", "domain"]
    refused = client.post("/plain")
    assert (refused.json()["code"], refused.headers["allow"]) == ("method_not_allowed", "GET")


def test_our_own_application_says_nothing_of_its_mistakes(raising: Raising) -> None:
    raising.error = ZeroDivisionError(SECRET)
    app = FastAPI()
    app.include_router(raising.router())
    install_handlers(app)
    sent: list[bytes] = []

    async def watched(scope: Scope, receive: Receive, send: Send) -> None:
        async def remember(message: Message) -> None:
            sent.append(message.get("body", b""))
            await send(message)

        await app(scope, receive, remember)

    with pytest.raises(ZeroDivisionError):  # for the server's log
        Client(watched).get("/raise")
    assert b'"code":"internal"' in b"".join(sent)
    assert SECRET.encode() not in b"".join(sent)
