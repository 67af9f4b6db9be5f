"""The whole fetcher against real servers that misbehave in every way we could think of."""

import gzip
import socket
import ssl
import threading
from collections.abc import Sequence
from ipaddress import ip_address
from pathlib import Path

import pytest
import trustme

from harness.loopback import (
    Handler,
    Server,
    always,
    ask,
    fetching,
    http,
    options,
    read_head,
    serving,
    terms,
)
from logocache.fetcher.addresses import IPAddress
from logocache.fetcher.client import HttpFetcher
from logocache.fetcher.limits import THRESHOLD
from logocache.model import OutcomeKind
from logocache.ports import Answer

pytestmark = pytest.mark.end_to_end

IMAGE = b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 20
HEAD = b"HTTP/1.1 200 OK\r\n"


def answer_to(answer: bytes, *, then_close: bool = True) -> Answer:
    with serving(always(answer, then_close=then_close)) as server, fetching(server) as fetcher:
        return ask(fetcher)


def chunked(*chunks: bytes) -> bytes:
    return b"".join(b"%x\r\n%b\r\n" % (len(chunk), chunk) for chunk in chunks)


COMPLETE = {
    "Content-Length": HEAD + b"Content-Length: %d\r\n\r\n" % len(IMAGE) + IMAGE,
    "chunked": HEAD + b"Transfer-Encoding: chunked\r\n\r\n" + chunked(IMAGE[:100], IMAGE[100:], b""),
    "until the end": HEAD + b"Connection: close\r\n\r\n" + IMAGE,
    "HTTP/1.0": b"HTTP/1.0 200 OK\r\n\r\n" + IMAGE,
    "gzip": HEAD + b"Content-Encoding: gzip\r\nConnection: close\r\n\r\n" + gzip.compress(IMAGE),
    "after hints": b"HTTP/1.1 103 Early Hints\r\n\r\n" * 3 + http(200, IMAGE),
}

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


@pytest.mark.parametrize("answer", COMPLETE.values(), ids=COMPLETE)
def test_a_complete_body_is_found(answer: bytes) -> None:
    result = answer_to(answer)
    assert (result.kind, result.body, result.reason) == (OutcomeKind.FOUND, IMAGE, "")


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
    """Whether the client is still there after the stream's timeout."""
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


def test_connections_are_kept_alive() -> None:
    with serving(always(http(200, b"logo"))) as server, fetching(server) as fetcher:
        assert [ask(fetcher).kind for _ in range(3)] == [OutcomeKind.FOUND] * 3
        assert server.connections == 1


def test_a_connection_that_was_closed_meanwhile_is_replaced() -> None:
    is_closed = threading.Event()

    def answer_once(stream: socket.socket, head: bytes) -> None:
        stream.sendall(http(200, b"logo"))
        stream.shutdown(socket.SHUT_RDWR)
        is_closed.set()

    with serving(answer_once) as server, fetching(server) as fetcher:
        for _ in range(3):
            assert ask(fetcher).kind is OutcomeKind.FOUND
            assert is_closed.wait(5)
            is_closed.clear()
        assert server.connections == 3


def test_an_unchanged_logo_keeps_the_connection_for_the_next() -> None:
    with serving(always(b"HTTP/1.1 304 Not Modified\r\n\r\n")) as server, fetching(server) as fetcher:
        kinds = [ask(fetcher, etag='"1"').kind for _ in range(3)]
        assert kinds == [OutcomeKind.UNCHANGED] * 3
        assert server.connections == 1
    assert b'If-None-Match: "1"\r\n' in server.requests[0]


@pytest.mark.parametrize(
    "location",
    [
        pytest.param("http://169.254.169.254/latest/meta-data/", id="metadata"),
        pytest.param("http://[::ffff:127.0.0.1]/", id="mapped loopback"),
        pytest.param("http://2130706433/", id="decimal loopback"),
        pytest.param("http://localhost/", id="local name"),
        pytest.param("http://logo.example:22/", id="other port"),
        pytest.param("file:///etc/passwd", id="file"),
        pytest.param("http://user@logo.example/", id="user information"),
    ],
)
def test_a_redirect_to_what_must_not_be_asked_is_refused(location: str) -> None:
    with serving(always(http(302, b"", f"Location: {location}"))) as server, fetching(server) as fetcher:
        result = ask(fetcher)
    assert (result.kind, result.status) == (OutcomeKind.REFUSED, None)
    assert len(server.requests) == 1


def test_a_redirect_out_of_the_trusted_origin_is_trusted_no_more() -> None:
    with serving(always(http(200, b"secret"))) as inside:
        leading = http(302, b"", f"Location: http://127.0.0.1:{inside.port}/")
        with serving(always(leading)) as server, fetching(server, connect_to=()) as fetcher:
            origin = f"http://127.0.0.1:{server.port}"
            result = ask(fetcher, origin + "/logo", trusted_origin=origin)
        assert result.kind is OutcomeKind.REFUSED
        assert len(server.requests) == 1
        assert inside.connections == 0


