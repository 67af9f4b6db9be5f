"""Which entries want fetching, and who fetches them."""

from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from sqlalchemy import Connection, and_, bindparam, not_, or_, select, update

from logocache.model import LogoRecord
from logocache.repository import tables
from logocache.repository.filters import Condition, DueFilter, among, is_due
from logocache.repository.owners import is_dead, new_claim
from logocache.repository.records import NO_LEASE, RECORD_COLUMNS, record_of
from logocache.repository.tables import LOGO
from logocache.repository.texts import identifier

CLOCKS_APART = timedelta(minutes=1)
"""How far the clocks of machines may differ without their leases being taken for errors."""

_RELEASE = update(LOGO).where(LOGO.c.key == bindparam("of_key"), LOGO.c.lease_owner == bindparam("of_claim"))


class Leases:
    """Leases of one length. All processes of a cache should have the same."""

    def __init__(self, length: timedelta) -> None:
        self._length = length

    def due_keys(self, connection: Connection, due: DueFilter, *, limit: int | None) -> Sequence[str]:
        """Keys that `due` wants and nobody holds: without a file first, then the longest due, then by key."""
        is_free = self.free(connection, now=due.now)
        keys: list[str] = []
        for has_file in (False, True):  # each is one range of ix_logo_due, already in order
            query = (
                select(LOGO.c.key)
                .where(LOGO.c.has_file == has_file, is_due(due), is_free)
                .order_by(LOGO.c.next_attempt_at, LOGO.c.key)
                .limit(None if limit is None else limit - len(keys))
            )
            keys += connection.execute(query).scalars()
        return keys

    def claim(
        self, connection: Connection, keys: Collection[str], *, now: datetime, due: DueFilter
    ) -> Sequence[LogoRecord]:
        """Lease those of `keys` that are still due and free, in one statement; in the order of `keys`."""
        lease = {
            "lease_owner": identifier(new_claim(), tables.OWNER_LENGTH),
            "lease_until": now + self._length,
        }
        # A run claims a few keys at a time and may have named 100,000: they need not all travel each time.
        wanted = set(keys) if due.keys is None else set(keys).intersection(due.keys)
        rows = connection.execute(
            update(LOGO)
            .where(among(LOGO.c.key, wanted), is_due(replace(due, keys=None)), self.free(connection, now=now))
            .values(lease)
            .returning(*RECORD_COLUMNS)
        ).mappings()
        claimed = {row["key"]: record_of(row) for row in rows}
        return [claimed[key] for key in dict.fromkeys(keys) if key in claimed]

    def free(self, connection: Connection, *, now: datetime) -> Condition:
        """True for entries on which nobody holds a lease."""
        return or_(LOGO.c.lease_until.is_(None), not_(self.held(connection, now=now)))

    def held(self, connection: Connection, *, now: datetime) -> Condition:
        """True for entries on which somebody holds a lease that is not over.

        None is what ends later than any lease that begins now (a clock was ahead), and what a process
        holds that lives no more.
        """
        until = LOGO.c.lease_until
        in_time = and_(until > now, until <= now + self._length + CLOCKS_APART)
        claims = set(connection.execute(select(LOGO.c.lease_owner).where(in_time)).scalars())
        dead = sorted(claim for claim in claims if claim is not None and is_dead(claim))
        return and_(in_time, not_(among(LOGO.c.lease_owner, dead))) if dead else in_time


def release(connection: Connection, claimed: Sequence[LogoRecord]) -> None:
    """End the leases of `claimed` that still hold."""
    rows = [{"of_key": each.key, "of_claim": each.lease.claim} for each in claimed if each.lease is not None]
    if rows:
        connection.execute(_RELEASE.values(NO_LEASE), rows)
