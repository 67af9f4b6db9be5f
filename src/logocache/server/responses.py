"""A logo as a response: hit, stale or placeholder, for how long, and as HTTP (RFC 9110, 9111). Pure."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import Enum, auto
from typing import assert_never

from logocache.model import LogoRecord, Status
from logocache.server.memory import CachedBody, CachedRecord
from logocache.server.negotiation import SCHEME
from logocache.server.requests import CacheState, Fallback, LogoRequest, LogoResponse

ENTITY_TAG = re.compile(r'(?P<weak>W/)?(?P<tag>"[\x21\x23-\x7e\x80-\xff]*")')
"""RFC 9110 8.8.3. The quoted part may contain commas."""
SEPARATOR = re.compile(r"[ \t]*(?:,[ \t]*)+|[ \t]*$")
"""Empty elements of a list are allowed (RFC 9110 5.6.1)."""


class Precondition(Enum):
    PROCEED = auto()
    NOT_MODIFIED = auto()
    """HttpResponse 304."""
    FAILED = auto()
    """HttpResponse 412."""


def evaluate(etag: str, *, if_match: str | None, if_none_match: str | None) -> Precondition:
    """Evaluate a request's preconditions for a representation with this strong `etag` (RFC 9110 13.2.2).

    A malformed field counts as absent.
    """
    wanted = parse(if_match) if if_match is not None else None
    if wanted is not None and not matches_strongly(etag, wanted):
        return Precondition.FAILED
    held = parse(if_none_match) if if_none_match is not None else None
    if held is not None and matches_weakly(etag, held):
        return Precondition.NOT_MODIFIED
    return Precondition.PROCEED


def parse(field: str) -> tuple[str, ...] | None:
    """The entity tags of a field, weak ones with their `W/`; `("*",)` for any; None if malformed."""
    text = field.strip(" \t,")
    if text == "*":
        return ("*",)
    tags = []
    position = 0
    while position < len(text):
        found = ENTITY_TAG.match(text, position)
        gap = SEPARATOR.match(text, found.end()) if found is not None else None
        if found is None or gap is None:
            return None
        tags.append(found.group())
        position = gap.end()
    return tuple(tags) or None


def matches_strongly(etag: str, tags: tuple[str, ...]) -> bool:
    """Strong comparison (RFC 9110 8.8.3.2): a weak tag matches nothing."""
    return tags == ("*",) or etag in tags


def matches_weakly(etag: str, tags: tuple[str, ...]) -> bool:
    """Weak comparison (RFC 9110 8.8.3.2): `W/` is ignored."""
    return tags == ("*",) or etag in {tag.removeprefix("W/") for tag in tags}


Headers = tuple[tuple[bytes, bytes], ...]

ANY = "*"
PREFLIGHT_SECONDS = 86400
EXPOSED = (b"access-control-expose-headers", b"ETag, X-Cache, X-Request-Id")


class Cors:
    """CORS headers (Fetch standard) for the origins of LOGO_CACHE_CORS_ORIGINS; `*` is any origin."""

    def __init__(self, origins: Sequence[str]) -> None:
        self._origins = frozenset(origin.rstrip("/").lower() for origin in origins)

    def headers(self, origin: str | None) -> Headers:
        """The headers of a response to a request with this Origin."""
        if ANY in self._origins:
            return ((b"access-control-allow-origin", b"*"), EXPOSED)
        if not self._origins:
            return ()
        vary: Headers = ((b"vary", b"Origin"),)
        if origin is None or origin.lower() not in self._origins:
            return vary
        return (*vary, (b"access-control-allow-origin", origin.encode("latin-1")), EXPOSED)

    def preflight(self, origin: str | None) -> Headers:
        """The headers of a response to OPTIONS: logos can only be read."""
        headers = self.headers(origin)
        if not any(name == b"access-control-allow-origin" for name, _ in headers):
            return headers
        return (
            *headers,
            (b"access-control-allow-methods", b"GET, HEAD"),
            (b"access-control-allow-headers", b"If-None-Match, If-Match, X-Request-Id"),
            (b"access-control-max-age", str(PREFLIGHT_SECONDS).encode()),
        )


def with_vary(headers: Headers, names: tuple[str, ...]) -> Headers:
    """The headers, whose `Vary` names these fields, too; a client hint is asked for (RFC 8942)."""
    if not names:
        return headers
    others = tuple(header for header in headers if header[0] != b"vary")
    told = [value for name, value in headers if name == b"vary"]
    hints = tuple((b"accept-ch", name.encode("ascii")) for name in names if name == SCHEME)
    return (*others, (b"vary", b", ".join([*told, *(name.encode("ascii") for name in names)])), *hints)


YEAR = 31_536_000
"""In seconds."""
STALE_SECONDS = 604_800
"""How long clients may use a stale logo while they revalidate it, or while we are down (RFC 5861)."""

SAFETY: Headers = (
    (b"x-content-type-options", b"nosniff"),
    (b"content-security-policy", b"default-src 'none'; sandbox"),
    (b"cross-origin-resource-policy", b"cross-origin"),
)
"""No browser runs the bytes, whatever they are; pages of other sites may show them."""


@dataclass(frozen=True, slots=True)
class HttpResponse:
    status: int
    headers: Headers
    body: bytes


def http_response_of(
    response: LogoResponse, *, method: str, headers: Mapping[bytes, bytes], cors: Headers
) -> HttpResponse:
    """The response to a request with these `headers`, whose names are in lower case."""
    body = response.body
    state = ((b"cache-control", _cache_control(response)), (b"x-cache", response.state.encode("ascii")))
    match _precondition(body.etag, headers):
        case Precondition.PROCEED:
            content = b"" if method == "HEAD" else body.content
            return HttpResponse(200, (*body.headers, *state, *SAFETY, *cors), content)
        case Precondition.NOT_MODIFIED:
            # RFC 9110 15.4.5: the headers of a 200 without those of the content.
            return HttpResponse(304, ((b"etag", body.etag.encode("ascii")), *state, *SAFETY, *cors), b"")
        case Precondition.FAILED:
            return HttpResponse(412, ((b"content-length", b"0"), (b"cache-control", b"no-store"), *cors), b"")
        case unexpected:
            assert_never(unexpected)


def _precondition(etag: str, headers: Mapping[bytes, bytes]) -> Precondition:
    if_match, if_none_match = headers.get(b"if-match"), headers.get(b"if-none-match")
    if if_match is None and if_none_match is None:
        return Precondition.PROCEED
    return evaluate(
        etag,
        if_match=if_match.decode("latin-1") if if_match is not None else None,
        if_none_match=if_none_match.decode("latin-1") if if_none_match is not None else None,
    )


def _cache_control(response: LogoResponse) -> bytes:
    if response.is_immutable:
        return f"public, max-age={YEAR}, immutable".encode("ascii")
    if response.state is CacheState.PLACEHOLDER:
        return f"public, max-age={response.max_age}".encode("ascii")
    late = f"stale-while-revalidate={STALE_SECONDS}, stale-if-error={STALE_SECONDS}"
    return f"public, max-age={response.max_age}, {late}".encode("ascii")


LONGEST_AGE = 86_400
SHORTEST_AGE = 60
"""Bounds of a logo's max-age, in seconds, which is otherwise the rest of its freshness."""
PLACEHOLDER_AGE = 300

