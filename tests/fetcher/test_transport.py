import logging
import ssl
import time
from collections.abc import Sequence
from ipaddress import ip_address, ip_network
from typing import NoReturn

import httpcore
import httpx
import pytest

from harness.loopback import LOOPBACK, always, http, in_time, options, serving
from logocache.fetcher.addresses import IPAddress
from logocache.fetcher.limits import FetchError
from logocache.fetcher.network import Resolve
from logocache.fetcher.transport import GUARD_CONTEXT, GuardContext, GuardedTransport, pool_of
from logocache.settings import Settings
from logocache.settings.fields import ConnectTo


def loopback(host: str, port: int) -> Sequence[IPAddress]:
    return [ip_address("127.0.0.1")]


def transport(chosen: Settings, resolve: Resolve = loopback) -> GuardedTransport:
    return GuardedTransport(
        chosen,
        ssl_context=ssl.create_default_context(),
        resolve=resolve,
        deadline=in_time(),
    )


def question(url: str, *, trusted_origin: str | None = None) -> httpx.Request:
    context = GuardContext(deadline=time.monotonic() + 5, trusted_origin=trusted_origin)
    return httpx.Request("GET", url, extensions={GUARD_CONTEXT: context})


def test_what_may_be_asked_is_asked() -> None:
    with serving(always(http(200, b"logo"))) as server:
        guarded = transport(options(connect_to=(server.connect_to,)))
        assert guarded.handle_request(question("http://logo.example/")).read() == b"logo"
        guarded.close()
    assert b"Host: logo.example\r\n" in server.requests[0]


@pytest.mark.parametrize("url", ["http://127.0.0.1/", "http://logo.example:8080/", "http://localhost/"])
def test_what_must_not_be_asked_never_leaves(url: str) -> None:
    with serving(always(http(200))) as server:
        guarded = transport(options(connect_to=(server.connect_to,)))
        with pytest.raises(FetchError):
            guarded.handle_request(question(url))
        assert server.connections == 0


INTRANET = "http://microsoft.internal/", "http://wiki.corp/", "http://printer.local/", "http://nas.home.arpa/"


@pytest.mark.parametrize("url", INTRANET)
def test_a_local_name_is_refused_before_it_is_looked_up(url: str) -> None:
    def resolve(host: str, port: int) -> NoReturn:
        raise AssertionError(f"{host} was looked up")

    guarded = transport(options(allowed_networks=(LOOPBACK,)), resolve)
    with pytest.raises(FetchError, match="refused: not the name of a public host"):
        guarded.handle_request(question(url))


@pytest.mark.parametrize("url", INTRANET)
@pytest.mark.parametrize("way", ["allowed network", "named connection"])
def test_an_intranet_that_the_operator_configured_is_asked(url: str, way: str) -> None:
    with serving(always(http(200, b"logo"))) as server:
        there = server.connect_to
        if way == "named connection":
            named = ConnectTo(httpx.URL(url).host, None, there.to_host, there.to_port)
            chosen = options(connect_to=(named,))
        else:
            chosen = options(connect_to=(there,), allowed_networks=(LOOPBACK, ip_network("10.0.0.0/8")))
        guarded = transport(chosen)
        assert guarded.handle_request(question(url)).read() == b"logo"
        guarded.close()


def test_the_trusted_origin_is_asked_though_it_is_a_literal_with_a_port() -> None:
    with serving(always(http(200, b"logo"))) as server:
        guarded = transport(options())
        origin = f"http://127.0.0.1:{server.port}"
        assert guarded.handle_request(question(origin + "/x", trusted_origin=origin)).read() == b"logo"
        guarded.close()


def test_the_addresses_of_the_trusted_origin_are_checked_all_the_same() -> None:
    guarded = transport(options(allowed_networks=()))
    with pytest.raises(FetchError, match="not a public address"):
        guarded.handle_request(question("http://127.0.0.1:81/", trusted_origin="http://127.0.0.1:81"))


def test_a_request_without_a_passage_is_refused() -> None:
    with pytest.raises(FetchError, match="does not come from the fetcher"):
        transport(options()).handle_request(httpx.Request("GET", "http://logo.example/"))


def test_an_httpx_that_keeps_its_pool_elsewhere_is_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    """Otherwise its requests would go round the guard."""

    def newer(self: httpx.HTTPTransport, **settings: object) -> None:
        self._connection_pool = httpcore.ConnectionPool()  # type: ignore[attr-defined]  # the point of it

    monkeypatch.setattr(httpx.HTTPTransport, "__init__", newer)
    with pytest.raises(RuntimeError, match="cannot be guarded"):
        transport(options())


def test_the_proxies_of_the_environment_are_ignored(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    with serving(always(http(200, b"logo"))) as server:
        guarded = transport(options(connect_to=(server.connect_to,)))
        assert guarded.handle_request(question("http://logo.example/")).read() == b"logo"
        guarded.close()


def test_received_headers_are_not_logged_even_when_everything_is(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    with serving(always(http(302, b"", "Location: /?token=s3cret"))) as server:
        guarded = transport(options(connect_to=(server.connect_to,)))
        guarded.handle_request(question("http://logo.example/")).close()
        guarded.close()
    assert "s3cret" not in caplog.text
    assert "connect_tcp" in caplog.text


@pytest.mark.parametrize(
    ("proxy", "host", "port"),
    [
        ("http://proxy:3128", "proxy", 3128),
        ("http://proxy", "proxy", 80),
        ("https://user:password@proxy.example", "proxy.example", 443),
    ],
    ids=["port", "default port", "https with credentials"],
)
def test_a_proxy_is_what_is_connected_to(proxy: str, host: str, port: int) -> None:
    asked = []

    def resolve(host: str, port: int) -> list[object]:
        asked.append((host, port))
        return []

    pool = pool_of(
        options(http_proxy=proxy),
        ssl_context=ssl.create_default_context(),
        resolve=resolve,  # type: ignore[arg-type]  # it finds nothing
        deadline=in_time(),
    )
    with pytest.raises(httpcore.ConnectError, match="no address"):
        pool.request("GET", "http://logo.example/")
    assert asked == [(host, port)]
