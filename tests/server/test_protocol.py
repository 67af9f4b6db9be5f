"""Real connections to a server in a thread, with both parsers and both event loops."""

import contextlib
import importlib.util
import json
import select
import socket
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

import pytest

from logocache.server import protocol
from logocache.server.protocol import TOLD_TO_WAIT, client_address, protocol_class
from logocache.server.protocol_h11 import HardenedH11
from logocache.server.protocol_httptools import MAX_PIPELINED, HardenedHttpTools
from logocache.settings import Settings
from server.running import (
    ENGINES,
    PATIENCE,
    Running,
    eventually,
    get,
    is_dropped,
    running,
    until,
    until_closed,
    what_was_sent,
)
from server.tiny_app import LARGE, application, tiny

SOON = 0.2
"""Seconds that clients have in tests which wait until the time is up."""

Serving = Callable[..., Any]


@pytest.fixture(params=ENGINES)
def engine(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def serving(engine: str) -> Serving:
    @contextmanager
    def start(**given: Any) -> Iterator[Running]:
        with running(application(Settings(**given)), engine=engine, **given) as up:
            yield up

    return start


def status_of(answer: bytes) -> int:
    return int(answer.split(b" ", 2)[1])


def code_of(answer: bytes) -> str:
    """The code of a problem document, whose status must be that of the answer, and which must end it."""
    head, _, body = answer.partition(b"\r\n\r\n")
    problem = json.loads(body)
    assert problem["status"] == status_of(answer)
    assert b"content-type: application/problem+json" in head
    assert b"connection: close" in head
    return str(problem["code"])


def head_of(size: int) -> bytes:
    """A request head of that many bytes."""
    start = b"GET / HTTP/1.1\r\nhost: test\r\nconnection: close\r\nx-long: "
    return start + b"a" * (size - len(start) - 4) + b"\r\n\r\n"


def test_requests_on_one_connection_are_answered_one_after_the_other(serving: Serving) -> None:
    with serving() as up, up.connect() as client:
        for _ in range(2):
            client.sendall(get("/"))
            assert until(client, b"hello").startswith(b"HTTP/1.1 200 OK\r\n")


def test_pipelined_requests_are_answered_in_order(serving: Serving) -> None:
    post = b"POST /body HTTP/1.1\r\nhost: test\r\ncontent-length: 3\r\n\r\nabc"
    with serving() as up:
        answer = up.exchange(get("/") + post + get("/client", "connection: close"))
    positions = [answer.index(text) for text in (b"hello", b"3 bytes", b"127.0.0.1 http /client")]
    assert positions == sorted(positions)


def test_a_body_that_comes_after_a_pipelined_head_is_read(serving: Serving) -> None:
    head = b"POST /body HTTP/1.1\r\nhost: test\r\nconnection: close\r\ncontent-length: 3\r\n\r\n"
    with serving() as up, up.connect() as client:
        client.sendall(get("/") + head)
        until(client, b"hello")
        client.sendall(b"abc")
        assert until_closed(client).endswith(b"3 bytes")


def test_a_head_as_large_as_allowed_is_read(serving: Serving) -> None:
    with serving(max_header_kb=2) as up:
        assert up.exchange(head_of(2000)).endswith(b"hello")


@pytest.mark.parametrize(
    "pieces",
    [
        pytest.param([head_of(2001)], id="by one byte"),
        pytest.param([head_of(200_000)], id="in one piece"),
        pytest.param([b"GET /"] + [b"a" * 500] * 20, id="a target without end"),
        pytest.param([b"GET / HTTP/1.1\r\n"] + [b"x: y\r\n" * 100] * 20, id="fields without end"),
    ],
)
def test_a_head_that_is_too_large_is_refused(serving: Serving, pieces: list[bytes]) -> None:
    with serving(max_header_kb=2) as up:
        answer = up.exchange(*pieces)
    assert status_of(answer) == 431
    assert code_of(answer) == "head_too_large"


def test_a_second_head_that_is_too_large_is_refused(serving: Serving) -> None:
    with serving(max_header_kb=2) as up, up.connect() as client:
        client.sendall(get("/"))
        until(client, b"hello")
        client.sendall(head_of(3000))
        assert status_of(until_closed(client)) == 431


def test_a_body_does_not_count_as_head(serving: Serving) -> None:
    head = b"POST /body HTTP/1.1\r\nhost: test\r\nconnection: close\r\ncontent-length: 9000\r\n\r\n"
    with serving(max_header_kb=1) as up:
        assert up.exchange(head + b"x" * 9000).endswith(b"9000 bytes")


def test_who_sends_nothing_is_let_go_without_a_word(serving: Serving) -> None:
    with serving(slow_client_seconds=SOON) as up, up.connect() as client:
        assert is_dropped(client)


def test_a_head_that_does_not_come_to_its_end_is_refused(serving: Serving) -> None:
    with serving(slow_client_seconds=SOON) as up:
        answer = up.exchange(b"GET / HTTP/1.1\r\nhost:")
    assert status_of(answer) == 408
    assert code_of(answer) == "slow_client"


def test_a_second_head_has_to_come_in_time_too(serving: Serving) -> None:
    with serving(slow_client_seconds=SOON) as up, up.connect() as client:
        client.sendall(get("/"))
        until(client, b"hello")
        client.sendall(b"GET / HT")
        assert status_of(until_closed(client)) == 408


def test_a_drop_now_and_then_gains_no_time(serving: Serving) -> None:
    with serving(slow_client_seconds=SOON) as up, up.connect() as client:
        client.sendall(b"GET / HTTP/1.1\r\nx: ")
        while not select.select([client], [], [], SOON / 10)[0]:
            client.sendall(b"a")
        assert status_of(until_closed(client)) == 408


def test_an_answer_under_way_outlasts_the_limit_for_heads(serving: Serving) -> None:
    with serving(slow_client_seconds=SOON, shutdown_seconds=0) as up, up.connect() as client:
        client.sendall(get("/hang") + b"GET / HT")
        ready, _, _ = select.select([client], [], [], 3 * SOON)
        assert not ready


def test_connections_over_the_limit_are_told_to_come_again(serving: Serving) -> None:
    with serving(max_connections=1) as up, up.connect() as first:
        first.sendall(get("/"))
        until(first, b"hello")
        answer = up.exchange()
        assert status_of(answer) == 503
        assert code_of(answer) == "too_many_connections"
        assert b"\r\nretry-after: 1\r\n" in answer
        first.sendall(get("/"))
        until(first, b"hello")


def test_very_many_connections_are_just_closed(serving: Serving) -> None:
    with serving(max_connections=1) as up, ExitStack() as stack:
        clients = [stack.enter_context(up.connect()) for _ in range(TOLD_TO_WAIT + 2)]
        answers = [client.recv(12) for client in clients[1:-1]]
        assert set(answers) == {b"HTTP/1.1 503"}
        assert is_dropped(clients[-1])


def test_a_client_that_does_not_take_its_answer_is_dropped(serving: Serving) -> None:
    with serving(slow_client_seconds=SOON) as up, up.connect() as client:
        client.sendall(get("/large"))
        assert eventually(lambda: up.connections() == 1)
        assert eventually(lambda: up.connections() == 0)
        assert len(what_was_sent(client)) < len(LARGE)


def test_a_client_that_takes_its_answer_slowly_gets_all_of_it(serving: Serving) -> None:
    with serving() as up, up.connect() as client:
        client.sendall(get("/large", "connection: close"))
        assert until_closed(client).endswith(LARGE)


def test_a_client_that_leaves_the_last_bytes_is_dropped_when_the_connection_ends(engine: str) -> None:
    """Too few to hold the application up, but closing would wait for them for ever."""

    async def app(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "lifespan":
            await tiny(scope, receive, send)
            return
        await send({"type": "http.response.start", "status": 200, "headers": [(b"connection", b"close")]})
        await send({"type": "http.response.body", "body": b"x" * 60_000})

    with (
        running(app, engine=engine, send_buffer=4096, slow_client_seconds=SOON) as up,
        up.connect(receive_buffer=4096) as client,
    ):
        client.sendall(get("/"))
        assert eventually(lambda: up.connections() == 1)
        assert eventually(lambda: up.connections() == 0)
        assert len(what_was_sent(client)) < 60_000


def test_who_answers_without_reading_the_body_closes_but_lets_the_client_finish(serving: Serving) -> None:
    megabyte = b"x" * 1_000_000
    head = b"POST /body HTTP/1.1\r\nhost: test\r\ncontent-length: 4000000\r\n\r\n"
    with serving(max_body_kb=1) as up:
        answer = up.exchange(head, *[megabyte] * 4)
    assert status_of(answer) == 413
    assert code_of(answer) == "body_too_large"


def test_an_answer_to_an_unread_body_may_be_taken_slowly(
    serving: Serving, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(protocol, "LINGER_SECONDS", 0.01)
    post = b"POST /large HTTP/1.1\r\nhost: test\r\ncontent-length: 30\r\n\r\n"
    with serving() as up, up.connect() as client:
        client.sendall(post)
        assert eventually(lambda: up.server.server_state.total_requests == 1)
        assert not select.select([], [], [client], 0.1)[2]
        assert until_closed(client).endswith(LARGE)


def test_a_connection_whose_body_was_not_awaited_is_not_used_again(serving: Serving) -> None:
    with serving() as up, up.connect() as client:
        client.sendall(b"POST / HTTP/1.1\r\nhost: test\r\ncontent-length: 30\r\n\r\n")
        assert until_closed(client).endswith(b"hello")
        client.sendall(get("/"))


def test_the_wrapping_of_a_body_is_not_taken_without_end(serving: Serving, engine: str) -> None:
    """A chunk's extension is part of no body, so that nobody counts it; it must not pile up, nor go on."""
    head = b"POST /body HTTP/1.1\r\nhost: test\r\ntransfer-encoding: chunked\r\n\r\n1;"
    sent = 0
    with serving(max_body_kb=1, slow_client_seconds=SOON) as up, up.connect() as client:
        client.sendall(head)
        client.setblocking(False)
        with contextlib.suppress(ConnectionError):
            while not select.select([client], [], [], 0)[0]:
                if select.select([client], [client], [])[1]:
                    sent += client.send(b"a" * 65536)
        client.settimeout(PATIENCE)
        answer = what_was_sent(client)
    assert sent < 20_000_000
    # h11 has a limit of its own, and we no answer once a request is on its way to the application.
    assert answer == b"" if engine == ENGINES[1] else status_of(answer) == 408


def test_too_many_pipelined_requests_end_the_connection() -> None:
    with running(tiny) as up, up.connect() as client:
        client.sendall(get("/") * (MAX_PIPELINED + 2))
        assert is_dropped(client)


@pytest.mark.parametrize(
    "request_",
    [
        pytest.param(b"\x16\x03\x01 hello TLS\r\n\r\n", id="another protocol"),
        pytest.param(b"GET / HTTP/1.1\r\nno colon\r\n\r\n", id="a broken field"),
        pytest.param(b"POST / HTTP/1.1\r\nhost: a\r\ncontent-length: -1\r\n\r\n", id="a negative length"),
    ],
)
def test_what_is_no_request_is_answered_with_a_problem(serving: Serving, request_: bytes) -> None:
    with serving() as up:
        answer = up.exchange(request_)
    assert status_of(answer) == 400
    assert code_of(answer) == "bad_request"


def test_rubbish_after_a_request_under_way_ends_the_connection() -> None:
    with running(tiny, shutdown_seconds=0) as up, up.connect() as client:
        client.sendall(get("/hang") + b"\x00\x00\r\n\r\n")
        assert is_dropped(client)


def test_an_upgrade_is_ignored(serving: Serving) -> None:
    with serving() as up:
        assert up.exchange(get("/", "connection: close, upgrade", "upgrade: h2c")).endswith(b"hello")


def test_a_kept_alive_connection_that_idles_is_closed(serving: Serving) -> None:
    with serving() as up:
        up.server.config.timeout_keep_alive = SOON  # uvicorn's is 5 seconds
        assert up.exchange(get("/")).endswith(b"hello")


def test_a_client_that_has_said_all_is_closed(serving: Serving) -> None:
    with serving() as up, up.connect() as client:
        client.shutdown(socket.SHUT_WR)
        assert until_closed(client) == b""


def test_lingering_connections_do_not_hold_up_the_end(serving: Serving) -> None:
    with serving(max_connections=1) as up, up.connect(), up.connect() as refused:
        assert refused.recv(12) == b"HTTP/1.1 503"
        up.end()
        assert up.outcome == [True]


@pytest.mark.parametrize(
    ("peer", "seen"),
    [
        pytest.param(("192.0.2.1", 5), ("192.0.2.1", 5), id="IPv4"),
        pytest.param(("::ffff:192.0.2.1", 5), ("192.0.2.1", 5), id="IPv4 on a dual-stack socket"),
        pytest.param(("2001:db8::1", 5), ("2001:db8::1", 5), id="IPv6"),
        pytest.param(("fe80::1%eth0", 5), ("fe80::1%eth0", 5), id="IPv6 with a zone"),
        pytest.param(None, ("127.0.0.1", 0), id="unix socket"),
    ],
)
def test_clients_are_known_by_their_plain_address(
    peer: tuple[str, int] | None, seen: tuple[str, int]
) -> None:
    assert client_address(peer) == seen


def test_the_parser_is_httptools_where_it_is_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    assert protocol_class() is HardenedHttpTools
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    assert protocol_class() is HardenedH11
