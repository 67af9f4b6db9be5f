"""Real connections to a server in a thread: their limits, and how requests reach the application."""

import json
import select
import socket
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

import pytest

from harness.server_thread import Running, eventually, get, is_dropped, running, until, until_closed
from harness.tiny_app import application, tiny
from logocache.server.protocol import client_address
from logocache.settings import Settings

SOON = 0.2
"""Seconds that clients have in tests which wait until the time is up."""


@contextmanager
def serving(**given: Any) -> Iterator[Running]:
    with running(application(Settings(**given)), **given) as up:
        yield up


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


def test_requests_on_one_connection_are_answered_one_after_the_other() -> None:
    with serving() as up, up.connect() as client:
        for _ in range(2):
            client.sendall(get("/"))
            assert until(client, b"hello").startswith(b"HTTP/1.1 200 OK\r\n")


def test_pipelined_requests_are_answered_in_order() -> None:
    post = b"POST /body HTTP/1.1\r\nhost: test\r\ncontent-length: 3\r\n\r\nabc"
    with serving() as up:
        answer = up.exchange(get("/") + post + get("/client", "connection: close"))
    positions = [answer.index(text) for text in (b"hello", b"3 bytes", b"127.0.0.1 http /client")]
    assert positions == sorted(positions)


def test_a_body_that_comes_after_a_pipelined_head_is_read() -> None:
    head = b"POST /body HTTP/1.1\r\nhost: test\r\nconnection: close\r\ncontent-length: 3\r\n\r\n"
    with serving() as up, up.connect() as client:
        client.sendall(get("/") + head)
        until(client, b"hello")
        client.sendall(b"abc")
        assert until_closed(client).endswith(b"3 bytes")


def test_a_head_as_large_as_allowed_is_read() -> None:
    with serving(max_header_kb=2) as up:
        assert up.exchange(head_of(2000)).endswith(b"hello")


@pytest.mark.parametrize(
    "pieces",
    [
        pytest.param([head_of(2001)], id="by one byte"),
        pytest.param([b"GET / HTTP/1.1\r\nx-long: " + b"a" * 1976], id="one field without end"),
        pytest.param([b"GET /"] + [b"a" * 399] * 5, id="a target without end"),
        pytest.param([b"GET / HTTP/1.1\r\n", *[b"x: y\r\n" * 33] * 10, b"x: y"], id="fields without end"),
    ],
)
def test_a_head_that_is_too_large_is_refused(pieces: list[bytes]) -> None:
    with serving(max_header_kb=2) as up:
        answer = up.exchange(*pieces)
    assert status_of(answer) == 431
    assert code_of(answer) == "head_too_large"


def test_a_second_head_that_is_too_large_is_refused() -> None:
    with serving(max_header_kb=2) as up, up.connect() as client:
        client.sendall(get("/"))
        until(client, b"hello")
        client.sendall(head_of(3000))
        assert status_of(until_closed(client)) == 431


def test_a_body_does_not_count_as_head() -> None:
    head = b"POST /body HTTP/1.1\r\nhost: test\r\nconnection: close\r\ncontent-length: 9000\r\n\r\n"
    with serving(max_header_kb=1) as up:
        assert up.exchange(head + b"x" * 9000).endswith(b"9000 bytes")


def test_who_sends_nothing_is_let_go_without_a_word() -> None:
    with serving(slow_client_seconds=SOON) as up, up.connect() as client:
        assert is_dropped(client)


def test_a_head_that_does_not_come_to_its_end_is_refused() -> None:
    with serving(slow_client_seconds=SOON) as up:
        answer = up.exchange(b"GET / HTTP/1.1\r\nhost:")
    assert status_of(answer) == 408
    assert code_of(answer) == "slow_client"


def test_a_second_head_has_to_come_in_time_too() -> None:
    with serving(slow_client_seconds=SOON) as up, up.connect() as client:
        client.sendall(get("/"))
        until(client, b"hello")
        client.sendall(b"GET / HT")
        assert status_of(until_closed(client)) == 408


