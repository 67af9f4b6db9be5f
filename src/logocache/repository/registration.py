"""Registration of catalogue and on-demand entries. Catalogue rows are never deleted."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, Select, bindparam, delete, false, func, insert, not_, select, update

from logocache.model import Integration, Origin, Status
from logocache.repository import tables
from logocache.repository.database import Database
from logocache.repository.filters import Condition, among, folded
from logocache.repository.leases import Leases
from logocache.repository.mapping import NO_LEASE, Values
from logocache.repository.tables import AS_SOON_AS_POSSIBLE, ATTEMPT, LOGO, REPLACED, cleaned, identifier
from logocache.repository.totals import advance_generation, keeping_totals

MADE_ON_DEMAND = LOGO.c.origin == Origin.ON_DEMAND


def count(connection: Connection) -> int:
    return connection.execute(select(func.count()).select_from(LOGO).where(MADE_ON_DEMAND)).scalar_one()


def forget_oldest(
    connection: Connection, *, beyond: int, sparing: Collection[str], is_free: Condition
) -> Sequence[str]:
    """Delete on-demand entries `beyond` that number, least recently used first.

    Their attempts and replaced files are deleted with them. Pinned and leased ones and `sparing` stay.
    Returns the names of their files.
    """
    excess = count(connection) - beyond
    if excess <= 0:
        return ()
    oldest: Select[str, str | None, str | None, str | None] = (
        select(LOGO.c.key, LOGO.c.file_name, LOGO.c.svg_name, LOGO.c.dark_name)
        .where(MADE_ON_DEMAND, LOGO.c.pinned == false(), is_free, not_(among(LOGO.c.key, sparing)))
        .order_by(LOGO.c.used_at, LOGO.c.key)
        .limit(excess)
    )
    entries = connection.execute(oldest).all()
    keys = [key for key, *_ in entries]
    replaced = connection.execute(select(REPLACED.c.name).where(among(REPLACED.c.key, keys))).scalars().all()
    with keeping_totals(connection, keys, replaced):
        for table in (LOGO, ATTEMPT, REPLACED):
            connection.execute(delete(table).where(among(table.c.key, keys)))
    return [*(name for _, *names in entries for name in names if name is not None), *replaced]


ANOTHER_DOMAIN: Values = {
    **NO_LEASE,
    "next_attempt_at": AS_SOON_AS_POSSIBLE,
    "etag": None,
    "last_modified": None,
    "candidates_digest": None,
    "failure_count": 0,
    "last_outcome": None,
    "last_error": None,
    "source_gone_at": None,
}
"""Columns reset with a new domain. The logo stays until the new domain gives one; a process that
fetches from the old domain loses its lease, and cannot save its result."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Registration:
    """Result of registering integrations."""

    added: int
    changed: int
    forgotten_files: tuple[str, ...] = ()
    """Files of deleted on-demand entries: to be deleted unless an entry names them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Facts:
    """Facts of an entry set by registration."""

    key: str
    name: str
    domain: str
    category: str
    origin: Origin
    pinned: bool

    def values(self) -> Values:
        return {
            "name": self.name,
            "domain": self.domain,
            "category": self.category,
            "origin": self.origin,
            "pinned": self.pinned,
            "search_text": folded(self.key, self.name, self.domain),
            "name_folded": folded(self.name),
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class _Differences:
    new: tuple[_Facts, ...]
    changed: tuple[_Facts, ...]
    moved: tuple[_Facts, ...]
    """Changed, including their domain."""

    def __bool__(self) -> bool:
        return bool(self.new or self.changed or self.moved)


def register(
    database: Database,
    integrations: Iterable[Integration],
    *,
    now: datetime,
    leases: Leases,
    most_on_demand: int,
) -> Registration:
    """Add or update `integrations`; reads only if nothing changed.

    An on-demand entry becomes a catalogue entry if the catalogue names it, but never the other way
    round. On-demand entries beyond `most_on_demand` are deleted, but none of `integrations`. Raises
    ValueError for a key or domain that cannot be stored.
    """
    wanted = {integration.key: _facts_of(integration) for integration in integrations}
    with database.read() as connection:
        if not _differences(wanted, _known(connection, wanted)):
            return Registration(added=0, changed=0)
    with database.write() as connection:
        # Another process may have registered them since we read.
        found = _differences(wanted, _known(connection, wanted))
        with keeping_totals(connection, [facts.key for facts in (*found.new, *found.changed, *found.moved)]):
            _insert(connection, found.new, now)
            _update(connection, found.changed, {})
            _update(connection, found.moved, ANOTHER_DOMAIN)
        if found:
            advance_generation(connection)
        files: Sequence[str] = ()
        if any(facts.origin is Origin.ON_DEMAND for facts in found.new):
            is_free = leases.free(connection, now=now)
            files = forget_oldest(connection, beyond=most_on_demand, sparing=wanted, is_free=is_free)
    changed = len(found.changed) + len(found.moved)
    return Registration(added=len(found.new), changed=changed, forgotten_files=tuple(files))


def _facts_of(integration: Integration) -> _Facts:
    return _Facts(
        key=identifier(integration.key, tables.KEY_LENGTH),
        name=cleaned(integration.name, tables.NAME_LENGTH),
        domain=identifier(integration.domain, tables.DOMAIN_LENGTH),
        category=cleaned(integration.category, tables.CATEGORY_LENGTH),
        origin=integration.origin,
        pinned=integration.pinned,
    )


def _known(connection: Connection, keys: Collection[str]) -> Mapping[str, _Facts]:
    c = LOGO.c
    columns = (c.key, c.name, c.domain, c.category, c.origin, c.pinned)
    rows = connection.execute(select(*columns).where(among(c.key, keys))).mappings()
    return {row["key"]: _Facts(**row) for row in rows}


def _differences(wanted: Mapping[str, _Facts], known: Mapping[str, _Facts]) -> _Differences:
    new, changed, moved = [], [], []
    for key, facts in wanted.items():
        before = known.get(key)
        if before is None:
            new.append(facts)
        elif facts == before or facts.origin is Origin.ON_DEMAND:
            continue
        elif facts.domain == before.domain:
            changed.append(facts)
        else:
            moved.append(facts)
    return _Differences(new=tuple(new), changed=tuple(changed), moved=tuple(moved))


def _insert(connection: Connection, new: Iterable[_Facts], now: datetime) -> None:
    fresh: Values = {
        "created_at": now,
        "status": Status.PENDING,
        "next_attempt_at": AS_SOON_AS_POSSIBLE,
        "fetch_count": 0,
        "failure_count": 0,
        "access_count": 0,
    }
    rows = [{"key": facts.key, **facts.values(), **fresh} for facts in new]
    if rows:
        connection.execute(insert(LOGO), rows)


def _update(connection: Connection, changed: Iterable[_Facts], forgotten: Values) -> None:
    rows = [{"of_key": facts.key, **facts.values(), **forgotten} for facts in changed]
    if rows:
        connection.execute(update(LOGO).where(LOGO.c.key == bindparam("of_key")), rows)
