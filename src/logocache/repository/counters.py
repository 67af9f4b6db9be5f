"""Named sums."""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime

from sqlalchemy import Connection, select, text

from logocache.model import FetchAttempt, OutcomeKind
from logocache.repository.tables import COUNTER, COUNTER_LENGTH
from logocache.repository.texts import identifier

REQUESTS = "requests:"
NAMES = ("hits", "misses", "stale", "evictions")

_ADD = text(
    "INSERT INTO counter (name, value) VALUES (:name, :amount)"
    " ON CONFLICT (name) DO UPDATE SET value = counter.value + excluded.value"
)


def add_to_counters(connection: Connection, amounts: Mapping[str, int]) -> None:
    """Add to the named counters; one that is not there yet starts at its amount."""
    rows = [
        {"name": identifier(name, COUNTER_LENGTH), "amount": amount}
        for name, amount in sorted(amounts.items())
        if amount
    ]
    if rows:
        connection.execute(_ADD, rows)


def requests_made(attempts: Iterable[FetchAttempt]) -> dict[str, int]:
    """Counter → how many of the attempts asked that provider in that month (of UTC)."""
    amounts: dict[str, int] = {}
    for attempt in attempts:
        if attempt.outcome is not OutcomeKind.NOT_ASKED:
            name = _requests_name(attempt.provider, attempt.at)
            amounts[name] = amounts.get(name, 0) + 1
    return amounts


def read_counters(connection: Connection, *, now: datetime) -> tuple[dict[str, int], dict[str, int]]:
    """All plain counters, and the requests in the month of `now` by provider."""
    rows = connection.execute(select(COUNTER.c.name, COUNTER.c.value).order_by(COUNTER.c.name)).all()
    suffix = _requests_name("", now).removeprefix(REQUESTS)
    plain = dict.fromkeys(NAMES, 0)
    requests: dict[str, int] = {}
    for name, value in rows:
        if not name.startswith(REQUESTS):
            plain[name] = value
        elif name.endswith(suffix):
            requests[name.removeprefix(REQUESTS).removesuffix(suffix)] = value
    return plain, requests


def _requests_name(provider: str, at: datetime) -> str:
    return f"{REQUESTS}{provider}:{at.astimezone(UTC):%Y-%m}"
