"""Logging of the program: to standard error, as text or as JSON. Configured only here."""

import json
import logging
import re
import sys
from collections.abc import Mapping
from datetime import UTC, datetime

from logocache.cli import terminal
from logocache.humanize import clean, logfmt_value, quoted
from logocache.server.access_log import RequestIds
from logocache.settings import LogFormat

STANDARD = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}
"""Attributes of every log record; all others come from `extra` and are fields of the event."""

INFORMATION = 1
"""The verbosity from which INFO is shown."""

EVENT = re.compile(r"[\w.-]+")
"""The name of an event. Other libraries log sentences, which are quoted."""

SERVERS = ("uvicorn", "asyncio")
"""Loggers of the libraries that the server runs on; none of them logs URLs that we request."""


def configure(log_format: LogFormat, *, verbosity: int, quiet: bool) -> None:
    """Configure the loggers of `logocache` and of the server only: HTTP clients log URLs with secrets.

    The level is WARNING; INFO with `verbosity` 1, DEBUG with more, ERROR when `quiet`. The server's
    loggers never go below WARNING, because the request log is ours (`server.access_log`).
    """
    level = _level(verbosity, quiet=quiet)
    handler = _handler(log_format)
    _set_up("logocache", handler, level)
    for name in SERVERS:
        _set_up(name, handler, max(level, logging.WARNING))


class TextFormatter(logging.Formatter):
    """`2026-01-31T12:00:00Z WARNING logocache.fetcher.client fetch.failed key=stripe`.

    Fields are logfmt; values that are not plain are quoted and escaped, so that none can pass for
    another field. Further lines, such as a traceback, are indented, so that none can pass for a record.
    """

    def format(self, record: logging.LogRecord) -> str:
        message = record.getMessage()
        fields = [f"{name}={logfmt_value(str(value))}" for name, value in fields_of(record).items()]
        event = message if EVENT.fullmatch(message) else quoted(message)
        lines = [" ".join([_time(record), record.levelname, record.name, event, *fields])]
        if record.exc_info:
            lines += [f"  {clean(line)}" for line in self.formatException(record.exc_info).splitlines()]
        return "\n".join(lines)


class JsonFormatter(logging.Formatter):
    """One JSON object per line: time, level, logger, event, its fields, and any exception."""

    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, object] = {
            "time": _time(record),
            "level": record.levelname.lower(),
            "logger": record.name,
            "event": record.getMessage(),
        }
        line = fields_of(record) | line
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        return json.dumps(line, default=str)


class StandardErrorHandler(logging.StreamHandler):  # type: ignore[type-arg]  # generic in typeshed only
    """Writes to the current `sys.stderr`, which a progress bar replaces while it is shown."""

    def emit(self, record: logging.LogRecord) -> None:
        if sys.stderr is not None:
            self.stream = sys.stderr
            super().emit(record)


def fields_of(record: logging.LogRecord) -> dict[str, object]:
    values: Mapping[str, object] = vars(record)
    return {name: value for name, value in values.items() if name not in STANDARD}


def _set_up(name: str, handler: logging.Handler, level: int) -> None:
    logger = logging.getLogger(name)
    logger.handlers = [handler]
    logger.propagate = False
    logger.setLevel(level)


def _handler(log_format: LogFormat) -> logging.Handler:
    handler = StandardErrorHandler()
    is_json = log_format.is_json(on_terminal=terminal.err_is_terminal())
    handler.setFormatter(JsonFormatter() if is_json else TextFormatter())
    handler.addFilter(RequestIds())
    return handler


def _level(verbosity: int, *, quiet: bool) -> int:
    if quiet:
        return logging.ERROR
    return {0: logging.WARNING, INFORMATION: logging.INFO}.get(verbosity, logging.DEBUG)


def _time(record: logging.LogRecord) -> str:
    moment = datetime.fromtimestamp(record.created, UTC)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