def test_a_drop_now_and_then_gains_no_time() -> None:
    with serving(slow_client_seconds=SOON) as up, up.connect() as client:
        client.sendall(b"GET / HTTP/1.1\r\nx: ")
        while not select.select([client], [], [], SOON / 10)[0]:
            client.sendall(b"a")
        assert status_of(until_closed(client)) == 408


def test_an_answer_under_way_outlasts_the_limit_for_heads() -> None:
    with serving(slow_client_seconds=SOON, shutdown_seconds=0) as up, up.connect() as client:
        client.sendall(get("/hang") + b"GET / HT")
        ready, _, _ = select.select([client], [], [], 3 * SOON)
        assert not ready


def test_requests_on_connections_over_the_limit_are_refused() -> None:
    with serving(max_connections=2) as up, ExitStack() as stack:
        first = stack.enter_context(up.connect())
        first.sendall(get("/"))
        until(first, b"hello")
        stack.enter_context(up.connect())
        assert eventually(lambda: up.connections() == 2)
        assert status_of(up.exchange(get("/", "connection: close"))) == 503
        first.sendall(get("/"))
        until(first, b"hello")


def test_a_body_that_is_too_large_is_refused() -> None:
    head = b"POST /body HTTP/1.1\r\nhost: test\r\ncontent-length: 1001\r\n\r\n"
    with serving(max_body_kb=1) as up:
        answer = up.exchange(head)
    assert status_of(answer) == 413
    assert code_of(answer) == "body_too_large"


def test_the_wrapping_of_a_body_is_not_taken_without_end() -> None:
    """A chunk's extension is part of no body, so that no application counts it."""
    head = b"POST /body HTTP/1.1\r\nhost: test\r\ntransfer-encoding: chunked\r\n\r\n1;"
    with serving(max_header_kb=2) as up, up.connect() as client:
        client.sendall(head + b"a" * 4000)
        assert is_dropped(client)


def test_a_body_in_chunks_does_not_count_as_head() -> None:
    head = b"POST /body HTTP/1.1\r\nhost: test\r\nconnection: close\r\ntransfer-encoding: chunked\r\n\r\n"
    with serving(max_header_kb=1) as up:
        assert up.exchange(
            head + b"1f4\r\n" + b"x" * 500 + b"\r\n", *[b"1\r\nx\r\n"] * 500, b"0\r\n\r\n"
        ).endswith(b"1000 bytes")


@pytest.mark.parametrize(
    "request_",
    [
        pytest.param(b"\x16\x03\x01 hello TLS\r\n\r\n", id="another protocol"),
        pytest.param(b"GET / HTTP/1.1\r\nno colon\r\n\r\n", id="a broken field"),
        pytest.param(b"POST / HTTP/1.1\r\nhost: a\r\ncontent-length: -1\r\n\r\n", id="a negative length"),
    ],
)
def test_what_is_no_request_is_answered_with_a_problem(request_: bytes) -> None:
    with serving() as up:
        answer = up.exchange(request_)
    assert status_of(answer) == 400
    assert code_of(answer) == "bad_request"


def test_rubbish_after_a_request_under_way_ends_the_connection() -> None:
    with running(tiny, shutdown_seconds=0) as up, up.connect() as client:
        client.sendall(get("/hang") + b"\x00\x00\r\n\r\n")
        assert is_dropped(client)


def test_an_upgrade_is_ignored() -> None:
    with serving() as up:
        assert up.exchange(get("/", "connection: close, upgrade", "upgrade: h2c")).endswith(b"hello")


def test_a_kept_alive_connection_that_idles_is_closed() -> None:
    with serving() as up:
        up.server.config.timeout_keep_alive = SOON  # type: ignore[assignment]  # goes to call_later; uvicorn's is 5 seconds
        assert up.exchange(get("/")).endswith(b"hello")


def test_a_client_that_has_said_all_is_closed() -> None:
    with serving() as up, up.connect() as client:
        client.shutdown(socket.SHUT_WR)
        assert until_closed(client) == b""


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


def test_answers_carry_a_date_and_do_not_tell_the_software() -> None:
    with running(tiny) as up:
        head = up.exchange(get("/", "connection: close")).lower()
    assert b"\r\ndate: " in head
    assert b"\r\nserver:" not in head
