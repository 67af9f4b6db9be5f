"""Closing the fetcher while it asks real servers that would hold it up for a minute."""

import logging
import socket
import ssl
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import datetime
from ipaddress import ip_address
from typing import Any

import pytest

from harness.loopback import START, Server, always, ask, fetching, http, serving, terms
from logocache.fetcher.addresses import IPAddress
from logocache.fetcher.client import HttpFetcher
from logocache.fetcher.limits import THRESHOLD
from logocache.model import OutcomeKind
from logocache.ports import Answer

pytestmark = pytest.mark.end_to_end

PATIENT: dict[str, Any] = {"request_timeout_seconds": 60.0, "connect_timeout_seconds": 60.0, "retries": 3}
"""Nothing but closing ends a request within these. `Any`: real fields of the options."""

PROMPTLY = 0.8
"""Seconds; a second is promised."""

BODY = b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n"


class Stalling:
    """Sends so much of an answer, and then nothing until the client has gone."""

    def __init__(self, sent: bytes = b"", *, clients: int = 1) -> None:
        self._sent = sent
        self._clients = threading.Barrier(clients, timeout=60)
        self.all_wait = threading.Event()
        self.was_left = threading.Event()

    def __call__(self, stream: socket.socket, head: bytes) -> None:
        stream.sendall(self._sent)
        self._clients.wait()
        self.all_wait.set()
        with suppress(
            ConnectionResetError, BrokenPipeError
        ):  # the client leaves without having read everything
            assert stream.recv(1) == b""
        self.was_left.set()


class Watch:
    """The monotonic clock; tells when the `waiting` thread has looked at it for the second time.

    That is first when its fetch begins, then just before it waits for its turn.
    """

    def __init__(self) -> None:
        self._looks = 0
        self.is_waiting = threading.Event()

    def __call__(self) -> float:
        if threading.current_thread().name == "waiting":
            self._looks += 1
            if self._looks == 2:
                self.is_waiting.set()
        return time.monotonic()


@contextmanager
def asking(fetcher: HttpFetcher, url: str = "http://logo.example/") -> Iterator[list[Answer]]:
    """The `waiting` thread asks; its answer is there behind the block, soon after whose end it must come."""
    answers: list[Answer] = []
    thread = threading.Thread(target=lambda: answers.append(ask(fetcher, url, seconds=60)), name="waiting")
    thread.start()
    yield answers
    closed_at = time.monotonic()
    thread.join(timeout=120)
    assert not thread.is_alive()
    assert time.monotonic() - closed_at < PROMPTLY


def assert_not_asked(answers: Sequence[Answer]) -> None:
    """Whatever had come in by then says nothing about the logo."""
    (answer,) = answers
    assert (answer.kind, answer.status, answer.body) == (OutcomeKind.NOT_ASKED, None, b"")
    assert "closed" in answer.reason


@pytest.mark.parametrize("scheme", ["http", "https"])
@pytest.mark.parametrize(
    "sent",
    [
        pytest.param(b"", id="nothing"),
        pytest.param(BODY[:20], id="half a head"),
        pytest.param(BODY, id="no body"),
        pytest.param(BODY + b"half", id="half a body"),
    ],
)
def test_a_server_that_stalls_is_left_and_not_asked_again(
    sent: bytes, scheme: str, tls: ssl.SSLContext, trusting: ssl.SSLContext
) -> None:
    stalling = Stalling(sent)
    with (
        serving(stalling, tls=tls if scheme == "https" else None) as server,
        fetching(server, ssl_context=trusting, **PATIENT) as fetcher,
    ):
        with asking(fetcher, f"{scheme}://logo.example/") as answers:
            assert stalling.all_wait.wait(5)
            fetcher.close()
        assert stalling.was_left.wait(5)
        assert len(server.requests) == 1
    assert_not_asked(answers)


def test_a_server_that_never_ends_its_handshake_is_left(trusting: ssl.SSLContext) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        server = Server(port=listener.getsockname()[1])
        with (
            fetching(server, ssl_context=trusting, **PATIENT) as fetcher,
            asking(fetcher, "https://logo.example/") as answers,
        ):
            connection, _ = listener.accept()
            with connection:
                connection.settimeout(5)
                assert connection.recv(65_536), "it has greeted"
                fetcher.close()
                assert connection.recv(65_536) == b"", "it has gone"
    assert_not_asked(answers)


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_a_proxy_that_stalls_is_left(scheme: str) -> None:
    stalling = Stalling()
    with (
        serving(stalling) as proxy,
        fetching(proxy, http_proxy=f"http://127.0.0.1:{proxy.port}", **PATIENT) as fetcher,
        asking(fetcher, f"{scheme}://logo.example/") as answers,
    ):
        assert stalling.all_wait.wait(5)
        fetcher.close()
    assert_not_asked(answers)


