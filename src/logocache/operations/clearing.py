"""Plan what to take away, then take it: two steps, so that a person can look in between."""

from collections.abc import Collection, Sequence

from logocache.model import LogoRecord
from logocache.operations.disposal import DELETED, dispose, dispose_orphan, is_certainly_ours
from logocache.operations.orphans import orphans, pages
from logocache.operations.parts import Parts
from logocache.repository.filters import RecordFilter
from logocache.results import ClearedLogo, ClearPlan, ClearReport, OrphanFile
from logocache.selection import ClearSelection


class Clearing:
    """Plans and carries out. Pinned entries go only when they are named."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    def plan(self, selection: ClearSelection, keys: Collection[str] | None) -> ClearPlan:
        """What `selection` takes away; `keys` are the entries it names, None for no names."""
        matching = self._matching(selection, keys) if selection.selects_logos else []
        chosen = [record for record in matching if keys is not None or not record.pinned]
        orphan_files = self._orphan_files() if selection.orphans else ()
        ours = tuple(each for each in orphan_files if is_certainly_ours(self._parts, each.file))
        return ClearPlan(
            logos=tuple(cleared_logo(record) for record in chosen if record.file is not None),
            orphans=ours,
            strangers=tuple(each for each in orphan_files if each not in ours),
            fetching=tuple(
                record.key for record in chosen if record.file is None and record.lease is not None
            ),
            pinned_kept=len(matching) - len(chosen),
        )

    def carry_out(self, plan: ClearPlan) -> ClearReport:
        """Take away what the plan names and is still as it was then.

        Files that these logos had before, and that are still in their grace period, go with them;
        they are not counted. Entries without a file that are being fetched lose their lease: what comes
        of that fetch is not stored.
        """
        planned: dict[str, str | None] = {each.key: each.file for each in plan.logos}
        planned |= dict.fromkeys(plan.fetching)
        records = [record for key in planned if (record := self._parts.repository.get(key)) is not None]
        unchanged = [record for record in records if _name_of(record) == planned[record.key]]
        with self._parts.repository.unit() as unit:
            cleared = unit.clear(unchanged)
            replaced = unit.forget_replaced_of([record.key for record in cleared])
        names = [record.file.name for record in cleared if record.file is not None]
        dispose(self._parts, [*names, *(old.name for old in replaced)])
        orphans = tuple(
            each
            for each in plan.orphans
            if dispose_orphan(self._parts, each.file, quarantine=False) == DELETED
        )
        logos = tuple(cleared_logo(record) for record in cleared if record.file is not None)
        return ClearReport(
            dry_run=False,
            logos=logos,
            orphans=orphans,
            strangers=plan.strangers,
            fetching=tuple(record.key for record in cleared if record.file is None),
            pinned_kept=plan.pinned_kept,
            freed_bytes=sum(each.size_bytes for each in logos) + sum(each.size_bytes for each in orphans),
        )

    def _matching(self, selection: ClearSelection, keys: Collection[str] | None) -> Sequence[LogoRecord]:
        older = selection.older_than
        where = RecordFilter(
            keys=keys,
            statuses=selection.statuses or None,
            providers=selection.providers or None,
            fetched_before=self._parts.clock() - older if older is not None else None,
            has_file=True if keys is None else None,
        )
        return [record for page in pages(self._parts.repository, where) for record in page]

    def _orphan_files(self) -> tuple[OrphanFile, ...]:
        sizes = {found.name: found.size for found in self._parts.store.files()}
        names = orphans(sizes, self._parts)
        return tuple(OrphanFile(file=name, size_bytes=sizes[name]) for name in names)


def cleared_logo(record: LogoRecord) -> ClearedLogo:
    """The entry as plans and reports show it. It must have a file."""
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


def _name_of(record: LogoRecord) -> str | None:
    return record.file.name if record.file is not None else None
