"""Leases: due entries, and the processes that fetch them. A dead owner on this machine is recognised."""

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
"""Stands for a place or start that this system does not tell."""

_BOOT = Path("/proc/sys/kernel/random/boot_id")
_TIME = Path("/proc/self/ns/time")
"""Since Linux 5.6. Start times are told in the time of the namespace of who asks."""
_START_FIELD = 22
"""`starttime` in proc_pid_stat(5): clock ticks after boot."""


def new_claim() -> str:
    """A text of at most 128 characters that names this process, and this one claim of it."""
    pid = os.getpid()  # asked each time: after a fork it is another
    host = cleaned(socket.gethostname(), HOST_LENGTH).replace(":", "-") or UNKNOWN
    start = _start_of(pid) or UNKNOWN
    return f"{host}:{_place(pid) or UNKNOWN}:{pid}:{start}:{secrets.token_hex(TOKEN_BYTES)}"


def is_dead(claim: str) -> bool:
    """True if the process that made `claim` certainly lives no more."""
    fields = claim.split(":")
    if len(fields) != len(("host", "place", "pid", "start", "token")):
        return False
    _host, place, number, start, _token = fields
    if place != _place(os.getpid()) or start == UNKNOWN or not number.isdecimal():
        return False
    pid = int(number)
    if not 0 < pid < 2**31:  # others mean groups of processes, or nothing
        return False
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    except PermissionError:
        pass  # it belongs to another user, and lives
    now_started = _start_of(pid)
    return now_started is not None and now_started != start


@cache
def _place(pid: int) -> str | None:
    """What all processes share whose numbers `pid` may be compared with; None where nothing tells."""
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
    """When the process started; None where that cannot be read, or there is none."""
    try:
        line = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return None
    fields = line.rpartition(")")[2].split()  # the name before it may hold anything
    after_name = _START_FIELD - len(("pid", "comm")) - 1
    return fields[after_name] if len(fields) > after_name else None


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
