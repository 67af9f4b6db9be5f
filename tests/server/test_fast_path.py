"""The same requests to two servers, one with the fast path and one without: nothing else may differ."""

import contextlib
import io
import json
import re
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from starlette.types import Receive, Scope, Send

from harness.bench import Bench
from harness.logo_client import filled
from harness.server_thread import Running, running
from harness.small_app import make_bench
from logocache.cache import LogoCache
from logocache.queries import ListQuery
from logocache.server.app import Application, assemble

VARYING = re.compile(rb'(?m)^(date: .*|x-request-id: [0-9a-f]{16})\r$|"request_id": ?"[0-9a-f]{16}"')


@dataclass
class Side:
    """One of the two servers, with a connection to it."""

    cache: LogoCache
    up: Running
    through_asgi: list[str]
    connection: socket.socket | None = None

    def ask(self, request: bytes) -> bytes:
        """The response, without what differs from one to the next."""
        if self.connection is None:
            self.connection = self.up.connect()
        self.connection.sendall(request)
        response = b""
        while b"\r\n\r\n" not in response:
            piece = self.connection.recv(65536)
            assert piece, response
            response += piece
        head, _, body = response.partition(b"\r\n\r\n")
        length = re.search(rb"content-length: (\d+)", head)
        is_empty = request.startswith(b"HEAD") or b" 304 " in head[:15] or length is None
        while not is_empty and len(body) < int(length[1] if length else 0):
            body += self.connection.recv(65536)
        if b"connection: close" in head:
            self.leave()
        return VARYING.sub(b"", head + b"\r\n\r\n" + body)

    def leave(self) -> None:
        if self.connection is not None:
            self.connection.close()
            self.connection = None

    def counted(self) -> dict[str, str]:
        """The counters of `/metrics`, but for times: those of durations without sums and buckets."""
        text = self.ask(get("/metrics")).decode()
        lines = [line.rpartition(" ") for line in text.splitlines() if line.startswith("logocache_")]
        ends = ("_total", "_count")
        return {name: value for name, _, value in lines if name.partition("{")[0].endswith(ends)}


@dataclass
class Pair:
    fast: Side
    plain: Side
    files: list[str] = field(default_factory=list)

    def same(self, request: bytes) -> bytes:
        """The response, which must be that of the plain server; asked until it comes from memory."""
        for _ in range(3):
            fast, plain = self.fast.ask(request), self.plain.ask(request)
            assert fast == plain
        return fast


def get(target: str, *fields: str, method: str = "GET", version: str = "1.1") -> bytes:
    return "\r\n".join([f"{method} {target} HTTP/{version}", "host: test", *fields, "", ""]).encode("latin-1")


