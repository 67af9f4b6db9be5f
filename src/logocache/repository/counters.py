"""Named sums. The generation is one of them, but not for people: figures leave it out."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import Connection, select, text

from logocache.model import FetchAttempt, OutcomeKind
from logocache.repository.tables import COUNTER, COUNTER_LENGTH
from logocache.repository.texts import identifier

REQUESTS = "requests:"
NAMES = ("hits", "misses", "stale", "evictions")
GENERATION = "generation"
"""Counts the transactions that changed what a look-up may answer."""

_ADD = text(
    "INSERT INTO counter (name, value) VALUES (:name, :amount)"
    " ON CONFLICT (name) DO UPDATE SET value = counter.value + excluded.value"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Access:
    """Hits on one entry since the last flush."""

    count: int
    last_at: datetime


def add_to_counters(connection: Connection, amounts: Mapping[str, int]) -> None:
    """Add to the named counters; one that is not there yet starts at its amount."""
    rows = [
        {"name": identifier(name, COUNTER_LENGTH), "amount": amount}
        for name, amount in sorted(amounts.items())
        if amount
    ]
    if rows:
        connection.execute(_ADD, rows)


def advance_generation(connection: Connection) -> None:
    """Tell other processes, once this transaction is committed, that entries changed.

    Writers take turns until they have committed: nobody sees a number before its change, and no two
    changes share one.
    """
    add_to_counters(connection, {GENERATION: 1})


def read_generation(connection: Connection) -> int:
    """0 before anything changed."""
    query = select(COUNTER.c.value).where(COUNTER.c.name == GENERATION)
    return connection.execute(query).scalar_one_or_none() or 0


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
    figures = select(COUNTER.c.name, COUNTER.c.value).where(COUNTER.c.name != GENERATION)
    rows = connection.execute(figures.order_by(COUNTER.c.name)).all()
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
