"""Result types of the operations: returned by `LogoCache`, printed as JSON (`documents`) by the command line.

Sizes are bytes, times are aware and in UTC, None means unknown.
"""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import datetime
from enum import StrEnum
from typing import ClassVar

from logocache.health import Finding, FindingKind, Severity, VerifyReport
from logocache.model import LogoRecord, Origin, OutcomeKind, Status

__all__ = ["CacheStats", "ClearPlan", "ClearReport", "ClearedLogo", "Entry", "FetchReport", "FetchedLogo"]
__all__ += ["Finding", "FindingKind", "Group", "IconSet", "IconSetStatus", "IconSets", "LargeFile", "Listing"]
__all__ += ["OrphanFile", "Result", "Severity", "VerifyReport"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """An entry, as `list` and HTTP show it."""

    key: str
    name: str
    domain: str
    category: str
    origin: Origin
    status: Status
    pinned: bool
    stale: bool
    """Its logo is older than the refresh interval."""
    file: str | None
    size_bytes: int | None
    width: int | None
    height: int | None
    sha256: str | None
    svg: str | None
    """File of its SVG."""
    dark: str | None
    """File of its picture for dark pages."""
    provider: str | None
    source_url: str | None
    licence: str | None
    attribution: str | None
    created_at: datetime
    fetched_at: datetime | None
    checked_at: datetime | None
    next_attempt_at: datetime | None
    last_accessed_at: datetime | None
    access_count: int
    fetch_count: int
    failure_count: int
    last_outcome: OutcomeKind | None
    last_error: str | None

    @classmethod
    def of(cls, record: LogoRecord, *, stale: bool) -> "Entry":
        stored = record.file
        return cls(
            **{name: getattr(record, name) for name in _OF_RECORD},
            stale=stale,
            file=stored.name if stored else None,
            size_bytes=stored.size if stored else None,
            width=stored.width if stored else None,
            height=stored.height if stored else None,
            sha256=stored.sha256 if stored else None,
            svg=stored.svg.name if stored and stored.svg else None,
            dark=stored.dark.name if stored and stored.dark else None,
        )


_OF_RECORD = {field.name for field in fields(Entry)} & {field.name for field in fields(LogoRecord)} - {"file"}
"""Facts of a record that an entry shows under the same name."""

MOST_COUNTED = 10_000
"""Entries counted one by one, or listed as missing, at most: in a large cache "more" is an answer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """Answer of `list`."""

    command: ClassVar[str] = "list"

    entries: tuple[Entry, ...]
    matching: int
    """Number of matching entries, of which `entries` may be the first few."""
    matching_capped: bool = False
    """True if counting stopped at `matching`, which is 10,000: more entries match."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FetchedLogo:
    """Result of one entry in `init` or `refresh`."""

    key: str
    name: str
    status: Status
    outcome: OutcomeKind
    provider: str | None
    """Source of the stored logo."""
    kept: bool
    """True if the attempt failed and the earlier logo stays."""
    size_bytes: int | None
    width: int | None
    height: int | None
    next_attempt_at: datetime
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FetchReport:
    """Answer of `init` and `refresh`."""

    command: str
    enabled: bool
    """False if LOGO_CACHE_ENABLED is off; then nothing was done."""
    offline: bool
    directory: str
    known: int
    """Entries of the cache."""
    added: int
    """Entries new since the last run."""
    asked: int
    """Entries that were due and not leased, and were fetched."""
    found: int
    unchanged: int
    placeholders: int
    """Fetched entries that now show a monogram."""
    failed: int
    """Fetched entries whose earlier logo stays because its refresh failed."""
    errors: int
    """Fetched entries that hit a bug of logocache; its log has the traceback."""
    elsewhere: int
    """Entries being fetched by another process."""
    evicted: int
    missing: tuple[str, ...]
    """The first 10,000 selected keys that have no real logo after the run."""
    missing_capped: bool = False
    """True if there are more."""
    duration_seconds: float
    logos: tuple[FetchedLogo, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    name: str
    entries: int
    size_bytes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class LargeFile:
    key: str
    file: str
    size_bytes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class CacheStats:
    """Answer of `stats`."""

    command: ClassVar[str] = "stats"

    enabled: bool
    directory: str
    database: str
    """The database's URL, without its password."""
    entries: int
    files: int
    size_bytes: int
    """Total of current files, replaced files and variants, to which the limit applies."""
    replaced_files: int
    replaced_size_bytes: int
    variant_files: int
    """Variants, which can be made again and are evicted first."""
    variant_size_bytes: int
    max_size_bytes: int
    size_usage_percent: float
    by_status: tuple[Group, ...]
    by_provider: tuple[Group, ...]
    by_category: tuple[Group, ...]
    stale: int
    due: int
    failing: int
    errors: int
    """Failing entries that hit a bug of logocache; its log has the traceback."""
    in_progress: int
    hits: int
    misses: int
    stale_hits: int
    evictions: int
    hit_ratio: float | None
    """Hits (also stale ones) divided by all lookups, 0 to 1; null before the first."""
    requests_this_month: Mapping[str, int]
    largest: tuple[LargeFile, ...]
    oldest_fetched_at: datetime | None
    newest_fetched_at: datetime | None
    disk_free_bytes: int
    disk_total_bytes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ClearedLogo:
    key: str
    file: str
    size_bytes: int
    status: Status
    provider: str | None
    fetched_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class OrphanFile:
    """A file in the cache directory that no entry names."""

    file: str
    size_bytes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class _Cleared:
    command: ClassVar[str] = "clear"

    logos: tuple[ClearedLogo, ...]
    orphans: tuple[OrphanFile, ...]
    """Files of ours that no entry names."""
    strangers: tuple[OrphanFile, ...] = ()
    """Files that no entry names and whose content is not ours: they stay."""
    fetching: tuple[str, ...] = ()
    """Entries without a file that are named, and being fetched: what comes of it is not stored."""
    pinned_kept: int
    """Entries that match but are pinned, and were not named."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ClearPlan(_Cleared):
    """Logos and files that a clear would delete. Making a plan changes nothing."""

    @property
    def freed_bytes(self) -> int:
        return sum(logo.size_bytes for logo in self.logos) + sum(orphan.size_bytes for orphan in self.orphans)

    @property
    def is_empty(self) -> bool:
        return not self.logos and not self.orphans

    def report(self, *, dry_run: bool) -> "ClearReport":
        """The report of a run that clears nothing: with `dry_run` lists what would be deleted."""
        return ClearReport(
            dry_run=dry_run,
            logos=self.logos if dry_run else (),
            orphans=self.orphans if dry_run else (),
            strangers=self.strangers,
            fetching=self.fetching if dry_run else (),
            pinned_kept=self.pinned_kept,
            freed_bytes=self.freed_bytes if dry_run else 0,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class ClearReport(_Cleared):
    """Answer of `clear`: what was deleted, or with `dry_run` would be."""

    dry_run: bool
    freed_bytes: int


class IconSetStatus(StrEnum):
    USED = "used"
    MISSING = "missing"
    REMOVED = "removed"
    """By command, though a setting names it."""
    UNUSED = "unused"
    """Neither a setting nor a command names it any more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class IconSet:
    """An icon set that the cache keeps, or that a setting names."""

    name: str
    status: IconSetStatus
    title: str | None = None
    author: str | None = None
    licence: str | None = None
    version: str | None = None
    icons: int = 0
    """Names in it, aliases included."""
    size_bytes: int = 0
    source: str
    """The URL, file or folder that it is from."""
    fetched_at: datetime | None = None
    checked_at: datetime | None = None
    """When its source last sent or confirmed it."""
    next_check_at: datetime | None = None
    problem: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class IconSets:
    """Answer of `icons list`; of `icons add` and `icons remove`, the one set that was changed."""

    command: ClassVar[str] = "icons"
    sets: tuple[IconSet, ...]


Result = Listing | FetchReport | CacheStats | ClearPlan | ClearReport | VerifyReport | IconSets
