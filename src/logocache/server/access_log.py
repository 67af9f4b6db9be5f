"""The request log, one line per request on standard error, and the id that relates it to the response."""

import asyncio
import json
import logging
import random
import re
import select
import sys
import time
from contextvars import ContextVar
from functools import lru_cache

from logocache.humanize import logfmt_value
from logocache.settings import Settings

LOGGER = "logocache.server.access_log"
FLUSH_SECONDS = 0.2
"""How long a line may wait to be written."""
MOST_HELD = 200
"""Lines that wait at most; the next write follows at once."""
LONGEST_PATH = 200
"""Characters of a path that are logged at most."""


class AccessLog:
    """Used by the event loop's thread only. Lines of a process that is killed may be lost."""

    def __init__(self, *, as_json: bool) -> None:
        self._as_json = as_json
        self._held: list[str] = []
        self._timer: asyncio.TimerHandle | None = None
        self._second = -1
        self._time = ""
        """The second `_second`, in the form of ISO 8601."""

    def write(
        self,
        *,
        method: str,
        path: str,
        status: int,
        seconds: float,
        size: int,
        client: str | None,
        request_id: str,
    ) -> None:
        """Log a request; `request_id` consists of `A-Z a-z 0-9 . _ -`."""
        now = time.time()
        second = int(now)
        if second != self._second:
            self._second, self._time = second, time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(second))
        moment = f"{self._time}.{int((now - second) * 1000):03d}Z"
        path = path[:LONGEST_PATH]
        if self._as_json:
            line = (
                f'{{"time": "{moment}", "level": "info", "logger": "{LOGGER}", "event": "request",'
                f' "method": {_json(method)}, "path": {_json(path)}, "status": {status},'
                f' "ms": {seconds * 1000:.1f}, "bytes": {size}, "client": {_json(client)},'
                f' "request_id": "{request_id}"}}\n'
            )
        else:
            line = (
                f"{moment} INFO {LOGGER} request method={_text(method)} path={_text(path)}"
                f" status={status} ms={seconds * 1000:.1f} bytes={size} client={_text(str(client))}"
                f" request_id={request_id}\n"
            )
        self._held.append(line)
        if len(self._held) >= MOST_HELD:
            self.flush()
        elif self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(FLUSH_SECONDS, self.flush)

    def flush(self) -> None:
        """Write the lines that wait. Lines that cannot be written are dropped."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        lines, self._held = self._held, []
        stream = sys.stderr
        if stream is None:
            return
        # Of several processes that write to one pipe, none may cut the lines of another (POSIX, write).
        piece, room = "", select.PIPE_BUF
        try:
            for line in lines:
                size = len(line.encode())
                if size > room:
                    _put(piece)
                    piece, room = "", select.PIPE_BUF
                piece += line
                room -= size
            _put(piece)
        except OSError:
            return  # a request must not fail because its line cannot be written


def access_log_of(settings: Settings) -> AccessLog | None:
    """The request log that the settings ask for."""
    if not settings.access_log:
        return None
    is_terminal = sys.stderr is not None and sys.stderr.isatty()
    return AccessLog(as_json=settings.log_format.is_json(on_terminal=is_terminal))


def _put(piece: str) -> None:
    if piece:
        sys.stderr.write(piece)
        sys.stderr.flush()


_json = lru_cache(maxsize=4096)(json.dumps)
_text = lru_cache(maxsize=4096)(logfmt_value)

ID_HEADER = b"x-request-id"
ACCEPTABLE_ID = re.compile(rb"[A-Za-z0-9._-]{1,64}")

_current: ContextVar[str | None] = ContextVar("logocache_request_id", default=None)


def current_request_id() -> str | None:
    """The id of the current request; None outside of one, and without the middleware `Requests`.

    It is passed on to the tasks and threads of the request.
    """
    return _current.get()


def begin_request(sent: bytes | None) -> str:
    """Set and return the id of the current request: the one that was sent, if acceptable, or a new one.

    The id goes into logs and headers, hence the narrow alphabet.
    """
    acceptable = ACCEPTABLE_ID.fullmatch(sent) if sent is not None else None
    chosen = acceptable.group().decode("ascii") if acceptable else _new()
    _current.set(chosen)
    return chosen


class RequestIds(logging.Filter):
    """Filter of log handlers that adds `request_id` to the records of a request."""

    def filter(self, record: logging.LogRecord) -> bool:
        found = current_request_id()
        if found is not None and not hasattr(record, "request_id"):
            record.request_id = found
        return True


def _new() -> str:
    # Not a secret: `random` needs no system call, and is reseeded after a fork.
    return f"{random.getrandbits(64):016x}"
