"""Bringing a repository into the state that a test starts from, through its own port."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from harness.factories import DAY, NOW, make_cached, make_file, make_integration
from logocache.model import FetchAttempt, Integration, LogoRecord, Outcome, OutcomeKind, ReplacedFile
from logocache.repository import Repository
from logocache.repository.filters import DueFilter
from logocache.repository.mapping import SavedFetch

HOUR = timedelta(hours=1)


FULL = make_cached(
    "shopify",
    licence="CC0-1.0",
    attribution="Simple Icons",
    etag='W/"1"',
    last_modified="Sun, 22 Nov 2026 12:00:00 GMT",
    candidates_digest="ab" * 32,
    fetched_at=NOW + timedelta(microseconds=1),
    checked_at=NOW + timedelta(microseconds=999_999),
    next_attempt_at=NOW + 7 * DAY,
    fetch_count=3,
    failure_count=2**40,
    last_outcome=OutcomeKind.UNCHANGED,
    last_error="earlier: timed out",
    source_gone_at=NOW - DAY,
)
"""An entry with a value in every column that saving writes."""


def known(repository: Repository, *keys: str, now: datetime = NOW) -> None:
    """Entries that nobody has fetched yet."""
    repository.register([make_integration(key) for key in keys], now=now)


def store(repository: Repository, *records: LogoRecord) -> None:
    """Make entries known as `records` has them, and save what was fetched for them."""
    repository.register([integration_of(record) for record in records], now=records[0].created_at)
    with repository.unit() as unit:
        unit.save([fetch_of(record) for record in records])


def integration_of(record: LogoRecord) -> Integration:
    return make_integration(
        record.key,
        name=record.name,
        domain=record.domain,
        category=record.category,
        origin=record.origin,
        pinned=record.pinned,
    )


def fetch_of(
    record: LogoRecord,
    *,
    attempts: Iterable[FetchAttempt] = (),
    replaced: ReplacedFile | None = None,
    kind: OutcomeKind = OutcomeKind.FOUND,
) -> SavedFetch:
    outcome = Outcome(kind=kind, next_attempt_at=record.next_attempt_at or NOW)
    return SavedFetch(
        record=record, outcome=outcome, attempts=tuple(attempts), replaced=(replaced,) if replaced else ()
    )


def save(repository: Repository, *fetches: SavedFetch) -> None:
    with repository.unit() as unit:
        unit.save(fetches)


def make_attempt(key: str = "shopify", *, at: datetime = NOW, **facts: Any) -> FetchAttempt:
    """`Any`: forwards to the dataclass, which checks the names."""
    attempt = FetchAttempt(
        key=key,
        provider="site",
        url=f"https://{key}.test/icon.png",
        at=at,
        duration=0.25,
        outcome=OutcomeKind.FOUND,
        status=200,
        bytes=1234,
    )
    return replace(attempt, **facts)


def make_replaced(key: str = "shopify", *, content: bytes = b"old", days: float = 7) -> ReplacedFile:
    file = make_file(key, content=content)
    return ReplacedFile(
        name=file.name, key=key, size=file.size, sha256=file.sha256, delete_after=NOW + days * DAY
    )


def claim(
    repository: Repository, keys: Sequence[str], *, now: datetime = NOW, due: DueFilter | None = None
) -> list[str]:
    """The keys that were got."""
    return [record.key for record in claimed(repository, keys, now=now, due=due)]


def claimed(
    repository: Repository, keys: Sequence[str], *, now: datetime = NOW, due: DueFilter | None = None
) -> list[LogoRecord]:
    """The entries that were got."""
    return list(repository.claim(keys, now=now, due=due or DueFilter(now=now)))


def due_keys(repository: Repository, *, limit: int | None = None, **facts: Any) -> list[str]:
    """`Any`: forwards to the filter, which checks the names."""
    return list(repository.due_keys(DueFilter(**({"now": NOW} | facts)), limit=limit))
