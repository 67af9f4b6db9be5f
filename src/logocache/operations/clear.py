"""`clear` in two steps, plan and deletion, so that the operator can confirm the plan."""

from collections.abc import Collection, Mapping, Sequence

from logocache.model import LogoRecord
from logocache.operations.context import Context
from logocache.operations.garbage import (
    DELETED,
    batches,
    directory_listing,
    dispose,
    dispose_orphans,
    is_certainly_ours,
)
from logocache.queries import ClearSelection
from logocache.repository.filters import RecordFilter
from logocache.results import ClearedLogo, ClearPlan, ClearReport, OrphanFile

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
        names = [record.file.name for record in cleared if record.file is not None]
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
        size_bytes=record.file.size,
        status=record.status,
        provider=record.provider,
        fetched_at=record.fetched_at,
    )
