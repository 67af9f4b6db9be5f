"""`verify` from looking to mending to the report."""

import time
from collections.abc import Callable, Collection, Sequence
from dataclasses import replace

from logocache.model import LogoRecord, Status
from logocache.operations.inspection import Found, Inspector
from logocache.operations.mending import Mender
from logocache.operations.saving import Saver
from logocache.policy.verdict import passes
from logocache.ports import Progress
from logocache.repository.repository import Repository
from logocache.results import Finding, FindingKind, VerifyReport
from logocache.selection import FailOn


class Verification:
    """Looks, mends when told, reports."""

    def __init__(
        self,
        inspector: Inspector,
        mender: Mender,
        saver: Saver,
        repository: Repository,
        fetch_again: Callable[[tuple[str, ...]], None],
    ) -> None:
        self._inspector = inspector
        self._mender = mender
        self._saver = saver
        self._repository = repository
        self._fetch_again = fetch_again

    def run(self, *, repair: bool, fail_on: FailOn, progress: Progress) -> VerifyReport:
        started = time.monotonic()
        seen = self._inspector.inspect(progress)
        findings = self._repair(seen.found) if repair else tuple(each.finding for each in seen.found)
        return VerifyReport(
            ok=passes(findings, fail_on),
            entries=seen.entries,
            files=seen.files,
            size_bytes=seen.size_bytes,
            findings=findings,
            repaired=sum(each.repair is not None for each in findings),
            duration_seconds=time.monotonic() - started,
        )

    def _repair(self, found: Sequence[Found]) -> tuple[Finding, ...]:
        wanted = self._mender.put_away(found)
        if wanted:
            self._fetch_again(wanted)
        still_bad = self._still_bad([each for each in found if each.record is not None])
        return tuple(self._mended(each, still_bad) for each in found)

    def _still_bad(self, found: Sequence[Found]) -> Collection[str]:
        """Keys of the entries whose file is not what its row says even now, after all that was done."""
        now: list[Found] = []
        for each in found:
            before = each.record
            record = self._repository.get(before.key) if before is not None else None
            if before is not None and record is not None:
                is_same = record.file == before.file
                now.append(replace(each, record=record, check=each.check if is_same else None))
        if not now:
            return ()
        with self._repository.unit():
            return {each.record.key for each in self._inspector.confirmed(now) if each.record is not None}

    def _mended(self, each: Found, still_bad: Collection[str]) -> Finding:
        if each.record is not None:
            return self._with_outcome(each, self._repository.get(each.record.key), still_bad)
        if each.replaced is not None:
            return self._mender.forget(each)
        if each.finding.kind is FindingKind.OVER_LIMIT:
            repair = f"room was made: {self._saver.enforce_limit()} logos evicted"
            return replace(each.finding, repair=repair)
        return self._mender.mend_loose(each.finding)

    def _with_outcome(self, each: Found, record: LogoRecord | None, still_bad: Collection[str]) -> Finding:
        """The finding about an entry, with what became of it; unrepaired, where the entry is still broken."""
        finding = each.finding
        if finding.kind is FindingKind.NOT_CHECKED:
            return finding
        if record is None:
            return replace(finding, repair="its entry is gone")
        if record.key not in still_bad:
            return replace(finding, repair=_what_became_of(finding, record))
        overdue = replace(each, record=record)
        if finding.kind is FindingKind.KEPT_TOO_LONG and self._mender.drop_overdue(overdue):
            return replace(finding, repair="the file was dropped; the next init fetches it again")
        why = "another process is fetching it" if record.lease is not None else record.last_error
        return replace(finding, detail=f"{finding.detail}; {why or 'it was not fetched'}")


def _what_became_of(finding: Finding, record: LogoRecord) -> str:
    if finding.kind is FindingKind.WRONG_DIMENSIONS:
        return "the record was corrected"
    if record.status is Status.PENDING:
        return "the next init fetches it again"
    if record.status is Status.PLACEHOLDER:
        return "a monogram stands in until the logo can be had"
    return f"fetched again from {record.provider}"
