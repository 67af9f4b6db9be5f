"""What the JSON routes answer: the documents of the command line, and a few that only HTTP has.

Each class here is the OpenAPI schema of a document; a function beside it makes the answer.
"""

import dataclasses
from dataclasses import dataclass
from typing import Any, Literal, cast, get_type_hints

from pydantic import BaseModel, create_model
from starlette.responses import JSONResponse, Response

from logocache.documents import Json, document_of, writable_all
from logocache.health import Health, Readiness
from logocache.results import CacheStats, ClearReport, Entry, Listing, Result
from logocache.settings import Settings

HEADERS = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"}
"""These are figures of this moment."""


def _model(name: str, result: type[Any], **first: Any) -> type[BaseModel]:  # noqa: ANN401  # a type or a form of typing
    """The schema of a result's document: the fields in `first`, then those of the result."""
    hints = get_type_hints(result)
    fields = {each.name: (hints[each.name], ...) for each in dataclasses.fields(result)}
    opening = {field: (kind, ...) for field, kind in first.items()}
    definitions: dict[str, Any] = opening | fields  # as pydantic wants them
    return create_model(name, **definitions)


Version = Literal[1]
VERSION: Version = 1
"""`documents.SCHEMA_VERSION` as a type of its own."""

ListingDocument = _model("Listing", Listing, schema_version=Version, command=Literal["list"])
StatsDocument = _model("CacheStats", CacheStats, schema_version=Version, command=Literal["stats"])
ClearDocument = _model("ClearReport", ClearReport, schema_version=Version, command=Literal["clear"])
EntryDocument = _model("EntryDocument", Entry, schema_version=Version)


@dataclass(frozen=True, slots=True, kw_only=True)
class FileItem:
    """A current file of the cache directory."""

    file: str
    key: str
    """The entry it belongs to."""
    size_bytes: int
    width: int
    height: int
    path: str
    """Where this server has it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FilesDocument:
    """A page of files, in order of key."""

    schema_version: Version
    files: tuple[FileItem, ...]
    after: str | None
    """Ask for the next page with this; null: there is none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ConfigDocument:
    """Every setting, secrets as `***`."""

    schema_version: Version
    settings: dict[str, Any]
    """JSON values of as many types as there are settings."""


def result_response(result: Result) -> Response:
    """The document that the command line writes with `--json`."""
    return _answer(document_of(result))


def entry_response(entry: Entry) -> Response:
    """The entry as it stands in a listing, with the version of the document first."""
    listing = document_of(Listing(entries=(entry,), matching=1))
    (listed,) = cast("list[dict[str, Json]]", listing["entries"])
    return _answer({"schema_version": VERSION, **listed})


def health_response(health: Health, *, status: int) -> Response:
    """The figures for monitoring, exactly these fields."""
    return _answer(dataclasses.asdict(health), status=status)


def readiness_response(readiness: Readiness, *, status: int) -> Response:
    return _answer(dataclasses.asdict(readiness), status=status)


def files_response(files: FilesDocument) -> Response:
    return _answer(dataclasses.asdict(files))


def config_response(settings: Settings) -> Response:
    """The settings in force, fit for people and logs."""
    return _answer({"schema_version": VERSION, "settings": settings.shown()})


def _answer(document: dict[str, Json] | dict[str, Any], *, status: int = 200) -> Response:
    return JSONResponse(writable_all(document), status, HEADERS)
