"""Run the server with uvicorn: its socket, opened before anything else, and its process or workers."""

import asyncio
import contextlib
import errno
import functools
import importlib.util
import logging
import os
import signal
import socket
import stat
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

import uvicorn
from starlette.types import ASGIApp
from uvicorn.config import STARTUP_FAILURE
from uvicorn.supervisors import Multiprocess

from logocache.errors import UnavailableError
from logocache.server.limits import allow_open_files
from logocache.server.metrics import forget_process, shared_metrics
from logocache.settings import Settings

BACKLOG = 2048
"""Connections that may wait to be accepted; the kernel has its own limit, too."""
UNIX_SOCKET_MODE = 0o666
"""Anyone may connect, as over TCP; the mode of the directory restricts access."""
PROBE_SECONDS = 2.0
"""Timeout for a connection to the server of an existing unix socket."""
OTHER_FILES = 256
"""Open files beside the connections of clients."""
WORKER_SECONDS = 30
"""Time for a worker to start, or to respond to a health check, before it is killed."""
PARENT_SECONDS = 1
"""Shortest interval in which a worker checks that its parent is alive."""
LINGER_SECONDS = 0.5
"""Wait for threads that are still busy at the end."""

_log = logging.getLogger(__name__)


@contextmanager
def listening(settings: Settings) -> Iterator[tuple[socket.socket, str]]:
    """Open the listening socket of `settings`, and close it at the end; yields it with its address.

    The address is `http://127.0.0.1:8080` or `unix:/run/logocache.sock`. `::` accepts IPv4, too; of a
    host name only the IPv4 address is used. The file of a unix socket is removed at the end.
    Raises UnavailableError if it cannot listen.
    """
    if settings.serve_unix_socket is None:
        with _tcp_socket(settings.serve_host, settings.serve_port) as listener:
            host, port, *_ = listener.getsockname()
            yield listener, f"http://{_bracketed(host)}:{port}"
    else:
        path = settings.serve_unix_socket
        with _unix_socket(path) as listener:
            created = path.lstat()
            try:
                yield listener, f"unix:{path}"
            finally:
                # Unless another server has replaced it.
                with contextlib.suppress(OSError):
                    if os.path.samestat(path.lstat(), created):
                        path.unlink()


def _tcp_socket(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family, backlog=BACKLOG, dualstack_ipv6=host == "::")
    except (OSError, UnicodeError) as error:
        raise _cannot_listen(error, host, port) from error


def _cannot_listen(error: Exception, host: str, port: int) -> UnavailableError:
    where = f"{_bracketed(host)}:{port}"
    number = error.errno or 0 if isinstance(error, OSError) else socket.EAI_NONAME
    if number < 0:  # socket.gaierror's, as `create_server` passes it on
        problem = f"'{host}' is not an address to listen on"
        hint = "give one of this machine's with --host: 127.0.0.1, 0.0.0.0 or :: for all"
    elif number == errno.EADDRINUSE:
        problem = f"{where} is in use"
        hint = "stop what listens there, or choose another port with --port"
    elif number in {errno.EACCES, errno.EPERM}:
        problem, hint = f"there is no permission to listen on {where}", "choose a port from 1024 with --port"
    elif number in {errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT}:
        problem = f"this machine has no address {host}"
        hint = "choose another with --host: 127.0.0.1, or 0.0.0.0 for all of IPv4"
    else:
        problem = f"it is not possible to listen on {where} ({os.strerror(number)})"
        hint = "choose another address with --host and --port"
    return UnavailableError(problem, hint=hint)


def _unix_socket(path: Path) -> socket.socket:
    _remove_dead_socket(path)
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        listener.bind(str(path))
        path.chmod(UNIX_SOCKET_MODE)
        listener.listen(BACKLOG)
    except OSError as error:
        listener.close()
        problem = f"it is not possible to listen on the unix socket {path} ({error.strerror or error})"
        hint = "choose a path in a directory that can be written to with --unix-socket"
        raise UnavailableError(problem, hint=hint) from error
    return listener


