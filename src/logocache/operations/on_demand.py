"""Single logos, fetched for someone who waits."""

import contextlib
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from logocache.errors import UnavailableError
from logocache.model import LogoRecord
from logocache.operations.commit import Committer, GroupCommit
from logocache.operations.context import Context
from logocache.operations.fetch import EntryFetch, give_back, released_on_failure, was_cut_off
from logocache.operations.fetch_log import RequestMemo
from logocache.operations.take_back import take_back
from logocache.policy.attempts import is_due
from logocache.repository.filters import DueFilter


class FetchState(StrEnum):
    DONE = "done"
    """Its sources were asked, and what came of it is stored."""
    ELSEWHERE = "elsewhere"
    """Somebody else is fetching it now."""
    NOT_DUE = "not_due"
    """What is known of it still holds, or there is no such entry."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fetched:
    """What came of one entry, and its row as it is now."""

    state: FetchState
    record: LogoRecord | None


class OnDemand:
    """Fetches one entry at a time for each calling thread. Safe to use from several threads."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._commit = GroupCommit(Committer(context))
        self._in_work: dict[str, LogoRecord] = {}
        self._lock = threading.Lock()

    def fetch(self, key: str, *, forced: bool = False, known: LogoRecord | None = None) -> Fetched:
        """Ask the sources of a due entry, or with `forced` of any. Blocks while they are asked.

        `known` is the entry as it was when that was decided: where it has been fetched since, by whomever,
        nothing is forced.

        Raises:
            DatabaseError: the database cannot be asked; nothing has changed.
            DirectoryError: the logo cannot be written, or the directory is that of another cache; the entry
                is as it was.
            UnavailableError: no decoder can be started, or there is no memory or thread left; likewise.
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
            saved = self._commit.save(result)
        own = [each for each in saved.fetches if each.record.key == key]
        self._context.tell(own)
        with contextlib.suppress(UnavailableError):  # that is about other entries, and tried again
            self._context.tell(take_back(self._context).fetches)
        return Fetched(state=FetchState.DONE, record=self._context.repository.get(key))

    def release(self) -> None:
        """End the leases of what is still in work: another process may take it over at once.

        Raises DatabaseError; the leases then expire by themselves.
        """
        with self._lock:
            claimed = tuple(self._in_work.values())
        if claimed:
            self._context.repository.release(claimed)

    def _not_claimed(self, key: str, due: DueFilter) -> Fetched:
        record = self._context.repository.get(key)
        wanted = record is not None and (due.forced or is_due(record, now=due.now))
        # Offline, what is due is left alone though nobody has it.
        held = wanted and (due.forced or not due.offline)
        state = FetchState.ELSEWHERE if held else FetchState.NOT_DUE
        return Fetched(state=state, record=record)

    @contextlib.contextmanager
    def _noted(self, claimed: LogoRecord) -> Iterator[None]:
        with self._lock:
            self._in_work[claimed.key] = claimed
        try:
            yield
        finally:
            with self._lock:
                # Its lease may have been ended by others, and the entry claimed by another of our threads.
                if self._in_work.get(claimed.key) is claimed:
                    del self._in_work[claimed.key]


def _was_fetched_since(record: LogoRecord, known: LogoRecord) -> bool:
    return (record.file, record.checked_at) != (known.file, known.checked_at)
