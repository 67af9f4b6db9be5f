"""`logocache serve`, below the command line: from the settings to a server that listens, and to its end."""

import contextlib
import functools
import logging
import os
import resource
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from starlette.types import ASGIApp

from logocache.server.http_server import HttpServer
from logocache.server.listening import Listeners, listening
from logocache.server.workers import Work, Workers
from logocache.settings import Settings

METRICS_VARIABLE = "PROMETHEUS_MULTIPROC_DIR"
"""Where prometheus-client looks for the directory that worker processes share."""
OTHER_FILES = 256
"""Files that are open beside the clients' connections."""


def real_application(settings: Settings) -> ASGIApp:
    """Ours; loaded only in the process that serves."""
    from logocache.server.app import create_app  # noqa: PLC0415  # a parent of workers needs no framework

    return create_app(settings)


def serve(
    settings: Settings,
    *,
    prepare: Callable[[], None],
    say: Callable[[str], None],
    application: Callable[[Settings], ASGIApp] = real_application,
) -> None:
    """Serve until SIGTERM, SIGINT or SIGHUP; then let requests finish and return.

    That takes LOGO_CACHE_SHUTDOWN_SECONDS and a second at most; should threads be busy even then,
    the process is ended with exit code 0. A second SIGINT makes it quick. To be called in the main
    thread. `prepare` sets up logging, here and in each worker process; with several workers it must
    pickle, and `application` too. `say` gets one line, as soon as requests can be answered.

    Raises UnavailableError when it cannot listen, and what the application's start raises.
    """
    prepare()
    allow_open_files(settings.max_connections + OTHER_FILES)
    with listening(settings) as listeners:
        when_ready = functools.partial(say, f"serving on {listeners.address} (press Ctrl-C to stop)")
        if settings.serve_workers == 1:
            server = HttpServer(application(settings), settings, when_ready)
            has_ended = server.run_until_ended(list(listeners.sockets))
        else:
            serve_by_workers(settings, listeners, prepare, application, when_ready)
            has_ended = True
    if not has_ended:
        # Threads that wait for a slow source would hold the process; all that counts is written.
        logging.shutdown()
        os._exit(0)


def serve_by_workers(
    settings: Settings,
    listeners: Listeners,
    prepare: Callable[[], None],
    application: Callable[[Settings], ASGIApp],
    when_ready: Callable[[], None],
) -> None:
    task = Work(settings=settings, application=application, prepare=prepare, sockets=listeners.sockets)
    with shared_metrics():
        Workers(task, count=settings.serve_workers, when_ready=when_ready).run()


@contextmanager
def shared_metrics() -> Iterator[Path]:
    """A fresh directory in which worker processes add up their metrics, named in their environment."""
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
    """Raise the soft limit as far as it is needed and the hard one allows; many systems begin at 1024."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = count if hard == resource.RLIM_INFINITY else min(count, hard)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        # Only more than the kernel's own limit is refused, whatever the hard limit says.
        with contextlib.suppress(OSError, ValueError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
