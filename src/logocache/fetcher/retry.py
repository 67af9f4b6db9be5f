"""What can heal within a run, and how long to wait for it. Pure: randomness and time are passed in."""

from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

from logocache.model import Answer, OutcomeKind

FIRST_WAIT = 0.5
"""Seconds; doubles with each try."""

LONGEST_WAIT = 8.0
"""Seconds between two tries."""

LONGEST_THROTTLE = 5.0
"""Seconds that a worker sleeps because a server asks it to; a longer wait is for the next run."""

LONGEST_RETRY_AFTER = timedelta(days=7)
"""Whoever asks for more is mistaken, or wants to be forgotten."""


def wait_before(attempt: int, *, random: float) -> float:
    """Seconds before the retry number `attempt` (from 1): exponential, with full jitter.

    `random` is between 0 and 1. "Full jitter" as in
    https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/
    """
    return random * min(LONGEST_WAIT, FIRST_WAIT * 2.0 ** (attempt - 1))


def wait_after(answer: Answer, attempt: int, *, random: float, now: datetime) -> float | None:
    """Seconds to wait before asking again; None when asking again in this run cannot help."""
    if answer.kind is OutcomeKind.TRANSIENT:
        return wait_before(attempt, random=random)
    if answer.kind is OutcomeKind.THROTTLED and answer.retry_at is not None:
        wait = max(0.0, (answer.retry_at - now).total_seconds())
        return wait if wait <= LONGEST_THROTTLE else None
    return None


def retry_at(value: str | None, *, now: datetime) -> datetime | None:
    """The moment that a Retry-After field names (RFC 9110 10.2.3), from `now` to seven days later.

    None when there is no field, or it is neither a number of seconds nor an HTTP date.
    """
    value = (value or "").strip()
    latest = now + LONGEST_RETRY_AFTER
    if value.isascii() and value.isdigit():
        seconds = int(value[:10])  # ten digits are far beyond the latest already
        return min(now + timedelta(seconds=min(seconds, LONGEST_RETRY_AFTER.total_seconds())), latest)
    moment = http_date(value)
    return None if moment is None else max(now, min(moment, latest))


def http_date(value: str) -> datetime | None:
    """A date in one of the three forms of RFC 9110 5.6.7; None for anything else."""
    try:
        moment = parsedate_to_datetime(value)
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None  # the parser promises ValueError, and has raised the others in some versions
