"""Which entries want fetching, and who fetches them."""

from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import datetime

from sqlalchemy import Connection, func, select, update

from logocache.model import LogoRecord
from logocache.ports.repository import DueFilter
from logocache.repository import tables
from logocache.repository.records import NO_LEASE, RECORD_COLUMNS, record_of
from logocache.repository.selection import among, due_and_free, leased
from logocache.repository.tables import LOGO
from logocache.repository.texts import identifier


def due_keys(connection: Connection, due: DueFilter, *, limit: int | None) -> Sequence[str]:
    """Keys that `due` wants and nobody holds: without a file first, then the longest due, then by key."""
    keys: list[str] = []
    for has_file in (False, True):  # each is one range of ix_logo_due, already in order
        query = (
            select(LOGO.c.key)
            .where(LOGO.c.has_file == has_file, due_and_free(due))
            .order_by(LOGO.c.next_attempt_at, LOGO.c.key)
            .limit(None if limit is None else limit - len(keys))
        )
        keys += connection.execute(query).scalars()
    return keys


def claim(
    connection: Connection, keys: Collection[str], *, owner: str, until: datetime, due: DueFilter
) -> Sequence[LogoRecord]:
    """Lease those of `keys` that are still due and free, in one statement; in the order of `keys`.

    Raises ValueError for an owner that no column can hold.
    """
    lease = {"lease_owner": identifier(owner, tables.OWNER_LENGTH), "lease_until": until}
    # A run claims a few keys at a time and may have named 100,000: they need not all travel each time.
    wanted = set(keys) if due.keys is None else set(keys).intersection(due.keys)
    rows = connection.execute(
        update(LOGO)
        .where(among(LOGO.c.key, wanted), due_and_free(replace(due, keys=None)))
        .values(lease)
        .returning(*RECORD_COLUMNS)
    ).mappings()
    claimed = {row["key"]: record_of(row) for row in rows}
    return [claimed[key] for key in dict.fromkeys(keys) if key in claimed]


def release(connection: Connection, keys: Collection[str], *, owner: str) -> None:
    """End the leases on `keys` that `owner` holds."""
    held = update(LOGO).where(among(LOGO.c.key, keys), LOGO.c.lease_owner == owner)
    connection.execute(held.values(NO_LEASE))


def count_leased(connection: Connection, *, now: datetime) -> int:
    return connection.execute(select(func.count()).where(leased(now))).scalar_one()
