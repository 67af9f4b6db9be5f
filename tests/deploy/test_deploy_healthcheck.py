"""docker/healthcheck.py, against servers on loopback."""

import http.server
import os
import socket
import socketserver
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from harness.deployment import HEALTHCHECK
from logocache.settings import Settings

pytestmark = pytest.mark.end_to_end


class Handler(http.server.BaseHTTPRequestHandler):
    """Answers /healthz with the server's `status`, all else with 404."""

    def do_GET(self) -> None:
        status: int = vars(self.server)["status"]
        self.send_response(status if self.path == "/healthz" else 404)
        self.end_headers()

    def address_string(self) -> str:
        return "a client"

    def log_message(self, *_: object) -> None:
        """Say nothing."""


class UnixServer(socketserver.ThreadingMixIn, socketserver.UnixStreamServer):
    daemon_threads = True


class IPv6Server(http.server.ThreadingHTTPServer):
    address_family = socket.AF_INET6


@contextmanager
def serving(server: socketserver.BaseServer, status: int = 200) -> Iterator[None]:
    vars(server)["status"] = status
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def check(**variables: str) -> subprocess.CompletedProcess[str]:
    """As the image's HEALTHCHECK runs it."""
    return subprocess.run(
        [sys.executable, "-I", "-S", str(HEALTHCHECK)],
        env={"PATH": os.environ["PATH"]} | variables,
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )


def tcp(host: str = "127.0.0.1") -> http.server.ThreadingHTTPServer:
    return (IPv6Server if ":" in host else http.server.ThreadingHTTPServer)((host, 0), Handler)


@pytest.mark.parametrize(
    ("listening", "configured"),
    [
        pytest.param("127.0.0.1", "0.0.0.0", id="all addresses, as in the image"),
        pytest.param("127.0.0.1", "127.0.0.1", id="this address"),
        pytest.param("127.0.0.1", "", id="an empty variable counts as none"),
        pytest.param("::1", "::", id="all addresses, IPv6"),
        pytest.param("::1", "::1", id="this address, IPv6"),
    ],
)
def test_a_server_that_answers_is_healthy(listening: str, configured: str) -> None:
    server = tcp(listening)
    with serving(server):
        done = check(LOGO_CACHE_SERVE_HOST=configured, LOGO_CACHE_SERVE_PORT=str(server.server_address[1]))
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize("status", [404, 500, 503])
def test_any_other_answer_is_not(status: int) -> None:
    server = tcp()
    with serving(server, status):
        done = check(LOGO_CACHE_SERVE_PORT=str(server.server_address[1]))
    assert (done.returncode, done.stderr) == (1, f"/healthz answered {status}\n")


def test_nobody_there_is_one_line() -> None:
    with socket.socket() as reserved:
        reserved.bind(("127.0.0.1", 0))
        done = check(LOGO_CACHE_SERVE_PORT=str(reserved.getsockname()[1]))
    assert done.returncode == 1
    assert done.stderr.startswith("no answer from /healthz: ")
    assert done.stderr.count("\n") == 1


def test_something_that_speaks_no_http_is_one_line() -> None:
    class Rude(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            self.request.recv(1000)
            self.request.sendall(b"220 mail.example.com ESMTP\r\n")

    server = socketserver.ThreadingTCPServer(("127.0.0.1", 0), Rude)
    with serving(server):
        done = check(LOGO_CACHE_SERVE_PORT=str(server.server_address[1]))
    assert done.returncode == 1
    assert done.stderr.count("\n") == 1


def test_a_server_that_says_nothing_is_given_up_before_the_engine_gives_up() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        done = check(LOGO_CACHE_SERVE_PORT=str(silent.getsockname()[1]))
    assert (done.returncode, done.stderr) == (1, "no answer from /healthz: timed out\n")


def test_a_unix_socket_is_asked_where_one_is_set(tmp_path: Path) -> None:
    path = str(tmp_path / "s")
    with serving(UnixServer(path, Handler)):
        assert check(LOGO_CACHE_SERVE_UNIX_SOCKET=path, LOGO_CACHE_SERVE_PORT="1").returncode == 0
    assert check(LOGO_CACHE_SERVE_UNIX_SOCKET=path).returncode == 1


def test_the_settings_file_counts_after_the_variables(tmp_path: Path) -> None:
    server = tcp()
    config = tmp_path / "logocache.toml"
    config.write_text(f"serve_port = {server.server_address[1]}\n", encoding="utf-8")
    assert Settings(config=config).serve_port == server.server_address[1]
    with serving(server):
        assert check(LOGO_CACHE_CONFIG=str(config)).returncode == 0
        assert check(LOGO_CACHE_CONFIG=str(config), LOGO_CACHE_SERVE_PORT="1").returncode == 1


def test_a_port_that_is_no_number_is_one_line() -> None:
    done = check(LOGO_CACHE_SERVE_PORT="http")
    assert done.returncode == 1
    assert done.stderr.count("\n") == 1
