"""Finished entries go into the database in batches, and their files under their names.

All of it happens in one exclusive transaction, so that the size limit holds for every writer
together. Order (a crash between any two steps leaves the old logo or the new one, and at worst an
orphan that `verify` finds): make room in the rows, rename the new files, write the rows, commit;
then, in a transaction of their own, delete the files that no row names any more. Resized copies have
no rows and can be made again: they are the first to give way.
"""

import contextlib
import logging
import threading
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace

from logocache.errors import DirectoryError, UnavailableError
from logocache.model import LogoRecord, Outcome, OutcomeKind, ReplacedFile, Status, StoredFile
from logocache.operations.context import Context
from logocache.operations.fetch import FetchResult, discard, failed
from logocache.operations.garbage import dispose
from logocache.operations.records import without_monogram
from logocache.policy.eviction import EvictionPlan, Newcomer, Worth, plan_eviction, worth_of
from logocache.repository.mapping import SavedFetch
from logocache.repository.unit_of_work import UnitOfWork

LOOK_AHEAD = 250
"""Entries read for eviction at a time; four times as many each further time."""
MOST_REPLACED = 10_000
"""Replaced files considered for eviction."""

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Saved:
    fetches: tuple[SavedFetch, ...] = ()
    evicted: int = 0

    def plus(self, other: "Saved") -> "Saved":
        return Saved(fetches=self.fetches + other.fetches, evicted=self.evicted + other.evicted)

    def corrected(self, other: "Saved") -> "Saved":
        """With what was saved of the same entries later in the place of what was saved first."""
        later = {fetch.record.key for fetch in other.fetches}
        kept = tuple(fetch for fetch in self.fetches if fetch.record.key not in later)
        return Saved(fetches=kept, evicted=self.evicted).plus(other)


