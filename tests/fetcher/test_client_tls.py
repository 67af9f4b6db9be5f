"""TLS and proxies, with real servers."""

import socket
import ssl
from ipaddress import ip_address
from pathlib import Path

import pytest
import trustme

from harness.answers import HEAD, IMAGE
from harness.loopback import (
    Server,
    always,
    ask,
    fetching,
    http,
    options,
    read_head,
    serving,
)
from logocache.fetcher.client import HttpFetcher
from logocache.model import OutcomeKind

pytestmark = pytest.mark.end_to_end


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