def test_a_name_that_points_inside_is_refused_and_nothing_is_connected() -> None:
    with serving(always(http(200, b"secret"))) as server:
        fetcher = HttpFetcher(
            options(allowed_networks=()), resolve=lambda host, port: [ip_address("127.0.0.1")]
        )
        assert ask(fetcher, "http://rebind.example/").kind is OutcomeKind.REFUSED
        assert server.connections == 0
        fetcher.close()


def test_at_most_so_many_requests_reach_one_host_at_a_time() -> None:
    lock = threading.Lock()
    inside: dict[bytes, int] = {b"a": 0, b"b": 0}
    most = dict(inside)
    four_are_inside = threading.Barrier(4, timeout=60)

    def handle(stream: socket.socket, head: bytes) -> None:
        host = head.partition(b"Host: ")[2][:1]
        with lock:
            inside[host] += 1
            most[host] = max(most[host], inside[host])
        four_are_inside.wait()  # two of each host: the limits are used, and they do not share one
        with lock:
            inside[host] -= 1
        stream.sendall(http(200, b"logo"))

    with serving(handle) as server, fetching(server) as fetcher:
        answers = answers_together(fetcher, ["http://a.example/", "http://b.example/"] * 6)
    assert [answer.kind for answer in answers] == [OutcomeKind.FOUND] * 12
    assert most == {b"a": 2, b"b": 2}


def test_who_gets_no_slot_in_time_backs_off() -> None:
    is_asked, go_on = threading.Event(), threading.Event()

    def handle(stream: socket.socket, head: bytes) -> None:
        is_asked.set()
        go_on.wait(5)
        stream.sendall(http(200, b"logo"))

    with serving(handle) as server, fetching(server, concurrency_per_host=1) as fetcher:
        answers: list[Answer] = []
        first = threading.Thread(target=lambda: answers.append(ask(fetcher)))
        first.start()
        assert is_asked.wait(5)
        assert ask(fetcher, seconds=0.05).kind is OutcomeKind.TRANSIENT
        go_on.set()
        first.join()
    assert answers[0].kind is OutcomeKind.FOUND
    assert len(server.requests) == 1


def answers_together(fetcher: HttpFetcher, urls: Sequence[str]) -> list[Answer]:
    """All asked at the same time, each by its own thread."""
    answers: list[Answer] = []
    threads = [threading.Thread(target=lambda url=url: answers.append(ask(fetcher, url))) for url in urls]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=120)
    return answers


def test_a_run_without_network_ends_soon() -> None:
    """Every lookup hangs: the breaker must spare us most of them."""
    over = threading.Event()

    def hang(host: str, port: int) -> Sequence[IPAddress]:
        over.wait(5)
        raise OSError("no network")

    fetcher = HttpFetcher(
        options(retries=2, connect_timeout_seconds=0.05),
        [terms("test", asks_many_hosts=True)],
        resolve=hang,
        sleep=lambda seconds: None,
    )
    kinds = [ask(fetcher, f"http://site{number}.example/").kind for number in range(100)]
    over.set()
    fetcher.close()
    assert kinds == [OutcomeKind.TRANSIENT] * THRESHOLD + [OutcomeKind.NOT_ASKED] * (100 - THRESHOLD)


def test_a_host_where_nobody_listens_is_transient() -> None:
    with serving(always(b"")) as server:
        pass
    with fetching(server) as fetcher:
        result = ask(fetcher)
    assert (result.kind, result.status) == (OutcomeKind.TRANSIENT, None)
    assert "could not connect" in result.reason


# TLS


def test_https_is_asked_under_the_original_name(tls: ssl.SSLContext, trusting: ssl.SSLContext) -> None:
    with (
        serving(always(http(200, IMAGE)), tls=tls) as server,
        fetching(server, ssl_context=trusting) as fetcher,
    ):
        assert [ask(fetcher, "https://logo.example/").body for _ in range(2)] == [IMAGE] * 2
        assert server.connections == 1
    assert b"Host: logo.example\r\n" in server.requests[0]


def test_a_certificate_of_another_name_is_not_accepted(tls: ssl.SSLContext, trusting: ssl.SSLContext) -> None:
    with (
        serving(always(http(200, IMAGE)), tls=tls) as server,
        fetching(server, ssl_context=trusting) as fetcher,
    ):
        result = ask(fetcher, "https://other.example/")
    assert (result.kind, result.status) == (OutcomeKind.TRANSIENT, None)
    assert result.reason.endswith("certificate verify failed: Hostname mismatch)")
    assert not server.requests


