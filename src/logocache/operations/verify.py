"""`verify`: inspection, repair and report.

Each step of the repair checks its findings again inside a write transaction, and changes only what is
still as found: another process may have repaired it, or be fetching it. Rows are read and written in
batches.
"""

import time
from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace

from logocache.model import LogoRecord, Outcome, OutcomeKind, Status
from logocache.operations.clear import DELETED, GONE, batches, dispose_orphans
from logocache.operations.commit import Committer
from logocache.operations.context import Context
from logocache.operations.inspection import Found, Inspector
from logocache.operations.refresh import FetchRun, RunRequest, due_filter
from logocache.policy.findings import passes
from logocache.ports import Progress, Silent
from logocache.queries import FailOn
from logocache.repository.filters import RecordFilter
from logocache.repository.mapping import SavedFetch
from logocache.repository.unit_of_work import UnitOfWork
from logocache.results import Finding, FindingKind, VerifyReport
from logocache.store.names import form_like, suffix_of

BATCH = 250
"""Findings checked again at a time, at most, while all writers wait."""


class Verify:
    """See `LogoCache.verify`."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._inspector = Inspector(context)

    def run(self, *, repair: bool, decode: bool, fail_on: FailOn, progress: Progress) -> VerifyReport:
        if repair:
            self._context.identity.require_init()
        else:
            self._context.identity.look()
        started = time.monotonic()
        seen = self._inspector.inspect(progress, decode=decode)
        findings = Repair(self._context, self._inspector).run(seen.found) if repair else None
        if findings is None:
            findings = tuple(found.finding for found in seen.found)
        return VerifyReport(
            ok=passes(findings, fail_on),
            decoded=decode,
            entries=seen.entries,
            files=seen.files,
            size_bytes=seen.size_bytes,
            findings=findings,
            repaired=sum(finding.repair is not None for finding in findings),
            duration_seconds=time.monotonic() - started,
        )


class Repair:
    """Repairs findings. Entries keep their rows, with all facts about the logo's source."""

    def __init__(self, context: Context, inspector: Inspector) -> None:
        self._context = context
        self._inspector = inspector

    def run(self, found: Sequence[Found]) -> tuple[Finding, ...]:
        """Repair; return the findings in the same order, each with its `repair`."""
        of_entries = [item for item in found if item.record is not None]
        replaced = [item for item in found if item.replaced is not None]
        self._fetch_again([key for batch in batches(of_entries, BATCH) for key in self._put_away(batch)])
        outcomes = {
            id(item): finding
            for step, findings in ((self._outcomes, of_entries), (self._forget, replaced))
            for batch in batches(findings, BATCH)
            for item, finding in step(batch)
        }
        loose = [item.finding for item in found if item.record is None and item.replaced is None]
        orphans = [finding.file for finding in loose if finding.kind is FindingKind.ORPHAN and finding.file]
        disposed = dispose_orphans(self._context, orphans, quarantine=True)
        return tuple(outcomes.get(id(item)) or self._repaired_loose(item.finding, disposed) for item in found)

    def _fetch_again(self, keys: Sequence[str]) -> None:
        settings = self._context.settings
        if not keys or not settings.enabled:
            return
        # They were made due: what another process has fetched meanwhile is skipped.
        due = due_filter(self._context, tuple(keys), forced=settings.offline)
        FetchRun(self._context).run(RunRequest(command="refresh", due=due), Silent())

    def _put_away(self, found: Sequence[Found]) -> Sequence[str]:
        """Move damaged files to quarantine; return the keys of logos to fetch again.

        Entries that another process is fetching are left to it. Wrong records of good files are
        corrected.
        """
        broken = [item for item in found if item.finding.kind is not FindingKind.NOT_CHECKED]
        if not broken:
            return ()
        with self._context.repository.unit() as unit:
            still = defaultdict(list)
            for item in self._inspector.confirmed(broken):
                still[_key(item)].append(item)
            records = [items[0].record for items in still.values() if items[0].record is not None]
            free = unit.make_due(records, now=self._context.clock())
            wrong = [record for record in free if all(map(_is_only_misdescribed, still[record.key]))]
            unit.save([self._corrected(still[record.key][0], record) for record in wrong])
            damaged = [record for record in free if record not in wrong]
            names = [
                item.finding.file
                for record in damaged
                for item in still[record.key]
                if item.finding.file is not None and _is_damaged(item)
            ]
            self._context.variants.forget(names)
            for name in names:
                self._context.store.quarantine(name)
        return [record.key for record in damaged]

    def _corrected(self, item: Found, record: LogoRecord) -> SavedFetch:
        """The entry with the decoded dimensions of its image."""
        if record.file is None or item.check is None:
            raise AssertionError("unreachable: only entries whose file was decoded are misdescribed")
        file = replace(record.file, width=item.check.width, height=item.check.height)
        outcome = Outcome(
            kind=record.last_outcome or OutcomeKind.FOUND, next_attempt_at=self._context.clock()
        )
        return SavedFetch(record=replace(record, file=file, lease=None), outcome=outcome)

    def _outcomes(self, found: Sequence[Found]) -> Iterator[tuple[Found, Finding]]:
        """Findings about entries with their repair; without one if still broken."""
        records = self._records(found)
        still_bad = self._still_bad(found, records)
        for item in found:
            finding, key = item.finding, _key(item)
            record = records.get(key)
            if finding.kind is FindingKind.NOT_CHECKED:
                yield item, finding
            elif record is None:
                yield item, replace(finding, repair="its entry is gone")
            elif (key, suffix_of(finding.file or "")) not in still_bad:
                yield item, replace(finding, repair=_what_became_of(finding, record))
            else:
                why = "another process is fetching it" if record.lease is not None else record.last_error
                yield item, replace(finding, detail=f"{finding.detail}; {why or 'it was not fetched'}")

    def _records(self, found: Sequence[Found]) -> Mapping[str, LogoRecord]:
        """The current records of the findings, by key."""
        where = RecordFilter(keys=[_key(item) for item in found])
        return {record.key: record for page in self._context.repository.pages(where) for record in page}

    def _still_bad(
        self, found: Sequence[Found], records: Mapping[str, LogoRecord]
    ) -> Collection[tuple[str, str | None]]:
        """Keys and suffixes of files that still differ from their records after the repair."""
        now: list[Found] = []
        for item in found:
            record = records.get(_key(item))
            if record is not None and item.record is not None:
                is_same = record.file == item.record.file
                now.append(replace(item, record=record, check=item.check if is_same else None))
        if not now:
            return ()
        with self._context.repository.unit():
            confirmed = self._inspector.confirmed(now)
        return {(_key(item), suffix_of(item.finding.file or "")) for item in confirmed}

    def _forget(self, found: Sequence[Found]) -> Iterator[tuple[Found, Finding]]:
        """Findings about replaced files, which are forgotten, with their repair."""
        checked = [item for item in found if item.finding.kind is not FindingKind.NOT_CHECKED]
        moved: set[str] = set()
        names: list[str] = []
        if checked:
            with self._context.repository.unit() as unit:
                confirmed = self._inspector.confirmed(checked)
                names = [item.replaced.name for item in confirmed if item.replaced is not None]
                moved = self._quarantine_replaced(unit, names)
        for item in found:
            name = item.replaced.name if item.replaced is not None else ""
            if item not in checked:
                yield item, item.finding
            elif name not in names:
                yield item, replace(item.finding, repair="repaired meanwhile")
            else:
                repair = "moved to quarantine" if name in moved else "forgotten"
                yield item, replace(item.finding, repair=repair)

    def _quarantine_replaced(self, unit: UnitOfWork, names: Sequence[str]) -> set[str]:
        """Forget these replaced files; move those that no entry names to quarantine, and return them."""
        unit.forget_replaced(names)
        free = unit.unnamed(names)
        self._context.variants.forget(free)
        return {name for name in free if self._context.store.quarantine(name)}

    def _repaired_loose(self, finding: Finding, disposed: Mapping[str, str]) -> Finding:
        """Repair a finding about a file without a row, or about the cache as a whole."""
        match finding.kind:
            case FindingKind.ORPHAN if finding.file is not None:
                done = disposed.get(finding.file)
            case FindingKind.LEFTOVER if finding.file is not None:
                done = DELETED if self._context.store.delete_leftover(finding.file) else GONE
            case FindingKind.WRONG_TOTALS:
                with self._context.repository.unit() as unit:
                    unit.recount()
                done = "counted anew"
            case FindingKind.OVER_LIMIT:
                done = f"room was made: {Committer(self._context).enforce_limit()} logos evicted"
            case _:
                return finding
        return replace(finding, repair=done)


def _key(item: Found) -> str:
    if item.record is None:
        raise AssertionError("unreachable: only findings about entries come here")
    return item.record.key


def _is_only_misdescribed(item: Found) -> bool:
    """True if the file is good, and only its record is wrong."""
    return item.finding.kind is FindingKind.WRONG_DIMENSIONS and item.check is not None


def _is_damaged(item: Found) -> bool:
    """True if there is a damaged file to move away."""
    return item.finding.kind is not FindingKind.MISSING_FILE and not _is_only_misdescribed(item)


def _what_became_of(finding: Finding, record: LogoRecord) -> str:
    if finding.kind is FindingKind.WRONG_DIMENSIONS:
        return "the record was corrected"
    if record.status is Status.PENDING:
        return "the next init fetches it again"
    if record.status is Status.PLACEHOLDER:
        return "a monogram stands in until the logo can be had"
    if form_like(finding.file, record.file) is None:
        return "this form was left out: its source did not send it again"
    return f"fetched again from {record.provider}"