def _remove_dead_socket(path: Path) -> None:
    """Remove the socket of a dead server. Raises UnavailableError if `path` is anything else."""
    try:
        kind = path.lstat().st_mode
    except OSError:
        return  # it does not exist; any other problem shows when binding
    hint = "choose another path with --unix-socket"
    if not stat.S_ISSOCK(kind):
        raise UnavailableError(f"{path} exists and is not a socket", hint=hint)
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        probe.settimeout(PROBE_SECONDS)
        with contextlib.suppress(OSError):  # full, slow, or not ours: it may be alive
            if probe.connect_ex(str(path)) == errno.ECONNREFUSED:
                with contextlib.suppress(OSError):  # if that is not permitted, binding fails
                    path.unlink()
                return
    raise UnavailableError(f"a server listens on {path}", hint=f"stop it, or {hint}")


def _bracketed(host: str) -> str:
    return f"[{host}]" if ":" in host else host


def check_cache(settings: Settings) -> None:
    """Raise DirectoryError, DatabaseError, SchemaError or CatalogError if the cache is not usable."""
    from logocache.bootstrap import open_cache  # noqa: PLC0415  # other applications need none

    with open_cache(settings) as cache:
        if settings.enabled:
            cache.require()


def make_application(settings: Settings) -> ASGIApp:
    """Create our application; imported only in the process that serves.

    If a cache that passed `check_cache` is gone when a worker is replaced, the worker responds with 503.
    """
    # FastAPI asks of each parameter if it is a model of pydantic 1, and does without where that cannot be
    # imported, as in Python 3.14: 2 MB of modules for nothing.
    sys.modules.setdefault("pydantic.v1", None)  # type: ignore[arg-type]  # None: not to be imported
    from logocache.server.app import create_app  # noqa: PLC0415  # a parent of workers needs no framework

    return create_app(settings, strict=False)


def serve(
    settings: Settings,
    *,
    prepare: Callable[[], None],
    announce: Callable[[str], None],
    check: Callable[[Settings], None] = check_cache,
    application: Callable[[Settings], ASGIApp] = make_application,
) -> None:
    """Serve until SIGTERM or SIGINT; then let requests finish for LOGO_CACHE_SHUTDOWN_SECONDS and return.

    A second SIGINT does not wait for requests. SIGHUP ends a single process; several workers are
    replaced one after the other. If threads are still busy at the end, the process exits with code 0
    without returning. Call it in the main thread. `prepare` sets up logging, here and in each worker;
    with several workers, `prepare` and `application` must pickle. `announce` gets one line, as soon as
    the server is ready.

    Raises UnavailableError if it cannot listen or a worker cannot start, and what `check` raises.
    """
    prepare()
    check(settings)
    allow_open_files(settings.max_connections + OTHER_FILES)
    with listening(settings) as (listener, address):
        config = configuration(settings, functools.partial(_prepared, application, settings, prepare))
        when_ready = functools.partial(announce, f"serving on {address} (press Ctrl-C to stop)")
        if settings.serve_workers == 1:
            server = Server(config, when_ready)
            if signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:  # as it is under nohup
                signal.signal(signal.SIGHUP, server.handle_exit)
            server.run([listener])
        else:
            with shared_metrics():
                Workers(config, listener, when_ready).run()
    _leave_busy_threads()


def configuration(settings: Settings, factory: Callable[[], ASGIApp]) -> uvicorn.Config:
    """Configure uvicorn for the application of `factory`; its environment variables have no effect.

    It is passed to worker processes, so all of it must pickle.
    """
    return uvicorn.Config(
        factory,
        factory=True,
        http=_protocol(settings),  # type: ignore[arg-type]  # it is only called
        h11_max_incomplete_event_size=settings.max_header_bytes,
        ws="none",
        interface="asgi3",
        lifespan="on",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=bool(settings.trusted_proxies),
        forwarded_allow_ips=[str(network) for network in settings.trusted_proxies],
        root_path=settings.root_path,
        workers=settings.serve_workers,
        backlog=BACKLOG,
        limit_concurrency=settings.max_connections + 1,  # uvicorn refuses from this number on
        timeout_graceful_shutdown=settings.shutdown_seconds,  # type: ignore[arg-type]  # goes to asyncio.wait_for
        timeout_worker_healthcheck=WORKER_SECONDS,
        callback_notify=None if settings.serve_workers == 1 else functools.partial(_end_with, os.getpid()),
        timeout_notify=PARENT_SECONDS,
    )


