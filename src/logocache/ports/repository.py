"""What may be asked of the database: the facts.

Called from several threads at once, except a `Unit`.
"""

from collections.abc import Collection, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from logocache.model import FetchAttempt, Integration, LogoRecord, Outcome, SortKey, Status


@dataclass(frozen=True, slots=True, kw_only=True)
class Registration:
    """What telling the repository about the catalogue changed."""

    added: int
    changed: int
    forgotten_files: tuple[str, ...] = ()
    """Files of entries made on demand that gave way to new ones: to be deleted, if nobody names them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordFilter:
    """Which entries; the conditions that are set must all hold."""

    keys: Collection[str] | None = None
    statuses: Collection[Status] | None = None
    providers: Collection[str] | None = None
    categories: Collection[str] | None = None
    has_file: bool | None = None
    failing: bool | None = None
    """Whether the last attempts failed (`failure_count` > 0)."""
    fetched_before: datetime | None = None
    """Has a file that was last obtained or confirmed before then."""
    stale_before: datetime | None = None
    """Has a real logo that was last obtained or confirmed by then."""
    pinned: bool | None = None
    text: str | None = None
    """Occurs, in any case, in key, name or domain."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DueFilter:
    """Which entries want fetching at `now`."""

    now: datetime
    keys: Collection[str] | None = None
    forced: bool = False
    """Take them whether due or not."""
    failed_only: bool = False
    offline: bool = False
    """Only what can be had without network: pending entries that were not tried offline before."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplacedFile:
    """A file that a row no longer names, kept for a grace period."""

    name: str
    key: str
    size: int
    sha256: str
    delete_after: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Access:
    """Hits on one entry since the last flush."""

    count: int
    last_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class SavedFetch:
    """How one leased entry ended: its new row, and everything that was asked for it."""

    record: LogoRecord
    outcome: Outcome
    attempts: tuple[FetchAttempt, ...] = ()
    replaced: ReplacedFile | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupTotal:
    """Entries and bytes of one group."""

    name: str
    entries: int
    bytes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Totals:
    """What `stats` needs, counted by the database."""

    entries: int
    files: int
    bytes: int
    """Of current files."""
    replaced_files: int
    replaced_bytes: int
    by_status: tuple[GroupTotal, ...]
    by_provider: tuple[GroupTotal, ...]
    by_category: tuple[GroupTotal, ...]
    due: int
    stale: int
    """Real logos last obtained or confirmed at or before `stale_before`."""
    failing: int
    errors: int
    """Failing ones at which we failed ourselves (outcome `error`)."""
    leased: int
    oldest_fetched_at: datetime | None
    newest_fetched_at: datetime | None
    counters: Mapping[str, int]
    """`hits`, `misses`, `stale`, `evictions`."""
    provider_requests: Mapping[str, int]
    """Requests this month, by provider."""


class Unit(Protocol):
    """One exclusive write transaction. Used by one thread; nothing is visible until it ends well.

    Writers of all processes take turns, so that what is read here stays true until the end.
    """

    def identity(self) -> str | None:
        """As that of the repository."""
        ...

    def set_identity(self, identity: str, *, now: datetime) -> None:
        """Say which cache the database belongs to, from now on."""
        ...

    def stored_bytes(self) -> int:
        """Bytes of all current and replaced files."""
        ...

    def owned(self, claimed: Sequence[LogoRecord]) -> Mapping[str, LogoRecord]:
        """The entries on which the leases of `claimed` still hold, as they are now.

        A lease that is over but that nobody took still holds. That of another claim of the same process
        is another one.
        """
        ...

    def least_recently_used(self, *, limit: int, excluding: Collection[str]) -> Sequence[LogoRecord]:
        """Unpinned entries with a file: those of the least `policy.retention.Worth` first.

        Among equals the one used longest ago comes first; what was never accessed counts from its fetch.
        """
        ...

    def oldest_replaced(self, *, limit: int) -> Sequence[ReplacedFile]: ...

    def save(self, fetches: Sequence[SavedFetch]) -> None:
        """Write the rows, append the attempts, keep the replaced files, and end the leases.

        Access facts (`last_accessed_at`, `access_count`) are left as the database has them.
        """
        ...

    def evict(self, keys: Collection[str], *, until: datetime) -> None:
        """Take the file from these entries; they are pending and not due before `until`.

        Those whose last attempt failed are due when they were before, if that is earlier.
        """
        ...

    def clear(self, records: Sequence[LogoRecord]) -> Sequence[LogoRecord]:
        """Take the file from entries that still have the file named in `records`.

        Catalogue and custom entries become pending and due at once; on-demand ones are deleted.
        Returns those cleared. Leased entries lose their lease.
        """
        ...

    def make_due(self, records: Sequence[LogoRecord], *, now: datetime) -> Sequence[LogoRecord]:
        """Make entries due at once that still have the file named in `records`; those made due.

        For files that are lost or damaged: the rows keep all that they say, and name the file still.
        Entries that somebody is fetching at `now` are left alone.
        """
        ...

    def forget_replaced(self, names: Collection[str]) -> None: ...

    def forget_replaced_of(self, keys: Collection[str]) -> Sequence[ReplacedFile]:
        """Forget the replaced files of these entries; which they were."""
        ...

    def unnamed(self, names: Collection[str]) -> Collection[str]:
        """Those of these file names that no entry has, neither as its file nor as a replaced one."""
        ...


class Repository(Protocol):
    """The facts. Raises `DatabaseError` when the database cannot be used."""

    def migrate(self) -> bool:
        """Bring the schema to this version; whether anything changed. Safe from many processes at once."""
        ...

    def check_schema(self) -> None:
        """Raise `SchemaError` unless the schema is the one of this version."""
        ...

    def check_writable(self) -> None:
        """Raise DatabaseError when the last write of this process failed, and another fails now."""
        ...

    def ping(self) -> None:
        """Raise `DatabaseError` unless the database answers."""
        ...

    def identity(self) -> str | None:
        """The cache that the database belongs to; None before its first `init`."""
        ...

    def generation(self) -> int:
        """A number that rises with every committed change of what a look-up may answer.

        That is: whenever an entry is added or deleted, or its file, status, name, domain or next
        attempt changes, in whatever process. Leases and access facts do not count. One cheap query.
        """
        ...

    def register(self, integrations: Sequence[Integration], *, now: datetime) -> Registration:
        """Make these entries known. Changed facts are updated; a changed domain makes the entry due.

        In the same transaction, new entries made on demand take the place of those that were used
        longest ago, where there would be too many: with their attempts and replaced files. Pinned
        ones stay, and those that are being fetched.
        """
        ...

    def forget_on_demand(self, *, now: datetime) -> Sequence[str]:
        """Forget entries made on demand that are too many, as `register`; the names of their files."""
        ...

    def get(self, key: str) -> LogoRecord | None: ...

    def find_by_domain(self, domain: str) -> LogoRecord | None:
        """The first entry, by key, of that domain."""
        ...

    def page(self, where: RecordFilter, *, after: str | None, limit: int) -> Sequence[LogoRecord]:
        """Entries in order of key, those behind the key `after`: a keyset page."""
        ...

    def listed(
        self, where: RecordFilter, *, sort: SortKey, reverse: bool, limit: int | None
    ) -> Sequence[LogoRecord]:
        """Entries in that order, the first `limit` of them; the key decides among equals."""
        ...

    def count(self, where: RecordFilter) -> int:
        """How many entries match."""
        ...

    def due_keys(self, due: DueFilter, *, limit: int | None) -> Sequence[str]:
        """Keys to fetch, those without any file first, then the longest due; leased ones left out."""
        ...

    def count_leased(self, *, now: datetime) -> int: ...

    def claim(self, keys: Collection[str], *, now: datetime, due: DueFilter) -> Sequence[LogoRecord]:
        """Lease those of `keys` that are still due, and free at `now`; each goes to one claim only.

        Free is also what a process of this machine has leased that lives no more, and what is leased
        for longer than leases last: by a clock that was ahead.
        """
        ...

    def release(self, claimed: Sequence[LogoRecord]) -> None:
        """End the leases of `claimed` that still hold, without a result."""
        ...

    def unit(self) -> AbstractContextManager[Unit]:
        """A write transaction; an exception inside rolls it back."""
        ...

    def same_image(self, *, provider: str, sha256: str) -> Sequence[LogoRecord]:
        """Entries whose stored logo is this one of this provider."""
        ...

    def replaced_files(self) -> Sequence[ReplacedFile]: ...

    def record_accesses(self, accesses: Mapping[str, Access], counters: Mapping[str, int]) -> None:
        """Add hits to their entries and amounts to the named counters, in one batch.

        Where nothing can be written, on a read-only volume, they are not counted.
        """
        ...

    def totals(self, *, now: datetime, stale_before: datetime) -> Totals: ...

    def largest(self, limit: int) -> Sequence[LogoRecord]: ...

    def attempts(self, key: str, *, limit: int) -> Sequence[FetchAttempt]:
        """The audit trail of one entry, newest first."""
        ...

    def purge_attempts(self, *, before: datetime) -> int:
        """Drop older audit lines; how many there were."""
        ...

    def close(self) -> None: ...
