"""docker/nginx.conf in a real nginx, before a server that tells what it was asked. Skipped without nginx."""

import http.client
import http.server
import os
import shutil
import socket
import subprocess
import threading
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from harness.deployment import NGINX
from harness.server_thread import is_dropped
from logocache.server.responses import SAFETY, YEAR

PROGRAM = shutil.which("nginx", path=f"{os.environ['PATH']}:/usr/sbin:/sbin")
LOGO = "shopify_1f3a9c2e.png"
MOST = 3
"""Connections of one address, in these tests."""
PNG = b"\x89PNG\r\n\x1a\n and so on"

pytestmark = [
    pytest.mark.end_to_end,
    pytest.mark.skipif(PROGRAM is None, reason="nginx is not installed"),
]


class Behind(http.server.BaseHTTPRequestHandler):
    """Stands for logocache: says in headers what it was asked; with `/wait` it waits until it may go on."""

    has_come = threading.Semaphore(0)
    may_go = threading.Event()

    def do_GET(self) -> None:
        if self.path == "/wait":
            self.has_come.release()
            self.may_go.wait(30)
        self.send_response(203)
        self.send_header("X-Asked", f"{self.command} {self.path}")
        for name in ("Host", "X-Forwarded-For", "X-Forwarded-Proto", "X-Request-ID"):
            self.send_header(f"X-Saw-{name}", self.headers.get(name, ""))
        self.send_header("Content-Length", "0")
        self.end_headers()

    do_HEAD = do_POST = do_OPTIONS = do_GET  # noqa: N815  # the library's names

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def asked(self) -> str | None:
        """The request as logocache got it; None when nginx answered by itself."""
        return self.headers.get("X-Asked")


@dataclass(frozen=True, slots=True, kw_only=True)
class Front:
    port: int
    directory: Path

    def ask(self, path: str, method: str = "GET", **headers: str) -> Reply:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        connection.request(method, path, headers={"Host": "logos.example.com"} | named)
        answer = connection.getresponse()
        reply = Reply(status=answer.status, headers=dict(answer.getheaders()), body=answer.read())
        connection.close()
        return reply


@contextmanager
def behind() -> Iterator[int]:
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Behind)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield server.server_address[1]
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as channel:
        port: int = channel.getsockname()[1]
        return port


def configuration(folder: Path, *, port: int, upstream: int) -> str:
    """The file as it is, at another place and on other ports."""
    text = NGINX.read_text(encoding="utf-8")
    for shipped, here in {
        "root /app;": f"root {folder};",
        "server 172.30.250.2:8080;": f"server 127.0.0.1:{upstream};",
        "        listen 8080;\n        listen [::]:8080;\n": f"        listen 127.0.0.1:{port};\n",
        "/tmp/nginx": f"{folder}/nginx",
        "client_header_timeout 20s;": "client_header_timeout 1s;",
        "client_body_timeout 20s;": "client_body_timeout 1s;",
        "limit_conn clients 100;": f"limit_conn clients {MOST};",
    }.items():
        assert shipped in text
        text = text.replace(shipped, here)
    return f"user root;\n{text}" if os.geteuid() == 0 else text


@pytest.fixture(scope="module")
def front(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Front]:
    folder = tmp_path_factory.mktemp("nginx")
    logos = folder / "static" / "cached_logos"
    (logos / ".logocache").mkdir(parents=True)
    (logos / LOGO).write_bytes(PNG)
    (logos / ".logocache" / "logocache.db").write_bytes(b"rows")
    (logos / ".logocache" / LOGO).write_bytes(PNG)
    (logos / "notes.txt").write_bytes(b"not ours")
    port = free_port()
    with behind() as upstream:
        written = folder / "nginx.conf"
        written.write_text(configuration(folder, port=port, upstream=upstream), encoding="utf-8")
        command = [str(PROGRAM), "-p", str(folder), "-c", str(written), "-g", "daemon off;"]
        with subprocess.Popen(command, stdout=subprocess.DEVNULL) as process:
            wait_for(port, process)
            yield Front(port=port, directory=logos)
            process.terminate()
            assert process.wait(timeout=300) == 0


def wait_for(port: int, process: "subprocess.Popen[bytes]") -> None:
    while process.poll() is None:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except ConnectionRefusedError:
            continue
        return
    raise AssertionError("nginx did not start")


def test_a_logo_comes_from_the_volume_and_may_be_kept_for_a_year(front: Front) -> None:
    reply = front.ask(f"/static/cached_logos/{LOGO}")
    assert (reply.status, reply.body, reply.asked) == (200, PNG, None)
    assert reply.headers["Content-Type"] == "image/png"
    assert reply.headers["Cache-Control"] == f"public, max-age={YEAR}, immutable"
    assert reply.headers["Access-Control-Allow-Origin"] == "*"
    assert reply.headers["Access-Control-Expose-Headers"] == "ETag"


