"""What an HTTP answer means. Pure."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from http import HTTPStatus

from logocache.fetcher.retry import retry_at
from logocache.model import OutcomeKind

FOLLOWED = frozenset(
    {
        HTTPStatus.MOVED_PERMANENTLY,
        HTTPStatus.FOUND,
        HTTPStatus.SEE_OTHER,
        HTTPStatus.TEMPORARY_REDIRECT,
        HTTPStatus.PERMANENT_REDIRECT,
    }
)
"""The redirects that name one new address (RFC 9110 15.4)."""

EMPTY = frozenset({HTTPStatus.NO_CONTENT, HTTPStatus.RESET_CONTENT})
GONE = frozenset({HTTPStatus.NOT_FOUND, HTTPStatus.GONE})
CAN_HEAL = frozenset({HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.TOO_EARLY})

LONGEST_VALIDATOR = 1000
"""Characters of an ETag or Last-Modified that are kept; longer ones are no use to anyone."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What an answer means; a FOUND one still has to be read."""

    kind: OutcomeKind
    reason: str = ""
    retry_at: datetime | None = None


def judged(
    status: int,
    *,
    retry_after: str | None,
    is_conditional: bool,
    misconfigured: Collection[int],
    now: datetime,
) -> Verdict:
    """The meaning of an answer that is not followed as a redirect.

    `is_conditional`: validators were sent. `misconfigured`: the statuses by which this provider
    rejects credentials; they come before every other rule.
    """
    if status in misconfigured:
        return Verdict(
            kind=OutcomeKind.MISCONFIGURED, reason=f"HTTP {status}: the provider rejects our credentials"
        )
    if status == HTTPStatus.PARTIAL_CONTENT:
        return Verdict(kind=OutcomeKind.TRANSIENT, reason="HTTP 206: a part, though all was asked for")
    if status in EMPTY:
        return Verdict(kind=OutcomeKind.NOT_FOUND, reason=f"HTTP {status}: empty")
    if 200 <= status < 300:  # noqa: PLR2004  # the class "successful" of RFC 9110 15.3
        return Verdict(kind=OutcomeKind.FOUND)
    if status == HTTPStatus.NOT_MODIFIED and is_conditional:
        return Verdict(kind=OutcomeKind.UNCHANGED)
    if status in GONE:
        return Verdict(kind=OutcomeKind.NOT_FOUND, reason=f"HTTP {status}")
    return failed(status, at=retry_at(retry_after, now=now))


def failed(status: int, *, at: datetime | None) -> Verdict:
    """The meaning of a status that brings neither a body nor a miss; `at` is its Retry-After."""
    reason = f"HTTP {status}"
    throttled = Verdict(kind=OutcomeKind.THROTTLED, reason=reason, retry_at=at)
    if status == HTTPStatus.TOO_MANY_REQUESTS:
        return throttled
    if status == HTTPStatus.SERVICE_UNAVAILABLE and at is not None:
        return throttled
    if status == HTTPStatus.NOT_MODIFIED:
        return Verdict(kind=OutcomeKind.TRANSIENT, reason=f"{reason}, though nothing was asked conditionally")
    if 300 <= status < 400:  # noqa: PLR2004  # the class "redirection" of RFC 9110 15.4
        return Verdict(kind=OutcomeKind.REFUSED, reason=f"{reason}: a redirect that cannot be followed")
    if status < 300 or 500 <= status < 600 or status in CAN_HEAL:  # noqa: PLR2004  # as above, 15.2 and 15.6
        return Verdict(kind=OutcomeKind.TRANSIENT, reason=reason)
    return Verdict(kind=OutcomeKind.BLOCKED, reason=reason)  # 4xx, and made-up ones such as 999


def validator(value: str | None) -> str | None:
    """An ETag or Last-Modified that can be kept and sent back as it is; None otherwise."""
    if not value or len(value) > LONGEST_VALIDATOR or not (value.isascii() and value.isprintable()):
        return None
    return value
