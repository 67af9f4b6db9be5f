"""Leases of processes on entries they fetch. Dead processes on this machine are recognised."""

import hashlib
import os
import secrets
import socket
from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path

from sqlalchemy import Connection, and_, bindparam, not_, or_, select, update

from logocache.model import LogoRecord
from logocache.repository import tables
from logocache.repository.filters import Condition, DueFilter, among, is_due
from logocache.repository.mapping import NO_LEASE, RECORD_COLUMNS, record_of
from logocache.repository.tables import LOGO, cleaned, identifier

HOST_LENGTH = 40
PLACE_DIGITS = 16
TOKEN_BYTES = 8
UNKNOWN = "-"
"""Used for a place or start time that this system does not provide."""

_BOOT = Path("/proc/sys/kernel/random/boot_id")
_TIME = Path("/proc/self/ns/time")
"""Time namespace, since Linux 5.6: start times are relative to that of the reader."""
_START_FIELD = 22
"""`starttime` in proc_pid_stat(5): clock ticks after boot."""


def new_claim() -> str:
    """Return a unique identifier of this process and claim, at most 128 characters."""
    pid = os.getpid()  # not cached: it changes after a fork
    host = cleaned(socket.gethostname(), HOST_LENGTH).replace(":", "-") or UNKNOWN
    start = _start_of(pid) or UNKNOWN
    return f"{host}:{_place(pid) or UNKNOWN}:{pid}:{start}:{secrets.token_hex(TOKEN_BYTES)}"


def is_dead(claim: str) -> bool:
    """True if the process that made `claim` has certainly ended."""
    fields = claim.split(":")
    if len(fields) != len(("host", "place", "pid", "start", "token")):
        return False
    _host, place, number, start, _token = fields
    if place != _place(os.getpid()) or start == UNKNOWN or not number.isdecimal():
        return False
    pid = int(number)
    if not 0 < pid < 2**31:  # others mean process groups, or nothing
        return False
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    except PermissionError:
        pass  # it is alive, and belongs to another user
    now_started = _start_of(pid)
    return now_started is not None and now_started != start


@cache
def _place(pid: int) -> str | None:
    """Fingerprint of the host and its namespaces, within which pids are comparable; None if unknown."""
    try:
        if str(Path("/proc/self").readlink()) != str(pid):
            return None  # the /proc of another namespace, such as the host's
        facts = [
            socket.gethostname(),
            _BOOT.read_text(encoding="ascii").strip(),
            str(Path("/proc/self/ns/pid").readlink()),
            str(_TIME.readlink()) if _TIME.is_symlink() else "",
        ]
    except (OSError, ValueError):
        return None
    return hashlib.sha256("\0".join(facts).encode()).hexdigest()[:PLACE_DIGITS]


def _start_of(pid: int) -> str | None:
    """Start time of the process; None if it cannot be read or there is none."""
    try:
        line = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return None
    fields = line.rpartition(")")[2].split()  # the name before it may contain anything
    after_name = _START_FIELD - len(("pid", "comm")) - 1
    return fields[after_name] if len(fields) > after_name else None


CLOCKS_APART = timedelta(minutes=1)
"""Tolerated difference between the clocks of machines."""

_RELEASE = update(LOGO).where(LOGO.c.key == bindparam("of_key"), LOGO.c.lease_owner == bindparam("of_claim"))


class Leases:
    """Leases of one length, which should be the same for all processes of a cache."""

    def __init__(self, length: timedelta) -> None:
        self._length = length

    def due_keys(self, connection: Connection, due: DueFilter, *, limit: int | None) -> Sequence[str]:
        """Free keys that `due` selects: without a file first, then the longest due, then by key."""
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
        """Lease those of `keys` that are still due and free, in one statement; returned in the same order."""
        lease = {
            "lease_owner": identifier(new_claim(), tables.OWNER_LENGTH),
            "lease_until": now + self._length,
        }
        # A run may name 100,000 keys, but claims few at a time: send only these.
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
        """Entries without a valid lease."""
        return or_(LOGO.c.lease_until.is_(None), not_(self.held(connection, now=now)))

    def held(self, connection: Connection, *, now: datetime) -> Condition:
        """Entries with a valid lease.

        Not valid are leases that end later than any that begins now (by a clock that was ahead), and
        those of dead processes.
        """
        until = LOGO.c.lease_until
        in_time = and_(until > now, until <= now + self._length + CLOCKS_APART)
        claims = set(connection.execute(select(LOGO.c.lease_owner).where(in_time)).scalars())
        dead = sorted(claim for claim in claims if claim is not None and is_dead(claim))
        return and_(in_time, not_(among(LOGO.c.lease_owner, dead))) if dead else in_time


def release(connection: Connection, claimed: Sequence[LogoRecord]) -> None:
    """End the leases of `claimed` that are still valid."""
    rows = [
        {"of_key": record.key, "of_claim": record.lease.claim}
        for record in claimed
        if record.lease is not None
    ]
    if rows:
        connection.execute(_RELEASE.values(NO_LEASE), rows)
