"""Requests of the logo routes apart from HTTP, bounded parameters, and the bearer token (RFC 6750)."""

import hmac
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Annotated

from fastapi import Query
from fastapi.security import HTTPBearer
from pydantic import StringConstraints
from starlette.requests import HTTPConnection

from logocache.errors import PicklableError
from logocache.model import SortKey, Status
from logocache.queries import ListQuery, Variant
from logocache.server.memory import CachedBody
from logocache.server.problems import ProblemError
from logocache.settings import Settings


class Fallback(StrEnum):
    """What to answer when there is no logo."""

    NOT_FOUND = "404"
    MONOGRAM = "monogram"


class CacheState(StrEnum):
    """Where an answer came from: the `X-Cache` header."""

    HIT = "HIT"
    STALE = "STALE"
    """Older than LOGO_REFRESH_INTERVAL_DAYS; its refresh is under way or was tried."""
    MISS = "MISS"
    """It was fetched for this request."""
    PLACEHOLDER = "PLACEHOLDER"


@dataclass(frozen=True, slots=True)
class LogoRequest:
    """A logo by the name of its entry: key, alias or domain."""

    name: str
    variant: Variant = field(default_factory=Variant)
    fallback: Fallback = Fallback.MONOGRAM


@dataclass(frozen=True, slots=True)
class FileRequest:
    """A file by its own name."""

    file: str


Question = LogoRequest | FileRequest


@dataclass(frozen=True, slots=True)
class LogoResponse:
    """A logo to send."""

    body: CachedBody
    state: CacheState
    max_age: int
    """Seconds for which the client need not ask again."""
    is_immutable: bool = False
    """The address stands for these bytes for ever."""


class NoLogoError(Exception):
    """There is no logo, and no stand-in is wanted."""


class BusyError(PicklableError):
    """There may be a logo, but not now. `retry_after` is in seconds."""

    def __init__(self, reason: str, *, retry_after: float) -> None:
        super().__init__(reason)
        self.retry_after = retry_after


class TooManyMissesError(PicklableError):
    """The client has caused more fetches than it may. `retry_after` is in seconds."""

    def __init__(self, *, retry_after: float) -> None:
        super().__init__("too many logos that had to be fetched")
        self.retry_after = retry_after


class DisabledError(Exception):
    """LOGO_CACHE_ENABLED is false."""


class MovedError(Exception):
    """The file is no longer there; its entry has another one now."""

    def __init__(self, file: str) -> None:
        super().__init__(file)
        self.file = file


MOST_AT_ONCE = 1000
"""Entries of one answer."""
MOST_VALUES = 100
"""How often a parameter may be repeated."""

Name = Annotated[str, StringConstraints(min_length=1, max_length=300, pattern=r"^[^\x00-\x1f\x7f]*$")]
"""What something is called, whoever gave the name: no control characters, which no database takes."""

Keys = Annotated[
    list[Name],
    Query(
        alias="key",
        max_length=MOST_VALUES,
        description="Key, alias or domain. May be repeated.",
        examples=[["shopify"]],
    ),
]
Statuses = Annotated[
    list[Status],
    Query(alias="status", max_length=MOST_VALUES, description="What they hold. May be repeated."),
]
Providers = Annotated[
    list[Name],
    Query(
        alias="provider",
        max_length=MOST_VALUES,
        description="Who gave their logo. May be repeated.",
        examples=[["site"]],
    ),
]
Categories = Annotated[
    list[Name],
    Query(
        alias="category",
        max_length=MOST_VALUES,
        description="Their category. May be repeated.",
        examples=[["ecommerce"]],
    ),
]
Limit = Annotated[int, Query(ge=1, le=MOST_AT_ONCE, description="At most so many.")]
After = Annotated[
    Name | None,
    Query(description="Only those behind this key, in order of key: the last one of the page before."),
]


def list_query(  # noqa: PLR0913  # each is a parameter of the route
    keys: Keys = [],  # noqa: B006  # FastAPI makes a new one for each request
    statuses: Statuses = [],  # noqa: B006
    providers: Providers = [],  # noqa: B006
    categories: Categories = [],  # noqa: B006
    *,
    text: Annotated[
        Name | None, Query(description="Occurs, in any case, in key, name or domain.", examples=["shop"])
    ] = None,
    stale: Annotated[bool, Query(description="Only logos older than the refresh interval.")] = False,
    failing: Annotated[bool, Query(description="Only entries whose last attempts failed.")] = False,
    pinned: Annotated[bool, Query(description="Only entries that are never evicted.")] = False,
    sort: Annotated[
        SortKey,
        Query(
            description="`size`: largest first; `age`: oldest first; `accessed`: most recently used first."
        ),
    ] = SortKey.KEY,
    reverse: Annotated[bool, Query(description="The other way round.")] = False,
) -> ListQuery:
    """The options of `logocache list`, as query parameters."""
    return ListQuery(
        keys=tuple(keys),
        statuses=tuple(statuses),
        providers=tuple(providers),
        categories=tuple(categories),
        text=text,
        stale=stale,
        failing=failing,
        pinned=pinned,
        sort=sort,
        reverse=reverse,
    )


CHALLENGE = 'Bearer realm="logocache"'


class AdminOnly(HTTPBearer):
    """A dependency that ends requests without the token; in OpenAPI the security scheme `adminToken`."""

    def __init__(self, token: str | None) -> None:
        super().__init__(
            scheme_name="adminToken",
            description="The server's `LOGO_CACHE_ADMIN_TOKEN`; without one nothing can be changed over HTTP",
            auto_error=False,
        )
        self._token = token.encode("utf-8") if token is not None else None

    async def __call__(self, request: HTTPConnection) -> None:
        """Let the request pass.

        Raises:
            ProblemError: 403 when the server has no token, 401 when it is missing or wrong.
        """
        if self._token is None:
            raise ProblemError(
                403,
                code="changes_disabled",
                title="Changes over HTTP are not enabled",
                detail="set LOGO_CACHE_ADMIN_TOKEN, and send it as a bearer token",
            )
        sent = await super().__call__(request)
        if sent is None:
            raise _unauthorized("the token is missing", CHALLENGE)
        # Header fields are read as Latin-1: encoding them back gives the bytes that were sent.
        if not hmac.compare_digest(sent.credentials.encode("latin-1"), self._token):
            raise _unauthorized("the token is wrong", f'{CHALLENGE}, error="invalid_token"')


def admin_only(settings: Settings) -> AdminOnly:
    """The dependency of all changing routes: `Depends(admin_only(settings))`."""
    token = settings.admin_token
    return AdminOnly(token.get_secret_value() if token is not None else None)


def _unauthorized(reason: str, challenge: str) -> ProblemError:
    return ProblemError(
        401,
        code="unauthorized",
        title="The token is missing or wrong",
        detail=f"{reason}: send the header field Authorization: Bearer TOKEN"
        " with the server's LOGO_CACHE_ADMIN_TOKEN",
        headers={"WWW-Authenticate": challenge},
    )
