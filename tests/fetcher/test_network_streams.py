import socket
import ssl
import threading
import time
from collections.abc import Iterator
from contextlib import suppress

import httpcore
import pytest
import trustme

from harness.loopback import Server, always, http, in_time, serving
from logocache.fetcher.limits import FetchError
from logocache.fetcher.network import Deadline, Shutdown, SocketStream, TLSStream


@pytest.fixture
def deadline() -> Deadline:
    return in_time()


@pytest.fixture
def pair() -> Iterator[tuple[socket.socket, socket.socket]]:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        yield ours, theirs


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture(scope="module")
def server_context(authority: trustme.CA) -> ssl.SSLContext:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert("logo.example").configure_cert(context)
    return context


@pytest.fixture(scope="module")
def client_context(authority: trustme.CA) -> ssl.SSLContext:
    context = ssl.create_default_context()
    authority.configure_trust(context)
    return context


def opened(server: Server, deadline: Deadline) -> SocketStream:
    return SocketStream(socket.create_connection(("127.0.0.1", server.port)), deadline)


Pair = tuple[socket.socket, socket.socket]


def test_what_one_side_writes_the_other_reads(pair: Pair, deadline: Deadline) -> None:
    stream = SocketStream(pair[0], deadline)
    stream.write(b"question")
    assert pair[1].recv(100) == b"question"
    pair[1].sendall(b"answer")
    assert stream.read(100) == b"answer"
    pair[1].close()
    assert stream.read(100) == b""


def test_a_read_ends_at_the_deadline_whatever_timeout_httpcore_gives(pair: Pair, deadline: Deadline) -> None:
    deadline.at = time.monotonic() + 0.05
    with pytest.raises(httpcore.ReadTimeout):
        SocketStream(pair[0], deadline).read(100, timeout=60)
    with pytest.raises(httpcore.ReadTimeout, match="no time left"):
        SocketStream(pair[0], deadline).read(100)


def test_a_write_to_someone_who_does_not_read_ends_at_the_deadline(pair: Pair, deadline: Deadline) -> None:
    begun = time.monotonic()
    deadline.at = begun + 0.05
    with pytest.raises(httpcore.WriteTimeout):
        SocketStream(pair[0], deadline).write(bytes(10_000_000), timeout=60)
    assert time.monotonic() - begun < 30, "it waited for httpcore's timeout"


def test_a_write_to_someone_who_does_not_read_ends_with_the_fetcher(pair: Pair) -> None:
    closing, is_full = Shutdown(), threading.Event()
    stream = SocketStream(pair[0], in_time(60, closing=closing))

    def close() -> None:
        assert is_full.wait(5)
        closing.begin()

    closer = threading.Thread(target=close)
    closer.start()
    pair[0].setblocking(False)
    with suppress(BlockingIOError):
        while pair[0].send(bytes(100_000)):
            pass
    is_full.set()
    with pytest.raises(FetchError, match="closed"):
        stream.write(b"more")
    closer.join()


def test_a_handshake_that_ends_with_the_fetcher_closes_the_connection(
    pair: Pair, client_context: ssl.SSLContext
) -> None:
    closing = Shutdown()
    stream = SocketStream(pair[0].dup(), in_time(closing=closing))
    closing.begin()
    with pytest.raises(FetchError, match="closed"):
        TLSStream(stream, client_context, "logo.example")
    with pytest.raises(FetchError):
        stream.read(1)
    assert stream.get_extra_info("is_readable") is True, "it is closed"


def test_a_connection_that_broke_is_an_error_of_httpcore(pair: Pair, deadline: Deadline) -> None:
    stream = SocketStream(pair[0], deadline)
    pair[1].close()
    with pytest.raises(httpcore.WriteError):
        stream.write(b"question")
    stream.close()
    with pytest.raises(httpcore.ReadError):
        stream.read(100)


def test_an_idle_connection_is_readable_when_something_came_or_it_ended(
    pair: Pair, deadline: Deadline
) -> None:
    stream = SocketStream(pair[0], deadline)
    assert stream.get_extra_info("is_readable") is False
    pair[1].sendall(b"x")
    assert stream.get_extra_info("is_readable") is True
    assert stream.read(1) == b"x"
    pair[1].close()
    assert stream.get_extra_info("is_readable") is True
    stream.close()
    assert stream.get_extra_info("is_readable") is True
    assert stream.get_extra_info("ssl_object") is None


def test_tls_carries_data_both_ways(
    deadline: Deadline, server_context: ssl.SSLContext, client_context: ssl.SSLContext
) -> None:
    page = b"x" * 300_000
    with serving(always(http(200, page)), tls=server_context) as server:
        stream = opened(server, deadline).start_tls(client_context, "logo.example", timeout=1)
        assert stream.get_extra_info("ssl_object").version() in {"TLSv1.2", "TLSv1.3"}
        assert stream.get_extra_info("is_readable") in {True, False}
        stream.write(b"GET / HTTP/1.1\r\nX: " + b"y" * 50_000 + b"\r\n\r\n")
        received = b""
        while len(received) < len(page):
            received += stream.read(65_536)
        stream.close()
    assert received.endswith(page)


