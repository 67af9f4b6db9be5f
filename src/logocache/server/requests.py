"""Requests for logos apart from HTTP, bounded parameters, and the bearer token (RFC 6750)."""

import hmac
import math
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Annotated, ClassVar

from fastapi import Query
from fastapi.security import HTTPBearer
from pydantic import StringConstraints
from starlette.requests import HTTPConnection

from logocache.model import SortKey, Status, StoredFile, StoredForm
from logocache.policy.forms import form_for
from logocache.queries import ImageFormat, ListQuery, Theme, Variant
from logocache.server.memory import CachedBody
from logocache.server.negotiation import ACCEPT, SCHEME, Preferences
from logocache.server.problems import ProblemError
from logocache.settings import Settings
from logocache.store.names import SVG_SUFFIX


class Fallback(StrEnum):
    """The response when there is no logo."""

    NOT_FOUND = "404"
    MONOGRAM = "monogram"


class CacheState(StrEnum):
    """Source of a response: the `X-Cache` header."""

    HIT = "HIT"
    STALE = "STALE"
    """Older than LOGO_REFRESH_INTERVAL_DAYS; a refresh is in progress or was attempted."""
    MISS = "MISS"
    """Fetched for this request."""
    PLACEHOLDER = "PLACEHOLDER"


@dataclass(frozen=True, slots=True)
class LogoRequest:
    """A request for a logo by key, alias or domain."""

    name: str
    variant: Variant = field(default_factory=Variant)
    fallback: Fallback = Fallback.MONOGRAM
    vary: tuple[str, ...] = ()
    """Names of the header fields that choose the variant: see `Wanted`."""

    def shown(self, file: StoredFile) -> tuple[StoredForm, Variant] | None:
        """The form of the stored logo that is sent, and the variant of it; None if it has no such SVG."""
        return form_for(file, self.variant, or_picture=self.fallback is Fallback.MONOGRAM)

    def lacks_form(self, file: StoredFile | None) -> bool:
        """True if there is a logo, but not in the format that is wanted."""
        return file is not None and self.shown(file) is None

    def chosen(self, client: Preferences) -> "LogoRequest":
        """The request for the variant that this client gets."""
        variant = self.variant
        if client.webp and ACCEPT in self.vary:
            variant = replace(variant, format=ImageFormat.WEBP)
        if client.dark and SCHEME in self.vary:
            variant = replace(variant, theme=Theme.DARK)
        return self if variant is self.variant else replace(self, variant=variant)


@dataclass(frozen=True, slots=True)
class FileRequest:
    """A request for a stored file by its name."""

    file: str
    vary: ClassVar[tuple[str, ...]] = ()

    @property
    def variant(self) -> Variant:
        """The variant that the file is of its logo."""
        return Variant(format=ImageFormat.SVG if self.file.endswith(SVG_SUFFIX) else ImageFormat.PNG)

    def chosen(self, client: Preferences) -> "FileRequest":  # noqa: ARG002  # a file has one form
        return self


CacheRequest = LogoRequest | FileRequest


@dataclass(frozen=True, slots=True)
class LogoResponse:
    body: CachedBody
    state: CacheState
    max_age: int
    """Freshness for clients, in seconds."""
    is_immutable: bool = False
    """True if the URL always has this content."""


MISS_SECONDS = 60
"""Freshness of a 404, and of the redirect to the current file."""


NO_SVG = "this logo has no SVG: ask with fallback=monogram for a picture of it, or for another format"


class NoLogoError(ProblemError):
    """There is no logo, and the request wants no placeholder; or not in the format that it wants."""

    def __init__(
        self, detail: str = "there is no logo of that name: ask with fallback=monogram for a placeholder"
    ) -> None:
        super().__init__(
            404,
            code="no_logo",
            title="No logo",
            detail=detail,
            headers={"Cache-Control": f"public, max-age={MISS_SECONDS}"},
        )


class BusyError(ProblemError):
    """There may be a logo later. `retry_after` is in seconds."""

    def __init__(self, reason: str, *, retry_after: float) -> None:
        super().__init__(
            503,
            code="busy",
            title="Not now",
            detail=f"{reason}: ask again later, or with fallback=monogram",
            headers={"Retry-After": str(math.ceil(retry_after))},
        )


class TooManyMissesError(ProblemError):
    """The client has caused more fetches than allowed. `retry_after` is in seconds."""

    def __init__(self, *, retry_after: float) -> None:
        super().__init__(
            429,
            code="too_many_misses",
            title="Too many logos that had to be fetched",
            detail="wait a little, or raise LOGO_CACHE_MISSES_PER_MINUTE",
            headers={"Retry-After": str(math.ceil(retry_after))},
        )


class DisabledError(ProblemError):
    """LOGO_CACHE_ENABLED is false."""

    def __init__(self) -> None:
        super().__init__(
            503,
            code="disabled",
            title="The cache is switched off",
            detail="LOGO_CACHE_ENABLED is false: no logos are sent",
        )


class MovedError(Exception):
    """The entry of a deleted file has another file now."""

    def __init__(self, file: str) -> None:
        super().__init__(file)
        self.file = file


MOST_AT_ONCE = 1000
"""Maximum number of entries in a response."""
MOST_VALUES = 100
"""Maximum number of values of a repeated parameter."""

Name = Annotated[str, StringConstraints(min_length=1, max_length=300, pattern=r"^[^\x00-\x1f\x7f]*$")]
"""A name from a client, without control characters, which not all databases accept."""

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
    Query(alias="status", max_length=MOST_VALUES, description="Status of the entries. May be repeated."),
]
Providers = Annotated[
    list[Name],
    Query(
        alias="provider",
        max_length=MOST_VALUES,
        description="Provider of their logo. May be repeated.",
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
Limit = Annotated[int, Query(ge=1, le=MOST_AT_ONCE, description="Maximum number.")]
After = Annotated[
    Name | None,
    Query(description="Only those behind this key, in order of key: the last one of the page before."),
]


def list_query(  # noqa: PLR0913  # one for each parameter of the route
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
    """A dependency that rejects requests without the token; in OpenAPI the security scheme `adminToken`."""

    def __init__(self, token: str | None) -> None:
        super().__init__(
            scheme_name="adminToken",
            description="The server's `LOGO_CACHE_ADMIN_TOKEN`; without one nothing can be changed over HTTP",
            auto_error=False,
        )
        self._token = token.encode("utf-8") if token is not None else None

    async def __call__(self, request: HTTPConnection) -> None:
        """Check the token of the request.

        Raises:
            ProblemError: 403 if the server has no token, 401 if that of the request is missing or wrong.
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
        # Headers are decoded as Latin-1: encoding them gives the bytes that were sent.
        if not hmac.compare_digest(sent.credentials.encode("latin-1"), self._token):
            raise _unauthorized("the token is wrong", f'{CHALLENGE}, error="invalid_token"')


def admin_only(settings: Settings) -> AdminOnly:
    """The dependency of all routes that change something: `Depends(admin_only(settings))`."""
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