class Committer:
    """Saves batches. Used by one thread at a time."""

    def __init__(self, context: Context, *, named: Collection[str] = ()) -> None:
        """`named` are keys that the operator asked for: they count like those of the catalogue."""
        self._context = context
        self._max_size_bytes = context.settings.max_size_bytes
        self._replaced_retention = context.settings.replaced_retention
        self._named = frozenset(named)

    def save(self, batch: Sequence[FetchResult]) -> Saved:
        """Save what is still ours. Where the lease has passed to another process, its result counts.

        An entry that cannot be saved costs the others of the batch nothing: it is saved as an `error`.

        Raises DatabaseError or DirectoryError; rows that are not saved then are as they were, and their
        new files are gone.
        """
        try:
            return self._save_isolated(batch)
        except BaseException:
            for each in batch:
                with contextlib.suppress(DirectoryError):  # `verify` finds what stays
                    discard(each, self._context)
            raise

    def _save_isolated(self, batch: Sequence[FetchResult]) -> Saved:
        """Save them together, or else one by one."""
        try:
            return self._save_together(batch)
        except Exception as error:
            fault = self._fault_of_an_entry(error, batch)
            if fault is None:
                raise
            if len(batch) == 1:
                return self._save_failed(batch[0], fault)
        saved = Saved()
        for each in batch:
            saved = saved.plus(self._save_isolated([each]))
        return saved

    def _fault_of_an_entry(self, error: Exception, batch: Sequence[FetchResult]) -> Exception | None:
        """What is wrong with one entry's row or new file; None when its surroundings are to blame.

        Raises DirectoryError when the directory has gone with the new files.
        """
        if isinstance(error, DirectoryError) and isinstance(error.__cause__, FileNotFoundError):
            self._context.store.check_writable()
            is_lost = any(each.staged is not None and not each.staged.path.exists() for each in batch)
            return error.__cause__ if is_lost else None
        return None if isinstance(error, UnavailableError) else error

    def _save_failed(self, result: FetchResult, fault: Exception) -> Saved:
        """Save that it failed. When not even that can be saved, it is left as it was, for the next run."""
        discard(result, self._context)
        if result.staged is not None:
            dispose(
                self._context, [result.staged.file.name]
            )  # it may have got its name before the row failed
        key = result.before.key
        try:
            return self._save_together([failed(self._context, result.before, fault)])
        except Exception as error:  # noqa: BLE001  # `result_of` raises what is not about the entry
            self._context.faults.result_of(error, key=key)
            self._context.repository.release([result.before])
            return Saved()

    def _save_together(self, batch: Sequence[FetchResult]) -> Saved:
        keys = {each.before.key for each in batch}
        with self._context.repository.unit() as unit:
            self._context.identity.confirm(unit)
            owned = unit.owned([each.before for each in batch])
            ours = [each for each in batch if each.before.key in owned]
            ours, plan = self._make_room(unit, ours)
            for our in ours:
                if our.staged is not None:
                    self._context.store.commit(our.staged)
            fetches = [self._with_replaced(each) for each in ours]
            unit.save(fetches)
        self._dispose(plan, ours)
        for each in batch:
            discard(each, self._context)
        for key in sorted(keys - owned.keys()):
            _log.warning("lease.lost", extra={"key": key})
        return Saved(fetches=tuple(fetches), evicted=len(plan.logos))

    def enforce_limit(self) -> int:
        """Take away resized copies, replaced files and logos, in this order, until the limit holds.

        Returns how many logos went.
        """
        with self._context.repository.unit() as unit:
            _, plan = self._make_room(unit, [])
        self._dispose(plan, [])
        return len(plan.logos)

    def sweep(self) -> None:
        """Delete replaced files whose grace period is over, and resized copies beyond their bounds."""
        self._context.variants.shrink(self._max_size_bytes)
        now = self._context.clock()
        expired = [old.name for old in self._context.repository.replaced_files() if old.delete_after <= now]
        if not expired:
            return
        with self._context.repository.unit() as unit:
            unit.forget_replaced(expired)
        dispose(self._context, expired)

    def _make_room(
        self, unit: UnitOfWork, batch: list[FetchResult]
    ) -> tuple[list[FetchResult], EvictionPlan]:
        """The batch, less the new files for which no room can be made, and what has to go for the rest."""
        stored = unit.stored_bytes()
        stored += self._copies_within(self._max_size_bytes - stored - sum(map(_growth, batch)))
        plan = plan_eviction(
            room=self._max_size_bytes - stored,
            newcomers=[self._newcomer(each) for each in batch if each.staged is not None],
            replaced=_replaced(unit),
            logos=_least_recently_used(unit, excluding={each.before.key for each in batch}),
        )
        unit.forget_replaced([each.name for each in plan.replaced])
        # An evicted entry rests, or each run would fetch what the next evicts.
        unit.evict(
            [logo.key for logo in plan.logos],
            until=self._context.clock() + self._context.settings.refresh_interval,
        )
        if plan.logos or plan.replaced:
            _log.info("eviction", extra={"logos": len(plan.logos), "replaced_files": len(plan.replaced)})
        return [_without_room(each) if each.before.key in plan.refused else each for each in batch], plan

    def _newcomer(self, each: FetchResult) -> Newcomer:
        record = each.fetch.record
        worth = worth_of(record)
        if worth is Worth.ON_DEMAND_LOGO and record.key in self._named:
            worth = Worth.LOGO
        return Newcomer(key=record.key, size=_growth(each), worth=worth)

    def _copies_within(self, room: int) -> int:
        """Bytes of the resized copies, once those have given way for which there is no room.

        More than `room` when they cannot be deleted: then they count like logos, and the limit holds.
        """
        variants = self._context.variants
        size = variants.size_bytes()
        if size <= max(room, 0):
            return size
        variants.shrink(max(room, 0))
        return variants.size_bytes()

    def _with_replaced(self, each: FetchResult) -> SavedFetch:
        old = _replaced_by(each)
        if old is None or not self._keeps_replaced(each):
            return each.fetch
        kept = ReplacedFile(
            name=old.name,
            key=each.before.key,
            size=old.size,
            sha256=old.sha256,
            delete_after=self._context.clock() + self._replaced_retention,
        )
        return replace(each.fetch, replaced=kept)

    def _dispose(self, plan: EvictionPlan, saved: Sequence[FetchResult]) -> None:
        names = [old.name for old in plan.replaced]
        names += [record.file.name for record in plan.logos if record.file is not None]
        names += [
            old.name
            for each in saved
            if not self._keeps_replaced(each) and (old := _replaced_by(each)) is not None
        ]
        names += [each.before.file.name for each in saved if each.before.file and not each.fetch.record.file]
        dispose(self._context, names)

    def _keeps_replaced(self, each: FetchResult) -> bool:
        """True if the file it had before stays for a grace period. A broken one is of no use to anybody."""
        return each.was_intact and bool(self._replaced_retention)


