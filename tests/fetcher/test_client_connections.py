"""Connections to real servers: kept, bounded, and refused where they must not lead."""

import socket
import threading
from collections.abc import Sequence
from ipaddress import ip_address

import pytest

from harness.loopback import (
    always,
    ask,
    fetching,
    http,
    options,
    serving,
    terms,
)
from logocache.fetcher.addresses import IPAddress
from logocache.fetcher.client import HttpFetcher
from logocache.fetcher.limits import THRESHOLD
from logocache.model import OutcomeKind
from logocache.ports import Answer

pytestmark = pytest.mark.end_to_end


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