@pytest.mark.parametrize("name", ["other.example", "127.0.0.1"])
def test_a_certificate_of_someone_else_is_a_connect_error_and_closes(
    name: str, deadline: Deadline, server_context: ssl.SSLContext, client_context: ssl.SSLContext
) -> None:
    with serving(always(http(200)), tls=server_context) as server:
        stream = opened(server, deadline)
        with pytest.raises(httpcore.ConnectError, match="certificate"):
            stream.start_tls(client_context, name)
        with pytest.raises(httpcore.ReadError):
            stream.read(1)


@pytest.mark.parametrize("answer", [b"HTTP/1.1 400 Bad Request\r\n\r\n", b""], ids=["plain HTTP", "an end"])
def test_a_server_that_speaks_no_tls_is_a_connect_error(
    answer: bytes, pair: Pair, deadline: Deadline, client_context: ssl.SSLContext
) -> None:
    pair[1].sendall(answer)
    pair[1].shutdown(socket.SHUT_WR)
    with pytest.raises(httpcore.ConnectError, match="handshake"):
        TLSStream(SocketStream(pair[0], deadline), client_context, "logo.example")


def test_a_handshake_that_drips_ends_at_the_deadline(
    pair: Pair, deadline: Deadline, client_context: ssl.SSLContext
) -> None:
    """A TLS record of 16 kB is announced and then sent a byte at a time: every byte is a read."""
    over = threading.Event()

    def drip() -> None:
        pair[1].sendall(b"\x16\x03\x03\x40\x00")
        while not over.wait(0.01):
            pair[1].sendall(b"\x02")

    dripping = threading.Thread(target=drip)
    dripping.start()
    deadline.at = time.monotonic() + 0.2
    with pytest.raises(httpcore.ConnectTimeout, match="handshake"):
        TLSStream(SocketStream(pair[0].dup(), deadline), client_context, "logo.example")
    over.set()
    dripping.join()


def test_an_end_without_farewell_is_an_error_since_the_body_may_be_cut_off(
    deadline: Deadline, server_context: ssl.SSLContext, client_context: ssl.SSLContext
) -> None:
    with serving(always(b"half", then_close=True), tls=server_context) as server:
        stream = opened(server, deadline).start_tls(client_context, "logo.example")
        stream.write(b"GET / HTTP/1.1\r\n\r\n")
        assert stream.read(100) == b"half"
        with pytest.raises(httpcore.ReadError):
            stream.read(100)
        stream.close()


def test_an_end_with_farewell_is_an_end(
    deadline: Deadline, server_context: ssl.SSLContext, client_context: ssl.SSLContext
) -> None:
    def handle(stream: socket.socket, head: bytes) -> None:
        assert isinstance(stream, ssl.SSLSocket)
        stream.unwrap().close()

    with serving(handle, tls=server_context) as server:
        stream = opened(server, deadline).start_tls(client_context, "logo.example")
        stream.write(b"GET / HTTP/1.1\r\n\r\n")
        assert stream.read(100) == b""
        stream.close()


def test_after_its_end_nothing_can_be_written(
    deadline: Deadline, server_context: ssl.SSLContext, client_context: ssl.SSLContext
) -> None:
    with serving(always(b"", then_close=True), tls=server_context) as server:
        stream = opened(server, deadline).start_tls(client_context, "logo.example")
        stream.write(b"GET / HTTP/1.1\r\n\r\n")
        with pytest.raises(httpcore.ReadError):
            stream.read(100)
        stream.close()
        with pytest.raises(httpcore.WriteError):
            stream.write(b"more")


def test_tls_runs_within_tls_as_an_https_proxy_needs_it(
    deadline: Deadline, server_context: ssl.SSLContext, client_context: ssl.SSLContext
) -> None:
    def tunnel(stream: socket.socket, head: bytes) -> None:
        incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        inner = server_context.wrap_bio(incoming, outgoing, server_side=True)
        answered = False
        while not answered:
            try:
                if inner.read(100):
                    inner.write(b"from within")
                    answered = True
            except ssl.SSLWantReadError:
                stream.sendall(outgoing.read())
                incoming.write(stream.recv(65_536))
        stream.sendall(outgoing.read())

    with serving(tunnel, tls=server_context) as server:
        outer = opened(server, deadline).start_tls(client_context, "logo.example")
        outer.write(b"CONNECT\r\n\r\n")
        inner = outer.start_tls(client_context, "logo.example")
        inner.write(b"hello")
        assert inner.read(100) == b"from within"
        inner.close()
