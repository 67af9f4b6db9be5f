import socket
import threading
from collections.abc import Sequence
from ipaddress import IPv4Address, ip_address

import httpcore
import pytest

from harness.loopback import in_time
from logocache.fetcher.addresses import IPAddress
from logocache.fetcher.network import resolve_within, system_resolve

PUBLIC = IPv4Address("93.184.215.14")


def test_the_system_s_answers_come_in_order_once_each_and_without_odd_families(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def getaddrinfo(
        host: str, port: int, **hints: int
    ) -> list[tuple[int, int, int, str, tuple[object, ...]]]:
        assert (host, port, hints["type"]) == ("example.com", 443, socket.SOCK_STREAM)
        return [
            (socket.AF_INET6, 1, 6, "", ("2606:4700::1111", 443, 0, 0)),
            (socket.AF_INET, 1, 6, "", ("93.184.215.14", 443)),
            (socket.AF_INET, 1, 6, "", ("93.184.215.14", 443)),
            (socket.AF_UNIX, 1, 6, "", ("/tmp/socket",)),
            (socket.AF_INET6, 1, 6, "", ("fe80::1%eth0", 443, 0, 2)),
        ]

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
    expected = [ip_address(text) for text in ("2606:4700::1111", "93.184.215.14", "fe80::1%eth0")]
    assert system_resolve("example.com", 443) == expected


@pytest.mark.parametrize("host", ["127.0.0.1", "0x7f.1", "2130706433"])
def test_every_spelling_of_a_literal_becomes_the_address_that_it_means(host: str) -> None:
    assert system_resolve(host, 80) == [IPv4Address("127.0.0.1")]


def test_the_addresses_are_passed_on() -> None:
    assert resolve_within(lambda host, port: [PUBLIC], "example.com", 443, deadline=in_time()) == [PUBLIC]


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (socket.gaierror(-2, "Name or service not known"), "Name or service not known"),
        (OSError("gone.example is odd"), "it is not a name of the DNS"),
        (UnicodeError("gone.example: label too long"), "it is not a name of the DNS"),
    ],
    ids=["no such name", "without a number", "not encodable"],
)
def test_a_name_that_cannot_be_looked_up_is_a_connect_error(error: Exception, words: str) -> None:
    def fail(host: str, port: int) -> Sequence[IPAddress]:
        raise error

    with pytest.raises(httpcore.ConnectError, match=f"^its name cannot be looked up: {words}$"):
        resolve_within(fail, "gone.example", 443, deadline=in_time())


def test_a_name_without_addresses_is_a_connect_error() -> None:
    with pytest.raises(httpcore.ConnectError, match="no address"):
        resolve_within(lambda host, port: [], "empty.example", 443, deadline=in_time())


def test_a_resolver_that_hangs_holds_up_neither_us_nor_the_end_of_the_program() -> None:
    over = threading.Event()
    threads = []

    def hang(host: str, port: int) -> Sequence[IPAddress]:
        threads.append(threading.current_thread())
        over.wait(5)
        return [PUBLIC]

    with pytest.raises(httpcore.ConnectTimeout, match=r"^looking up its name took too long$"):
        resolve_within(hang, "slow.example", 443, deadline=in_time(0.05))
    assert threads[0].daemon
    assert threads[0].is_alive()
    over.set()
    threads[0].join()
