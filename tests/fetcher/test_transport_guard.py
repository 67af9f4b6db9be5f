import logging
import socket
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from ipaddress import IPv4Address, ip_address

import httpcore
import pytest

from harness.loopback import LOOPBACK, always, http, in_time, serving
from logocache.fetcher.addresses import IPAddress
from logocache.fetcher.limits import FetchError
from logocache.fetcher.network import LONGEST_WAIT, Deadline, Shutdown, connect
from logocache.fetcher.transport import GuardedBackend, ProxyBackend, destination
from logocache.model import OutcomeKind
from logocache.settings.fields import ConnectTo

LOCAL = IPv4Address("127.0.0.1")


class Names:
    """A resolver with fixed answers that remembers what it was asked."""

    def __init__(self, *addresses: str) -> None:
        self.addresses = [ip_address(address) for address in addresses]
        self.asked: list[tuple[str, int]] = []

    def __call__(self, host: str, port: int) -> Sequence[IPAddress]:
        self.asked.append((host, port))
        return self.addresses


def backend(names: Names, *, connect_to: tuple[ConnectTo, ...] = ()) -> GuardedBackend:
    return GuardedBackend(
        resolve=names, deadline=in_time(), limit=2, allowed=(LOOPBACK,), connect_to=connect_to
    )


def closed_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


def test_the_connection_goes_to_the_address_that_was_checked_after_one_lookup() -> None:
    names = Names("127.0.0.1")
    with serving(always(http(200))) as server:
        stream = backend(names).connect_tcp("logo.example", server.port)
        stream.write(b"GET / HTTP/1.1\r\n\r\n")
        assert stream.read(100).startswith(b"HTTP/1.1 200")
        stream.close()
    assert names.asked == [("logo.example", server.port)]


@pytest.mark.parametrize(
    "addresses",
    [
        pytest.param(["10.0.0.1"], id="one"),
        pytest.param(["127.0.0.1", "10.0.0.1"], id="the second of two"),
        pytest.param(["127.0.0.1", "::ffff:169.254.169.254"], id="mapped metadata"),
        pytest.param(["127.0.0.1"] * 20 + ["fe80::1%lo"], id="the last of many"),
    ],
)
def test_one_forbidden_address_forbids_all_and_nothing_is_connected(
    addresses: list[str], caplog: pytest.LogCaptureFixture
) -> None:
    """The outcome says no more than that: what a name means inside is for the debug log."""
    caplog.set_level(logging.DEBUG, "logocache")
    with serving(always(http(200))) as server:
        with pytest.raises(FetchError) as caught:
            backend(Names(*addresses)).connect_tcp("rebind.example", server.port)
        assert server.connections == 0
    assert caught.value.kind is OutcomeKind.REFUSED
    assert caught.value.reason == "refused: not a public address"
    (record,) = caplog.records
    assert (record.levelno, vars(record)["host"]) == (logging.DEBUG, "rebind.example")
    assert vars(record)["address"] == str(ip_address(addresses[-1]))


@pytest.mark.parametrize(
    ("entry", "fits"),
    [
        (ConnectTo("a.example", 443, "to.example", 1), True),
        (ConnectTo("a.example", None, "to.example", 1), True),
        (ConnectTo(None, 443, "to.example", 1), True),
        (ConnectTo(None, None, "to.example", 1), True),
        (ConnectTo("a.example", 80, "to.example", 1), False),
        (ConnectTo("b.example", 443, "to.example", 1), False),
        (ConnectTo("example", 443, "to.example", 1), False),
    ],
    ids=["both", "any port", "any host", "anything", "other port", "other host", "only a suffix"],
)
def test_a_connection_is_sent_elsewhere_when_the_entry_fits(entry: ConnectTo, *, fits: bool) -> None:
    expected = ("to.example", 1) if fits else ("a.example", 443)
    assert destination("a.example", 443, [entry]) == expected


def test_the_first_entry_that_fits_decides() -> None:
    entries = [ConnectTo(None, 443, "first", 1), ConnectTo("a.example", 443, "second", 2)]
    assert destination("a.example", 443, entries) == ("first", 1)


