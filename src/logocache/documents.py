"""Results as JSON documents.

Bytes and counts are integers, times ISO 8601 in UTC with a final `Z`, and what is not known is null.
`SCHEMA_VERSION` rises when a field goes or changes its meaning; new fields may come at any time.
"""

import dataclasses
from collections.abc import Mapping
from datetime import UTC, datetime
from enum import Enum
from pathlib import Path

from logocache.results import Result

SCHEMA_VERSION = 1

Json = None | bool | int | float | str | list["Json"] | dict[str, "Json"]


def document_of(result: Result) -> dict[str, Json]:
    """The documented JSON of a result, with its `schema_version` and `command` first."""
    return {"schema_version": SCHEMA_VERSION, "command": result.command, **_fields(result)}


def _fields(value: object) -> dict[str, Json]:
    fields = dataclasses.fields(value)  # type: ignore[arg-type]  # callers pass dataclass instances
    return {field.name: _plain(getattr(value, field.name)) for field in fields}


def _plain(value: object) -> Json:
    match value:
        case Enum():
            return str(value.value)
        case None | bool() | int() | str():
            return value
        case float():
            return round(value, 3)
        case datetime():
            return value.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
        case Path():
            return str(value)
        case tuple() | list():
            return [_plain(each) for each in value]
        case Mapping():
            return {str(key): _plain(each) for key, each in value.items()}
        case _:
            return _fields(value)
