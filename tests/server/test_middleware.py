import asyncio
import json
import logging
from collections.abc import Iterator

import httpx
import pytest
from fastapi import APIRouter, FastAPI, Response
from starlette.types import Receive, Scope, Send

from harness.small_app import Client
from logocache.errors import DatabaseError
from logocache.server.access_log import AccessLog, current_request_id
from logocache.server.metrics import Metrics
from logocache.server.middleware import GONE, Requests
from logocache.server.problems import ProblemRoute, install_handlers

LOGGER = "logocache.server.middleware"


class Counted(Metrics):
    """Metrics that are written down."""

    def __init__(self) -> None:
        super().__init__()
        self.seen: list[tuple[str, str | None, int]] = []

    def request(self, method: str, route: str | None, status: int, seconds: float) -> None:
        assert 0 <= seconds < 10
        self.seen.append((method, route, status))


@pytest.fixture
def metrics() -> Counted:
    return Counted()


@pytest.fixture
def access_log() -> AccessLog:
    return AccessLog(as_json=True)


@pytest.fixture
def client(metrics: Counted, access_log: AccessLog) -> Client:
    router = APIRouter(route_class=ProblemRoute)

    @router.get("/logo/{id}")
    @router.head("/logo/{id}")
    def logo(id: str) -> Response:  # noqa: A002  # the parameter's name in the URL
        return Response(b"png", headers={"X-Seen": current_request_id() or ""})

    @router.get("/healthz")
    async def healthz() -> str:
        return "ok"

    @router.get("/away")
    def away() -> None:
        raise DatabaseError("the database does not answer", hint="is it running?")

    @router.get("/broken")
    def broken() -> None:
        raise ZeroDivisionError("swordfish")

    app = FastAPI(openapi_url=None)
    app.include_router(router)
    install_handlers(app)
    app.add_middleware(Requests, metrics=metrics, access_log=access_log)
    return Client(app)


@pytest.fixture
def log(caplog: pytest.LogCaptureFixture) -> Iterator[pytest.LogCaptureFixture]:
    with caplog.at_level(logging.DEBUG, logger=LOGGER):
        yield caplog


def test_an_answer_carries_the_id_that_was_sent(client: Client) -> None:
    answer = client.get("/logo/a", headers={"X-Request-Id": "proxy-17"})
    assert answer.headers["x-request-id"] == "proxy-17"
    assert answer.headers["x-seen"] == "proxy-17", "a handler in another thread knows it too"


def test_an_id_that_is_not_acceptable_is_replaced(client: Client) -> None:
    answer = client.get("/logo/a", headers={"X-Request-Id": 'x" evil=1'})
    assert answer.headers["x-request-id"] == answer.headers["x-seen"]
    assert len(answer.headers["x-request-id"]) == 16


def test_a_problem_carries_the_id(client: Client) -> None:
    answer = client.get("/away", headers={"X-Request-Id": "abc"})
    assert (answer.status_code, answer.json()["request_id"]) == (503, "abc")


def test_requests_are_counted_by_the_template_of_their_route(client: Client, metrics: Counted) -> None:
    for method, path in [("GET", "/logo/a"), ("HEAD", "/logo/b"), ("POST", "/logo/c"), ("GET", "/no/such")]:
        client.request(method, path)
    assert metrics.seen == [
        ("GET", "/logo/{id}", 200),
        ("HEAD", "/logo/{id}", 200),
        ("POST", "/logo/{id}", 405),
        ("GET", None, 404),
    ]


def test_a_request_is_one_line_in_the_log(
    client: Client, access_log: AccessLog, capsys: pytest.CaptureFixture[str]
) -> None:
    client.get("/logo/a?token=swordfish", headers={"X-Request-Id": "abc"})
    access_log.flush()
    (line,) = capsys.readouterr().err.splitlines()
    fields = json.loads(line)
    names = ("event", "level", "method", "path", "status", "bytes", "client", "request_id")
    assert [fields[name] for name in names] == [
        *("request", "info", "GET", "/logo/a", 200, 3, "192.0.2.7", "abc")
    ]
    assert 0 <= fields["ms"] < 10_000
    assert "swordfish" not in line


@pytest.mark.parametrize(("level", "lines"), [(logging.INFO, 0), (logging.DEBUG, 1)], ids=["-v", "-vv"])
def test_probes_are_logged_for_those_who_want_everything(
    client: Client,
    access_log: AccessLog,
    level: int,
    lines: int,
    capsys: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
) -> None:
    with caplog.at_level(level, logger=LOGGER):
        client.get("/healthz")
    access_log.flush()
    assert len(capsys.readouterr().err.splitlines()) == lines


