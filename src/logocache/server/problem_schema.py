"""Problem documents in OpenAPI.

Each response contains the schema itself: FastAPI puts the models of a route under the media type of its
success, and a router cannot add shared components to a foreign application.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

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

HEADERS: Mapping[int, Fragment] = MappingProxyType(
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
    return {status: _response(status) for status in statuses}


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


def _response(status: int) -> Fragment:
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
    return response | ({"headers": HEADERS[status]} if status in HEADERS else {})
