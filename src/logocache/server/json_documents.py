"""Responses of the JSON routes: the documents of the command line, and a few that only HTTP has.

Each class is the OpenAPI schema of a document, for which a function makes the response.
"""

import dataclasses
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Literal, cast, get_type_hints
from urllib.parse import quote

from pydantic import BaseModel, create_model
from starlette.responses import JSONResponse, Response

from logocache.cache import LogoCache
from logocache.documents import Json, document_of, writable_all
from logocache.model import Status
from logocache.queries import ListQuery
from logocache.results import CacheStats, ClearReport, Entry, Listing
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


def json_response(document: object, *, status: int = 200) -> Response:
    """Respond with a JSON object, or with the fields of a dataclass."""
    if dataclasses.is_dataclass(document) and not isinstance(document, type):
        document = dataclasses.asdict(document)
    return JSONResponse(writable_all(document), status, HEADERS)


def entry_response(entry: Entry) -> Response:
    """Respond with the entry as in a listing, after the version of the document."""
    listing = document_of(Listing(entries=(entry,), matching=1))
    (listed,) = cast("list[dict[str, Json]]", listing["entries"])
    return json_response({"schema_version": VERSION, **listed})


def config_response(settings: Settings) -> Response:
    """Respond with the settings in force, without secrets."""
    return json_response({"schema_version": VERSION, "settings": settings.shown()})


MEDIA_TYPE = "application/problem+json"

Fragment = dict[str, Any]
"""A part of an OpenAPI document: JSON of any shape."""


def type_of(code: str) -> str:
    """The problem type (RFC 9457 3.1.1): a URN, not an address to open."""
    return f"urn:logocache:problem:{code}"


EXAMPLES: Mapping[int, tuple[str, str, str, str]] = MappingProxyType(
    {
        400: (
            "The request is not valid.",
            "domain",
            "Not a public domain",
            "'localhost' is not a public domain: use the name of a public website, such as example.com",
        ),
        401: (
            "The bearer token is missing or wrong.",
            "unauthorized",
            "The token is missing or wrong",
            "send the header field Authorization: Bearer TOKEN with the server's LOGO_CACHE_ADMIN_TOKEN",
        ),
        403: (
            "Changes over HTTP are not enabled: the server has no token.",
            "changes_disabled",
            "Changes over HTTP are not enabled",
            "set LOGO_CACHE_ADMIN_TOKEN, and send it as a bearer token",
        ),
        404: (
            "There is no such logo.",
            "unknown_key",
            "No such logo",
            "no logo is called 'shopfy': did you mean shopify?",
        ),
        422: (
            "A parameter breaks its rules.",
            "invalid_request",
            "The request breaks the rules of its parameters",
            "query size: Input should be greater than or equal to 16",
        ),
        429: (
            "This client has caused more fetches than it may.",
            "too_many_misses",
            "Too many logos that had to be fetched",
            "wait a little, or raise LOGO_CACHE_MISSES_PER_MINUTE",
        ),
        500: (
            "A mistake in logocache.",
            "internal",
            "A mistake in logocache",
            "the server's log says more, under the id of this request",
        ),
        503: (
            "Not possible now: the database or the directory is away, the cache is switched off, or busy.",
            "database",
            "The database cannot be used",
            "the database does not answer: is it running?",
        ),
    }
)
"""Description of each status, with code, title and detail of an example."""

PROBLEM_HEADERS: Mapping[int, Fragment] = MappingProxyType(
    {
        401: {"WWW-Authenticate": {"schema": {"type": "string"}, "description": "`Bearer` (RFC 6750)."}},
        429: {"Retry-After": {"schema": {"type": "integer", "minimum": 0}, "description": "Seconds."}},
        503: {"Retry-After": {"schema": {"type": "integer", "minimum": 0}, "description": "Seconds."}},
    }
)

MISTAKE: Fragment = {
    "type": "object",
    "required": ["in", "name", "detail"],
    "properties": {
        "in": {"type": "string", "description": "`path`, `query`, `header` or `body`."},
        "name": {"type": "string", "description": "The parameter."},
        "detail": {"type": "string", "description": "What is wrong with it."},
    },
}


def problem_responses(*statuses: int) -> dict[int | str, Fragment]:
    """The OpenAPI `responses` for problems of these statuses."""
    return {status: _problem_response(status) for status in statuses}


def problem_schema(status: int) -> Fragment:
    """The JSON Schema of a problem of this status."""
    properties: Fragment = {
        "type": {"type": "string", "format": "uri", "description": "`urn:logocache:problem:` and the code."},
        "title": {"type": "string", "description": "The kind of problem, for people."},
        "status": {"type": "integer", "const": status},
        "detail": {"type": "string", "description": "What is wrong, then what to do, in one line."},
        "code": {"type": "string", "description": "The kind of problem, for programs; stable."},
        "request_id": {"type": "string", "description": "Names the request in the server's log."},
    }
    required = ["type", "title", "status", "detail", "code"]
    if status == 422:  # noqa: PLR2004  # RFC 9110 15.5.21
        properties["errors"] = {"type": "array", "items": MISTAKE, "minItems": 1}
        required.append("errors")
    return {"title": f"Problem{status}", "type": "object", "required": required, "properties": properties}


def _problem_response(status: int) -> Fragment:
    description, code, title, detail = EXAMPLES[status]
    example: Fragment = {
        "type": type_of(code),
        "title": title,
        "status": status,
        "detail": detail,
        "code": code,
        "request_id": "5f2c9a0e4b7d1836",
    }
    if status == 422:  # noqa: PLR2004  # RFC 9110 15.5.21
        where, _, what = detail.partition(": ")
        example["errors"] = [{"in": "query", "name": where.removeprefix("query "), "detail": what}]
    response: Fragment = {
        "description": description,
        "content": {MEDIA_TYPE: {"schema": problem_schema(status), "example": example}},
    }
    return response | ({"headers": PROBLEM_HEADERS[status]} if status in PROBLEM_HEADERS else {})