def test_a_failure_stands_behind_the_requests_before_it(
    client: Client, log: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    client.get("/logo/a")
    client.get("/away")
    assert [json.loads(line)["path"] for line in capsys.readouterr().err.splitlines()] == ["/logo/a"]
    assert [vars(record)["path"] for record in log.records] == ["/away"]


def test_a_failure_is_logged_as_an_error_with_its_reason(
    client: Client, log: pytest.LogCaptureFixture
) -> None:
    client.get("/away")
    (record,) = log.records
    assert record.levelno == logging.ERROR
    assert vars(record)["problem"] == "the database does not answer: is it running?"


def test_a_mistake_of_ours_is_answered_without_a_word_of_it(
    client: Client, metrics: Counted, log: pytest.LogCaptureFixture
) -> None:
    answer = client.get("/broken", headers={"X-Request-Id": "abc"})
    assert answer.status_code == 500
    assert answer.headers["content-type"] == "application/problem+json"
    assert (answer.json()["code"], answer.json()["request_id"]) == ("internal", "abc")
    assert answer.headers["x-request-id"] == "abc"
    assert "swordfish" not in answer.text
    assert metrics.seen == [("GET", "/broken", 500)]
    broken, line = log.records
    assert broken.exc_info is not None
    assert vars(broken)["request_id"] == vars(line)["request_id"] == "abc"


def test_an_answer_that_breaks_off_is_the_servers_to_end(metrics: Counted) -> None:
    async def breaks(scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        raise ConnectionError

    with pytest.raises(ConnectionError):
        Client(Requests(breaks, metrics=metrics, access_log=None)).get("/")
    assert metrics.seen == [("GET", None, 200)]


def test_the_hot_path_names_its_route_itself(metrics: Counted) -> None:
    async def hot(scope: Scope, receive: Receive, send: Send) -> None:
        scope["logocache.route"] = "/{domain}"
        await send({"type": "http.response.start", "status": 200, "headers": ((b"etag", b'"x"'),)})
        await send({"type": "http.response.body", "body": b""})

    answer = Client(Requests(hot, metrics=metrics, access_log=None)).get("/shopify.com")
    assert metrics.seen == [("GET", "/{domain}", 200)]
    assert answer.headers["etag"] == '"x"'


def test_a_request_that_ends_without_an_answer_is_counted_as_gone(metrics: Counted) -> None:
    started = asyncio.Event()

    async def waits(scope: Scope, receive: Receive, send: Send) -> None:
        started.set()
        await asyncio.Event().wait()

    async def leave() -> None:
        transport = httpx.ASGITransport(Requests(waits, metrics=metrics, access_log=None))
        async with httpx.AsyncClient(transport=transport) as client:
            asking = asyncio.create_task(client.get("http://cache.test/"))
            await started.wait()
            asking.cancel()
            with pytest.raises(asyncio.CancelledError):
                await asking

    asyncio.run(leave())
    assert metrics.seen == [("GET", None, GONE)]


def test_a_client_without_an_address_is_logged_as_unknown(
    metrics: Counted, access_log: AccessLog, capsys: pytest.CaptureFixture[str]
) -> None:
    async def answer(scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 204})

    async def ask() -> None:
        async def ignore(message: object) -> None: ...

        scope: Scope = {"type": "http", "method": "GET", "path": "/", "headers": [], "client": None}
        requests = Requests(answer, metrics=metrics, access_log=access_log)
        await requests(scope, None, ignore)  # type: ignore[arg-type]  # never received from

    asyncio.run(ask())
    access_log.flush()
    assert json.loads(capsys.readouterr().err)["client"] is None


def test_the_end_of_the_lifespan_writes_the_last_lines(
    metrics: Counted, access_log: AccessLog, capsys: pytest.CaptureFixture[str]
) -> None:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        access_log.write(
            method="GET", path="/", status=200, seconds=0, size=0, client=None, request_id="last"
        )

    requests = Requests(app, metrics=metrics, access_log=access_log)
    asyncio.run(requests({"type": "lifespan"}, None, None))  # type: ignore[arg-type]  # not used
    assert json.loads(capsys.readouterr().err)["request_id"] == "last"


def test_what_is_no_request_passes_untouched(metrics: Counted) -> None:
    passed: list[str] = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        passed.append(scope["type"])

    asyncio.run(Requests(app, metrics=metrics, access_log=None)({"type": "lifespan"}, None, None))  # type: ignore[arg-type]  # not used
    assert (passed, metrics.seen) == (["lifespan"], [])
