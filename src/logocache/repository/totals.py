"""What `stats` needs, in four statements; each of them is consistent in itself."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, ScalarSelect, func, select, true

from logocache.model import Status
from logocache.ports.repository import DueFilter, GroupTotal, Totals
from logocache.repository.counters import read_counters
from logocache.repository.selection import Condition, due_and_free, failing, leased, stale
from logocache.repository.tables import LOGO, REPLACED


def totals(connection: Connection, *, now: datetime, stale_before: datetime) -> Totals:
    """See the port. `due` leaves out what is leased, as `due_keys` does."""
    groups = _groups(connection)
    files, size = connection.execute(select(func.count(), func.sum(REPLACED.c.size))).one()
    figures = select(
        _count(due_and_free(DueFilter(now=now))).label("due"),
        _count(stale(stale_before)).label("stale"),
        _count(failing()).label("failing"),
        _count(leased(now)).label("leased"),
        select(func.min(LOGO.c.fetched_at)).where(_HAS_FILE).scalar_subquery().label("oldest_fetched_at"),
        select(func.max(LOGO.c.fetched_at)).where(_HAS_FILE).scalar_subquery().label("newest_fetched_at"),
    )
    plain, requests = read_counters(connection, now=now)
    return Totals(
        entries=sum(group.entries for group in groups),
        files=sum(group.entries for group in groups if group.status is not Status.PENDING),
        bytes=sum(group.bytes for group in groups),
        replaced_files=files,
        replaced_bytes=int(size or 0),
        by_status=_added_up(groups, lambda group: group.status.value),
        by_provider=_added_up(groups, lambda group: group.provider),
        by_category=_added_up(groups, lambda group: group.category),
        **connection.execute(figures).mappings().one(),
        counters=plain,
        provider_requests=requests,
    )


_HAS_FILE: Condition = LOGO.c.has_file == true()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Group:
    status: Status
    provider: str | None
    category: str
    entries: int
    bytes: int


def _groups(connection: Connection) -> Sequence[_Group]:
    """Read once, from an index that holds all of it, so that the sums of all kinds agree."""
    by = (LOGO.c.status, LOGO.c.provider, LOGO.c.category)
    rows = connection.execute(select(*by, func.count(), func.sum(LOGO.c.size)).group_by(*by))
    return [
        _Group(status=status, provider=provider, category=category, entries=entries, bytes=int(size or 0))
        for status, provider, category, entries, size in rows
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


def _count(condition: Condition) -> ScalarSelect[int]:
    return select(func.count()).where(condition).scalar_subquery()
