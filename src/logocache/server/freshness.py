"""What a stored logo is to its requester now: hit, stale or placeholder, and for how long. Pure."""

from dataclasses import dataclass

from logocache.model import LogoRecord, Status
from logocache.server.memory import CachedBody, CachedRecord
from logocache.server.requests import CacheState, Fallback, LogoRequest, LogoResponse

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


def immutable_response(body: CachedBody) -> LogoResponse:
    return LogoResponse(body=body, state=CacheState.HIT, max_age=0, is_immutable=True)


def age(seconds_fresh: float) -> int:
    return int(min(max(seconds_fresh, SHORTEST_AGE), LONGEST_AGE))