def test_an_unknown_authority_is_not_accepted_unless_the_environment_names_it(
    authority: trustme.CA, tls: ssl.SSLContext, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with serving(always(http(200, IMAGE)), tls=tls) as server:
        with fetching(server, ssl_context=None) as fetcher:
            result = ask(fetcher, "https://logo.example/")
        assert result.kind is OutcomeKind.TRANSIENT
        assert "certificate" in result.reason
        authority.cert_pem.write_to_path(tmp_path / "authority.pem")
        monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "authority.pem"))
        with fetching(server, ssl_context=None) as fetcher:
            assert ask(fetcher, "https://logo.example/").kind is OutcomeKind.FOUND


def test_a_redirect_from_https_to_http_is_refused(tls: ssl.SSLContext, trusting: ssl.SSLContext) -> None:
    leading = http(301, b"", "Location: http://logo.example/")
    with serving(always(leading), tls=tls) as server, fetching(server, ssl_context=trusting) as fetcher:
        assert ask(fetcher, "https://logo.example/").kind is OutcomeKind.REFUSED
    assert len(server.requests) == 1


def test_a_body_that_ends_without_tls_farewell_is_transient(
    tls: ssl.SSLContext, trusting: ssl.SSLContext
) -> None:
    """Anyone on the way could end it there."""
    cut_off = HEAD + b"Connection: close\r\n\r\n" + IMAGE
    with (
        serving(always(cut_off, then_close=True), tls=tls) as server,
        fetching(server, ssl_context=trusting) as fetcher,
    ):
        assert ask(fetcher, "https://logo.example/").kind is OutcomeKind.TRANSIENT


def test_a_server_that_never_ends_its_handshake_is_left_at_the_deadline(trusting: ssl.SSLContext) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        server = Server(port=silent.getsockname()[1])
        with fetching(server, ssl_context=trusting, request_timeout_seconds=0.2) as fetcher:
            result = ask(fetcher, "https://logo.example/")
    assert result.kind is OutcomeKind.TRANSIENT
    assert result.duration < 2


# Through a proxy


def forward(stream: socket.socket, head: bytes) -> None:
    stream.sendall(http(200, b"by proxy"))


def test_http_goes_through_the_proxy_with_its_credentials() -> None:
    with (
        serving(forward) as proxy,
        fetching(proxy, http_proxy=f"http://me:pass@127.0.0.1:{proxy.port}") as fetcher,
    ):
        assert ask(fetcher, "http://logo.example/x").body == b"by proxy"
    assert proxy.requests[0].startswith(b"GET http://logo.example/x HTTP/1.1\r\n")
    assert b"Proxy-Authorization: Basic bWU6cGFzcw==\r\n" in proxy.requests[0]


def test_https_is_tunnelled_through_the_proxy(tls: ssl.SSLContext, trusting: ssl.SSLContext) -> None:
    def tunnel(stream: socket.socket, head: bytes) -> None:
        assert head.startswith(b"CONNECT logo.example:443 ")
        stream.sendall(b"HTTP/1.1 200 Connected\r\n\r\n")
        with tls.wrap_socket(stream, server_side=True) as inner:
            assert read_head(inner).startswith(b"GET /x HTTP/1.1\r\n")
            inner.sendall(http(200, b"tunnelled"))

    with (
        serving(tunnel) as proxy,
        fetching(
            proxy, ssl_context=trusting, http_proxy=f"http://127.0.0.1:{proxy.port}", connect_to=()
        ) as fetcher,
    ):
        assert ask(fetcher, "https://logo.example/x").body == b"tunnelled"


def test_the_proxy_may_be_asked_by_tls(tls: ssl.SSLContext, trusting: ssl.SSLContext) -> None:
    with serving(forward, tls=tls) as proxy:
        fetcher = HttpFetcher(
            options(http_proxy=f"https://proxy.example:{proxy.port}"),
            ssl_context=trusting,
            resolve=lambda host, port: [ip_address("127.0.0.1")],
        )
        assert ask(fetcher).body == b"by proxy"
        fetcher.close()


@pytest.mark.parametrize(
    ("url", "kind"),
    [("https://logo.example/", OutcomeKind.TRANSIENT), ("http://logo.example/", OutcomeKind.BLOCKED)],
    ids=["tunnel", "forwarded"],
)
def test_a_proxy_that_wants_other_credentials_is_no_miss(url: str, kind: OutcomeKind) -> None:
    with (
        serving(always(http(407))) as proxy,
        fetching(proxy, http_proxy=f"http://me:hush@127.0.0.1:{proxy.port}") as fetcher,
    ):
        result = ask(fetcher, url)
    assert result.kind is kind
    assert "407" in result.reason
    assert "hush" not in repr(result)


@pytest.mark.parametrize("url", ["http://127.0.0.1/", "http://logo.example:81/", "http://printer/"])
def test_the_rules_for_urls_hold_with_a_proxy_too(url: str) -> None:
    with (
        serving(forward) as proxy,
        fetching(proxy, http_proxy=f"http://127.0.0.1:{proxy.port}") as fetcher,
    ):
        assert ask(fetcher, url).kind is OutcomeKind.REFUSED
    assert not proxy.requests
