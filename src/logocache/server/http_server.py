"""uvicorn's server, with our start and end: failures come out as they are, and the end has a deadline."""

import asyncio
import functools
import logging
import signal
import socket
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from types import FrameType

import uvicorn
from starlette.types import ASGIApp

from logocache.server.asgi_lifespan import AsgiLifespan
from logocache.server.interruption import AnswerInterrupted
from logocache.server.listening import BACKLOG
from logocache.server.protocol import ConnectionLimits, protocol_class
from logocache.settings import Settings

END_SECONDS = 0.6
"""What the end may take beyond LOGO_CACHE_SHUTDOWN_SECONDS."""
LEAST_END_SECONDS = 0.4
"""Of that, what the application has at least, when its requests took all the rest."""
TICK_SECONDS = 0.1

ENDING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
"""SIGHUP is how a terminal ends what runs in it; under nohup it is ignored, and stays so."""

_log = logging.getLogger(__name__)


class HttpServer(uvicorn.Server):
    """Serves one application on sockets that listen already.

    `when_ready` is called in the loop's thread once the application is started and can answer.
    """

    def __init__(self, app: ASGIApp, settings: Settings, when_ready: Callable[[], None]) -> None:
        super().__init__(configuration(app, settings))
        self._application = AsgiLifespan(app)
        self._settings = settings
        self._when_ready = when_ready
        # Ours, so that its threads can be told to end without being waited for.
        self._executor = ThreadPoolExecutor(thread_name_prefix="logocache-server")
        self._loop: asyncio.AbstractEventLoop | None = None
        self._deadline = 0.0

    def run_until_ended(self, sockets: list[socket.socket]) -> bool:
        """Serve until a signal comes, and at most LOGO_CACHE_SHUTDOWN_SECONDS and END_SECONDS longer.

        Returns whether everything has ended: False when threads of the application are still busy,
        such as with a source that does not answer. Python would wait for them at its exit.
        Raises what the application's start raises.
        """
        earlier = set(threading.enumerate())
        runner = asyncio.Runner(loop_factory=self.config.get_loop_factory())
        try:
            runner.run(self.serve(sockets))
        except BaseException:
            runner.close()
            raise
        self._executor.shutdown(wait=False, cancel_futures=True)
        if not _have_ended(set(threading.enumerate()) - earlier, self._deadline):
            return False
        runner.close()
        return True

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """A signal begins the end, a second SIGINT forces it.

        None is raised again afterwards, as uvicorn does: who was asked to end, and did, ended well.
        """
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        heeded = [number for number in ENDING if signal.getsignal(number) is not signal.SIG_IGN]
        earlier = {number: signal.signal(number, self.handle_exit) for number in heeded}
        try:
            yield
        finally:
            for number, handler in earlier.items():
                signal.signal(number, handler)

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        super().handle_exit(sig, frame)
        if self.force_exit and self._loop is not None:
            self._deadline = time.monotonic()
            self._loop.call_soon_threadsafe(self._drop_connections)

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Raises what the application's start raises. A signal meanwhile ends the start."""
        self._loop = asyncio.get_running_loop()
        self._loop.set_default_executor(self._executor)
        starting = asyncio.create_task(self._application.start())
        while not starting.done() and not self.should_exit:
            await asyncio.wait({starting}, timeout=TICK_SECONDS)
        if starting.done():
            await starting
            self.lifespan.state.update(self._application.state)
            await super().startup(sockets)
            self._when_ready()
        else:
            starting.cancel()
            self._application.cancel()
            self._deadline = time.monotonic() + END_SECONDS

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Let requests finish, then the application."""
        self._deadline = time.monotonic() + self._settings.shutdown_seconds + END_SECONDS
        await super().shutdown(sockets)
        stopping = asyncio.create_task(self._application.stop())
        self._deadline = max(self._deadline, time.monotonic() + LEAST_END_SECONDS)
        while not stopping.done() and not self.force_exit and time.monotonic() < self._deadline:
            await asyncio.wait({stopping}, timeout=TICK_SECONDS)
        if stopping.done():
            await stopping
        else:
            _log.error("shutdown.unfinished", extra={"seconds": self._settings.shutdown_seconds})
            stopping.cancel()
            self._application.cancel()
            await asyncio.sleep(TICK_SECONDS)  # what it has to say of what is lost

    def _drop_connections(self) -> None:
        for connection in list(self.server_state.connections):
            connection.transport.abort()


def configuration(app: ASGIApp, settings: Settings) -> uvicorn.Config:
    """How uvicorn is to serve `app`. Nothing comes from uvicorn's own environment variables."""
    limits = ConnectionLimits(
        connections=settings.max_connections,
        head_bytes=settings.max_header_bytes,
        body_bytes=settings.max_body_bytes,
        slow_client_seconds=settings.slow_client_seconds,
    )
    return uvicorn.Config(
        AnswerInterrupted(app),
        http=functools.partial(protocol_class(), limits=limits),  # type: ignore[arg-type]  # it is only called
        # Only h11 looks at this, and only at what we have let through.
        h11_max_incomplete_event_size=2 * limits.head_bytes,
        ws="none",
        interface="asgi3",
        lifespan="off",  # AsgiLifespan does it
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=bool(settings.trusted_proxies),
        forwarded_allow_ips=[str(network) for network in settings.trusted_proxies],
        root_path=settings.root_path,
        workers=1,
        backlog=BACKLOG,
        timeout_graceful_shutdown=settings.shutdown_seconds,  # type: ignore[arg-type]  # goes to asyncio.wait_for
    )


def _have_ended(threads: set[threading.Thread], deadline: float) -> bool:
    """Wait for them until then. Daemon threads hold nobody up."""
    lasting = [thread for thread in threads if not thread.daemon]
    for thread in lasting:
        thread.join(max(0.0, deadline - time.monotonic()))
    busy = [thread.name for thread in lasting if thread.is_alive()]
    if busy:
        _log.warning("threads.busy", extra={"threads": ",".join(sorted(busy))})
    return not busy
