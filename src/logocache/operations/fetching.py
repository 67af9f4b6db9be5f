"""`init` and `refresh` from what is due to the report."""

import time
from collections import Counter
from dataclasses import dataclass

from logocache.model import LogoRecord, OutcomeKind, Status
from logocache.operations.faults import SteadyProgress
from logocache.operations.inspection import LEFTOVER_AGE
from logocache.operations.orphans import pages
from logocache.operations.parts import Parts
from logocache.operations.registering import forget_surplus
from logocache.operations.rules import FetchRules
from logocache.operations.run import FetchRun, RunResult
from logocache.operations.saving import Saver
from logocache.operations.workshop import Workshop
from logocache.policy.attempts import SUCCESSES
from logocache.ports import Progress
from logocache.repository.filters import DueFilter, RecordFilter
from logocache.repository.records import SavedFetch
from logocache.results import FetchedLogo, FetchReport


@dataclass(frozen=True, slots=True, kw_only=True)
class RunRequest:
    """What one run is asked to do."""

    command: str
    due: DueFilter
    limit: int | None = None
    added: int = 0


class Fetching:
    """Runs and their reports."""

    def __init__(self, parts: Parts, rules: FetchRules, workshop: Workshop, saver: Saver) -> None:
        self._parts = parts
        self._rules = rules
        self._workshop = workshop
        self._saver = saver

    def run(self, request: RunRequest, progress: Progress) -> FetchReport:
        """Fetch what is due, tidy up, and tell. Raises as `FetchRun.run`."""
        started = time.monotonic()
        result = self._fetch(request, progress)
        self._tidy()
        return self._report(request, result, time.monotonic() - started)

    def _fetch(self, request: RunRequest, progress: Progress) -> RunResult:
        keys = self._parts.repository.due_keys(request.due, limit=request.limit)
        SteadyProgress(progress, self._parts.faults).start(len(keys))
        if not keys:
            return RunResult()  # and no engine is loaded
        run = FetchRun(
            self._parts,
            self._workshop.worker,
            self._saver.for_named(request.due.keys or ()),
            concurrency=self._rules.concurrency,
            shared_domains=self._shared_domains(),
        )
        result = run.run(keys, request.due, progress)
        corrected = self._workshop.take_back()
        self._parts.tell(corrected.fetches)
        return result.corrected(corrected)

    def _shared_domains(self) -> list[str]:
        counts = Counter(integration.domain for integration in self._parts.catalog)
        return [domain for domain, count in counts.items() if count > 1]

    def _tidy(self) -> None:
        self._saver.sweep()
        forget_surplus(self._parts)
        self._parts.repository.purge_attempts(before=self._parts.clock() - self._rules.audit_retention)
        for each in list(self._parts.store.leftovers(before=self._parts.clock() - LEFTOVER_AGE)):
            self._parts.store.delete_leftover(each.name)

    def _report(self, request: RunRequest, result: RunResult, duration: float) -> FetchReport:
        now = self._parts.clock()
        totals = self._parts.repository.totals(now=now, stale_before=now)
        kinds = Counter(fetch.outcome.kind for fetch in result.fetches)
        return FetchReport(
            command=request.command,
            enabled=True,
            offline=self._rules.search.offline,
            directory=str(self._parts.store.directory),
            known=totals.entries,
            added=request.added,
            asked=len(result.fetches),
            found=kinds[OutcomeKind.FOUND],
            unchanged=kinds[OutcomeKind.UNCHANGED],
            placeholders=sum(fetch.record.status is not Status.CACHED for fetch in result.fetches),
            failed=sum(_kept(fetch) for fetch in result.fetches),
            errors=kinds[OutcomeKind.ERROR],
            elsewhere=totals.leased,
            evicted=result.evicted,
            missing=self._missing(request),
            duration_seconds=duration,
            logos=tuple(
                _fetched(fetch) for fetch in sorted(result.fetches, key=lambda each: each.record.key)
            ),
        )

    def _missing(self, request: RunRequest) -> tuple[str, ...]:
        where = RecordFilter(keys=request.due.keys, statuses=(Status.PLACEHOLDER, Status.PENDING))
        return tuple(record.key for page in pages(self._parts.repository, where) for record in page)


def disabled_report(command: str, *, directory: str, offline: bool) -> FetchReport:
    """The report of a run that LOGO_CACHE_ENABLED=false prevented."""
    return FetchReport(
        command=command,
        enabled=False,
        offline=offline,
        directory=directory,
        known=0,
        added=0,
        asked=0,
        found=0,
        unchanged=0,
        placeholders=0,
        failed=0,
        errors=0,
        elsewhere=0,
        evicted=0,
        missing=(),
        duration_seconds=0.0,
        logos=(),
    )


def _kept(fetch: SavedFetch) -> bool:
    return fetch.outcome.kind not in SUCCESSES and fetch.record.status is Status.CACHED


def _fetched(fetch: SavedFetch) -> FetchedLogo:
    record: LogoRecord = fetch.record
    return FetchedLogo(
        key=record.key,
        name=record.name,
        status=record.status,
        outcome=fetch.outcome.kind,
        provider=record.provider,
        kept=_kept(fetch),
        size_bytes=record.file.size if record.file else None,
        width=record.file.width if record.file else None,
        height=record.file.height if record.file else None,
        next_attempt_at=fetch.outcome.next_attempt_at,
        reason=fetch.outcome.reason,
    )
