"""Totals of entries and files, kept by each transaction that changes them, and counters."""

import operator
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import NamedTuple

from sqlalchemy import Connection, ScalarSelect, and_, delete, false, func, literal, select, text, true

from logocache.model import FetchAttempt, OutcomeKind, Status
from logocache.repository.filters import Condition, DueFilter, RecordFilter, among, is_due, stale
from logocache.repository.leases import Leases
from logocache.repository.tables import (
    COUNTER,
    COUNTER_LENGTH,
    LOGO,
    REPLACED,
    TOTAL,
    TOTAL_SIZE,
    identifier,
)

REQUESTS = "requests:"
NAMES = ("hits", "misses", "stale", "evictions")
GENERATION = "generation"
"""Counter of transactions that changed results of look-ups."""

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
    """Add to the named counters, and create missing ones."""
    rows = [
        {"name": identifier(name, COUNTER_LENGTH), "amount": amount}
        for name, amount in sorted(amounts.items())
        if amount
    ]
    if rows:
        connection.execute(_ADD, rows)


def advance_generation(connection: Connection) -> None:
    """Signal other processes, with the commit of this transaction, that entries changed.

    Writers are exclusive until their commit: no number is visible before its change, and no two changes
    share one.
    """
    add_to_counters(connection, {GENERATION: 1})


def read_generation(connection: Connection) -> int:
    """Return the generation; 0 before the first change."""
    query = select(COUNTER.c.value).where(COUNTER.c.name == GENERATION)
    return connection.execute(query).scalar_one_or_none() or 0


def requests_made(attempts: Iterable[FetchAttempt]) -> dict[str, int]:
    """Count the attempts that sent a request, by counter of their provider and month (UTC)."""
    amounts: dict[str, int] = {}
    for attempt in attempts:
        if attempt.outcome is not OutcomeKind.NOT_ASKED:
            name = _requests_name(attempt.provider, attempt.at)
            amounts[name] = amounts.get(name, 0) + 1
    return amounts


def read_counters(connection: Connection, *, now: datetime) -> tuple[dict[str, int], dict[str, int]]:
    """Return the plain counters, and the requests in the month of `now` by provider."""
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


class Sums(NamedTuple):
    """Sums over one group of entries, or over all replaced files."""

    entries: int
    bytes: int
    failing: int = 0
    errors: int = 0

    def __str__(self) -> str:
        return ", ".join(f"{number} {name}" for name, number in self._asdict().items())


Group = tuple[str, str, str]
"""Status, provider ("": none) and category."""

