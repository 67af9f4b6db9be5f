"""Totals for `stats`, in four statements, each consistent in itself, and counters."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import Connection, ScalarSelect, and_, false, func, select, text, true

from logocache.model import FetchAttempt, OutcomeKind, Status
from logocache.repository.filters import Condition, DueFilter, failing, is_due, stale
from logocache.repository.leases import Leases
from logocache.repository.tables import COUNTER, COUNTER_LENGTH, LOGO, REPLACED, identifier

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


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupTotal:
    """Entries and bytes of one group."""

    name: str
    entries: int
    bytes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Totals:
    """Totals for `stats`, computed by the database."""

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
    """Real logos last fetched or confirmed at or before `stale_before`."""
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


def totals(connection: Connection, leases: Leases, *, now: datetime, stale_before: datetime) -> Totals:
    """Compute all totals. `due` excludes leased entries, as `due_keys` does."""
    groups = _groups(connection)
    with_files = [group for group in groups if group.status is not Status.PENDING]
    files, size = connection.execute(select(func.count(), func.sum(REPLACED.c.size))).one()
    due = and_(is_due(DueFilter(now=now)), leases.free(connection, now=now))
    figures = select(
        # Each is one range of ix_logo_due.
        (_count(LOGO.c.has_file == false(), due) + _count(LOGO.c.has_file == true(), due)).label("due"),
        _count(stale(stale_before)).label("stale"),
        _count(failing()).label("failing"),
        _count(failing(), LOGO.c.last_outcome == OutcomeKind.ERROR).label("errors"),
        _count(leases.held(connection, now=now)).label("leased"),
    )
    plain, requests = read_counters(connection, now=now)
    return Totals(
        entries=sum(group.entries for group in groups),
        files=sum(group.entries for group in with_files),
        bytes=sum(group.bytes for group in groups),
        replaced_files=files,
        replaced_bytes=int(size or 0),
        by_status=_added_up(groups, lambda group: group.status.value),
        by_provider=_added_up(groups, lambda group: group.provider),
        by_category=_added_up(groups, lambda group: group.category),
        **connection.execute(figures).mappings().one(),
        oldest_fetched_at=min((group.oldest for group in with_files if group.oldest), default=None),
        newest_fetched_at=max((group.newest for group in with_files if group.newest), default=None),
        counters=plain,
        provider_requests=requests,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Group:
    status: Status
    provider: str | None
    category: str
    entries: int
    bytes: int
    oldest: datetime | None
    newest: datetime | None
    """Times when files of the group were last fetched or confirmed."""


def _groups(connection: Connection) -> Sequence[_Group]:
    """Read all groups once, from a covering index, so that all sums agree."""
    by = (LOGO.c.status, LOGO.c.provider, LOGO.c.category)
    fetched_at = LOGO.c.fetched_at
    sums = (func.count(), func.sum(LOGO.c.size), func.min(fetched_at), func.max(fetched_at))
    return [
        _Group(
            status=status,
            provider=provider,
            category=category,
            entries=entries,
            bytes=int(size or 0),
            oldest=oldest,
            newest=newest,
        )
        for status, provider, category, entries, size, oldest, newest in connection.execute(
            select(*by, *sums).group_by(*by)
        )
    ]


def _added_up(groups: Sequence[_Group], name_of: Callable[[_Group], str | None]) -> tuple[GroupTotal, ...]:
    """Sums by name, sorted; groups without one (entries without a provider) are left out."""
    names = sorted({name for group in groups if (name := name_of(group)) is not None})
    return tuple(
        GroupTotal(
            name=name,
            entries=sum(group.entries for group in groups if name_of(group) == name),
            bytes=sum(group.bytes for group in groups if name_of(group) == name),
        )
        for name in names
    )


def _count(*conditions: Condition) -> ScalarSelect[int]:
    return select(func.count()).where(*conditions).scalar_subquery()
