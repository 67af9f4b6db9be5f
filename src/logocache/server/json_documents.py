"""Responses of the JSON routes: the documents of the command line, and a few that only HTTP has.

Each class is the OpenAPI schema of a document, for which a function makes the response.
"""

import dataclasses
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal, cast, get_type_hints
from urllib.parse import quote

from pydantic import BaseModel, create_model
from starlette.responses import JSONResponse, Response

from logocache.cache import LogoCache
from logocache.documents import Json, document_of, writable_all
from logocache.health import Health, Readiness
from logocache.model import Status
from logocache.queries import ListQuery
from logocache.results import CacheStats, ClearReport, Entry, Listing, Result
from logocache.settings import Settings

HEADERS = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"}
"""Headers of all documents, which show the state of this moment."""


def _model(name: str, result: type[Any], **first: Any) -> type[BaseModel]:  # noqa: ANN401  # a type or a form of typing
    """The schema of a result's document: the fields in `first`, then those of `result`."""
    hints = get_type_hints(result)
    fields = {field.name: (hints[field.name], ...) for field in dataclasses.fields(result)}
    opening = {key: (kind, ...) for key, kind in first.items()}
    definitions: dict[str, Any] = opening | fields  # as pydantic wants them
    return create_model(name, **definitions)


Version = Literal[1]
VERSION: Version = 1
"""`documents.SCHEMA_VERSION`, as a literal type."""

ListingDocument = _model("Listing", Listing, schema_version=Version, command=Literal["list"])
StatsDocument = _model("CacheStats", CacheStats, schema_version=Version, command=Literal["stats"])
ClearDocument = _model("ClearReport", ClearReport, schema_version=Version, command=Literal["clear"])
EntryDocument = _model("EntryDocument", Entry, schema_version=Version)


@dataclass(frozen=True, slots=True, kw_only=True)
class FileItem:
    """A current file of the cache directory."""

    file: str
    key: str
    """Key of its entry."""
    size_bytes: int
    width: int
    height: int
    path: str
    """Path of the file on this server."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FilesDocument:
    """A page of files, in order of key."""

    schema_version: Version
    files: tuple[FileItem, ...]
    after: str | None
    """Parameter `after` of the next page; null on the last one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ConfigDocument:
    """Every setting, secrets as `***`."""

    schema_version: Version
    settings: dict[str, Any]
    """JSON values of any type."""


def file_page(cache: LogoCache, *, limit: int, after: str | None = None, root: str) -> FilesDocument:
    """Return at most `limit` current files after the key `after`; `root` is the path prefix of all routes."""
    with_file = (Status.CACHED, Status.PLACEHOLDER)
    found = cache.list(ListQuery(statuses=with_file, limit=limit + 1, after=after)).entries
    files = tuple(item for entry in found[:limit] for item in _file_of(entry, root))
    following = found[limit - 1].key if len(found) > limit else None
    return FilesDocument(schema_version=VERSION, files=files, after=following)


def _file_of(entry: Entry, root: str) -> Iterator[FileItem]:
    if entry.file is None or entry.size_bytes is None or entry.width is None or entry.height is None:
        return
    yield FileItem(
        file=entry.file,
        key=entry.key,
        size_bytes=entry.size_bytes,
        width=entry.width,
        height=entry.height,
        path=f"{root}/static/cached_logos/{quote(entry.file)}",
    )


def result_response(result: Result) -> Response:
    """Return the document that the command line writes with `--json`."""
    return _response(document_of(result))


def entry_response(entry: Entry) -> Response:
    """Return the entry as in a listing, after the version of the document."""
    listing = document_of(Listing(entries=(entry,), matching=1))
    (listed,) = cast("list[dict[str, Json]]", listing["entries"])
    return _response({"schema_version": VERSION, **listed})


def health_response(health: Health, *, status: int) -> Response:
    """Return the fields of `health` for monitoring."""
    return _response(dataclasses.asdict(health), status=status)


def readiness_response(readiness: Readiness, *, status: int) -> Response:
    return _response(dataclasses.asdict(readiness), status=status)


def files_response(files: FilesDocument) -> Response:
    return _response(dataclasses.asdict(files))


def config_response(settings: Settings) -> Response:
    """Return the settings in force, without secrets."""
    return _response({"schema_version": VERSION, "settings": settings.shown()})


def _response(document: dict[str, Json] | dict[str, Any], *, status: int = 200) -> Response:
    return JSONResponse(writable_all(document), status, HEADERS)
