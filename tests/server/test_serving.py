"""Processes that serve, over real sockets and under real signals."""

import functools
import os
import pickle
import resource
import signal
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from pydantic import SecretStr

from harness.server_thread import eventually, get, until, until_closed
from harness.tiny_app import application, tiny
from harness.tiny_server import TinyServer, served
from logocache.server.limits import allow_open_files
from logocache.server.metrics import METRICS_VARIABLE, shared_metrics
from logocache.server.serving import configuration
from logocache.settings import Settings

Serve = Callable[..., TinyServer]


@pytest.fixture
def serve() -> Iterator[Serve]:
    """`served`; the processes are ended after the test."""
    with ExitStack() as running:
        yield lambda **variables: running.enter_context(served(**variables))


pytestmark = pytest.mark.end_to_end

TWO_WORKERS = {"LOGO_CACHE_SERVE_WORKERS": "2"}
PROCESSES = pytest.mark.parametrize(
    "processes", [pytest.param({}, id="alone"), pytest.param(TWO_WORKERS, id="two workers")]
)


@PROCESSES
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT], ids=lambda case: case.name)
def test_a_signal_ends_it_with_0_in_time_while_a_request_hangs_and_a_thread_is_busy(
    serve: Serve, processes: dict[str, str], number: signal.Signals
) -> None:
    up = serve(LOGO_CACHE_SHUTDOWN_SECONDS="0.5", **processes)
    assert up.ask("/busy") == "busy"
    with up.connect() as client:
        client.sendall(get("/hang"))
        up.hear("hanging")
        up.process.send_signal(number)
        assert until_closed(client).startswith(b"HTTP/1.1 500 ")
        assert up.ended() == 0
    assert up.said.count("flushed") == (2 if processes else 1)
    assert not [line for line in up.said if "Traceback" in line]


def test_a_hangup_ends_a_single_process_as_sigterm_does(serve: Serve) -> None:
    up = serve()
    assert up.ask("/") == "hello"
    up.process.send_signal(signal.SIGHUP)
    assert up.ended() == 0
    assert up.said[-1] == "flushed"


def test_a_hangup_replaces_workers_one_by_one_while_requests_are_answered(serve: Serve) -> None:
    up = serve(**TWO_WORKERS)
    up.hear("serving on ")
    earlier = up.processes(2)
    up.process.send_signal(signal.SIGHUP)
    assert eventually(lambda: not earlier & up.processes(2))
    up.hear("flushed", times=2)
    up.process.terminate()
    assert up.ended() == 0


@PROCESSES
def test_what_is_under_way_is_answered_before_the_end(serve: Serve, processes: dict[str, str]) -> None:
    up = serve(LOGO_CACHE_SHUTDOWN_SECONDS="60", **processes)
    head = b"POST /body HTTP/1.1\r\nhost: a\r\nexpect: 100-continue\r\ncontent-length: 3\r\n\r\n"
    with up.connect() as client:
        client.sendall(head)
        until(client, b"Continue\r\n\r\n")
        up.process.terminate()
        assert eventually(up.has_stopped_listening)
        client.sendall(b"abc")
        assert until_closed(client).endswith(b"3 bytes")
    assert up.ended() == 0


@PROCESSES
def test_a_second_ctrl_c_does_not_wait(serve: Serve, processes: dict[str, str]) -> None:
    up = serve(LOGO_CACHE_SHUTDOWN_SECONDS="60", **processes)
    with up.connect() as client:
        client.sendall(get("/hang"))
        up.hear("hanging")
        # As a terminal does it: to every process of the group.
        os.killpg(up.process.pid, signal.SIGINT)
        assert eventually(up.has_stopped_listening)
        started = time.monotonic()
        os.killpg(up.process.pid, signal.SIGINT)
        assert up.ended() == 0
        assert time.monotonic() - started < 30, "it waited for LOGO_CACHE_SHUTDOWN_SECONDS"
    if not processes:
        assert up.said[-1] == "flushed"
    assert not [line for line in up.said if "Traceback" in line]


@PROCESSES
def test_a_signal_before_it_serves_ends_it_at_once(serve: Serve, processes: dict[str, str]) -> None:
    up = serve(TINY="waits", **processes)
    up.hear("waiting")
    up.process.send_signal(signal.SIGTERM)
    assert up.ended() == 128 + signal.SIGTERM  # the command line makes 0 of it
    assert set(up.said) == {"waiting"}


@PROCESSES
def test_a_start_that_fails_is_one_line(serve: Serve, processes: dict[str, str]) -> None:
    up = serve(TINY="refuses", **processes)
    assert up.ended() == 3
    assert up.said == ["database: the database is away: start it"]


