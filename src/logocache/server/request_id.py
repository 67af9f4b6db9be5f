"""An id for each request, which relates its response, its problem document and its log lines."""

import logging
import random
import re
from contextvars import ContextVar

HEADER = b"x-request-id"
ACCEPTABLE = re.compile(rb"[A-Za-z0-9._-]{1,64}")

_current: ContextVar[str | None] = ContextVar("logocache_request_id", default=None)


def current() -> str | None:
    """The id of the current request; None outside of one, and without the middleware `Requests`.

    It is passed on to the tasks and threads of the request.
    """
    return _current.get()


def begin(sent: bytes | None) -> str:
    """Set and return the id of the current request: the one that was sent, if acceptable, or a new one.

    The id goes into logs and headers, hence the narrow alphabet.
    """
    acceptable = ACCEPTABLE.fullmatch(sent) if sent is not None else None
    chosen = acceptable.group().decode("ascii") if acceptable else _new()
    _current.set(chosen)
    return chosen


class RequestIds(logging.Filter):
    """Filter of log handlers that adds `request_id` to the records of a request."""

    def filter(self, record: logging.LogRecord) -> bool:
        found = current()
        if found is not None and not hasattr(record, "request_id"):
            record.request_id = found
        return True


def _new() -> str:
    # Not a secret: `random` needs no system call, and is reseeded after a fork.
    return f"{random.getrandbits(64):016x}"