@contextmanager
def side(bench: Bench, **given: Any) -> Iterator[Side]:
    through_asgi: list[str] = []
    cache = bench.open(background_refresh=False, **given)
    app = Application(assemble(cache), strict=True)

    async def noting(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            through_asgi.append(scope["path"])
        await app(scope, receive, send)

    options = {name: value for name, value in given.items() if name in ("root_path", "slow_client_seconds")}
    with running(noting, **options) as up:
        made = Side(cache, up, through_asgi)
        try:
            yield made
        finally:
            made.leave()


@contextmanager
def pair(folder: Path, **given: Any) -> Iterator[Pair]:
    benches = [filled(folder / name) for name in ("fast", "plain")]
    with side(benches[0], **given) as fast, side(benches[1], fast_path=False, **given) as plain:
        yield Pair(fast, plain, sorted(benches[0].files))


def hits_of(bench: Bench) -> dict[str, int]:
    with bench.open() as cache:
        return {entry.key: entry.access_count for entry in cache.list(ListQuery()).entries}


FAST = "answered by the fast path"
PLAIN = "answered through ASGI"


def requests(files: list[str], etag: str) -> list[tuple[bytes, str]]:
    """Requests, and the way on which they are answered the third time."""
    logo, by_domain, file = (
        "/api/integrations/shopify/logo",
        "/slack.test",
        f"/static/cached_logos/{files[0]}",
    )
    return [
        (get(logo), FAST),
        (get(logo, method="HEAD"), FAST),
        (get(by_domain, "accept: image/*", "user-agent: test"), FAST),
        (get(f"{by_domain}?size=64"), FAST),
        (get(f"{by_domain}?size=64&x=%20"), FAST),
        (get("/%73lack.test"), FAST),
        (get(f"{by_domain}?shape=square&padding=10&background=F5f5f5&retina=1"), FAST),
        (get(f"{by_domain}?format=auto"), FAST),
        (get(f"{by_domain}?format=auto", "accept: image/webp,*/*;q=0.8"), FAST),
        (get(f"{by_domain}?format=auto", "accept: image/webp;q=0"), FAST),
        (get(f"{by_domain}?format=auto", "accept: image/webp", "accept: image/png"), PLAIN),
        (get(file), FAST),
        (get(file, "connection: Keep-Alive"), FAST),
        (get(file, "x-request-id: of-a.proxy_1"), FAST),
        (get(file, f"if-none-match: {etag}"), FAST),
        (get(file, f'if-none-match: W/{etag}, "x"'), FAST),
        (get(file, 'if-none-match: "other"'), FAST),
        (get(file, "if-none-match: *"), FAST),
        (get(file, "if-none-match: *", method="HEAD"), FAST),
        (get("/api/integrations/stripe/logo"), FAST),
        (get(file, "x-request-id: not acceptable"), PLAIN),
        (get(file, 'if-match: "other"'), PLAIN),
        (get(file, "range: bytes=0-1"), PLAIN),
        (get(file, "origin: https://a.test"), PLAIN),
        (get(file, "authorization: Bearer x"), PLAIN),
        (get(file, "accept: a", "accept: b"), PLAIN),
        (get(file, "connection: close"), PLAIN),
        (get(file, "connection: upgrade", "upgrade: h2c"), PLAIN),
        (get(file, "content-length: 0"), PLAIN),
        (get(file, version="1.0"), PLAIN),
        (get(file).replace(b"host: test", b"host: a b"), PLAIN),
        (get(file).replace(b"host: test", b"x: y"), PLAIN),
        (get(file, "host: second"), PLAIN),
        (get(file, method="POST"), PLAIN),
        (get(file, method="OPTIONS"), PLAIN),
        (get(f"http://test{file}"), PLAIN),
        (get("/nothing.test"), PLAIN),
        (get("/api/integrations/stripe/logo?fallback=404"), PLAIN),
        (get("/slack.test?size=1"), PLAIN),
        (get("/healthz"), PLAIN),
    ]


@pytest.mark.parametrize(
    "given_settings",
    [
        pytest.param({}, id="as it is"),
        pytest.param({"cors_origins": ("https://a.test",)}, id="some origins"),
        pytest.param({"cors_origins": ()}, id="no origin"),
        pytest.param({"root_path": "/logos"}, id="below a path"),
        pytest.param({"hot_memory_mb": 0}, id="without memory"),
        pytest.param({"offer_webp": True, "cors_origins": ("https://a.test",)}, id="webp if accepted"),
    ],
)
def test_both_ways_give_the_same_and_count_the_same(tmp_path: Path, given_settings: dict[str, Any]) -> None:
    with pair(tmp_path, **given_settings) as two:
        etag = re.search(rb'etag: (".*")', two.plain.ask(get(f"/static/cached_logos/{two.files[0]}")))
        two.fast.ask(get(f"/static/cached_logos/{two.files[0]}"))
        for request, way in requests(two.files, etag[1].decode() if etag else ""):
            two.same(request)
            before = len(two.fast.through_asgi)
            two.same(request)
            expected = 0 if way is FAST and "hot_memory_mb" not in given_settings else 3
            assert len(two.fast.through_asgi) - before == expected, request
        assert two.fast.counted() == two.plain.counted()
        benches = [make_bench(tmp_path / name) for name in ("fast", "plain")]
    fast, plain = (hits_of(bench) for bench in benches)
    assert fast == plain
    assert sum(fast.values()) > 0


FIELDS = [
    *(
        "accept: */*",
        "accept: image/webp",
        "x-request-id: a-1",
        "x-request-id: a b",
        "if-none-match: *",
        'if-none-match: "a", W/"b"',
    ),
    *("if-match: *", "range: bytes=0-", "origin: null", "connection: close", "connection: keep-alive, x"),
    *("content-length: 0", "host: b", "HOST: b", "cookie: a=1", "if-none-match: bad", "te: trailers"),
]
TARGETS = ["/slack.test", "/slack.test?", "/SLACK.test", "//slack.test", "/slack.test/", "/slack.test#x"]
QUERIES = [
    "",
    "?size=64",
    "?size=064",
    "?size=64&size=65",
    *("?format=webp", "?format=auto", "?greyscale=1", "?shape=square&background=white", "?padding=1"),
    *("?%73ize=64", "?a=%zz"),
]


def test_any_request_gets_the_same_both_ways(tmp_path: Path) -> None:
    with pair(tmp_path) as two:

        @settings(max_examples=80, deadline=None, suppress_health_check=list(HealthCheck))
        @given(
            method=st.sampled_from(["GET", "GET", "HEAD", "POST"]),
            target=st.sampled_from(TARGETS),
            query=st.sampled_from(QUERIES),
            fields=st.lists(st.sampled_from(FIELDS), max_size=3),
        )
        def check(method: str, target: str, query: str, fields: list[str]) -> None:
            two.same(get(target + query, *fields, method=method))

        check()
        assert two.fast.counted() == two.plain.counted()
        assert len(two.fast.through_asgi) < len(two.plain.through_asgi)


def test_pipelined_requests_are_answered_in_order(tmp_path: Path) -> None:
    with pair(tmp_path) as two:
        several = (
            get("/slack.test") + get("/healthz") + get("/slack.test") + get("/nothing", "connection: close")
        )
        for each in (two.fast, two.plain):
            each.ask(get("/slack.test"))
            received = each.up.exchange(several)
            statuses = re.findall(rb"HTTP/1.1 (\d+)", received)
            assert statuses[:3] == [b"200", b"200", b"200"]
            assert received.index(b"ok\n") < received.rindex(b"HTTP/1.1 200")
        assert two.fast.counted() == two.plain.counted()


def test_a_body_that_looks_like_a_known_head_is_a_body(tmp_path: Path) -> None:
    known = get("/slack.test")
    with pair(tmp_path) as two:
        two.same(known)
        for each in (two.fast, two.plain):
            with each.up.connect() as client:
                length = f"content-length: {len(known)}"
                client.sendall(get("/api/integrations", length, "connection: close"))
                client.sendall(known)
                received = b""
                while piece := client.recv(65536):
                    received += piece
            assert received.count(b"HTTP/1.1 ") == 1


def test_a_head_in_pieces_is_answered(tmp_path: Path) -> None:
    with pair(tmp_path) as two:
        for cut in range(1, len(get("/slack.test")), 7):
            request = get("/slack.test")
            for each in (two.fast, two.plain):
                each.ask(request)
                assert each.connection is not None
                each.connection.sendall(request[:cut])
                assert each.ask(request[cut:]).startswith(b"HTTP/1.1 200")
        assert two.fast.counted() == two.plain.counted()


def test_both_ways_log_the_same(tmp_path: Path) -> None:
    with contextlib.redirect_stderr(io.StringIO()) as stream:
        with pair(tmp_path, access_log=True) as two:
            for name in ("a", "b", "c"):
                two.fast.ask(get("/slack.test?size=64", f"x-request-id: {name}"))
            fast = len(two.fast.through_asgi)
        with pair(tmp_path, access_log=True) as two:
            for name in ("a", "b", "c"):
                two.plain.ask(get("/slack.test?size=64", f"x-request-id: {name}"))
    lines = [json.loads(line) for line in stream.getvalue().splitlines()]
    for line in lines:
        del line["time"], line["ms"]
    assert fast < len(lines) / 2 == 3
    assert lines[:3] == lines[3:]