def test_the_addresses_of_the_other_place_are_checked_too() -> None:
    names = Names("10.0.0.1")
    with pytest.raises(FetchError, match=r"^refused: not a public address$"):
        backend(names, connect_to=(ConnectTo(None, None, "inside.example", 81),)).connect_tcp("a.example", 80)
    assert names.asked == [("inside.example", 81)]


def test_local_sockets_are_refused() -> None:
    with pytest.raises(FetchError, match="local sockets"):
        backend(Names()).connect_unix_socket("/run/docker.sock")


def test_the_proxy_may_be_private_and_nothing_else_is_connected() -> None:
    names = Names("127.0.0.1")
    with serving(always(http(200))) as server:
        proxied = ProxyBackend(proxy=("proxy", server.port), resolve=names, deadline=in_time(), limit=2)
        proxied.connect_tcp("proxy", server.port).close()
        for elsewhere in (("proxy", server.port + 1), ("logo.example", server.port)):
            with pytest.raises(FetchError, match="only the proxy"):
                proxied.connect_tcp(*elsewhere)
    assert names.asked == [("proxy", server.port)]


def test_the_next_address_is_tried_when_one_does_not_take_the_connection() -> None:
    with serving(always(http(200))) as server:
        addresses = [IPv4Address("127.0.0.9"), LOCAL]  # the server listens on the second only
        stream = connect(addresses, server.port, deadline=in_time(), limit=2)
        stream.close()


def test_when_no_address_takes_the_connection_it_is_a_connect_error() -> None:
    with pytest.raises(httpcore.ConnectError, match="refused"):
        connect([LOCAL, IPv4Address("127.0.0.2")], closed_port(), deadline=in_time(), limit=2)


@contextmanager
def silent_address() -> Iterator[tuple[IPv4Address, int]]:
    """Nobody answers at this address: the backlog is full, so that the kernel drops our connections."""
    with ExitStack() as stack:
        silent = stack.enter_context(socket.create_server(("127.0.0.3", 0), backlog=0))
        port = silent.getsockname()[1]
        for _ in range(4):
            filler = stack.enter_context(socket.socket())
            filler.setblocking(False)
            filler.connect_ex(("127.0.0.3", port))
        yield IPv4Address("127.0.0.3"), port


def test_an_address_that_does_not_answer_leaves_the_others_their_share_of_the_time() -> None:
    with silent_address() as (dead, port):
        with socket.create_server(("127.0.0.1", port)):
            connect([dead, LOCAL], port, deadline=in_time(), limit=0.2).close()
        begun = time.monotonic()
        with pytest.raises(httpcore.ConnectTimeout):
            connect([dead] * 10, port, deadline=in_time(60), limit=1)
        assert time.monotonic() - begun < 6, "each address took all of the time"


def test_an_address_that_does_not_answer_is_left_with_the_fetcher() -> None:
    closing = Shutdown()
    begun = time.monotonic()

    def monotonic() -> float:
        """Closes the fetcher once it has waited for a while."""
        now = time.monotonic()
        if now > begun + LONGEST_WAIT / 2:
            closing.begin()
        return now

    deadline = Deadline(monotonic, closing)
    deadline.at = begun + 60
    with silent_address() as (dead, port), pytest.raises(FetchError, match="closed"):
        connect([dead] * 3, port, deadline=deadline, limit=60)
    assert time.monotonic() - begun < 5


def test_ipv6_is_connected_to_and_a_zone_that_is_not_there_is_a_connect_error() -> None:
    with socket.create_server(("::1", 0), family=socket.AF_INET6) as listener:
        port = listener.getsockname()[1]
        connect([ip_address("::1")], port, deadline=in_time(), limit=2).close()
        with pytest.raises(httpcore.ConnectError):
            connect([ip_address("fe80::1%nowhere")], port, deadline=in_time(), limit=2)


def test_without_time_nothing_is_looked_up_or_connected() -> None:
    names = Names("127.0.0.1")
    guarded = GuardedBackend(resolve=names, deadline=in_time(-1), limit=2)
    with pytest.raises(httpcore.ConnectTimeout):
        guarded.connect_tcp("logo.example", 80)
    assert not names.asked
