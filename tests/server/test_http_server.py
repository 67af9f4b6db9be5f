"""Start and end of a server that runs in a thread; signals are in test_serving."""

import asyncio
import threading
import time
from typing import Any

import pytest
from starlette.types import Receive, Scope, Send

from logocache.errors import DatabaseError
from logocache.server.http_server import END_SECONDS, HttpServer, configuration
from logocache.settings import Settings
from server.running import PATIENCE, Running, eventually, get, running, until, until_closed
from server.tiny_app import answer, tiny

pytestmark = pytest.mark.end_to_end


class Refusing:
    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        raise DatabaseError("gone", hint="start it")


class Living:
    """Its start and end take as long as the events are not set."""

    def __init__(self, *, starts: bool = True, ends: bool = True) -> None:
        self._starts = starts
        self._ends = ends
        self.is_starting = threading.Event()
        self.has_ended = threading.Event()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "lifespan":
            await tiny(scope, receive, send)
            return
        await receive()
        self.is_starting.set()
        if not self._starts:
            await asyncio.Event().wait()
        scope["state"]["greeting"] = b"from the start"
        await send({"type": "lifespan.startup.complete"})
        await receive()
        if not self._ends:
            await asyncio.Event().wait()
        self.has_ended.set()
        await send({"type": "lifespan.shutdown.complete"})


def test_what_the_start_raises_comes_out() -> None:
    with running(Refusing()) as up:
        up.thread.join(PATIENCE)
        assert [type(each) for each in up.outcome] == [DatabaseError]


def test_state_of_the_start_reaches_requests() -> None:
    living = Living()

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await living(scope, receive, send)
        else:
            await answer(send, scope["state"]["greeting"])

    with running(app) as up:
        assert up.exchange(get("/", "connection: close")).endswith(b"from the start")


def test_a_start_that_hangs_ends_when_it_is_asked_to() -> None:
    living = Living(starts=False)
    server = HttpServer(living, Settings(), lambda: pytest.fail("it is not ready"))
    outcome: list[bool] = []
    thread = threading.Thread(target=lambda: outcome.append(server.run_until_ended([])))
    thread.start()
    assert living.is_starting.wait(PATIENCE)
    server.should_exit = True
    thread.join(PATIENCE)
    assert outcome == [True]


def test_requests_finish_before_the_application_ends() -> None:
    living = Living()
    with running(living, shutdown_seconds=PATIENCE) as up, up.connect() as client:
        client.sendall(b"POST /body HTTP/1.1\r\nhost: a\r\nexpect: 100-continue\r\ncontent-length: 3\r\n\r\n")
        until(client, b"Continue\r\n\r\n")
        up.server.should_exit = True
        assert not living.has_ended.is_set()
        client.sendall(b"abc")
        assert until_closed(client).endswith(b"3 bytes")
        up.end()
    assert living.has_ended.is_set()
    assert up.outcome == [True]


def test_requests_that_do_not_finish_are_told_so(caplog: pytest.LogCaptureFixture) -> None:
    living = Living()
    with running(living, shutdown_seconds=0) as up, up.connect() as client:
        client.sendall(get("/hang"))
        assert eventually(lambda: bool(up.server.server_state.tasks))
        up.end()
        assert until_closed(client).startswith(b"HTTP/1.1 503 ")
    assert living.has_ended.is_set()
    assert "Traceback" not in caplog.text


def test_an_end_that_hangs_is_cut_short(caplog: pytest.LogCaptureFixture) -> None:
    with running(Living(ends=False), shutdown_seconds=0) as up:
        started = time.monotonic()
        up.end()
        assert time.monotonic() - started < END_SECONDS + 1
    assert "shutdown.unfinished" in caplog.messages


def test_busy_threads_are_told_to_whoever_must_end_the_process(caplog: pytest.LogCaptureFixture) -> None:
    let_go = threading.Event()
    thread = threading.Thread(target=let_go.wait, name="slow-source")

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await tiny(scope, receive, send)
        else:
            thread.start()
            await answer(send, b"busy")

    try:
        with running(app, shutdown_seconds=0) as up:
            up.exchange(get("/", "connection: close"))
            up.end()
            assert up.outcome == [False]
        assert "threads.busy" in caplog.messages
    finally:
        let_go.set()
        thread.join()


def test_idle_threads_hold_nobody_up() -> None:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await tiny(scope, receive, send)
        else:
            await answer(send, await asyncio.to_thread(bytes, 3))

    with running(app, shutdown_seconds=PATIENCE) as up:
        up.exchange(get("/", "connection: close"))
        started = time.monotonic()
        up.end()
        assert time.monotonic() - started < PATIENCE / 2
    assert up.outcome == [True]


def seen_by_the_application(up: Running, *fields: str) -> str:
    return up.exchange(get("/client", "connection: close", *fields)).partition(b"\r\n\r\n")[2].decode()


FORWARDED = ("x-forwarded-for: 198.51.100.7, 127.0.0.9", "x-forwarded-proto: https")


@pytest.mark.parametrize(
    ("trusted", "seen"),
    [
        pytest.param("", "127.0.0.1 http /client", id="nobody is trusted"),
        pytest.param("192.0.2.0/24", "127.0.0.1 http /client", id="somebody else is"),
        pytest.param("127.0.0.0/8", "198.51.100.7 https /client", id="the proxy and its proxy are"),
        pytest.param("127.0.0.1/32", "127.0.0.9 https /client", id="only the nearer one is"),
    ],
)
def test_forwarded_fields_are_believed_from_trusted_proxies_alone(trusted: str, seen: str) -> None:
    with running(tiny, trusted_proxies=trusted) as up:
        assert seen_by_the_application(up, *FORWARDED) == seen


def test_the_root_path_is_part_of_the_path() -> None:
    with running(tiny, root_path="/logos") as up:
        assert seen_by_the_application(up) == "127.0.0.1 http /logos/client"


def test_nothing_comes_from_the_environment_of_uvicorn(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WEB_CONCURRENCY", "7")
    monkeypatch.setenv("FORWARDED_ALLOW_IPS", "*")
    config: Any = configuration(tiny, Settings())
    assert config.workers == 1
    assert config.forwarded_allow_ips == []
    assert not config.proxy_headers


def test_answers_carry_a_date_and_do_not_tell_the_software() -> None:
    with running(tiny) as up:
        head = up.exchange(get("/", "connection: close")).lower()
    assert b"\r\ndate: " in head
    assert b"\r\nserver:" not in head
