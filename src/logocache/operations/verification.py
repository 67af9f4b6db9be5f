"""`verify` from looking to mending to the report."""

import time
from collections.abc import Callable
from dataclasses import replace

from logocache.model import Status
from logocache.operations.inspection import Inspector
from logocache.operations.mending import Mender
from logocache.operations.saving import Saver
from logocache.policy.verdict import passes
from logocache.ports.progress import Progress
from logocache.ports.repository import Repository
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
        findings = self._repair(seen.findings) if repair else seen.findings
        return VerifyReport(
            ok=passes(findings, fail_on),
            entries=seen.entries,
            files=seen.files,
            size_bytes=seen.size_bytes,
            findings=findings,
            repaired=sum(each.repair is not None for each in findings),
            duration_seconds=time.monotonic() - started,
        )

    def _repair(self, findings: tuple[Finding, ...]) -> tuple[Finding, ...]:
        dropped = self._mender.drop_broken([each for each in findings if each.key is not None])
        if dropped:
            self._fetch_again(dropped)
        return tuple(self._mended(each, dropped) for each in findings)

    def _mended(self, each: Finding, dropped: tuple[str, ...]) -> Finding:
        if each.key is not None:
            return replace(each, repair=self._what_became_of(each.key)) if each.key in dropped else each
        if each.kind is FindingKind.OVER_LIMIT:
            return replace(each, repair=f"room was made: {self._saver.enforce_limit()} logos evicted")
        return self._mender.mend_loose(each)

    def _what_became_of(self, key: str) -> str:
        record = self._repository.get(key)
        if record is None or record.status is Status.PENDING:
            return "the file was dropped; the next init fetches it again"
        if record.status is Status.PLACEHOLDER:
            return "a monogram stands in until the logo can be had"
        return f"fetched again from {record.provider}"