class Server(uvicorn.Server):
    """The server of a single process. `when_ready` is called once it accepts requests."""

    def __init__(self, config: uvicorn.Config, when_ready: Callable[[], None]) -> None:
        super().__init__(config)
        self._when_ready = when_ready

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:  # noqa: ARG002  # uvicorn calls it so
        """As uvicorn's, but the signal is not raised again at the end: ending on request is a success."""
        self.force_exit = self.force_exit or (self.should_exit and sig == signal.SIGINT)
        self.should_exit = True

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self._when_ready()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        await super().shutdown(sockets)
        if self.force_exit:
            await self.lifespan.shutdown()  # uvicorn would skip it, and unwritten counts would be lost


class Workers(Multiprocess):
    """The supervisor of several workers. `when_ready` is called once, when all accept requests."""

    def __init__(
        self, config: uvicorn.Config, listener: socket.socket, when_ready: Callable[[], None]
    ) -> None:
        super().__init__(config, [listener])
        self._when_ready: Callable[[], None] | None = when_ready
        self._known: set[int] = set()

    def run(self) -> None:
        """Supervise until a signal. Raises UnavailableError if a worker cannot start."""
        super().run()
        if any(process.exitcode == STARTUP_FAILURE for process in self.processes):
            raise UnavailableError("a worker could not start", hint="its log says why")

    def keep_subprocess_alive(self) -> None:
        """Called by uvicorn about every half second."""
        super().keep_subprocess_alive()
        numbers = {process.pid for process in self.processes if process.pid is not None}
        for number in self._known - numbers:
            _log.warning("worker.replaced", extra={"pid": number})
            forget_process(number)
        self._known = numbers
        if self._when_ready is not None and all(process.is_ready() for process in self.processes):
            self._when_ready()
            self._when_ready = None

    def terminate_all(self) -> None:
        for listener in self.sockets:
            listener.close()  # else clients would connect to it and wait in vain
        super().terminate_all()


def _protocol(settings: Settings) -> object:
    if importlib.util.find_spec("httptools") is None:
        return "h11"  # it limits the size of heads, but not their time
    from logocache.server.protocol import HttpProtocol  # noqa: PLC0415  # needs httptools

    return functools.partial(
        HttpProtocol,
        max_head_bytes=settings.max_header_bytes,
        head_seconds=settings.slow_client_seconds,
    )


def _prepared(
    application: Callable[[Settings], ASGIApp], settings: Settings, prepare: Callable[[], None]
) -> ASGIApp:
    """Create the application in the process that serves it."""
    prepare()
    # A request cancelled at the end needs no traceback: uvicorn also logs their number.
    logging.getLogger("uvicorn.error").addFilter(
        lambda record: not (record.exc_info and isinstance(record.exc_info[1], asyncio.CancelledError))
    )
    return application(settings)


async def _end_with(parent: int) -> None:
    """End the worker if its parent is gone: nothing else would."""
    if os.getppid() != parent:
        signal.raise_signal(signal.SIGTERM)


def _leave_busy_threads() -> None:
    """Exit if threads are still busy, such as with a slow source: Python would wait for them."""
    deadline = time.monotonic() + LINGER_SECONDS
    others = set(threading.enumerate()) - {threading.current_thread()}
    for thread in (thread for thread in others if not thread.daemon):
        thread.join(max(0.0, deadline - time.monotonic()))
        if thread.is_alive():
            logging.shutdown()
            os._exit(0)
