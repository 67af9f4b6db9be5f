"""Deletion: `clear`, and files that no entry names."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from itertools import islice
from typing import TypeVar

from logocache.errors import DirectoryError
from logocache.model import FoundFile, Integration, LogoRecord
from logocache.operations.context import Context
from logocache.queries import ClearSelection
from logocache.repository.filters import RecordFilter
from logocache.repository.registration import Registration
from logocache.results import ClearedLogo, ClearPlan, ClearReport, OrphanFile

DELETED = "deleted"
GONE = "already gone"
ORPHANS_AT_ONCE = 100
"""Files read at a time, at most, while all writers wait."""
NAMES_AT_ONCE = 1000
"""Files of the directory whose names are looked up at a time."""
Value = TypeVar("Value")

LEFTOVER_AGE = timedelta(hours=1)
"""Age from which a temporary file is a leftover of a write that ended."""


def dispose(context: Context, names: Collection[str]) -> tuple[str, ...]:
    """Delete the files, with their variants, that no entry names; return the deleted names, sorted.

    Call it after the rows are committed, never within their transaction. Writers rename files inside a
    transaction: while we hold one, no free name is taken, and a logo that is current again under its
    old name keeps its file.
    """
    if not names:
        return ()
    with context.repository.unit() as unit:
        free = sorted(unit.unnamed(names))
        context.variants.forget(free)  # first: without its file no variant would be found again
        return tuple(name for name in free if context.store.delete(name))


def dispose_orphans(context: Context, names: Sequence[str], *, quarantine: bool) -> Mapping[str, str]:
    """Delete in batches the files that no entry names and that are certainly ours.

    With `quarantine`, others are moved there. Returns by file name the action taken, for people; files
    left alone are not included.
    """
    done: dict[str, str] = {}
    for batch in batches(names, ORPHANS_AT_ONCE):
        with context.repository.unit() as unit:
            unnamed = unit.unnamed(batch)
            done |= dict.fromkeys(set(batch) - set(unnamed), "no longer an orphan")
            ours = [name for name in batch if name in unnamed and is_certainly_ours(context, name)]
            context.variants.forget(ours)
            done |= {name: DELETED if context.store.delete(name) else GONE for name in ours}
            strangers = (name for name in batch if quarantine and name not in done)
            done |= {
                name: "moved to quarantine" if context.store.quarantine(name) else GONE for name in strangers
            }
    return done


def batches(items: Sequence[Value], size: int) -> Iterator[Sequence[Value]]:
    for start in range(0, len(items), size):
        yield items[start : start + size]


def is_certainly_ours(context: Context, name: str) -> bool:
    """True if the file has a name of ours with the digest of its content.

    A name alone proves nothing: `screenshot_20240115.png` matches the pattern. Unreadable files are
    not certain.
    """
    with suppress(DirectoryError):
        return context.store.read_intact(name) is not None
    return False


def register(context: Context, integrations: Sequence[Integration]) -> Registration:
    """As `Repository.register`; deletes the files of forgotten entries."""
    registration = context.repository.register(integrations, now=context.clock())
    dispose(context, registration.forgotten_files)
    return registration


def forget_surplus(context: Context) -> None:
    """Forget entries made on demand beyond a limit that was lowered."""
    dispose(context, context.repository.forget_on_demand(now=context.clock()))


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """What lies in the cache directory."""

    files: int
    size_bytes: int
    orphans: tuple[FoundFile, ...]
    """Files that no entry has, not even as a replaced file; sorted by name."""


def directory_listing(context: Context) -> Listing:
    """List the directory; only orphans are kept in memory."""
    files = size_bytes = 0
    suspects: set[str] = set()
    scan = context.store.scan()
    while batch := list(islice(scan, NAMES_AT_ONCE)):
        files += len(batch)
        size_bytes += sum(found.size for found in batch)
        suspects |= set(context.repository.unnamed([found.name for found in batch]))
    return Listing(files=files, size_bytes=size_bytes, orphans=_still_orphans(suspects, context))


def _still_orphans(suspects: Collection[str], context: Context) -> tuple[FoundFile, ...]:
    if not suspects:
        return ()
    # Writers rename and delete files within their transaction: while we hold it, an existing file
    # without a row is an orphan.
    with context.repository.unit() as unit:
        found = map(context.store.look, sorted(unit.unnamed(suspects)))
        return tuple(file for file in found if file is not None)


BATCH = 1000
"""Entries cleared in one transaction, at most."""


class Clear:
    """Plans and deletes. Pinned entries are cleared only by name."""

    def __init__(self, context: Context) -> None:
        self._context = context

    def plan(self, selection: ClearSelection) -> ClearPlan:
        """See `LogoCache.plan_clear`."""
        selection = selection.checked()
        self._context.identity.look()
        keys = self._context.names.keys(selection.keys)
        matching = self._matching(selection, keys) if selection.selects_logos else []
        chosen = [record for record in matching if keys is not None or not record.pinned]
        orphan_files = self._orphan_files() if selection.orphans else ()
        ours = tuple(file for file in orphan_files if is_certainly_ours(self._context, file.file))
        return ClearPlan(
            logos=tuple(cleared_logo(record) for record in chosen if record.file is not None),
            orphans=ours,
            strangers=tuple(orphan for orphan in orphan_files if orphan not in ours),
            fetching=tuple(
                record.key for record in chosen if record.file is None and record.lease is not None
            ),
            pinned_kept=len(matching) - len(chosen),
        )

    def carry_out(self, plan: ClearPlan) -> ClearReport:
        """Delete in batches what the plan names and has not changed since.

        Replaced files of these logos are deleted with them, and not counted. Entries without a file
        that are being fetched lose their lease: the result of that fetch is not stored.
        """
        self._context.identity.require_init()
        files: dict[str, str | None] = {logo.key: logo.file for logo in plan.logos}
        files |= dict.fromkeys(plan.fetching)
        cleared = [
            record
            for batch in batches(tuple(files.items()), BATCH)
            for record in self._clear_entries(dict(batch))
        ]
        names = [orphan.file for orphan in plan.orphans]
        done = dispose_orphans(self._context, names, quarantine=False)
        orphans = tuple(orphan for orphan in plan.orphans if done.get(orphan.file) == DELETED)
        logos = tuple(cleared_logo(record) for record in cleared if record.file is not None)
        return ClearReport(
            dry_run=False,
            logos=logos,
            orphans=orphans,
            strangers=plan.strangers,
            fetching=tuple(record.key for record in cleared if record.file is None),
            pinned_kept=plan.pinned_kept,
            freed_bytes=sum(file.size_bytes for file in logos) + sum(file.size_bytes for file in orphans),
        )

    def _clear_entries(self, files: Mapping[str, str | None]) -> Sequence[LogoRecord]:
        """Clear entries with their files, given by key; return the cleared entries."""
        with self._context.repository.unit() as unit:
            cleared = unit.clear(files)
            replaced = unit.forget_replaced_of([record.key for record in cleared])
        names = [form.name for record in cleared if record.file is not None for form in record.file.forms]
        dispose(self._context, [*names, *(old.name for old in replaced)])
        return cleared

    def _matching(self, selection: ClearSelection, keys: Collection[str] | None) -> Sequence[LogoRecord]:
        older = selection.older_than
        where = RecordFilter(
            keys=keys,
            statuses=selection.statuses or None,
            providers=selection.providers or None,
            fetched_before=self._context.clock() - older if older is not None else None,
            has_file=True if keys is None else None,
        )
        return [record for page in self._context.repository.pages(where) for record in page]

    def _orphan_files(self) -> tuple[OrphanFile, ...]:
        orphans = directory_listing(self._context).orphans
        return tuple(OrphanFile(file=found.name, size_bytes=found.size) for found in orphans)


def cleared_logo(record: LogoRecord) -> ClearedLogo:
    """The entry, which must have a file, as plans and reports show it."""
    if record.file is None:
        raise AssertionError("unreachable: only entries with a file are cleared")
    return ClearedLogo(
        key=record.key,
        file=record.file.name,
        size_bytes=record.file.total_size,
        status=record.status,
        provider=record.provider,
        fetched_at=record.fetched_at,
    )
