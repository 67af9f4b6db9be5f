"""Many logos: lease what is due, work on it in threads, save in batches."""

import contextlib
import time
from collections import deque
from collections.abc import Collection, Iterator, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass

from logocache.errors import DatabaseError
from logocache.model import LogoRecord
from logocache.operations.interruption import give_back, was_cut_off
from logocache.operations.parts import Parts
from logocache.operations.saving import Saved, Saver
from logocache.operations.trail import Memo
from logocache.operations.work import Worked, Worker
from logocache.ports.progress import Progress
from logocache.ports.repository import DueFilter, SavedFetch

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
        self._in_work: dict[Future[Worked], LogoRecord] = {}
        self._unsaved: list[Worked] = []
        self._saved_at = time.monotonic()
        self._result = RunResult()

    def run(self, keys: Sequence[str], due: DueFilter, progress: Progress) -> RunResult:
        """Work on those of `keys` that are still due and free. Results are saved as they come.

        Raises:
            DatabaseError: the database broke off; what was saved stays saved.
            DirectoryError: a file could not be written.
        """
        waiting = deque(keys)
        pool = ThreadPoolExecutor(self._concurrency, thread_name_prefix="logocache")
        with pool, self._leases_ended_on_failure(pool):
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
            for record in claimed:
                memo = self._memos.get(record.domain) or Memo()
                self._in_work[pool.submit(self._worker.work, record, memo)] = record
            for key in sorted(set(keys) - {record.key for record in claimed}):
                progress.advance(f"{key}: in work elsewhere")

    def _collect(self, progress: Progress) -> None:
        """Take what is finished, and save when a batch is full or has waited long enough."""
        done, _ = wait(self._in_work, timeout=LONGEST_WAIT, return_when=FIRST_COMPLETED)
        for future in done:
            worked = future.result()
            del self._in_work[future]
            if was_cut_off(worked, self._parts):
                give_back(worked, self._parts)
            else:
                self._unsaved.append(worked)
            progress.advance(worked.before.key)
        waited = time.monotonic() - self._saved_at >= LONGEST_WAIT
        if self._unsaved and (len(self._unsaved) >= BATCH or waited or not self._in_work):
            self._save()

    def _save(self) -> None:
        self._result = self._result.plus(self._saver.save(self._unsaved))
        self._unsaved = []
        self._saved_at = time.monotonic()

    @contextlib.contextmanager
    def _leases_ended_on_failure(self, pool: ThreadPoolExecutor) -> Iterator[None]:
        try:
            yield
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            claimed = [*self._in_work.values(), *(each.before for each in self._unsaved)]
            with contextlib.suppress(DatabaseError):  # a lease that cannot be ended expires by itself
                self._parts.repository.release(claimed)
            raise
