"""Many logos: lease what is due, work on it in threads, save in batches."""

import contextlib
import time
from collections import deque
from collections.abc import Collection, Iterator, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass

from logocache.errors import DatabaseError, raise_if_exhausted
from logocache.model import LogoRecord
from logocache.operations.faults import SteadyProgress
from logocache.operations.interruption import discard, give_back, was_cut_off
from logocache.operations.parts import Parts
from logocache.operations.saving import Saved, Saver
from logocache.operations.trail import Memo
from logocache.operations.work import Worked, Worker
from logocache.ports import Progress
from logocache.repository.filters import DueFilter
from logocache.repository.records import SavedFetch

BATCH = 32
"""Entries saved in one transaction, at most."""
LONGEST_WAIT = 0.5
"""Seconds for which a finished entry may wait to be saved."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RunResult:
    """What a run has saved."""

    fetches: tuple[SavedFetch, ...] = ()
    evicted: int = 0

    def plus(self, saved: Saved) -> "RunResult":
        return RunResult(fetches=self.fetches + saved.fetches, evicted=self.evicted + saved.evicted)

    def corrected(self, saved: Saved) -> "RunResult":
        """With what was saved of the same entries later in the place of what was saved first."""
        later = {fetch.record.key for fetch in saved.fetches}
        kept = tuple(each for each in self.fetches if each.record.key not in later)
        return RunResult(fetches=kept + saved.fetches, evicted=self.evicted + saved.evicted)


class FetchRun:
    """One pass over what is due. Use it once."""

    def __init__(
        self,
        parts: Parts,
        worker: Worker,
        saver: Saver,
        *,
        concurrency: int,
        shared_domains: Collection[str],
    ) -> None:
        """`shared_domains` are those of several entries: their answers are kept for the whole run."""
        self._parts = parts
        self._worker = worker
        self._saver = saver
        self._concurrency = concurrency
        self._memos: Mapping[str, Memo] = {domain: Memo() for domain in shared_domains}
        self._leased: dict[str, LogoRecord] = {}
        self._in_work: set[Future[Worked]] = set()
        self._unsaved: list[Worked] = []
        self._saved_at = time.monotonic()
        self._result = RunResult()

    def run(self, keys: Sequence[str], due: DueFilter, progress: Progress) -> RunResult:
        """Work on those of `keys` that are still due and free. Results are saved as they come.

        What fails at one entry is that entry's outcome. What the surroundings do ends the run: the
        entries that are finished are saved, where that can be done, and the others are as they were.

        Raises:
            DatabaseError: the database broke off.
            DirectoryError: a file could not be written.
            UnavailableError: no decoder can be started, or there is no memory or thread left.
        """
        waiting = deque(keys)
        progress = SteadyProgress(progress, self._parts.faults)
        with ThreadPoolExecutor(self._concurrency, "logocache") as pool, self._ended_well(pool):
            while waiting or self._in_work:
                self._start(waiting, due, pool, progress)
                self._collect(progress)
        return self._result

    def _start(
        self, waiting: deque[str], due: DueFilter, pool: ThreadPoolExecutor, progress: Progress
    ) -> None:
        """Lease more entries while there are idle threads; each waits for one other at most."""
        if self._parts.interrupted.is_set():
            waiting.clear()
        while waiting and len(self._in_work) < self._concurrency * 2:
            keys = [waiting.popleft() for _ in range(min(self._concurrency, len(waiting)))]
            claimed = self._parts.repository.claim(keys, now=self._parts.clock(), due=due)
            self._leased.update((record.key, record) for record in claimed)
            for record in claimed:
                memo = self._memos.get(record.domain) or Memo()
                self._in_work.add(pool.submit(self._worker.work, record, memo))
            for key in sorted(set(keys) - {record.key for record in claimed}):
                progress.advance(f"{key}: in work elsewhere")

    def _collect(self, progress: Progress) -> None:
        """Take what is finished, and save when a batch is full or has waited long enough."""
        done, _ = wait(self._in_work, timeout=LONGEST_WAIT, return_when=FIRST_COMPLETED)
        for future in done:
            self._in_work.remove(future)
            worked = future.result()
            if was_cut_off(worked, self._parts):
                give_back(worked, self._parts)
                del self._leased[worked.before.key]
            else:
                self._unsaved.append(worked)
            progress.advance(worked.before.key)
        waited = time.monotonic() - self._saved_at >= LONGEST_WAIT
        if self._unsaved and (len(self._unsaved) >= BATCH or waited or not self._in_work):
            self._save()

    def _save(self) -> None:
        batch, self._unsaved = self._unsaved, []
        saved = self._saver.save(batch)
        for each in batch:
            del self._leased[each.before.key]
        self._saved_at = time.monotonic()
        self._result = self._result.plus(saved)
        self._parts.tell(saved.fetches)

    @contextlib.contextmanager
    def _ended_well(self, pool: ThreadPoolExecutor) -> Iterator[None]:
        """Save what is finished and end all leases when the run breaks off."""
        try:
            yield
        except BaseException as error:
            try:
                # What is under way comes to its end, unless a person or a signal wants the end at once.
                pool.shutdown(wait=isinstance(error, Exception), cancel_futures=True)
            finally:
                self._break_off()
            raise_if_exhausted(error)
            raise

    def _break_off(self) -> None:
        finished = [each.result() for each in self._in_work if _is_finished(each)]
        for worked in finished:
            if was_cut_off(worked, self._parts):
                discard(worked, self._parts)
            else:
                self._unsaved.append(worked)
        with contextlib.suppress(Exception):  # why the run breaks off is what is told
            if self._unsaved:
                self._save()
        with contextlib.suppress(DatabaseError):  # a lease that cannot be ended expires by itself
            self._parts.repository.release(list(self._leased.values()))


def _is_finished(future: Future[Worked]) -> bool:
    return future.done() and not future.cancelled() and future.exception() is None