@PROCESSES
def test_an_application_that_breaks_while_starting_ends_all(serve: Serve, processes: dict[str, str]) -> None:
    up = serve(TINY="breaks", **processes)
    assert up.ended() == 3
    if processes:
        assert up.said[-1] == "unavailable: a worker could not start: its log says why"
    assert not [line for line in up.said if "serving on" in line]


def test_two_workers_share_a_socket_and_a_directory_for_metrics(serve: Serve) -> None:
    up = serve(**TWO_WORKERS)
    up.hear("serving on ")
    seen = up.processes(2)
    workers, folders = zip(*(item.split() for item in seen), strict=True)
    assert str(up.process.pid) not in workers
    assert len(set(folders)) == 1
    assert Path(folders[0]).is_dir()
    up.process.terminate()
    assert up.ended() == 0
    assert not Path(folders[0]).exists()


def test_a_worker_that_dies_is_replaced(serve: Serve) -> None:
    up = serve(**TWO_WORKERS)
    earlier = up.processes(2)
    assert up.ask("/die") == ""
    assert eventually(lambda: up.ask("/process") not in earlier)
    up.process.terminate()
    assert up.ended() == 0


def test_workers_end_when_their_parent_is_killed(serve: Serve) -> None:
    up = serve(**TWO_WORKERS)
    assert up.ask("/") == "hello"
    up.process.kill()
    up.ended()  # standard error ends only when every process has closed it
    assert up.said.count("flushed") == 2


@PROCESSES
def test_a_port_in_use_is_one_line(serve: Serve, processes: dict[str, str]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        up = serve(LOGO_CACHE_SERVE_PORT=str(port), **processes)
        assert up.ended() == 3
    (line,) = up.said
    assert line.startswith(f"unavailable: 127.0.0.1:{port} is in use: ")


@PROCESSES
def test_over_a_unix_socket_clients_are_on_this_machine(
    serve: Serve, processes: dict[str, str], tmp_path: Path
) -> None:
    path = tmp_path / "s.sock"
    up = serve(LOGO_CACHE_SERVE_UNIX_SOCKET=str(path), LOGO_CACHE_TRUSTED_PROXIES="127.0.0.1/32", **processes)
    assert up.ask("/client") == "127.0.0.1 http /client"
    forwarded = ("x-forwarded-for: 198.51.100.7", "x-forwarded-proto: https")
    assert up.ask("/client", *forwarded) == "198.51.100.7 https /client"
    up.process.terminate()
    assert up.ended() == 0
    assert not path.exists()


def test_it_is_ready_only_when_it_answers(serve: Serve) -> None:
    up = serve()
    assert up.hear("serving on http://127.0.0.1:").endswith(" (press Ctrl-C to stop)")
    assert up.ask("/") == "hello"


def test_a_directory_for_metrics_lasts_no_longer_than_it_is_needed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(METRICS_VARIABLE, "earlier")
    with shared_metrics() as folder:
        assert os.environ[METRICS_VARIABLE] == str(folder)
        assert folder.is_dir()
    assert os.environ[METRICS_VARIABLE] == "earlier"
    assert not folder.exists()
    monkeypatch.delenv(METRICS_VARIABLE)
    with shared_metrics():
        pass
    assert METRICS_VARIABLE not in os.environ


@pytest.mark.parametrize(
    ("limits", "wanted", "soft"),
    [
        pytest.param((1024, 4096), 2000, 2000, id="raised"),
        pytest.param((1024, 1500), 2000, 1500, id="as far as allowed"),
        pytest.param((1024, resource.RLIM_INFINITY), 2000, 2000, id="no hard limit"),
        pytest.param((4096, 4096), 2000, 4096, id="enough already"),
        pytest.param((resource.RLIM_INFINITY, resource.RLIM_INFINITY), 2000, -1, id="no limit"),
    ],
)
def test_files_may_be_opened_for_all_connections(
    limits: tuple[int, int], wanted: int, soft: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = [limits]
    monkeypatch.setattr(resource, "getrlimit", lambda which: now[0])
    monkeypatch.setattr(resource, "setrlimit", lambda which, new: now.append(new))
    allow_open_files(wanted)
    assert now[-1][0] == soft


def test_nothing_comes_from_the_environment_of_uvicorn(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WEB_CONCURRENCY", "7")
    monkeypatch.setenv("FORWARDED_ALLOW_IPS", "*")
    config = configuration(Settings(), lambda: tiny)
    assert (config.workers, config.forwarded_allow_ips, config.proxy_headers) == (1, [], False)


def test_what_workers_get_survives_the_way_between_processes() -> None:
    settings = Settings(
        serve_workers=2,
        admin_token=SecretStr("a secret of ours"),
        database_url=SecretStr("sqlite:///a.db"),
    )
    config = pickle.loads(pickle.dumps(configuration(settings, functools.partial(application, settings))))
    assert config.app.args == (settings,)
    assert config.app.args[0].admin_token.get_secret_value() == "a secret of ours"
