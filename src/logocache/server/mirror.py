"""Rows of entries that were asked for, in memory, kept true to the database by its generation number."""

from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

from logocache.model import LogoRecord, Status
from logocache.operations.lookup import Lookup

CAPACITY = 10_000
"""Names remembered. Those asked for longest ago are forgotten first."""


@dataclass(frozen=True, slots=True, eq=False)
class Known:
    """What the database says of a name. `record` is None where it knows nothing."""

    record: LogoRecord | None
    stale_at: float
    """Seconds since the epoch; infinite for what is never stale."""
    due_at: float
    """As `stale_at`: when its sources may be asked again."""

    @classmethod
    def of(cls, record: LogoRecord | None, refresh_interval: timedelta) -> "Known":
        if record is None:
            return cls(record=None, stale_at=float("inf"), due_at=float("inf"))
        stale_at = (
            (record.fetched_at + refresh_interval).timestamp()
            if record.status is Status.CACHED and record.fetched_at is not None
            else float("inf")
        )
        due_at = record.next_attempt_at.timestamp() if record.next_attempt_at is not None else 0.0
        return cls(record=record, stale_at=stale_at, due_at=due_at)


@dataclass(frozen=True, slots=True)
class Changes:
    """Rows read anew, and the state of the mirror for which they were read."""

    generation: int
    before: Mapping[str, Known]
    records: Mapping[str, LogoRecord]


class Mirror:
    """Changed by the event loop's thread alone; only `read_changes` runs elsewhere."""

    def __init__(self, shelf: Lookup, refresh_interval: timedelta, *, capacity: int = CAPACITY) -> None:
        self._shelf = shelf
        self._refresh_interval = refresh_interval
        self._capacity = capacity
        self._known: OrderedDict[str, Known] = OrderedDict()
        self._generation = -1

    def get(self, name: str) -> Known | None:
        """What is known of that name, or None: the database was not asked for it lately."""
        known = self._known.get(name)
        if known is not None:
            self._known.move_to_end(name)
        return known

    def put(self, name: str, record: LogoRecord | None) -> Known:
        """Remember what the database says of that name just now."""
        return self._remember(name, Known.of(record, self._refresh_interval))

    def share(self, name: str, key: str) -> Known | None:
        """What is known under `key`, from now on under `name`, too; None when that is nothing."""
        known = self.get(key)
        if known is None or known.record is None:
            return None
        return self._remember(name, known)

    @property
    def generation(self) -> int:
        """The state of the database up to which the mirror is true."""
        return self._generation

    def read_changes(self) -> Changes | None:
        """The rows of all known names, where any row has changed since; else None.

        Asks the database: run it in another thread, then give the result to `apply`. Raises DatabaseError.
        """
        generation = self._shelf.generation()
        if generation == self._generation:
            return None
        before = dict(self._known)
        keys = sorted({known.record.key for known in before.values() if known.record is not None})
        records = {record.key: record for record in self._shelf.records(keys)} if keys else {}
        return Changes(generation=generation, before=before, records=records)

    def apply(self, changes: Changes) -> None:
        """Take the rows over, except where the mirror has learnt something newer meanwhile.

        Names are forgotten where they may mean something else now: where there was no entry, where it
        is gone, and where its domain has changed.
        """
        self._generation = changes.generation
        seen = {id(known) for known in changes.before.values()}
        for name, before in list(self._known.items()):  # names may have come to share what was known
            if id(before) not in seen:
                continue
            now = changes.records.get(before.record.key) if before.record is not None else None
            if before.record is None or now is None or now.domain != before.record.domain:
                del self._known[name]
            else:
                self._known[name] = Known.of(now, self._refresh_interval)

    def __len__(self) -> int:
        return len(self._known)

    def _remember(self, name: str, known: Known) -> Known:
        self._known[name] = known
        self._known.move_to_end(name)
        if len(self._known) > self._capacity:
            self._known.popitem(last=False)
        return known
