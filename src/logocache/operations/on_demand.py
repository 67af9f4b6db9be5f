"""Fetching of single logos while the caller waits."""

import contextlib
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum

from logocache.errors import UnavailableError
from logocache.model import LogoRecord
from logocache.operations.commit import Committer, Saved
from logocache.operations.context import Context
from logocache.operations.fetch import EntryFetch, FetchResult, give_back, released_on_failure, was_cut_off
from logocache.operations.fetch_log import RequestMemo
from logocache.operations.placeholders import take_back
from logocache.policy.attempts import is_due
from logocache.repository.batching import Batcher
from logocache.repository.filters import DueFilter


class FetchState(StrEnum):
    DONE = "done"
    """Its sources were asked, and the result is stored."""
    ELSEWHERE = "elsewhere"
    """Another thread or process is fetching it now."""
    NOT_DUE = "not_due"
    """It need not be fetched yet, or there is no such entry."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fetched:
    """Result for one entry, and its current record."""

    state: FetchState
    record: LogoRecord | None


class OnDemand:
    """Fetches one entry at a time for each calling thread. Safe to use from several threads."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._commit = Batcher(self._save)
        self._claimed: dict[str, LogoRecord] = {}
        self._lock = threading.Lock()

    def fetch(self, key: str, *, forced: bool = False, known: LogoRecord | None = None) -> Fetched:
        """Fetch a due entry, or with `forced` any. Blocks while its sources are asked.

        `known` is the record on which `forced` was decided: if the entry was fetched since, nothing is
        forced.

        Raises:
            DatabaseError: the database cannot be used; nothing has changed.
            DirectoryError: the logo cannot be written, or the directory belongs to another cache; the
                entry is unchanged.
            UnavailableError: no decoder can be started, or memory or threads are exhausted; likewise.
        """
        self._context.identity.require()
        now = self._context.clock()
        due = DueFilter(now=now, keys=(key,), forced=forced, offline=self._context.settings.offline)
        claimed = self._context.repository.claim((key,), now=now, due=due)
        if not claimed:
            return self._not_claimed(key, due)
        if forced and known is not None and _was_fetched_since(claimed[0], known):
            self._context.repository.release(claimed)
            return self.fetch(key)
        with self._noted(claimed[0]), released_on_failure(self._context, claimed):
            result = EntryFetch(self._context).fetch_entry(claimed[0], RequestMemo())
            if was_cut_off(result, self._context):
                give_back(result, self._context)
                return Fetched(state=FetchState.NOT_DUE, record=claimed[0])
            saved = self._commit.ask(result)
        own = [fetch for fetch in saved.fetches if fetch.record.key == key]
        self._context.notify(own)
        with contextlib.suppress(UnavailableError):  # it concerns other entries, and is tried again
            self._context.notify(take_back(self._context).fetches)
        return Fetched(state=FetchState.DONE, record=self._context.repository.get(key))

    def release(self) -> None:
        """End the leases of running fetches, so that other processes may take them over.

        Raises DatabaseError; the leases then expire by themselves.
        """
        with self._lock:
            claimed = tuple(self._claimed.values())
        if claimed:
            self._context.repository.release(claimed)

    def _save(self, results: Sequence[FetchResult]) -> Sequence[Saved]:
        """Commit together; each entry gets what became of all."""
        return [Committer(self._context).save(results)] * len(results)

    def _not_claimed(self, key: str, due: DueFilter) -> Fetched:
        record = self._context.repository.get(key)
        wanted = record is not None and (due.forced or is_due(record, now=due.now))
        # Offline, due entries are left alone even if free.
        held = wanted and (due.forced or not due.offline)
        state = FetchState.ELSEWHERE if held else FetchState.NOT_DUE
        return Fetched(state=state, record=record)

    @contextlib.contextmanager
    def _noted(self, claimed: LogoRecord) -> Iterator[None]:
        with self._lock:
            self._claimed[claimed.key] = claimed
        try:
            yield
        finally:
            with self._lock:
                # Its lease may have ended, and another of our threads may have claimed the entry.
                if self._claimed.get(claimed.key) is claimed:
                    del self._claimed[claimed.key]


def _was_fetched_since(record: LogoRecord, known: LogoRecord) -> bool:
    return (record.file, record.checked_at) != (known.file, known.checked_at)