def test_a_lookup_that_hangs_is_not_waited_for() -> None:
    is_waiting, over = threading.Event(), threading.Event()

    def hang(host: str, port: int) -> Sequence[IPAddress]:
        is_waiting.set()
        over.wait(30)
        return [ip_address("127.0.0.1")]

    with (
        serving(always(http(200))) as server,
        fetching(server, resolve=hang, **PATIENT) as fetcher,
    ):
        with asking(fetcher) as answers:
            assert is_waiting.wait(5)
            fetcher.close()
        over.set()
        assert server.connections == 0
    assert_not_asked(answers)


def test_a_retry_is_not_waited_for() -> None:
    """The server asks for five seconds of rest, which would be granted."""
    is_waiting = threading.Event()

    def jitter() -> float:
        """Drawn when the wait before a retry is decided."""
        is_waiting.set()
        return 1.0

    with (
        serving(always(http(429, b"", "Retry-After: 5"))) as server,
        fetching(server, random=jitter, **PATIENT) as fetcher,
        asking(fetcher) as answers,
    ):
        assert is_waiting.wait(5)
        fetcher.close()
    assert_not_asked(answers)
    assert len(server.requests) == 1


def test_the_turn_that_the_rate_gives_is_not_waited_for() -> None:
    watch = Watch()
    with (
        serving(always(http(200, b"logo"))) as server,
        fetching(
            server, providers=[terms("test", rate_per_second=1 / 30)], monotonic=watch, **PATIENT
        ) as fetcher,
    ):
        assert ask(fetcher).kind is OutcomeKind.FOUND
        with asking(fetcher) as answers:
            assert watch.is_waiting.wait(5)
            fetcher.close()
    assert_not_asked(answers)
    assert len(server.requests) == 1


def test_a_slot_of_the_host_is_not_waited_for() -> None:
    watch, is_held, over = Watch(), threading.Event(), threading.Event()

    def clock() -> datetime:
        """Looked at by the first when it has its answer, and still its slot."""
        if threading.current_thread() is first:
            is_held.set()
            over.wait(30)
        return START

    with (
        serving(always(http(200, b"logo"))) as server,
        fetching(server, concurrency_per_host=1, clock=clock, monotonic=watch, **PATIENT) as fetcher,
    ):
        first = threading.Thread(target=ask, args=(fetcher,))
        first.start()
        assert is_held.wait(5)
        with asking(fetcher) as answers:
            assert watch.is_waiting.wait(5)
            fetcher.close()
        over.set()
        first.join(timeout=120)
    assert_not_asked(answers)
    assert len(server.requests) == 1


def test_what_we_broke_off_is_not_held_against_the_provider(caplog: pytest.LogCaptureFixture) -> None:
    """As many failures of different hosts would open its breaker, with a warning."""
    stalling = Stalling(clients=THRESHOLD)
    answers: list[Answer] = []
    with serving(stalling) as server, fetching(server, **PATIENT) as fetcher:
        urls = [f"http://site{number}.example/" for number in range(THRESHOLD)]
        threads = [threading.Thread(target=lambda url=url: answers.append(ask(fetcher, url))) for url in urls]
        for thread in threads:
            thread.start()
        assert stalling.all_wait.wait(5)
        fetcher.close()
        for thread in threads:
            thread.join(timeout=120)
    assert [answer.kind for answer in answers] == [OutcomeKind.NOT_ASKED] * THRESHOLD
    assert not [record for record in caplog.records if record.levelno >= logging.INFO]


def test_what_was_answered_before_keeps_its_answer() -> None:
    with serving(always(http(200, b"logo"))) as server, fetching(server) as fetcher:
        before = ask(fetcher)
        fetcher.close()
        after = ask(fetcher)
    assert (before.kind, after.kind) == (OutcomeKind.FOUND, OutcomeKind.NOT_ASKED)
