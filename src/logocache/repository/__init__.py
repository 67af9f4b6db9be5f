"""Entries and audit log in one SQL database, SQLite or PostgreSQL; each query is one transaction."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta

from sqlalchemy import RowMapping, Select, bindparam, case, delete, select, update

from logocache.model import FetchAttempt, Integration, LogoRecord, ReplacedFile, SortKey, StoredFile
from logocache.repository import registration, schema, text_index
from logocache.repository.database import Database
from logocache.repository.engine import parse_address
from logocache.repository.filters import DueFilter, RecordFilter, equal, matching, ranges
from logocache.repository.leases import Leases, release
from logocache.repository.mapping import (
    FILE_COLUMNS,
    RECORD_COLUMNS,
    attempt_of,
    file_of,
    read_identity,
    record_of,
    replaced_of,
)
from logocache.repository.provider_placeholders import Placeholders
from logocache.repository.registration import Registration
from logocache.repository.tables import ATTEMPT, LOGO, REPLACED, UNSTORABLE, UTCDateTime, is_storable
from logocache.repository.totals import (
    Access,
    Totals,
    add_to_counters,
    advance_generation,
    kept_count,
    read_generation,
    totals,
    wrong_totals,
)
from logocache.repository.unit_of_work import UnitOfWork, unnamed

ANOTHER_FILE = 2**40
"""Added to the generation for each replaced SQLite file, whose own count is unrelated."""
LOCK_WAIT = 30.0
"""Seconds that a writer waits for others."""
PAGE = 1000
"""Rows read at a time."""
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
"""Processes flush in any order: the time of the last access never decreases."""


def open_repository(
    url: str,
    *,
    lock_wait: float = LOCK_WAIT,
    lease: timedelta = LEASE,
    most_on_demand: int = MOST_ON_DEMAND,
) -> "Repository":
    """Open the repository in the database at `url`. Connects on first use.

    Raises:
        SettingsError: not the URL of a supported database.
        DatabaseError: this Python's SQLite is too old.
    """
    database = Database(parse_address(url), lock_wait=lock_wait)
    return Repository(database, lease=lease, most_on_demand=most_on_demand)


class Repository:
    """Reads and writes entries. Safe to use from several threads.

    Methods raise `DatabaseError` if the database cannot be used, and `SchemaError` if a table or column
    is missing.
    """

    def __init__(self, database: Database, *, lease: timedelta, most_on_demand: int) -> None:
        """`lease` is the length of a claim, `most_on_demand` the limit of on-demand entries."""
        self._most_on_demand = most_on_demand
        self._database = database
        self._leases = Leases(lease)
        self.placeholders = Placeholders(database)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self._database.address}>"

    def migrate(self) -> bool:
        """Bring the schema to this version; return True if it changed. Safe to run concurrently."""
        return schema.migrate(self._database)

    def check_schema(self) -> None:
        """Raise `SchemaError` unless the schema is that of this version."""
        schema.check_schema(self._database)

    def check_writable(self) -> None:
        """Raise DatabaseError if the last write of this process failed, and another fails now."""
        if self._database.could_not_write:
            with self._database.write(briefly=True) as connection:
                advance_generation(connection)  # a harmless write

    def identity(self) -> str | None:
        """Return the identity of the cache; None before its first `init`."""
        with self._database.look_up() as connection:
            return read_identity(connection)

    def generation(self) -> int:
        """Return a number that increases with every committed change visible to look-ups.

        These are, in any process: an entry added or deleted, or a change of its file, status, name,
        domain or next attempt; not leases and accesses. One cheap query.
        """
        with self._database.look_up() as connection:
            generation = read_generation(connection)
        return generation + self._database.reopened * ANOTHER_FILE

    def register(self, integrations: Sequence[Integration], *, now: datetime) -> Registration:
        """Add these entries. Changed facts are updated; a changed domain makes the entry due.

        In the same transaction, if there are too many on-demand entries, the least recently used are
        deleted with their attempts and replaced files, except pinned and leased ones.
        """
        return registration.register(
            self._database, integrations, now=now, leases=self._leases, most_on_demand=self._most_on_demand
        )

    def forget_on_demand(self, *, now: datetime) -> Sequence[str]:
        """Delete on-demand entries beyond the limit, as `register`; return the names of their files."""
        with self._database.read() as connection:
            if registration.count(connection) <= self._most_on_demand:
                return ()
        with self._database.write() as connection:
            advance_generation(connection)
            is_free = self._leases.free(connection, now=now)
            return registration.forget_oldest(
                connection, beyond=self._most_on_demand, sparing=(), is_free=is_free
            )

    def get(self, key: str) -> LogoRecord | None:
        return self._first(select(*RECORD_COLUMNS).where(equal(LOGO.c.key, key)))

    def find_by_domain(self, domain: str) -> LogoRecord | None:
        """Return the first entry, by key, of that domain."""
        query = select(*RECORD_COLUMNS).where(equal(LOGO.c.domain, domain))
        return self._first(query.order_by(LOGO.c.key).limit(1))

    def page(self, where: RecordFilter, *, after: str | None, limit: int) -> Sequence[LogoRecord]:
        """Return a keyset page: up to `limit` matching entries, sorted by key, with keys after `after`."""
        query = select(*RECORD_COLUMNS).order_by(LOGO.c.key).limit(limit)
        if after is not None:
            query = query.where(LOGO.c.key > UNSTORABLE.sub("", after))
        found: Sequence[RowMapping] = ()
        with self._database.read() as connection:
            for conditions in text_index.stages(connection, where, after=after, limit=limit):
                found = connection.execute(query.where(*conditions)).mappings().all()
                if len(found) == limit:
                    break
        return [record_of(row) for row in found]

    def pages(self, where: RecordFilter, *, after: str | None = None) -> Iterator[Sequence[LogoRecord]]:
        """Yield all matching entries with keys after `after`, sorted by key, in keyset pages."""
        while page := self.page(where, after=after, limit=PAGE):
            yield page
            after = page[-1].key

    def files(self) -> Iterator[Sequence[tuple[str, StoredFile]]]:
        """Yield the current files of all entries with their keys, sorted by key, in keyset pages."""
        c = LOGO.c
        query = select(c.key, *(c[name] for name in FILE_COLUMNS))
        query = query.where(c.file_name.is_not(None)).order_by(c.key).limit(PAGE)
        after = ""
        while True:
            with self._database.read() as connection:
                rows = connection.execute(query.where(c.key > after)).mappings().all()
            if not rows:
                return
            yield [(row["key"], file) for row in rows if (file := file_of(row)) is not None]
            after = rows[-1]["key"]

    def unnamed(self, names: Collection[str]) -> Collection[str]:
        """Return the names that no entry has, neither as its current nor as a replaced file."""
        with self._database.read() as connection:
            return unnamed(connection, names)

    def listed(
        self, where: RecordFilter, *, sort: SortKey, reverse: bool, limit: int | None
    ) -> Sequence[LogoRecord]:
        """Return the first `limit` matching entries in that order; ties are broken by the key."""
        found: list[LogoRecord] = []
        with self._database.read() as connection:
            matches = text_index.narrowed(connection, where)
            for conditions, order in ranges(sort, reverse=reverse):
                query = select(*RECORD_COLUMNS).where(*matches, *conditions).order_by(*order)
                rows = connection.execute(query.limit(None if limit is None else limit - len(found)))
                found += [record_of(row) for row in rows.mappings()]
        return found

    def keys(self, where: RecordFilter, *, limit: int) -> Sequence[str]:
        """Return the first `limit` keys of matching entries."""
        query = select(LOGO.c.key).where(*matching(where)).order_by(LOGO.c.key).limit(limit)
        with self._database.read() as connection:
            return connection.execute(query).scalars().all()

    def count(self, where: RecordFilter, *, most: int | None = None) -> int:
        """Return the number of matching entries, from the kept totals, or counted up to `most`."""
        with self._database.read() as connection:
            kept = kept_count(connection, where)
            return text_index.count(connection, where, most=most) if kept is None else kept

    def wrong_totals(self) -> Sequence[str]:
        """Compare the kept totals with a count from scratch; describe each difference in a line."""
        with self._database.read() as connection:
            return wrong_totals(connection)

    def due_keys(self, due: DueFilter, *, limit: int | None) -> Sequence[str]:
        """Return free keys to fetch: without a file first, then the longest due."""
        with self._database.read() as connection:
            return self._leases.due_keys(connection, due, limit=limit)

    def claim(self, keys: Collection[str], *, now: datetime, due: DueFilter) -> Sequence[LogoRecord]:
        """Lease those of `keys` that are still due, and free at `now`; each to one claim only.

        Leases of dead processes of this machine, and leases longer than ours (by a clock that was
        ahead), are ignored.
        """
        with self._database.write() as connection:
            return self._leases.claim(connection, keys, now=now, due=due)

    def release(self, claimed: Sequence[LogoRecord]) -> None:
        """End the leases of `claimed` that are still valid, without a result."""
        with self._database.write() as connection:
            release(connection, claimed)

    @contextmanager
    def unit(self) -> Iterator[UnitOfWork]:
        """Begin the write transaction; an exception in the block rolls it back."""
        with self._database.write() as connection:
            yield UnitOfWork(connection, self._leases)

    def replaced_files(self, *, expired_at: datetime | None = None) -> Sequence[ReplacedFile]:
        """Return all, or those whose grace period has ended then."""
        query = select(REPLACED).order_by(REPLACED.c.delete_after, REPLACED.c.name)
        if expired_at is not None:
            query = query.where(REPLACED.c.delete_after <= expired_at)
        with self._database.read() as connection:
            return [replaced_of(row) for row in connection.execute(query).mappings()]

    def record_accesses(self, accesses: Mapping[str, Access], counters: Mapping[str, int]) -> None:
        """Add hits to their entries and amounts to the named counters, in one transaction.

        On a read-only volume nothing is counted.
        """
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

    def totals(self, *, now: datetime, stale_before: datetime | None = None) -> Totals:
        with self._database.read() as connection:
            return totals(connection, self._leases, now=now, stale_before=stale_before)

    def largest(self, limit: int) -> Sequence[LogoRecord]:
        """Return the entries with the largest files."""
        query = select(*RECORD_COLUMNS).where(LOGO.c.size.is_not(None))
        return self._records(query.order_by(LOGO.c.size.desc(), LOGO.c.key.desc()).limit(limit))

    def attempts(self, key: str, *, limit: int) -> Sequence[FetchAttempt]:
        """Return the audit log of one entry, newest first."""
        query = select(ATTEMPT).where(equal(ATTEMPT.c.key, key))
        query = query.order_by(ATTEMPT.c.at.desc(), ATTEMPT.c.id.desc()).limit(limit)
        with self._database.read() as connection:
            return [attempt_of(row) for row in connection.execute(query).mappings()]

    def purge_attempts(self, *, before: datetime) -> int:
        """Delete older lines of the audit log; return their number."""
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
