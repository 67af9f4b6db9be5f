"""`verify` from looking to repairing to the report.

Each step of the repair looks again, while no writer is at work, and acts only where file and row are
still those of the finding: another process may have repaired it, or be fetching it right now. Rows are
read and written in batches.
"""

import time
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace

from logocache.model import LogoRecord, Outcome, OutcomeKind, Status
from logocache.operations.commit import Committer
from logocache.operations.context import Context
from logocache.operations.garbage import DELETED, GONE, batches, dispose_orphans
from logocache.operations.inspection import Found, Inspector
from logocache.operations.refresh import FetchRun, RunRequest, due_filter
from logocache.policy.findings import passes
from logocache.ports import Progress, Silent
from logocache.queries import FailOn
from logocache.repository.filters import RecordFilter
from logocache.repository.mapping import SavedFetch
from logocache.repository.unit_of_work import UnitOfWork
from logocache.results import Finding, FindingKind, VerifyReport

BATCH = 250
"""Findings looked at again while all writers wait, at most."""


class Verify:
    """Looks, repairs when told, reports."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._inspector = Inspector(context)

    def run(self, *, repair: bool, fail_on: FailOn, progress: Progress) -> VerifyReport:
        """See `LogoCache.verify`."""
        if repair:
            self._context.identity.require_init()
        else:
            self._context.identity.look()
        started = time.monotonic()
        seen = self._inspector.inspect(progress)
        findings = Repair(self._context, self._inspector).run(seen.found) if repair else None
        if findings is None:
            findings = tuple(found.finding for found in seen.found)
        return VerifyReport(
            ok=passes(findings, fail_on),
            entries=seen.entries,
            files=seen.files,
            size_bytes=seen.size_bytes,
            findings=findings,
            repaired=sum(finding.repair is not None for finding in findings),
            duration_seconds=time.monotonic() - started,
        )


class Repair:
    """Repairs what can be. An entry keeps its row, with all that it says of the logo's source."""

    def __init__(self, context: Context, inspector: Inspector) -> None:
        self._context = context
        self._inspector = inspector

    def run(self, found: Sequence[Found]) -> tuple[Finding, ...]:
        """The findings in the same order, each with what was done about it."""
        of_entries = [each for each in found if each.record is not None]
        replaced = [each for each in found if each.replaced is not None]
        self._fetch_again([key for batch in batches(of_entries, BATCH) for key in self._put_away(batch)])
        outcomes = {
            id(each): finding
            for step, findings in ((self._outcomes, of_entries), (self._forget, replaced))
            for batch in batches(findings, BATCH)
            for each, finding in step(batch)
        }
        loose = [each.finding for each in found if each.record is None and each.replaced is None]
        orphans = [finding.file for finding in loose if finding.kind is FindingKind.ORPHAN and finding.file]
        disposed = dispose_orphans(self._context, orphans, quarantine=True)
        return tuple(outcomes.get(id(each)) or self._repaired_loose(each.finding, disposed) for each in found)

    def _fetch_again(self, keys: Sequence[str]) -> None:
        settings = self._context.settings
        if not keys or not settings.enabled:
            return
        # They were made due: who has fetched one meanwhile need not do so again.
        due = due_filter(self._context, tuple(keys), forced=settings.offline)
        FetchRun(self._context).run(RunRequest(command="refresh", due=due), Silent())

    def _put_away(self, found: Sequence[Found]) -> Sequence[str]:
        """Take damaged files out of the served directory; the keys whose logos are to be fetched again.

        Entries that another process is fetching are left to it. What only their rows say wrongly is
        corrected.
        """
        broken = [each for each in found if each.finding.kind is not FindingKind.NOT_CHECKED]
        if not broken:
            return ()
        with self._context.repository.unit() as unit:
            still = {each.record.key: each for each in self._inspector.confirmed(broken) if each.record}
            free = unit.make_due(
                [each.record for each in still.values() if each.record], now=self._context.clock()
            )
            wrong = [record for record in free if _is_only_misdescribed(still[record.key])]
            unit.save([self._corrected(still[record.key], record) for record in wrong])
            damaged = [record for record in free if record not in wrong]
            names = [
                record.file.name
                for record in damaged
                if record.file is not None and _is_damaged(still[record.key].finding)
            ]
            self._context.variants.forget(names)
            for name in names:
                self._context.store.quarantine(name)
        return [record.key for record in damaged]

    def _corrected(self, each: Found, record: LogoRecord) -> SavedFetch:
        """The entry with the size of its picture as decoding it showed."""
        if record.file is None or each.check is None:
            raise AssertionError("unreachable: only entries whose file was decoded are misdescribed")
        file = replace(record.file, width=each.check.width, height=each.check.height)
        outcome = Outcome(
            kind=record.last_outcome or OutcomeKind.FOUND, next_attempt_at=self._context.clock()
        )
        return SavedFetch(record=replace(record, file=file, lease=None), outcome=outcome)

    def _outcomes(self, found: Sequence[Found]) -> Iterator[tuple[Found, Finding]]:
        """Findings about entries, with what became of them; unrepaired, where one is still broken."""
        records = self._records(found)
        still_bad = self._still_bad(found, records)
        for each in found:
            finding, key = each.finding, _key(each)
            record = records.get(key)
            if finding.kind is FindingKind.NOT_CHECKED:
                yield each, finding
            elif record is None:
                yield each, replace(finding, repair="its entry is gone")
            elif key not in still_bad:
                yield each, replace(finding, repair=_what_became_of(finding, record))
            else:
                why = "another process is fetching it" if record.lease is not None else record.last_error
                yield each, replace(finding, detail=f"{finding.detail}; {why or 'it was not fetched'}")

    def _records(self, found: Sequence[Found]) -> Mapping[str, LogoRecord]:
        """The rows of the findings as they are now, by key."""
        where = RecordFilter(keys=[_key(each) for each in found])
        return {record.key: record for page in self._context.repository.pages(where) for record in page}

    def _still_bad(self, found: Sequence[Found], records: Mapping[str, LogoRecord]) -> Collection[str]:
        """Keys of the entries whose file is not what its row says even now, after all that was done."""
        now: list[Found] = []
        for each in found:
            record = records.get(_key(each))
            if record is not None and each.record is not None:
                is_same = record.file == each.record.file
                now.append(replace(each, record=record, check=each.check if is_same else None))
        if not now:
            return ()
        with self._context.repository.unit():
            return {_key(each) for each in self._inspector.confirmed(now)}

    def _forget(self, found: Sequence[Found]) -> Iterator[tuple[Found, Finding]]:
        """Findings about replaced files, with what was done about them: nobody needs those files."""
        checked = [each for each in found if each.finding.kind is not FindingKind.NOT_CHECKED]
        moved: set[str] = set()
        names: list[str] = []
        if checked:
            with self._context.repository.unit() as unit:
                confirmed = self._inspector.confirmed(checked)
                names = [each.replaced.name for each in confirmed if each.replaced is not None]
                moved = self._quarantine_replaced(unit, names)
        for each in found:
            name = each.replaced.name if each.replaced is not None else ""
            if each not in checked:
                yield each, each.finding
            elif name not in names:
                yield each, replace(each.finding, repair="mended meanwhile")
            else:
                repair = "moved to quarantine" if name in moved else "forgotten"
                yield each, replace(each.finding, repair=repair)

    def _quarantine_replaced(self, unit: UnitOfWork, names: Sequence[str]) -> set[str]:
        """Forget these replaced files; those that were moved to quarantine, for no entry names them."""
        unit.forget_replaced(names)
        free = unit.unnamed(names)
        self._context.variants.forget(free)
        return {name for name in free if self._context.store.quarantine(name)}

    def _repaired_loose(self, finding: Finding, disposed: Mapping[str, str]) -> Finding:
        """A finding about a file without a row, or about the cache as a whole."""
        match finding.kind:
            case FindingKind.ORPHAN if finding.file is not None:
                done = disposed.get(finding.file)
            case FindingKind.LEFTOVER if finding.file is not None:
                done = DELETED if self._context.store.delete_leftover(finding.file) else GONE
            case FindingKind.OVER_LIMIT:
                done = f"room was made: {Committer(self._context).enforce_limit()} logos evicted"
            case _:
                return finding
        return replace(finding, repair=done)


def _key(each: Found) -> str:
    if each.record is None:
        raise AssertionError("unreachable: only findings about entries come here")
    return each.record.key


def _is_only_misdescribed(each: Found) -> bool:
    """True if the file is good, and only its row is wrong."""
    return each.finding.kind is FindingKind.WRONG_DIMENSIONS and each.check is not None


def _is_damaged(finding: Finding) -> bool:
    """True if there is a file, and it is to be put away."""
    return finding.kind is not FindingKind.MISSING_FILE


def _what_became_of(finding: Finding, record: LogoRecord) -> str:
    if finding.kind is FindingKind.WRONG_DIMENSIONS:
        return "the record was corrected"
    if record.status is Status.PENDING:
        return "the next init fetches it again"
    if record.status is Status.PLACEHOLDER:
        return "a monogram stands in until the logo can be had"
    return f"fetched again from {record.provider}"
