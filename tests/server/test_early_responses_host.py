"""The Host field, as a rule and over real connections with both parsers."""

from pathlib import Path

import pytest

from harness.server_thread import ENGINES, running
from logocache.server import create_app
from logocache.server.early_responses import has_proper_host, is_host
from logocache.settings import Settings

HOSTS = (
    b"logos.example.com",
    b"logos.example.com:8080",
    b"logo_cache:8080",
    b"localhost",
    b"192.0.2.1:80",
    b"[2001:db8::1]",
    b"[::ffff:192.0.2.1]:8080",
    b"[v1.fe80]",
    b"xn--mnchen-3ya.example",
    b"a%20b",
    b"example.com:",
    b"",
)
NO_HOSTS = (
    b"two words",
    b"user@example.com",
    b"example.com/path",
    b"http://example.com",
    b"example.com:http",
    b"example.com:80:80",
    b"example.com:123456",
    b"2001:db8::1",
    b"[2001:db8::1",
    b"[2001:db8::1]x",
    b"[example.com]",
    b"[fe80::1%25eth0]",
    b"[fe80::1%eth0]",
    b"[]",
    b"a%2",
    b"m\xfcnchen.example",
    b"m\xc3\xbcnchen.example",
    b"a\x00b",
    b"a\tb",
    b"<script>",
    b"a?b",
    b"a#b",
    b"a\\b",
)


@pytest.mark.parametrize("value", HOSTS)
def test_a_host_may_be_any_of_these(value: bytes) -> None:
    assert is_host(value)


@pytest.mark.parametrize("value", NO_HOSTS)
def test_none_of_these_is_a_host(value: bytes) -> None:
    assert not is_host(value)


def test_only_earlier_versions_go_without_one() -> None:
    assert has_proper_host("1.0", [])
    assert has_proper_host("2", [])
    assert not has_proper_host("1.1", [(b"hosts", b"a"), (b"x-host", b"b")])


@pytest.mark.parametrize("version", ["1.0", "1.1", "2"])
def test_in_no_version_are_there_two(version: str) -> None:
    assert not has_proper_host(version, [(b"host", b"a"), (b"accept", b"*/*"), (b"host", b"a")])


@pytest.mark.parametrize("engine", ENGINES)
def test_a_server_refuses_requests_without_a_proper_host(engine: str, tmp_path: Path) -> None:
    app = create_app(Settings(dir=tmp_path / "logos", enabled=False))
    with running(app, engine=engine) as up:
        for head in (
            b"GET /healthz HTTP/1.1\r\n\r\n",
            b"GET /healthz HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n",
            b"GET /healthz HTTP/1.1\r\nHost: a\r\nhOST: b\r\n\r\n",
            b"GET /healthz HTTP/1.1\r\nHost: a b\r\n\r\n",
            b"GET /healthz HTTP/1.1\r\nHost: a/b\r\n\r\n",
            b"GET /healthz HTTP/1.1\r\nHost: m\xfcnchen.example\r\n\r\n",
            b"GET http://a/healthz HTTP/1.1\r\n\r\n",
            b"GET /healthz HTTP/1.0\r\nHost: a\r\nHost: b\r\n\r\n",
            b"POST /healthz HTTP/1.1\r\nContent-Length: 3\r\n\r\nabc",
        ):
            answer = up.exchange(head)
            assert answer.startswith(b"HTTP/1.1 400 "), (head, answer)
            assert b"connection: close" in answer.lower(), head
            # h11 refuses some of them by itself, and uvicorn in its own words.
            assert b'"code": "bad_request"' in answer or engine == ENGINES[1], (head, answer)


@pytest.mark.parametrize("engine", ENGINES)
def test_a_server_answers_those_with_one_and_those_of_http_1_0_without(engine: str, tmp_path: Path) -> None:
    app = create_app(Settings(dir=tmp_path / "logos", enabled=False))
    with running(app, engine=engine) as up:
        for head in (
            b"GET /healthz HTTP/1.1\r\nHost: [::1]:8080 \r\nConnection: close\r\n\r\n",
            b"GET /healthz HTTP/1.1\r\nHost:\r\nConnection: close\r\n\r\n",
            b"GET /healthz HTTP/1.0\r\n\r\n",
        ):
            assert up.exchange(head).startswith(b"HTTP/1.1 200 "), head
