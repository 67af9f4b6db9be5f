"""Unit of work: one exclusive write transaction over entries and files."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    RowMapping,
    Select,
    Update,
    and_,
    bindparam,
    case,
    delete,
    false,
    func,
    insert,
    literal,
    select,
    true,
    tuple_,
    union_all,
    update,
)

from logocache.model import LogoRecord, Origin, ReplacedFile
from logocache.policy.attempts import SUCCESSES
from logocache.policy.eviction import StoredLogo, Worth
from logocache.repository.filters import among
from logocache.repository.leases import Leases
from logocache.repository.mapping import (
    FILE_COLUMNS,
    NO_FILE,
    NO_LEASE,
    RECORD_COLUMNS,
    SavedFetch,
    Values,
    attempt_values,
    fetch_values,
    file_of,
    read_identity,
    record_of,
    replaced_of,
    replaced_values,
)
from logocache.repository.tables import (
    AS_SOON_AS_POSSIBLE,
    ATTEMPT,
    CACHE,
    LOGO,
    REPLACED,
    TOTAL,
    is_storable,
)
from logocache.repository.totals import (
    add_to_counters,
    advance_generation,
    keeping_totals,
    recount,
    requests_made,
    wrong_totals,
)

LIKE_NEW: Values = {
    **NO_FILE,
    **NO_LEASE,
    "checked_at": None,
    "next_attempt_at": AS_SOON_AS_POSSIBLE,
    "failure_count": 0,
    "last_outcome": None,
    "last_error": None,
}
"""Columns of a cleared entry, which can be fetched at once."""

PAGE = 100
"""Rows read at a time, in orders that are read only as far as needed."""

_SAVE: Update = update(LOGO).where(LOGO.c.key == bindparam("of_key"))


class UnitOfWork:
    """One exclusive write transaction. Used by one thread; changes become visible when it commits.

    No other process writes meanwhile. Do not call the repository's own writing methods inside it: they
    would wait for the lock until they fail.
    """

    def __init__(self, connection: Connection, leases: Leases) -> None:
        self._connection = connection
        self._leases = leases
        self._has_advanced = False

    def identity(self) -> str | None:
        """As `Repository.identity`."""
        return read_identity(self._connection)

    def set_identity(self, identity: str, *, now: datetime) -> None:
        """Set the identity of the cache."""
        self._connection.execute(delete(CACHE))
        self._connection.execute(insert(CACHE).values(identity=identity, created_at=now))

    def stored_bytes(self) -> int:
        """Return the bytes of all current and replaced files."""
        return int(self._connection.execute(select(func.sum(TOTAL.c.bytes))).scalar_one() or 0)

    def wrong_totals(self) -> Sequence[str]:
        """As `Repository.wrong_totals`."""
        return wrong_totals(self._connection)

    def recount(self) -> None:
        """Replace the kept totals by a count from scratch."""
        recount(self._connection)

    def owned(self, claimed: Sequence[LogoRecord]) -> Mapping[str, LogoRecord]:
        """Return by key the current entries of `claimed` whose leases were not taken by another claim.

        An expired lease is still valid if not taken.
        """
        leases = {record.key: record.lease for record in claimed if record.lease is not None}
        query = select(*RECORD_COLUMNS).where(among(LOGO.c.key, leases))
        records = map(record_of, self._connection.execute(query).mappings())
        return {record.key: record for record in records if record.lease == leases[record.key]}

    def least_recently_used(self) -> Iterator[StoredLogo]:
        """Yield unpinned entries with a file, sorted by `policy.eviction.Worth`, then by last use.

        Entries never accessed count as used when they were fetched. Read as far as needed.
        """
        order = (LOGO.c.worth, LOGO.c.used_at, LOGO.c.key)
        query = select(*order, *(LOGO.c[name] for name in FILE_COLUMNS))
        query = query.where(LOGO.c.pinned == false(), LOGO.c.has_file == true())
        for row in self._in_order(query, order):
            if (file := file_of(row)) is not None:
                yield StoredLogo(key=row["key"], file=file, worth=Worth(row["worth"]))

    def oldest_replaced(self) -> Iterator[ReplacedFile]:
        """Yield the replaced files in the order in which their grace periods end. Read as far as needed."""
        order = (REPLACED.c.delete_after, REPLACED.c.name)
        yield from map(replaced_of, self._in_order(select(REPLACED), order))

    def save(self, fetches: Sequence[SavedFetch]) -> None:
        """Write the records, attempts and replaced files, and end the leases.

        Registered facts (name, domain, category …) and accesses are not written.

        Raises ValueError for a record that contradicts itself or does not fit its columns.
        """
        if not fetches:
            return
        rows = [{"of_key": fetch.record.key, **NO_LEASE, **fetch_values(fetch.record)} for fetch in fetches]
        with keeping_totals(self._connection, [fetch.record.key for fetch in fetches]):
            self._connection.execute(_SAVE, rows)
        self._advance_generation()
        attempts = [attempt for fetch in fetches for attempt in fetch.attempts]
        if attempts:
            self._connection.execute(insert(ATTEMPT), [attempt_values(attempt) for attempt in attempts])
            add_to_counters(self._connection, requests_made(attempts))
        self._save_replaced(fetches)

    def evict(self, keys: Collection[str], *, until: datetime) -> None:
        """Remove the file from these entries; they become pending and not due before `until`.

        After a failed attempt an earlier due time stays. Counted as `evictions`. Leases end, since
        their holders know the old file.
        """
        has_failed = LOGO.c.last_outcome.not_in(SUCCESSES)
        next_attempt_at = case(
            (and_(has_failed, LOGO.c.next_attempt_at < until), LOGO.c.next_attempt_at), else_=until
        )
        values = {**NO_FILE, **NO_LEASE, "next_attempt_at": next_attempt_at}
        if not keys:
            return
        with keeping_totals(self._connection, keys):
            gone = self._connection.execute(
                update(LOGO).where(among(LOGO.c.key, keys), LOGO.c.has_file == true()).values(values)
            )
        if gone.rowcount:
            add_to_counters(self._connection, {"evictions": gone.rowcount})
            self._advance_generation()

    def clear(self, files: Mapping[str, str | None]) -> Sequence[LogoRecord]:
        """Remove the file from entries, given by key, that still have the file of that name, or still none.

        Catalogue and custom entries become pending and due at once; on-demand ones are deleted. Leases
        end. Returns the cleared entries.
        """
        query = select(*RECORD_COLUMNS).where(among(LOGO.c.key, files)).order_by(LOGO.c.key)
        current = [record_of(row) for row in self._connection.execute(query).mappings()]
        cleared = [record for record in current if _name_of(record) == files[record.key]]
        on_demand = [record.key for record in cleared if record.origin is Origin.ON_DEMAND]
        others = [record.key for record in cleared if record.origin is not Origin.ON_DEMAND]
        with keeping_totals(self._connection, [record.key for record in cleared]):
            self._connection.execute(delete(LOGO).where(among(LOGO.c.key, on_demand)))
            self._connection.execute(update(LOGO).where(among(LOGO.c.key, others)).values(LIKE_NEW))
        if cleared:
            self._advance_generation()
        return cleared

    def make_due(self, records: Sequence[LogoRecord], *, now: datetime) -> Sequence[LogoRecord]:
        """Make entries due that still have the file of `records`; return those made due.

        For lost or damaged files, which the rows still name. Entries leased at `now` are left alone.
        """
        asked = {record.key: record for record in records if record.file is not None}
        is_free = self._leases.free(self._connection, now=now)
        query = select(*RECORD_COLUMNS).where(among(LOGO.c.key, asked), is_free).order_by(LOGO.c.key)
        current = [record_of(row) for row in self._connection.execute(query).mappings()]
        due = [record for record in current if _name_of(record) == _name_of(asked[record.key])]
        values = {**NO_LEASE, "next_attempt_at": AS_SOON_AS_POSSIBLE}
        keys = [record.key for record in due]
        self._connection.execute(update(LOGO).where(among(LOGO.c.key, keys)).values(values))
        if due:
            self._advance_generation()
        return due

    def forget_replaced(self, names: Collection[str]) -> None:
        if names:
            with keeping_totals(self._connection, (), names):
                self._connection.execute(delete(REPLACED).where(among(REPLACED.c.name, names)))

    def forget_replaced_of(self, keys: Collection[str]) -> Sequence[ReplacedFile]:
        """Forget the replaced files of these entries; return them."""
        query = select(REPLACED).where(among(REPLACED.c.key, keys)).order_by(REPLACED.c.name)
        forgotten = [replaced_of(row) for row in self._connection.execute(query).mappings()]
        self.forget_replaced([file.name for file in forgotten])
        return forgotten

    def unnamed(self, names: Collection[str]) -> Collection[str]:
        """As `Repository.unnamed`; no writer can take these names until the transaction ends."""
        return unnamed(self._connection, names)

    def _in_order(self, query: Select[Any], order: tuple[ColumnElement[Any], ...]) -> Iterator[RowMapping]:
        """Yield the rows of `query` in that order, by keyset pages. `Any`: the types of any columns."""
        query = query.order_by(*order).limit(PAGE)
        page = self._connection.execute(query).mappings().all()
        while page:
            yield from page
            last = [literal(page[-1][column], column.type) for column in order]
            following = query.where(tuple_(*order) > tuple_(*last))
            page = self._connection.execute(following).mappings().all()

    def _advance_generation(self) -> None:
        """Once for the whole transaction."""
        if not self._has_advanced:
            advance_generation(self._connection)
            self._has_advanced = True

    def _save_replaced(self, fetches: Sequence[SavedFetch]) -> None:
        """Save replaced files, except those that are current again, whose grace period ends."""
        files = [fetch.record.file for fetch in fetches if fetch.record.file is not None]
        current = {form.name for file in files for form in file.forms}
        replaced = {
            file.name: file for fetch in fetches for file in fetch.replaced if file.name not in current
        }
        names = current | replaced.keys()
        if not names:
            return
        with keeping_totals(self._connection, (), names):
            self._connection.execute(delete(REPLACED).where(among(REPLACED.c.name, names)))
            if replaced:
                self._connection.execute(
                    insert(REPLACED), [replaced_values(file) for file in replaced.values()]
                )


def unnamed(connection: Connection, names: Collection[str]) -> Collection[str]:
    """Return the names that no entry has, neither as its current nor as a replaced file."""
    storable = [name for name in names if is_storable(name)]  # others are in no row
    columns = (LOGO.c.file_name, LOGO.c.svg_name, LOGO.c.dark_name, REPLACED.c.name)
    named = union_all(*(select(column).where(among(column, storable)) for column in columns))
    return set(names) - set(connection.execute(named).scalars())


def _name_of(record: LogoRecord) -> str | None:
    return record.file.name if record.file is not None else None
