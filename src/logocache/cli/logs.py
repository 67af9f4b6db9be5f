"""How logocache's log is written: to standard error, as text or as JSON. Configured only here."""

import json
import logging
import re
import sys
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import assert_never

from logocache.cli import terminal
from logocache.humanize import clean
from logocache.server.request_id import RequestIds
from logocache.settings import LogFormat

STANDARD = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}
"""What every log record has; anything else came as `extra` and is a field of the event."""


INFORMATION = 1
"""The verbosity from which information is shown."""

EVENT = re.compile(r"[\w.-]+")
"""The name of an event. Other libraries write sentences, which are quoted."""

PLAIN = re.compile(r"""[^\s="]+""")
"""A value of logfmt that needs no quotes, as long as it is printable."""

SERVERS = ("uvicorn", "asyncio")
"""Loggers of what our server runs on. They tell of its troubles, and of no URL that we ask."""


def configure(log_format: LogFormat, *, verbosity: int, quiet: bool) -> None:
    """Set up the loggers of `logocache` and of the server, and no other: HTTP clients log secrets in URLs.

    Warnings are shown; with `verbosity` 1 also information, with 2 everything; when `quiet` errors only.
    The server's loggers show no more than warnings: we log each request ourselves.
    """
    level = _level(verbosity, quiet=quiet)
    handler = _handler(log_format)
    _set_up("logocache", handler, level)
    for name in SERVERS:
        _set_up(name, handler, max(level, logging.WARNING))


class TextFormatter(logging.Formatter):
    """`2026-01-31T12:00:00Z WARNING logocache.fetcher.client fetch.failed key=stripe`.

    Fields are logfmt: what is not plain stands in quotes, with escapes. So no value can pass for a
    field; and what follows a line, such as a traceback, is indented, so that it passes for no line.
    """

    def format(self, record: logging.LogRecord) -> str:
        message = record.getMessage()
        fields = [f"{name}={_value(str(value))}" for name, value in fields_of(record).items()]
        event = message if EVENT.fullmatch(message) else _quoted(message)
        lines = [" ".join([_time(record), record.levelname, record.name, event, *fields])]
        if record.exc_info:
            lines += [f"  {clean(line)}" for line in self.formatException(record.exc_info).splitlines()]
        return "\n".join(lines)


class JsonFormatter(logging.Formatter):
    """One JSON object a line: time, level, logger, event, its fields, and any exception."""

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
    """Writes to what is standard error at that moment, so that a progress bar can make room."""

    def emit(self, record: logging.LogRecord) -> None:
        if sys.stderr is not None:
            self.stream = sys.stderr
            super().emit(record)


def _value(text: str) -> str:
    """A field's value: as it is, unless something in it could end it, or steer a terminal."""
    return text if text.isprintable() and PLAIN.fullmatch(text) else _quoted(text)


def _quoted(text: str) -> str:
    """`text` in double quotes, with the escapes of JSON for all that is not printable."""
    return "".join(
        character if character.isprintable() else json.dumps(character)[1:-1]
        for character in json.dumps(text, ensure_ascii=False)
    )


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
    handler.setFormatter(JsonFormatter() if _as_json(log_format) else TextFormatter())
    handler.addFilter(RequestIds())
    return handler


def _as_json(log_format: LogFormat) -> bool:
    match log_format:
        case LogFormat.JSON:
            return True
        case LogFormat.TEXT:
            return False
        case LogFormat.AUTO:
            return not terminal.talk_is_terminal()
        case _:
            assert_never(log_format)


def _level(verbosity: int, *, quiet: bool) -> int:
    if quiet:
        return logging.ERROR
    return {0: logging.WARNING, INFORMATION: logging.INFO}.get(verbosity, logging.DEBUG)


def _time(record: logging.LogRecord) -> str:
    moment = datetime.fromtimestamp(record.created, UTC)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