REPLACED_FILES: Group = ("replaced", "", "")
NOTHING = Sums(0, 0)
FETCHED = (Status.CACHED, Status.PLACEHOLDER)
_GROUP = (LOGO.c.status, func.coalesce(LOGO.c.provider, ""), LOGO.c.category)
_ADD_TO_TOTAL = text(
    "INSERT INTO total (status, provider, category, entries, bytes, failing, errors)"
    " VALUES (:status, :provider, :category, :entries, :bytes, :failing, :errors)"
    " ON CONFLICT (status, provider, category) DO UPDATE SET"
    " entries = total.entries + excluded.entries, bytes = total.bytes + excluded.bytes,"
    " failing = total.failing + excluded.failing, errors = total.errors + excluded.errors"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupTotal:
    """Entries and bytes of one group."""

    name: str
    entries: int
    bytes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Totals:
    """Totals for `stats`: kept ones, and counts of ranges of an index."""

    entries: int
    files: int
    bytes: int
    """Of current files."""
    replaced_files: int
    replaced_bytes: int
    by_status: tuple[GroupTotal, ...]
    by_provider: tuple[GroupTotal, ...]
    by_category: tuple[GroupTotal, ...]
    due: int
    stale: int
    """Real logos last fetched or confirmed at or before `stale_before`; 0 if that was not given."""
    failing: int
    errors: int
    """Failing entries with our own failure (outcome `error`)."""
    leased: int
    oldest_fetched_at: datetime | None
    newest_fetched_at: datetime | None
    counters: Mapping[str, int]
    """`hits`, `misses`, `stale`, `evictions`."""
    provider_requests: Mapping[str, int]
    """Requests this month, by provider."""


def totals(connection: Connection, leases: Leases, *, now: datetime, stale_before: datetime | None) -> Totals:
    """Return all totals. `due` excludes leased entries, as `due_keys` does."""
    kept = kept_sums(connection)
    replaced = kept.pop(REPLACED_FILES, NOTHING)
    due = and_(is_due(DueFilter(now=now)), leases.free(connection, now=now))
    oldest, newest = (
        [
            select(end(LOGO.c.fetched_at)).where(LOGO.c.status == status).scalar_subquery()
            for status in FETCHED
        ]
        for end in (func.min, func.max)
    )
    figures = connection.execute(
        select(
            # Each is one range of ix_logo_due.
            _count(LOGO.c.has_file == false(), due) + _count(LOGO.c.has_file == true(), due),
            # By far the longest range, if most logos are older.
            _count(stale(stale_before)) if stale_before is not None else literal(0),
            _count(leases.held(connection, now=now)),
            *oldest,
            *newest,
        )
    ).one()
    due_count, stale_count, leased, *times = figures
    plain, requests = read_counters(connection, now=now)
    return Totals(
        entries=sum(sums.entries for sums in kept.values()),
        files=sum(sums.entries for (status, _, _), sums in kept.items() if status != Status.PENDING),
        bytes=sum(sums.bytes for sums in kept.values()),
        replaced_files=replaced.entries,
        replaced_bytes=replaced.bytes,
        by_status=_by(0, kept),
        by_provider=_by(1, kept),
        by_category=_by(2, kept),
        due=due_count,
        stale=stale_count,
        failing=sum(sums.failing for sums in kept.values()),
        errors=sum(sums.errors for sums in kept.values()),
        leased=leased,
        oldest_fetched_at=min(filter(None, times), default=None),
        newest_fetched_at=max(filter(None, times), default=None),
        counters=plain,
        provider_requests=requests,
    )


@contextmanager
def keeping_totals(
    connection: Connection, keys: Collection[str], names: Collection[str] = ()
) -> Iterator[None]:
    """Add to the kept totals what the block changes of the entries `keys` and the replaced files `names`.

    Writers are exclusive: what is read before and after the block differs by the block alone.
    """
    entries, files = (
        (among(LOGO.c.key, keys) if keys else None),
        (among(REPLACED.c.name, names) if names else None),
    )
    before = _counted(connection, entries, files)
    yield
    after = _counted(connection, entries, files)
    changes = {
        group: Sums(*map(operator.sub, after.get(group, NOTHING), before.get(group, NOTHING)))
        for group in before.keys() | after.keys()
    }
    _add(connection, changes)


def kept_sums(connection: Connection) -> dict[Group, Sums]:
    """Return the kept totals by group, without empty ones."""
    rows = connection.execute(select(TOTAL).where(TOTAL.c.entries != 0))
    return {(status, provider, category): Sums(*sums) for status, provider, category, *sums in rows}


def kept_count(connection: Connection, where: RecordFilter) -> int | None:
    """Return the number of entries that match, if the kept totals know it: all conditions are of groups."""
    providers = None if where.providers is None else {*where.providers} - {""}
    groups = (where.statuses, providers, where.categories)
    if not where.is_of_groups:
        return None
    kept = kept_sums(connection)
    kept.pop(REPLACED_FILES, None)
    return sum(
        sums.entries
        for group, sums in kept.items()
        if all(wanted is None or value in wanted for value, wanted in zip(group, groups, strict=True))
    )


def wrong_totals(connection: Connection) -> Sequence[str]:
    """Compare the kept totals with a count from scratch; describe each difference in a line."""
    kept, counted = kept_sums(connection), _counted(connection, true(), true())
    return [
        f"{' '.join(filter(None, group))}: {was} are kept, {found} counted"
        for group in sorted(kept.keys() | counted.keys())
        if (was := kept.get(group, NOTHING)) != (found := counted.get(group, NOTHING))
    ]


def recount(connection: Connection) -> None:
    """Replace the kept totals by a count from scratch."""
    connection.execute(delete(TOTAL))
    _add(connection, _counted(connection, true(), true()))


def _add(connection: Connection, changes: Mapping[Group, Sums]) -> None:
    rows = [
        {"status": status, "provider": provider, "category": category, **sums._asdict()}
        for (status, provider, category), sums in sorted(changes.items())
        if any(sums)
    ]
    if rows:
        connection.execute(_ADD_TO_TOTAL, rows)


def _counted(connection: Connection, entries: Condition | None, files: Condition | None) -> dict[Group, Sums]:
    """Count these entries and these replaced files; None: none."""
    fails = LOGO.c.failure_count > 0
    size = (func.count(), func.coalesce(func.sum(TOTAL_SIZE), 0))
    trouble = (
        func.count().filter(fails),
        func.count().filter(fails, LOGO.c.last_outcome == OutcomeKind.ERROR),
    )
    found: dict[Group, Sums] = {}
    if entries is not None:
        query = select(*_GROUP, *size, *trouble).where(entries).group_by(*_GROUP)
        for status, provider, category, *sums in connection.execute(query):
            found[status, provider, category] = Sums(*map(int, sums))
    if files is not None:
        query = select(func.count(), func.coalesce(func.sum(REPLACED.c.size), 0)).where(files)
        found[REPLACED_FILES] = Sums(*map(int, connection.execute(query).one()))
    return found


def _by(position: int, kept: Mapping[Group, Sums]) -> tuple[GroupTotal, ...]:
    """Sums by status, provider or category, sorted; entries without a provider are left out."""
    found: dict[str, GroupTotal] = {}
    for group, sums in kept.items():
        if name := group[position]:
            before = found.get(name, GroupTotal(name=name, entries=0, bytes=0))
            found[name] = replace(
                before, entries=before.entries + sums.entries, bytes=before.bytes + sums.bytes
            )
    return tuple(found[name] for name in sorted(found))


def _count(*conditions: Condition) -> ScalarSelect[int]:
    return select(func.count()).where(*conditions).scalar_subquery()
