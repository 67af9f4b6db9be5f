"""A name for each request, so that an answer, its problem document and its log lines can be matched."""

import logging
import random
import re
from contextvars import ContextVar

HEADER = b"x-request-id"
ACCEPTABLE = re.compile(rb"[A-Za-z0-9._-]{1,64}")

_current: ContextVar[str | None] = ContextVar("logocache_request_id", default=None)


def current() -> str | None:
    """The id of the request that is being answered; None outside of one, and where `Requests` is not in use.

    Follows the work into threads and tasks that are started for the request.
    """
    return _current.get()


def begin(sent: bytes | None) -> str:
    """Take the id that a client or proxy sent, or a new one where it is missing or not acceptable.

    What was sent goes into logs and headers, hence the narrow alphabet.
    """
    acceptable = ACCEPTABLE.fullmatch(sent) if sent is not None else None
    chosen = acceptable.group().decode("ascii") if acceptable else _new()
    _current.set(chosen)
    return chosen


class RequestIds(logging.Filter):
    """For log handlers: every record made while a request is answered gets its `request_id`."""

    def filter(self, record: logging.LogRecord) -> bool:
        found = current()
        if found is not None and not hasattr(record, "request_id"):
            record.request_id = found
        return True


def _new() -> str:
    # No secret: random numbers are had without a system call, and differ after a fork as well.
    return f"{random.getrandbits(64):016x}"
