"""What `stats` needs, in four statements; each of them is consistent in itself."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, ScalarSelect, and_, false, func, select, true

from logocache.model import OutcomeKind, Status
from logocache.repository.counters import read_counters
from logocache.repository.filters import Condition, DueFilter, failing, is_due, stale
from logocache.repository.leases import Leases
from logocache.repository.tables import LOGO, REPLACED


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupTotal:
    """Entries and bytes of one group."""

    name: str
    entries: int
    bytes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Totals:
    """What `stats` needs, counted by the database."""

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
    """Real logos last obtained or confirmed at or before `stale_before`."""
    failing: int
    errors: int
    """Failing ones at which we failed ourselves (outcome `error`)."""
    leased: int
    oldest_fetched_at: datetime | None
    newest_fetched_at: datetime | None
    counters: Mapping[str, int]
    """`hits`, `misses`, `stale`, `evictions`."""
    provider_requests: Mapping[str, int]
    """Requests this month, by provider."""


def totals(connection: Connection, leases: Leases, *, now: datetime, stale_before: datetime) -> Totals:
    """All figures. `due` leaves out what is leased, as `due_keys` does."""
    groups = _groups(connection)
    with_files = [group for group in groups if group.status is not Status.PENDING]
    files, size = connection.execute(select(func.count(), func.sum(REPLACED.c.size))).one()
    due = and_(is_due(DueFilter(now=now)), leases.free(connection, now=now))
    figures = select(
        # One by one, each is a range of ix_logo_due.
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
    """When files of the group were last obtained or confirmed."""


def _groups(connection: Connection) -> Sequence[_Group]:
    """Read once, from an index that holds all of it, so that the sums of all kinds agree."""
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
    """In order of name; groups without one (entries that no provider gave a logo) are left out."""
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
