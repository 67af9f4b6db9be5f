"""Servers of the same logos, and wrk, which asks them."""

import contextlib
import itertools
import os
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from costs import LOGOCACHE, command_cost, pinned, server_cpu, tool
from logocache import ListQuery, Settings, Status, open_cache
from logocache.catalog import builtin_catalog

HERE = Path(__file__).parent
PATIENCE = 60
PREFIX = "/static/cached_logos"
SERVER_CORE, LOAD_CORE = 0, 1
NGINX = """
daemon off; pid {folder}/nginx-{port}.pid; error_log stderr error; worker_processes {workers};
events {{ worker_connections 1024; }}
http {{
  access_log off; keepalive_requests 100000000; types {{ image/png png; }} {more}
  client_body_temp_path {folder}; proxy_temp_path {folder}; fastcgi_temp_path {folder};
  uwsgi_temp_path {folder}; scgi_temp_path {folder};
  server {{ listen 127.0.0.1:{port}; location {prefix}/ {{ alias {logos}/; }} }}
}}
"""
OPEN_FILE_CACHE = "open_file_cache max=1000 inactive=60s; open_file_cache_valid 60s;"


@dataclass(frozen=True, slots=True, kw_only=True)
class Logos:
    """A filled cache."""

    directory: Path
    files: Sequence[str]
    domains: Sequence[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Server:
    """A running server, and what is asked of it."""

    pid: int
    port: int
    paths: Sequence[str]

    def at(self, paths: Sequence[str]) -> "Server":
        """The same server, asked for other paths."""
        return replace(self, paths=paths)


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    """What a server answered, and the CPU seconds that this took it."""

    requests: int
    seconds: float
    cpu: float


def filled(folder: Path, count: int) -> Logos:
    """A cache of `count` built-in integrations that have a logo in the icon sets."""
    folder.chmod(0o755)  # nginx reads it as another user
    directory = folder / "logos"
    # Some have none there, and a monogram is not served under their domain.
    keys = [integration.key for integration in itertools.islice(builtin_catalog(), 2 * count)]
    command_cost([*LOGOCACHE, "--cache-dir", str(directory), "init", "--offline", *keys])
    with open_cache(Settings(dir=directory, offline=True)) as cache:
        entries = cache.list(ListQuery(statuses=(Status.CACHED,), limit=count)).entries
    return Logos(
        directory=directory,
        files=[entry.file for entry in entries if entry.file is not None],
        domains=[entry.domain for entry in entries],
    )


@contextlib.contextmanager
def running(
    command: Sequence[str], *, port: int, environment: Mapping[str, str] | None = None
) -> Iterator[int]:
    """A server that accepts connections on the port: its process id."""
    process = subprocess.Popen(command, env=os.environ | dict(environment or {}), stdin=subprocess.DEVNULL)
    try:
        deadline = time.monotonic() + PATIENCE
        while True:
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
                break
            if process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"{' '.join(command)} does not answer")
            time.sleep(0.05)
        yield process.pid
    finally:
        process.terminate()
        process.wait(PATIENCE)


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


@contextlib.contextmanager
def started(
    command: Sequence[str],
    logos: Logos,
    *,
    port: int,
    workers: int = 1,
    environment: Mapping[str, str] | None = None,
) -> Iterator[Server]:
    """The server of that command; with one worker, on a core of its own."""
    chosen = pinned(command, core=SERVER_CORE) if workers == 1 else command
    with running(chosen, port=port, environment=environment) as pid:
        yield Server(pid=pid, port=port, paths=[f"{PREFIX}/{name}" for name in logos.files])


def nginx(
    folder: Path, logos: Logos, *, workers: int = 1, more: str = ""
) -> contextlib.AbstractContextManager[Server]:
    port = free_port()
    configuration = folder / f"nginx-{port}.conf"
    text = NGINX.format(
        folder=folder, port=port, workers=workers, more=more, prefix=PREFIX, logos=logos.directory
    )
    configuration.write_text(text, encoding="utf-8")
    command = [tool("nginx"), "-c", str(configuration), "-p", str(folder)]
    return started(command, logos, port=port, workers=workers)


def uvicorn(application: str, logos: Logos) -> contextlib.AbstractContextManager[Server]:
    """One of the applications in peers.py."""
    port = free_port()
    command = [sys.executable, str(HERE / "peers.py"), application, str(logos.directory), str(port)]
    return started(command, logos, port=port)


def logocache(logos: Logos, *, workers: int = 1) -> contextlib.AbstractContextManager[Server]:
    port = free_port()
    options = ["--quiet", "--cache-dir", str(logos.directory)]
    command = [*LOGOCACHE, *options, "serve", "--port", str(port), "--workers", str(workers)]
    environment = {"LOGO_CACHE_OFFLINE": "true", "LOGO_CACHE_BACKGROUND_REFRESH": "false"}
    return started(command, logos, port=port, workers=workers, environment=environment)


def load(server: Server, *, status: int, clients: int, seconds: int) -> Load:
    """Ask by wrk, each path in turn, with its ETag if a 304 is wanted.

    Raises:
        RuntimeError: not answered so.
        MissingError: there is no wrk.
    """
    lines = []
    for path in server.paths:
        tag = ask(server, path)[1]
        sent = tag if status == 304 else ""
        if ask(server, path, tag=sent)[0] != status:
            raise RuntimeError(f"{path} is not answered with {status}")
        lines.append(f"{path}\t{sent}\n")
    with tempfile.NamedTemporaryFile("w", suffix=".txt", encoding="utf-8") as file:
        file.writelines(lines)
        file.flush()
        wrk = [tool("wrk"), "-t1", f"-c{clients}", f"-d{seconds}s", "-s", str(HERE / "mixed.lua")]
        command = pinned([*wrk, f"http://127.0.0.1:{server.port}/", "--", file.name], core=LOAD_CORE)
        before = server_cpu(server.pid)
        said = subprocess.run(command, check=True, capture_output=True, text=True).stdout
        cpu = server_cpu(server.pid) - before
    requests, microseconds, failed = (int(word) for word in said.rpartition("measured ")[2].split())
    if failed or not requests:
        raise RuntimeError(f"{failed} of {requests} requests failed: {said}")
    return Load(requests=requests, seconds=microseconds / 1e6, cpu=cpu)


def ask(server: Server, path: str, *, tag: str = "") -> tuple[int, str]:
    """Status and ETag of the answer."""
    fields = {"If-None-Match": tag} if tag else {}
    request = urllib.request.Request(f"http://127.0.0.1:{server.port}{path}", headers=fields)
    try:
        with urllib.request.urlopen(request) as response:
            return response.status, response.headers.get("ETag", "")
    except urllib.error.HTTPError as error:
        error.close()
        return error.code, ""