@pytest.mark.parametrize(("name", "value"), SAFETY, ids=lambda part: part.decode())
def test_what_keeps_browsers_safe_is_said_as_by_logocache(front: Front, name: bytes, value: bytes) -> None:
    headers = {each.lower(): text for each, text in front.ask(f"/static/cached_logos/{LOGO}").headers.items()}
    assert headers[name.decode()] == value.decode()


def test_what_a_client_has_is_not_sent_again(front: Front) -> None:
    etag = front.ask(f"/static/cached_logos/{LOGO}").headers["ETag"]
    assert front.ask(f"/static/cached_logos/{LOGO}", If_None_Match=etag).status == 304
    assert not etag.startswith("W/")


def test_head_is_answered_without_a_body(front: Front) -> None:
    reply = front.ask(f"/static/cached_logos/{LOGO}", "HEAD")
    assert (reply.status, reply.body, reply.headers["Content-Length"]) == (200, b"", str(len(PNG)))


def test_an_older_name_is_led_on_by_logocache_and_not_kept_for_a_year(front: Front) -> None:
    reply = front.ask("/static/cached_logos/shopify_00000000.png?size=64")
    assert reply.asked == "GET /static/cached_logos/shopify_00000000.png?size=64"
    assert "Cache-Control" not in reply.headers


def test_a_logo_that_has_just_come_is_there(front: Front) -> None:
    assert front.ask("/static/cached_logos/new_11111111.png").asked
    (front.directory / "new_11111111.png").write_bytes(PNG)
    assert front.ask("/static/cached_logos/new_11111111.png").body == PNG


@pytest.mark.parametrize(
    "path",
    [
        pytest.param("/static/cached_logos/.logocache/logocache.db", id="the database"),
        pytest.param(f"/static/cached_logos/.logocache/{LOGO}", id="a picture in a hidden folder"),
        pytest.param("/static/cached_logos/%2elogocache/logocache.db", id="an encoded dot"),
        pytest.param("/static/cached_logos/.logocache%2flogocache.db", id="an encoded slash"),
        pytest.param("/static/cached_logos//.logocache/logocache.db", id="two slashes"),
        pytest.param("/static/cached_logos/x/../.logocache/logocache.db", id="through another folder"),
        pytest.param("/static/cached_logos/notes.txt", id="what is no logo"),
        pytest.param("/static/cached_logos/", id="the directory"),
        pytest.param("/static/", id="the directory above"),
    ],
)
def test_nothing_else_on_the_volume_is_sent_by_nginx(front: Front, path: str) -> None:
    reply = front.ask(path)
    assert (reply.status, reply.body) == (203, b"")
    assert reply.asked


@pytest.mark.parametrize("method", ["OPTIONS", "POST"])
def test_other_methods_are_logocache_s(front: Front, method: str) -> None:
    assert front.ask(f"/static/cached_logos/{LOGO}", method).asked == f"{method} /static/cached_logos/{LOGO}"


@pytest.mark.parametrize("path", ["/", "/shopify.com?size=64", "/api/integrations/shopify/logo", "/healthz"])
def test_all_else_goes_to_logocache_as_it_came(front: Front, path: str) -> None:
    assert front.ask(path).asked == f"GET {path}"


def test_figures_are_not_for_everyone(front: Front) -> None:
    assert (front.ask("/metrics").status, front.ask("/metrics").asked) == (404, None)


def test_logocache_learns_who_asked_and_nothing_that_the_client_made_up(front: Front) -> None:
    seen = front.ask("/", X_Forwarded_For="203.0.113.9", X_Forwarded_Proto="gopher").headers
    assert seen["X-Saw-Host"] == "logos.example.com"
    assert seen["X-Saw-X-Forwarded-For"] == "127.0.0.1"
    assert seen["X-Saw-X-Forwarded-Proto"] == "http"
    assert len(seen["X-Saw-X-Request-ID"]) == 32


@pytest.mark.parametrize(
    "piece",
    [
        pytest.param(b"GET / HTTP/1.1\r\nHost:", id="a head"),
        pytest.param(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nabc", id="a body"),
    ],
)
def test_what_does_not_come_to_its_end_never_reaches_logocache(front: Front, piece: bytes) -> None:
    with socket.create_connection(("127.0.0.1", front.port), timeout=30) as client:
        client.sendall(piece)
        assert is_dropped(client)


def test_one_address_cannot_have_connections_without_end(front: Front) -> None:
    with ThreadPoolExecutor(MOST) as clients:
        waiting = [clients.submit(front.ask, "/wait") for _ in range(MOST)]
        try:
            for _ in range(MOST):
                assert Behind.has_come.acquire(timeout=30)
            assert front.ask("/").status == 503
        finally:
            Behind.may_go.set()
        assert [answer.result().status for answer in waiting] == [203] * MOST
    assert front.ask("/").status == 203
