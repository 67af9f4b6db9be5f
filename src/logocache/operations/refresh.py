"""Fetching of many logos: lease due entries, fetch in threads, save in batches, report."""

import contextlib
import itertools
import time
from collections import Counter, deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from queue import Empty, SimpleQueue

from logocache.errors import DatabaseError, SelectionError, raise_if_exhausted
from logocache.model import Integration, LogoRecord, OutcomeKind, Status
from logocache.operations.clear import LEFTOVER_AGE, forget_surplus, register
from logocache.operations.commit import Committer, Saved
from logocache.operations.context import Context, SteadyProgress
from logocache.operations.fetch import EntryFetch, FetchResult, discard, give_back, was_cut_off
from logocache.operations.fetch_log import RequestMemo
from logocache.operations.icon_sets import IconSetUpkeep
from logocache.operations.placeholders import take_back
from logocache.policy.attempts import SUCCESSES
from logocache.ports import Progress
from logocache.repository.filters import DueFilter, RecordFilter
from logocache.repository.mapping import SavedFetch
from logocache.results import MOST_COUNTED, FetchedLogo, FetchReport

BATCH = 64
"""Entries saved in one transaction, at most."""
LONGEST_WAIT = 0.5
"""Seconds that a finished entry may wait to be saved."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RunRequest:
    """Parameters of one run."""

    command: str
    due: DueFilter
    limit: int | None = None
    added: int = 0


class Refresh:
    """See `LogoCache.refresh`."""

    def __init__(self, context: Context) -> None:
        self._context = context

    def run(
        self, keys: Sequence[str], *, force: bool, failed: bool, limit: int | None, progress: Progress
    ) -> FetchReport:
        context = self._context
        if not context.settings.enabled:
            return disabled_report(context, "refresh")
        context.identity.require_init()
        registration = register(context, self._named_domains(keys))
        IconSetUpkeep(context).run()
        due = due_filter(context, context.names.keys(keys), forced=force or bool(keys), failed_only=failed)
        request = RunRequest(command="refresh", due=due, limit=limit, added=registration.added)
        return FetchRun(context).run(request, progress)

    def _named_domains(self, names: Sequence[str]) -> tuple[Integration, ...]:
        domains = self._context.names.domains(names)
        most = self._context.settings.on_demand_max_entries
        if len({domain.key for domain in domains}) > most:
            raise SelectionError(
                f"more domains are named than the {most} that LOGO_CACHE_ON_DEMAND_MAX_ENTRIES allows",
                hint="raise it, or put them into a catalogue of your own (LOGO_CACHE_CATALOG)",
            )
        return domains


class FetchRun:
    """A run over due entries, and its report."""

    def __init__(self, context: Context) -> None:
        self._context = context

    def run(self, request: RunRequest, progress: Progress) -> FetchReport:
        """Fetch due entries, tidy up, and report. Raises as `_Pass.run`."""
        started = time.monotonic()
        result = self._fetch(request, progress)
        self._tidy()
        return self._report(request, result, time.monotonic() - started)

    def _fetch(self, request: RunRequest, progress: Progress) -> Saved:
        keys = self._context.repository.due_keys(request.due, limit=request.limit)
        SteadyProgress(progress, self._context.faults).start(len(keys))
        if not keys:
            return Saved()  # before any heavy part is loaded
        committer = Committer(self._context, named=request.due.keys or ())
        result = _Pass(self._context, committer).run(keys, request.due, progress)
        corrected = take_back(self._context)
        self._context.notify(corrected.fetches)
        return result.corrected(corrected)

    def _tidy(self) -> None:
        Committer(self._context).sweep()
        forget_surplus(self._context)
        self._context.repository.purge_attempts(
            before=self._context.clock() - self._context.settings.audit_retention
        )
        for leftover in list(self._context.store.leftovers(before=self._context.clock() - LEFTOVER_AGE)):
            self._context.store.delete_leftover(leftover.name)

    def _report(self, request: RunRequest, result: Saved, duration: float) -> FetchReport:
        now = self._context.clock()
        totals = self._context.repository.totals(now=now)
        missing = self._missing(request)
        kinds = Counter(fetch.outcome.kind for fetch in result.fetches)
        return FetchReport(
            command=request.command,
            enabled=True,
            offline=self._context.settings.offline,
            directory=str(self._context.store.directory),
            known=totals.entries,
            added=request.added,
            asked=len(result.fetches),
            found=kinds[OutcomeKind.FOUND],
            unchanged=kinds[OutcomeKind.UNCHANGED],
            placeholders=sum(fetch.record.status is not Status.CACHED for fetch in result.fetches),
            failed=sum(_keeps_logo(fetch) for fetch in result.fetches),
            errors=kinds[OutcomeKind.ERROR],
            elsewhere=totals.leased,
            evicted=result.evicted,
            missing=missing[:MOST_COUNTED],
            missing_capped=len(missing) > MOST_COUNTED,
            duration_seconds=duration,
            logos=tuple(
                _fetched(fetch) for fetch in sorted(result.fetches, key=lambda fetch: fetch.record.key)
            ),
        )

    def _missing(self, request: RunRequest) -> tuple[str, ...]:
        """The first selected keys without a real logo: more than `MOST_COUNTED` if there are more."""
        # One query a status, since each is a range of an index in the order of keys.
        found = [
            self._context.repository.keys(
                RecordFilter(keys=request.due.keys, statuses=(status,)), limit=MOST_COUNTED + 1
            )
            for status in (Status.PLACEHOLDER, Status.PENDING)
        ]
        return tuple(sorted(itertools.chain.from_iterable(found)))


class _Pass:
    """One pass over due entries. Use it once."""

    def __init__(self, context: Context, committer: Committer) -> None:
        self._context = context
        self._entry_fetch = EntryFetch(context)
        self._committer = committer
        self._concurrency = context.settings.concurrency
        counts = Counter(integration.domain for integration in context.catalog)
        shared = (domain for domain, count in counts.items() if count > 1)
        # Answers of a domain that several entries share are remembered for the whole run.
        self._memos = {domain: RequestMemo() for domain in shared}
        self._leased: dict[str, LogoRecord] = {}
        self._running: set[Future[FetchResult]] = set()
        self._done: SimpleQueue[Future[FetchResult]] = SimpleQueue()
        self._unsaved: list[FetchResult] = []
        self._saved_at = time.monotonic()
        self._saved: list[Saved] = []

    def run(self, keys: Sequence[str], due: DueFilter, progress: Progress) -> Saved:
        """Fetch those of `keys` that are still due and free, and save the results as they come.

        A failure at one entry is that entry's outcome. A failure of the environment ends the run:
        finished entries are saved if possible, others are unchanged.

        Raises:
            DatabaseError: the database failed.
            DirectoryError: a file could not be written.
            UnavailableError: no decoder can be started, or memory or threads are exhausted.
        """
        # Wrong settings of sources are reported before anything is leased.
        _ = self._context.chain() if self._context.settings.offline else self._context.fetcher()
        waiting = deque(keys)
        progress = SteadyProgress(progress, self._context.faults)
        with ThreadPoolExecutor(self._concurrency, "logocache") as pool, self._ended_well(pool):
            while waiting or self._running:
                self._start(waiting, due, pool, progress)
                self._collect(progress)
        return Saved.together(self._saved)

    def _start(
        self, waiting: deque[str], due: DueFilter, pool: ThreadPoolExecutor, progress: Progress
    ) -> None:
        """Lease more entries, up to two for each thread."""
        if self._context.interrupted.is_set():
            waiting.clear()
        while waiting and len(self._running) < self._concurrency * 2:
            keys = [waiting.popleft() for _ in range(min(self._concurrency, len(waiting)))]
            claimed = self._context.repository.claim(keys, now=self._context.clock(), due=due)
            self._leased.update((record.key, record) for record in claimed)
            for record in claimed:
                memo = self._memos.get(record.domain) or RequestMemo()
                future = pool.submit(self._entry_fetch.fetch_entry, record, memo)
                self._running.add(future)
                future.add_done_callback(self._done.put)
            for key in sorted(set(keys) - {record.key for record in claimed}):
                progress.advance(f"{key}: being fetched by another process")

    def _collect(self, progress: Progress) -> None:
        """Collect finished entries; save them if the batch is full or has waited long enough."""
        for future in self._finished():
            self._running.remove(future)
            result = future.result()
            if was_cut_off(result, self._context):
                give_back(result, self._context)
                del self._leased[result.before.key]
            else:
                self._unsaved.append(result)
            progress.advance(result.before.key)
        waited = time.monotonic() - self._saved_at >= LONGEST_WAIT
        if self._unsaved and (len(self._unsaved) >= BATCH or waited or not self._running):
            self._save()

    def _finished(self) -> Iterator[Future[FetchResult]]:
        """Yield up to a batch of what has ended; wait for the first for `LONGEST_WAIT` at the longest."""
        with contextlib.suppress(Empty):
            if self._running:
                yield self._done.get(timeout=LONGEST_WAIT)
            for _ in range(1, BATCH):
                yield self._done.get_nowait()

    def _save(self) -> None:
        batch, self._unsaved = self._unsaved, []
        saved = self._committer.save(batch)
        for result in batch:
            del self._leased[result.before.key]
        self._saved_at = time.monotonic()
        self._saved.append(saved)
        self._context.notify(saved.fetches)

    @contextlib.contextmanager
    def _ended_well(self, pool: ThreadPoolExecutor) -> Iterator[None]:
        """Save finished entries and end all leases if the run fails."""
        try:
            yield
        except BaseException as error:
            try:
                # Running fetches may finish, unless a signal ends the program.
                pool.shutdown(wait=isinstance(error, Exception), cancel_futures=True)
            finally:
                self._break_off()
            raise_if_exhausted(error)
            raise

    def _break_off(self) -> None:
        finished = [future.result() for future in self._running if _is_finished(future)]
        for result in finished:
            if was_cut_off(result, self._context):
                discard(result.staged, self._context)
            else:
                self._unsaved.append(result)
        with contextlib.suppress(Exception):  # the first error is the one to report
            if self._unsaved:
                self._save()
        with contextlib.suppress(DatabaseError):  # leases expire by themselves
            self._context.repository.release(list(self._leased.values()))


def _is_finished(future: Future[FetchResult]) -> bool:
    return future.done() and not future.cancelled() and future.exception() is None


def due_filter(
    context: Context, keys: Sequence[str] | None, *, forced: bool, failed_only: bool = False
) -> DueFilter:
    """The filter for entries that are due now."""
    offline = context.settings.offline
    return DueFilter(now=context.clock(), keys=keys, forced=forced, failed_only=failed_only, offline=offline)


def disabled_report(context: Context, command: str) -> FetchReport:
    """Report of a run that LOGO_CACHE_ENABLED=false prevented."""
    return FetchReport(
        command=command,
        enabled=False,
        offline=context.settings.offline,
        directory=str(context.store.directory),
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


def _keeps_logo(fetch: SavedFetch) -> bool:
    return fetch.outcome.kind not in SUCCESSES and fetch.record.status is Status.CACHED


def _fetched(fetch: SavedFetch) -> FetchedLogo:
    record: LogoRecord = fetch.record
    return FetchedLogo(
        key=record.key,
        name=record.name,
        status=record.status,
        outcome=fetch.outcome.kind,
        provider=record.provider,
        kept=_keeps_logo(fetch),
        size_bytes=record.file.size if record.file else None,
        width=record.file.width if record.file else None,
        height=record.file.height if record.file else None,
        next_attempt_at=fetch.outcome.next_attempt_at,
        reason=fetch.outcome.reason,
    )
