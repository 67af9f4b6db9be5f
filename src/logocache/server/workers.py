"""Several processes that serve the same sockets, and the one that looks after them.

uvicorn has a supervisor of its own. It cannot say when all workers answer nor why one does not, asks
each twice a second whether it lives, and waits without limit for their end.
"""

import asyncio
import logging
import multiprocessing
import os
import signal
import socket
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing import resource_tracker
from multiprocessing.connection import Connection, wait
from multiprocessing.context import SpawnProcess
from types import FrameType

from starlette.types import ASGIApp

from logocache.errors import LogoCacheError, UnavailableError
from logocache.server.http_server import END_SECONDS, ENDING, HttpServer
from logocache.server.metrics import forget_process
from logocache.settings import Settings

RESTART_SECONDS = 1.0
"""How long after its death a worker is replaced, so that one that dies at once does not keep us busy."""
REPORT_SECONDS = 0.3
"""What a worker's process needs to go after its work has ended."""

_log = logging.getLogger(__name__)
_spawn = multiprocessing.get_context("spawn")


@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    """What every worker does. It goes to new processes, so that all of it must pickle."""

    settings: Settings
    application: Callable[[Settings], ASGIApp]
    prepare: Callable[[], None]
    """Sets up logging in the worker."""
    sockets: Sequence[socket.socket]