LASTING = 1.0
"""Seconds for which a hit counts as lasting at most."""


@dataclass(frozen=True, slots=True)
class LastingHit:
    """A response from memory that stays true for `seconds`, while `name` has the record `cached`."""

    response: LogoResponse
    key: str
    name: str | None
    cached: CachedRecord | None
    """Both None for a file, whose content never changes."""
    seconds: float


def stored_response(
    request: LogoRequest, cached: CachedRecord, record: LogoRecord, body: CachedBody, now: float
) -> LogoResponse | None:
    if record.status is Status.PLACEHOLDER:
        if request.fallback is Fallback.NOT_FOUND:
            return None
        return LogoResponse(body=body, state=CacheState.PLACEHOLDER, max_age=PLACEHOLDER_AGE)
    if cached.stale_at <= now:
        return LogoResponse(body=body, state=CacheState.STALE, max_age=SHORTEST_AGE)
    return LogoResponse(body=body, state=CacheState.HIT, max_age=age(cached.stale_at - now))


def lasting_seconds(response: LogoResponse, cached: CachedRecord, now: float) -> float:
    """Seconds, up to `LASTING`, for which a stored response stays the same; none if not above 0."""
    seconds = min(LASTING, cached.due_at - now)
    if response.state is CacheState.HIT:
        seconds = min(seconds, cached.stale_at - now)
        if SHORTEST_AGE < response.max_age < LONGEST_AGE:
            seconds = min(seconds, (cached.stale_at - now) % 1)  # then max-age is a second less
    return seconds


def immutable_response(body: CachedBody) -> LogoResponse:
    return LogoResponse(body=body, state=CacheState.HIT, max_age=0, is_immutable=True)


def age(seconds_fresh: float) -> int:
    return int(min(max(seconds_fresh, SHORTEST_AGE), LONGEST_AGE))
