"""Run the server with uvicorn, in one process or in several workers."""

import asyncio
import contextlib
import functools
import importlib.util
import logging
import os
import resource
import signal
import socket
import tempfile
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
from logocache.server.metrics import forget_process
from logocache.server.sockets import BACKLOG, listening
from logocache.settings import Settings

METRICS_VARIABLE = "PROMETHEUS_MULTIPROC_DIR"
"""Names the directory in which the worker processes of prometheus-client share metrics."""
OTHER_FILES = 256
"""Open files beside the connections of clients."""
WORKER_SECONDS = 30
"""Time for a worker to start, or to respond to a health check, before it is killed."""
PARENT_SECONDS = 1
"""Shortest interval in which a worker checks that its parent is alive."""
LINGER_SECONDS = 0.5
"""Wait for threads that are still busy at the end."""

_log = logging.getLogger(__name__)


def check_cache(settings: Settings) -> None:
    """Raise DirectoryError, DatabaseError, SchemaError or CatalogError if the cache is not usable."""
    from logocache.bootstrap import open_cache  # noqa: PLC0415  # other applications need none

    with open_cache(settings) as cache:
        if settings.enabled:
            cache.require()


def make_application(settings: Settings) -> ASGIApp:
    """Create our application; imported only in the process that serves.

    If a cache that passed `check_cache` is gone when a worker is replaced, the worker responds with 503
    until it is back.
    """
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
    is_alone = settings.serve_workers == 1
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
        callback_notify=None if is_alone else functools.partial(_end_with, os.getpid()),
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
    logging.getLogger("uvicorn.error").addFilter(_is_no_cancellation)
    return application(settings)


def _is_no_cancellation(record: logging.LogRecord) -> bool:
    """False for the traceback of a request cancelled at the end: uvicorn also logs their number."""
    return not (record.exc_info and isinstance(record.exc_info[1], asyncio.CancelledError))


async def _end_with(parent: int) -> None:
    """End the worker if its parent is gone: nothing else would."""
    if os.getppid() != parent:
        signal.raise_signal(signal.SIGTERM)


def _leave_busy_threads() -> None:
    """Exit if threads are still busy, such as with a slow source: Python would wait for them."""
    deadline = time.monotonic() + LINGER_SECONDS
    for thread in threading.enumerate():
        if thread is threading.current_thread() or thread.daemon:
            continue
        thread.join(max(0.0, deadline - time.monotonic()))
        if thread.is_alive():
            logging.shutdown()
            os._exit(0)


@contextmanager
def shared_metrics() -> Iterator[Path]:
    """A temporary directory for the metrics of worker processes, named in their environment."""
    earlier = os.environ.get(METRICS_VARIABLE)
    with tempfile.TemporaryDirectory(prefix="logocache-metrics-", ignore_cleanup_errors=True) as folder:
        os.environ[METRICS_VARIABLE] = folder
        try:
            yield Path(folder)
        finally:
            if earlier is None:
                del os.environ[METRICS_VARIABLE]
            else:
                os.environ[METRICS_VARIABLE] = earlier


def allow_open_files(count: int) -> None:
    """Raise the soft limit of open files, often 1024, to `count` or to the hard limit."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = count if hard == resource.RLIM_INFINITY else min(count, hard)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        # The kernel refuses only more than its own limit, whatever the hard limit is.
        with contextlib.suppress(OSError, ValueError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