@dataclass(frozen=True, slots=True, kw_only=True)
class Ready:
    """A worker can answer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Failed:
    """A worker could not start. The parts of a LogoCacheError, which itself does not pickle."""

    kind: type[LogoCacheError]
    problem: str
    hint: str

    @property
    def error(self) -> LogoCacheError:
        return self.kind(self.problem, hint=self.hint)


@dataclass(slots=True, kw_only=True, eq=False)
class Worker:
    process: SpawnProcess
    channel: Connection
    """Where it reports. Its end is how the worker learns that we are gone."""
    is_ready: bool = False
    failure: Failed | None = None


def work(task: Work, channel: Connection) -> None:
    """The life of one worker, in its own process."""
    task.prepare()
    try:
        server = HttpServer(task.application(task.settings), task.settings, lambda: _report(channel, server))
        has_ended = server.run_until_ended(list(task.sockets))
    except LogoCacheError as error:
        channel.send(Failed(kind=type(error), problem=error.problem, hint=error.hint))
        sys.exit(1)
    except Exception as error:  # noqa: BLE001  # a bug is told in one line, too
        problem = f"a worker met an unexpected {type(error).__name__}: {error}"
        hint = "this is a bug, run again with -vv for its traceback and report it"
        channel.send(Failed(kind=UnavailableError, problem=problem, hint=hint))
        _log.debug("worker.broken", exc_info=True)
        sys.exit(1)
    if not has_ended:
        # Threads that wait for a slow source would hold the process; all that counts is written.
        logging.shutdown()
        os._exit(0)


def _report(channel: Connection, server: HttpServer) -> None:
    channel.send(Ready())
    loop = asyncio.get_running_loop()

    def end() -> None:
        loop.remove_reader(channel.fileno())
        server.should_exit = True

    # Nothing is ever sent to a worker: that there is something to read means that its parent is gone.
    loop.add_reader(channel.fileno(), end)


class Workers:
    """Keeps `count` workers serving until a signal comes."""

    def __init__(self, task: Work, *, count: int, when_ready: Callable[[], None]) -> None:
        """`when_ready` is called once, when all of them can answer."""
        self._task = task
        self._count = count
        self._when_ready = when_ready
        self._workers: list[Worker] = []
        self._replacements: list[float] = []
        self._has_been_ready = False
        self._signals: list[int] = []
        self._patience = task.settings.shutdown_seconds + END_SECONDS + REPORT_SECONDS

    def run(self) -> None:
        """Returns when all have ended, at most LOGO_CACHE_SHUTDOWN_SECONDS and a second after a signal.

        Raises the error of a worker that could not start, when none is left that serves.
        A second SIGINT kills them.
        """
        with self._signals_heard() as heard:
            try:
                for _ in range(self._count):
                    self._start()
                while not self._signals:
                    self._wait(heard, self._next_replacement())
                    self._look_around()
            finally:
                self._end(heard)

    @contextmanager
    def _signals_heard(self) -> Iterator[Connection]:
        """Signals are remembered, and wake up whoever waits for the given connection."""
        heard, bell = multiprocessing.Pipe(duplex=False)

        def remember(number: int, _frame: FrameType | None) -> None:
            self._signals.append(number)
            bell.send_bytes(b"!")

        heeded = [number for number in ENDING if signal.getsignal(number) is not signal.SIG_IGN]
        earlier = {number: signal.signal(number, remember) for number in heeded}
        try:
            with heard, bell:
                yield heard
        finally:
            for number, handler in earlier.items():
                signal.signal(number, handler)

    def _start(self) -> None:
        ours, theirs = multiprocessing.Pipe()
        process = _spawn.Process(target=work, args=(self._task, theirs))
        # Ctrl-C reaches every process of a terminal, but only the parent heeds it: the others inherit
        # that it is blocked. Python's resource tracker unblocks it when it starts, so it starts before.
        resource_tracker.ensure_running()
        earlier = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
        try:
            process.start()
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, earlier)
        theirs.close()
        self._workers.append(Worker(process=process, channel=ours))

    def _wait(self, heard: Connection, timeout: float | None) -> None:
        """Until something happens: a report, a death, a signal, or the time is up."""
        starting = [worker.channel for worker in self._workers if not worker.is_ready]
        wait([heard, *starting, *(worker.process.sentinel for worker in self._workers)], timeout)
        while heard.poll():
            heard.recv_bytes()

    def _next_replacement(self) -> float | None:
        return max(0.0, min(self._replacements) - time.monotonic()) if self._replacements else None

    def _look_around(self) -> None:
        for worker in list(self._workers):
            _hear(worker)
            if not worker.process.is_alive():
                self._bury(worker)
        while self._replacements and self._replacements[0] <= time.monotonic():
            del self._replacements[0]
            self._start()
        if not self._has_been_ready and all(worker.is_ready for worker in self._workers):
            self._has_been_ready = True
            self._when_ready()

    def _bury(self, worker: Worker) -> None:
        """Plan a replacement for one that died.

        One that cannot start, such as while the database is away, is tried again as long as another
        worker serves; else, and in the beginning, its error is raised.
        """
        self._workers.remove(worker)
        _hear(worker)
        worker.channel.close()
        if worker.process.pid is not None:
            forget_process(worker.process.pid)
        fields: dict[str, object] = {"pid": worker.process.pid, "exit_code": worker.process.exitcode}
        is_one_serving = self._has_been_ready and any(each.is_ready for each in self._workers)
        if not worker.is_ready and not is_one_serving:
            raise _why(worker)
        if worker.failure is not None:
            fields["error"] = str(worker.failure.error)
        _log.error("worker.died", extra=fields)
        self._replacements.append(time.monotonic() + RESTART_SECONDS)

    def _end(self, heard: Connection) -> None:
        # As long as one process has them open, clients would wait there for nobody.
        for listener in self._task.sockets:
            listener.close()
        for worker in self._workers:
            worker.process.terminate()
        deadline = time.monotonic() + self._patience
        alive = self._workers
        while alive and not self._is_forced() and time.monotonic() < deadline:
            sentinels = [worker.process.sentinel for worker in alive]
            wait([heard, *sentinels], max(0.0, deadline - time.monotonic()))
            while heard.poll():
                heard.recv_bytes()
            alive = [worker for worker in alive if worker.process.is_alive()]
        for worker in alive:
            _log.error("worker.killed", extra={"pid": worker.process.pid})
            worker.process.kill()
        for worker in self._workers:
            worker.process.join()
            worker.channel.close()

    def _is_forced(self) -> bool:
        return signal.SIGINT in self._signals[1:]


def _hear(worker: Worker) -> None:
    """Take in what a worker has reported since."""
    try:
        if not worker.channel.poll():
            return
        match worker.channel.recv():
            case Ready():
                worker.is_ready = True
            case Failed() as failure:
                worker.failure = failure
    except (EOFError, OSError):
        pass  # it died without a word: its sentinel tells


def _why(worker: Worker) -> LogoCacheError:
    if worker.failure is not None:
        return worker.failure.error
    return UnavailableError(
        f"a worker ended during its start, with exit code {worker.process.exitcode}",
        hint="look at what it wrote to standard error",
    )
