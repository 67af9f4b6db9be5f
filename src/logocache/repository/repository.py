"""The facts in a SQL database: every question of the port, each in one transaction."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta

from sqlalchemy import Select, bindparam, case, delete, func, select, true, update

from logocache.model import FetchAttempt, Integration, LogoRecord, SortKey
from logocache.ports.repository import (
    Access,
    DueFilter,
    RecordFilter,
    Registration,
    ReplacedFile,
    Totals,
    Unit,
)
from logocache.repository import on_demand, registration, schema
from logocache.repository.address import parse_address
from logocache.repository.columns import UTCDateTime
from logocache.repository.counters import add_to_counters, advance_generation, read_generation
from logocache.repository.database import Database
from logocache.repository.leases import Leases, release
from logocache.repository.records import RECORD_COLUMNS, attempt_of, read_identity, record_of, replaced_of
from logocache.repository.selection import equal, matching
from logocache.repository.sorting import ranges
from logocache.repository.tables import ATTEMPT, LOGO, REPLACED
from logocache.repository.texts import UNSTORABLE, is_storable
from logocache.repository.totals import totals
from logocache.repository.unit import SqlUnit

ANOTHER_FILE = 2**40
"""How far the generation jumps when another SQLite file is in use: its own may be any number."""
LOCK_WAIT = 30.0
"""Seconds that a writer waits for the writers before it."""
LEASE = timedelta(minutes=10)
MOST_ON_DEMAND = 10_000

_ACCESSED_AT = LOGO.c.last_accessed_at
_HIT_AT = bindparam("hit_at", type_=UTCDateTime)
_RECORD_ACCESS = (
    update(LOGO)
    .where(LOGO.c.key == bindparam("of_key"))
    .values(
        access_count=LOGO.c.access_count + bindparam("hits"),
        last_accessed_at=case((_ACCESSED_AT >= _HIT_AT, _ACCESSED_AT), else_=_HIT_AT),
    )
)
"""Flushes of several processes come in any order: the last access never moves back."""


def open_repository(
    url: str,
    *,
    lock_wait: float = LOCK_WAIT,
    lease: timedelta = LEASE,
    most_on_demand: int = MOST_ON_DEMAND,
) -> "SqlRepository":
    """The repository in the database that `url` names. Connects when it is first asked something.

    Raises:
        SettingsError: the URL names no database that we can use.
        DatabaseError: this Python's SQLite is too old.
    """
    database = Database(parse_address(url), lock_wait=lock_wait)
    return SqlRepository(database, lease=lease, most_on_demand=most_on_demand)


class SqlRepository:
    """Implements `ports.repository.Repository`. Safe for use by many threads.

    Raises `SchemaError` too, where a table or column that it asks for does not exist.
    """

    def __init__(self, database: Database, *, lease: timedelta, most_on_demand: int) -> None:
        """`lease` is how long an entry belongs to who claims it.

        Of entries made on demand there may be `most_on_demand`.
        """
        self._most_on_demand = most_on_demand
        self._database = database
        self._leases = Leases(lease)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self._database.address}>"

    def migrate(self) -> bool:
        return schema.migrate(self._database)

    def check_schema(self) -> None:
        schema.check_schema(self._database)

    def check_writable(self) -> None:
        if self._database.could_not_write:
            with self._database.write(briefly=True) as connection:
                advance_generation(connection)  # a change that is stored, and that nobody minds

    def ping(self) -> None:
        with self._database.look_up() as connection:
            connection.execute(select(1))

    def identity(self) -> str | None:
        with self._database.look_up() as connection:
            return read_identity(connection)

    def generation(self) -> int:
        with self._database.look_up() as connection:
            generation = read_generation(connection)
        return generation + self._database.reopened * ANOTHER_FILE

    def register(self, integrations: Sequence[Integration], *, now: datetime) -> Registration:
        return registration.register(
            self._database, integrations, now=now, leases=self._leases, most_on_demand=self._most_on_demand
        )

    def forget_on_demand(self, *, now: datetime) -> Sequence[str]:
        with self._database.read() as connection:
            if on_demand.count(connection) <= self._most_on_demand:
                return ()
        with self._database.write() as connection:
            advance_generation(connection)
            is_free = self._leases.free(connection, now=now)
            return on_demand.forget_oldest(
                connection, beyond=self._most_on_demand, sparing=(), is_free=is_free
            )

    def get(self, key: str) -> LogoRecord | None:
        return self._first(select(*RECORD_COLUMNS).where(equal(LOGO.c.key, key)))

    def find_by_domain(self, domain: str) -> LogoRecord | None:
        query = select(*RECORD_COLUMNS).where(equal(LOGO.c.domain, domain))
        return self._first(query.order_by(LOGO.c.key).limit(1))

    def page(self, where: RecordFilter, *, after: str | None, limit: int) -> Sequence[LogoRecord]:
        query = select(*RECORD_COLUMNS).where(*matching(where)).order_by(LOGO.c.key).limit(limit)
        return self._records(query if after is None else query.where(LOGO.c.key > UNSTORABLE.sub("", after)))

    def listed(
        self, where: RecordFilter, *, sort: SortKey, reverse: bool, limit: int | None
    ) -> Sequence[LogoRecord]:
        found: list[LogoRecord] = []
        with self._database.read() as connection:
            for conditions, order in ranges(sort, reverse=reverse):
                query = select(*RECORD_COLUMNS).where(*matching(where), *conditions).order_by(*order)
                rows = connection.execute(query.limit(None if limit is None else limit - len(found)))
                found += [record_of(row) for row in rows.mappings()]
        return found

    def count(self, where: RecordFilter) -> int:
        query = select(func.count()).select_from(LOGO).where(*matching(where))
        with self._database.read() as connection:
            return int(connection.execute(query).scalar_one())

    def due_keys(self, due: DueFilter, *, limit: int | None) -> Sequence[str]:
        with self._database.read() as connection:
            return self._leases.due_keys(connection, due, limit=limit)

    def count_leased(self, *, now: datetime) -> int:
        with self._database.read() as connection:
            return self._leases.count(connection, now=now)

    def claim(self, keys: Collection[str], *, now: datetime, due: DueFilter) -> Sequence[LogoRecord]:
        with self._database.write() as connection:
            return self._leases.claim(connection, keys, now=now, due=due)

    def release(self, claimed: Sequence[LogoRecord]) -> None:
        with self._database.write() as connection:
            release(connection, claimed)

    @contextmanager
    def unit(self) -> Iterator[Unit]:
        with self._database.write() as connection:
            yield SqlUnit(connection, self._leases)

    def same_image(self, *, provider: str, sha256: str) -> Sequence[LogoRecord]:
        query = select(*RECORD_COLUMNS).where(equal(LOGO.c.provider, provider), equal(LOGO.c.sha256, sha256))
        return self._records(query.order_by(LOGO.c.key))

    def replaced_files(self) -> Sequence[ReplacedFile]:
        with self._database.read() as connection:
            query = select(REPLACED).order_by(REPLACED.c.delete_after, REPLACED.c.name)
            return [replaced_of(row) for row in connection.execute(query).mappings()]

    def record_accesses(self, accesses: Mapping[str, Access], counters: Mapping[str, int]) -> None:
        if self._database.is_sealed:
            return
        rows = [
            {"of_key": key, "hits": access.count, "hit_at": access.last_at}
            for key, access in accesses.items()
            if is_storable(key)
        ]
        with self._database.write() as connection:
            if rows:
                connection.execute(_RECORD_ACCESS, rows)
            add_to_counters(connection, counters)

    def totals(self, *, now: datetime, stale_before: datetime) -> Totals:
        with self._database.read() as connection:
            return totals(connection, self._leases, now=now, stale_before=stale_before)

    def largest(self, limit: int) -> Sequence[LogoRecord]:
        query = select(*RECORD_COLUMNS).where(LOGO.c.has_file == true())
        return self._records(query.order_by(LOGO.c.size.desc(), LOGO.c.key).limit(limit))

    def attempts(self, key: str, *, limit: int) -> Sequence[FetchAttempt]:
        query = select(ATTEMPT).where(equal(ATTEMPT.c.key, key))
        query = query.order_by(ATTEMPT.c.at.desc(), ATTEMPT.c.id.desc()).limit(limit)
        with self._database.read() as connection:
            return [attempt_of(row) for row in connection.execute(query).mappings()]

    def purge_attempts(self, *, before: datetime) -> int:
        with self._database.write() as connection:
            return connection.execute(delete(ATTEMPT).where(ATTEMPT.c.at < before)).rowcount

    def close(self) -> None:
        self._database.close()

    def _records(self, query: Select[*tuple[object, ...]]) -> Sequence[LogoRecord]:
        with self._database.read() as connection:
            return [record_of(row) for row in connection.execute(query).mappings()]

    def _first(self, query: Select[*tuple[object, ...]]) -> LogoRecord | None:
        with self._database.look_up() as connection:
            row = connection.execute(query).mappings().first()
        return record_of(row) if row is not None else None