@dataclass(slots=True)
class _Turn:
    """One thread's entry, and what became of it."""

    result: FetchResult
    saved: Saved | None = None
    error: BaseException | None = None


class GroupCommit:
    """Group commit. Safe to use from several threads."""

    def __init__(self, committer: Committer) -> None:
        self._committer = committer
        self._waiting: list[_Turn] = []
        self._joining = threading.Lock()
        self._saving = threading.Lock()

    def save(self, result: FetchResult) -> Saved:
        """As `Committer.save` for this one entry; returns once it is saved, by whichever thread.

        The result is that of the whole batch. Raises what saving the batch raised.
        """
        turn = _Turn(result)
        with self._joining:
            self._waiting.append(turn)
        with self._saving:
            if turn.saved is None and turn.error is None:
                self._save_all_who_wait()
        if turn.error is not None:
            raise turn.error
        return turn.saved or Saved()

    def _save_all_who_wait(self) -> None:
        with self._joining:
            turns, self._waiting = self._waiting, []
        try:
            saved = self._committer.save([turn.result for turn in turns])
        except BaseException as error:  # noqa: BLE001  # each of the waiting threads raises it
            for turn in turns:
                turn.error = error
        else:
            for turn in turns:
                turn.saved = saved


def _replaced_by(each: FetchResult) -> StoredFile | None:
    """The earlier file, when a new one took its place under another name."""
    old = each.before.file
    if old is None or each.staged is None or old.name == each.staged.file.name:
        return None
    return old


def _growth(each: FetchResult) -> int:
    """Bytes that saving adds: a replaced file stays for its grace period, so it still counts.

    A broken one does not stay, and was counted with its row.
    """
    if each.staged is None:
        return 0
    broken = each.before.file if not each.was_intact else None
    return each.staged.file.size - (broken.size if broken is not None else 0)


def _replaced(unit: UnitOfWork) -> Iterator[ReplacedFile]:
    yield from unit.oldest_replaced(limit=MOST_REPLACED)


def _least_recently_used(unit: UnitOfWork, *, excluding: Collection[str]) -> Iterator[LogoRecord]:
    """All that may be evicted, in order. Few are read where few are needed."""
    passed, limit = set(excluding), LOOK_AHEAD
    while records := unit.least_recently_used(limit=limit, excluding=passed):
        yield from records
        passed.update(record.key for record in records)
        limit *= 4


def _without_room(each: FetchResult) -> FetchResult:
    """The entry without its new file: as it was, with the reason why that was refused.

    A placeholder is drawn again when somebody asks for it: that there is no room for it is no news of
    the entry, and its sources' answer stands.
    """
    if each.fetch.record.status is Status.PLACEHOLDER:
        return replace(
            each, fetch=replace(each.fetch, record=without_monogram(each.fetch.record)), staged=None
        )
    outcome = Outcome(
        kind=OutcomeKind.REFUSED,
        next_attempt_at=each.fetch.outcome.next_attempt_at,
        reason="no room for it under LOGO_CACHE_MAX_SIZE_MB",
    )
    record: LogoRecord = replace(
        each.before,
        status=each.before.status if each.before.file else Status.PENDING,
        lease=None,
        next_attempt_at=outcome.next_attempt_at,
        checked_at=each.fetch.record.checked_at,
        last_outcome=outcome.kind,
        last_error=outcome.reason,
        failure_count=each.before.failure_count + 1,
    )
    return replace(each, fetch=replace(each.fetch, record=record, outcome=outcome), staged=None)
