"""Bodies from real servers: whole, broken, too large, and slow."""

import gzip
import socket

import pytest

from harness.answers import HEAD, IMAGE, answer_to, chunked
from harness.loopback import (
    Handler,
    ask,
    fetching,
    http,
    serving,
)
from logocache.model import OutcomeKind

pytestmark = pytest.mark.end_to_end

COMPLETE = {
    "Content-Length": HEAD + b"Content-Length: %d\r\n\r\n" % len(IMAGE) + IMAGE,
    "chunked": HEAD + b"Transfer-Encoding: chunked\r\n\r\n" + chunked(IMAGE[:100], IMAGE[100:], b""),
    "until the end": HEAD + b"Connection: close\r\n\r\n" + IMAGE,
    "HTTP/1.0": b"HTTP/1.0 200 OK\r\n\r\n" + IMAGE,
    "gzip": HEAD + b"Content-Encoding: gzip\r\nConnection: close\r\n\r\n" + gzip.compress(IMAGE),
    "after hints": b"HTTP/1.1 103 Early Hints\r\n\r\n" * 3 + http(200, IMAGE),
}


@pytest.mark.parametrize("answer", COMPLETE.values(), ids=COMPLETE)
def test_a_complete_body_is_found(answer: bytes) -> None:
    result = answer_to(answer)
    assert (result.kind, result.body, result.reason) == (OutcomeKind.FOUND, IMAGE, "")


BROKEN = {
    "shorter than announced": HEAD + b"Content-Length: 9999\r\n\r\n" + IMAGE,
    "no body at all": HEAD + b"Content-Length: 5\r\n\r\n",
    "chunk breaks off": HEAD + b"Transfer-Encoding: chunked\r\n\r\n" + b"ff\r\nhalf",
    "last chunk is missing": HEAD + b"Transfer-Encoding: chunked\r\n\r\n" + chunked(IMAGE),
    "chunk size is no number": HEAD + b"Transfer-Encoding: chunked\r\n\r\n" + b"zz\r\n" + IMAGE,
    "gzip breaks off": HEAD
    + b"Content-Encoding: gzip\r\nConnection: close\r\n\r\n"
    + gzip.compress(IMAGE)[:-9],
    "gzip of full length breaks off": http(200, gzip.compress(IMAGE)[:-9], "Content-Encoding: gzip"),
    "gzip is none": http(200, IMAGE, "Content-Encoding: gzip"),
    "deflate is none": http(200, IMAGE, "Content-Encoding: deflate"),
    "encoding that was not offered": http(200, IMAGE, "Content-Encoding: br"),
    "two lengths": HEAD + b"Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello",
    "length is no number": HEAD + b"Content-Length: five\r\n\r\nhello",
    "no HTTP": b"SSH-2.0-OpenSSH_9.6\r\n",
    "nothing": b"",
    "head breaks off": b"HTTP/1.1 200 OK\r\nContent-Ty",
    "head without end": HEAD + b"X: " + b"a" * 200_000,
    "header with a NUL": HEAD + b"X: a\x00b\r\n\r\nhello",
    "status of two digits": b"HTTP/1.1 20 OK\r\n\r\n",
    "status below 100": b"HTTP/1.1 099 OK\r\n\r\n",
    "protocol switched unasked": b"HTTP/1.1 101 Switching\r\nUpgrade: h2c\r\n\r\n",
}


@pytest.mark.parametrize("answer", BROKEN.values(), ids=BROKEN)
def test_a_broken_answer_is_transient_and_never_an_image(answer: bytes) -> None:
    result = answer_to(answer)
    assert (result.kind, result.body) == (OutcomeKind.TRANSIENT, b"")
    assert result.reason


@pytest.mark.parametrize(
    "answer",
    [
        pytest.param(HEAD + b"Content-Length: 100001\r\n\r\n", id="announced"),
        pytest.param(HEAD + b"Connection: close\r\n\r\n" + bytes(100_001), id="sent"),
        pytest.param(http(200, gzip.compress(bytes(10_000_000)), "Content-Encoding: gzip"), id="compressed"),
    ],
)
def test_a_body_over_the_limit_is_refused_and_not_cut(answer: bytes) -> None:
    result = answer_to(answer)
    assert (result.kind, result.status, result.body) == (OutcomeKind.REFUSED, 200, b"")


def dripping(head: bytes, drop: bytes) -> Handler:
    """Sends the head, then one drop every 10 ms until the client has gone."""

    def handle(stream: socket.socket, asked: bytes) -> None:
        stream.sendall(head)
        stream.settimeout(0.01)
        while stays(stream):
            stream.sendall(drop)

    return handle


def stays(stream: socket.socket) -> bool:
    """True if the client is still there after the stream's timeout."""
    try:
        return stream.recv(1) != b""
    except TimeoutError:
        return True


DRIPPING = {
    "status line": dripping(b"HTTP/1.1 200", b" "),
    "header": dripping(HEAD + b"X: ", b"a"),
    "headers": dripping(HEAD, b"X: a\r\n"),
    "hints": dripping(b"", b"HTTP/1.1 103 Early Hints\r\n\r\n"),
    "body": dripping(HEAD + b"Content-Length: 99999\r\n\r\n", b"a"),
    "chunks": dripping(HEAD + b"Transfer-Encoding: chunked\r\n\r\n", b"1\r\na\r\n"),
    "nothing": dripping(b"", b""),
}


@pytest.mark.parametrize("handler", DRIPPING.values(), ids=DRIPPING)
@pytest.mark.parametrize(
    ("request_timeout", "seconds"), [(0.2, 10), (10, 0.2)], ids=["request's limit", "caller's deadline"]
)
def test_a_server_that_drips_is_left_at_the_deadline(
    handler: Handler, request_timeout: float, seconds: float
) -> None:
    """Each single read is answered in time: only the wall clock can end this."""
    with (
        serving(handler) as server,
        fetching(server, request_timeout_seconds=request_timeout) as fetcher,
    ):
        result = ask(fetcher, seconds=seconds)
    assert (result.kind, result.body) == (OutcomeKind.TRANSIENT, b"")
    assert 0.15 < result.duration < 2


def test_a_dripping_body_within_its_time_is_found() -> None:
    def handle(stream: socket.socket, head: bytes) -> None:
        for byte in http(200, b"logo"):
            stream.sendall(bytes([byte]))

    with serving(handle) as server, fetching(server) as fetcher:
        assert ask(fetcher).body == b"logo"
