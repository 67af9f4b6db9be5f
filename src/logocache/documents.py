"""Results as JSON documents.

Bytes and counts are integers, times ISO 8601 in UTC with a final `Z`, unknown values null.
`SCHEMA_VERSION` is raised when a field is removed or changes its meaning; fields may be added at any time.
"""

import dataclasses
from collections.abc import Mapping
from datetime import UTC, datetime
from enum import Enum
from pathlib import Path
from typing import Any

from logocache.results import Result

SCHEMA_VERSION = 1

Json = None | bool | int | float | str | list["Json"] | dict[str, "Json"]


def document_of(result: Result) -> dict[str, Json]:
    """The JSON document of a result; `schema_version` and `command` come first."""
    return {"schema_version": SCHEMA_VERSION, "command": result.command, **_fields(result)}


def writable(text: str) -> str:
    r"""`text` without lone surrogates: an undecodable byte 0xFF of a file name becomes `\udcff`."""
    return text.encode("utf-8", "backslashreplace").decode()


def writable_all(value: Any) -> Any:  # noqa: ANN401  # JSON, as deep as it goes
    """The same JSON value, with `writable` applied to all its strings."""
    match value:
        case str():
            return writable(value)
        case list() | tuple():
            return [writable_all(item) for item in value]
        case dict():
            return {name: writable_all(member) for name, member in value.items()}
        case _:
            return value


def _fields(value: object) -> dict[str, Json]:
    fields = dataclasses.fields(value)  # type: ignore[arg-type]  # callers pass dataclass instances
    return {field.name: _plain(getattr(value, field.name)) for field in fields}


def _plain(value: object) -> Json:
    match value:
        case Enum():
            return str(value.value)
        case None | bool() | int():
            return value
        case str():
            return writable(value)
        case float():
            return round(value, 3)
        case datetime():
            return value.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
        case Path():
            return writable(str(value))
        case tuple() | list():
            return [_plain(item) for item in value]
        case Mapping():
            return {writable(str(key)): _plain(member) for key, member in value.items()}
        case _:
            return _fields(value)
