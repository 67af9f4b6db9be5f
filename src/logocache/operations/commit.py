"""Saving finished entries: rows and files in one exclusive transaction, so that the size limit holds.

A crash between any two steps leaves the old logo or the new one, and at worst an orphan that `verify`
finds: evict rows, rename the new files, write the rows, commit; then, in another transaction, delete
the files that no row names any more. Variants have no rows and are the first to be deleted.
"""

import contextlib
import itertools
import logging
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace

from logocache.errors import DirectoryError, UnavailableError
from logocache.model import LogoRecord, Outcome, OutcomeKind, ReplacedFile, Status, StoredForm
from logocache.operations.clear import dispose
from logocache.operations.context import Context
from logocache.operations.fetch import FetchResult, discard, failed
from logocache.operations.fetch_log import without_monogram
from logocache.policy.eviction import EvictionPlan, Newcomer, Worth, plan_eviction, worth_of
from logocache.repository.mapping import SavedFetch
from logocache.repository.unit_of_work import UnitOfWork

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Saved:
    fetches: tuple[SavedFetch, ...] = ()
    evicted: int = 0

    @classmethod
    def together(cls, parts: Sequence["Saved"]) -> "Saved":
        fetches = itertools.chain.from_iterable(part.fetches for part in parts)
        return cls(fetches=tuple(fetches), evicted=sum(part.evicted for part in parts))

    def corrected(self, other: "Saved") -> "Saved":
        """Merge `other`, which replaces earlier results of the same entries."""
        later = {fetch.record.key for fetch in other.fetches}
        others = tuple(fetch for fetch in self.fetches if fetch.record.key not in later)
        return Saved.together([replace(self, fetches=others), other])


class Committer:
    """Saves batches. Used by one thread at a time."""

    def __init__(self, context: Context, *, named: Collection[str] = ()) -> None:
        """`named` keys, given by the operator, are worth as much as those of the catalogue."""
        self._context = context
        self._max_size_bytes = context.settings.max_size_bytes
        self._replaced_retention = context.settings.replaced_retention
        self._named = frozenset(named)

    def save(self, batch: Sequence[FetchResult]) -> Saved:
        """Save the results whose leases still hold; others belong to the process that took the lease.

        An entry that cannot be saved is saved as an `error`, and does not affect the others.

        Raises DatabaseError or DirectoryError; then unsaved rows are unchanged and their new files
        deleted.
        """
        try:
            return self._save_isolated(batch)
        except BaseException:
            for result in batch:
                with contextlib.suppress(DirectoryError):  # `verify` finds what is left
                    discard(result.staged, self._context)
            raise

    def _save_isolated(self, batch: Sequence[FetchResult]) -> Saved:
        """Save them together; if one entry is at fault, one by one."""
        try:
            return self._save_together(batch)
        except Exception as error:
            fault = self._fault_of_an_entry(error, batch)
            if fault is None:
                raise
            if len(batch) == 1:
                return self._save_failed(batch[0], fault)
        return Saved.together([self._save_isolated([result]) for result in batch])

    def _fault_of_an_entry(self, error: Exception, batch: Sequence[FetchResult]) -> Exception | None:
        """The error, if caused by one entry's row or new file; None if caused by the environment.

        Raises DirectoryError if the directory is gone with the new files.
        """
        if isinstance(error, DirectoryError) and isinstance(error.__cause__, FileNotFoundError):
            self._context.store.check_writable()
            is_lost = any(not staged.path.exists() for result in batch for staged in result.staged)
            return error.__cause__ if is_lost else None
        return None if isinstance(error, UnavailableError) else error

    def _save_failed(self, result: FetchResult, fault: Exception) -> Saved:
        """Save the entry as failed; if that fails too, leave it unchanged for the next run."""
        discard(result.staged, self._context)
        # They may have been renamed before the row failed.
        dispose(self._context, [staged.file.name for staged in result.staged])
        key = result.before.key
        try:
            return self._save_together([failed(self._context, result.before, fault)])
        except Exception as error:  # noqa: BLE001  # `result_of` raises what is not about the entry
            self._context.faults.result_of(error, key=key)
            self._context.repository.release([result.before])
            return Saved()

    def _save_together(self, batch: Sequence[FetchResult]) -> Saved:
        keys = {result.before.key for result in batch}
        with self._context.repository.unit() as unit:
            self._context.identity.confirm(unit)
            owned = unit.owned([result.before for result in batch])
            ours = [result for result in batch if result.before.key in owned]
            ours, plan = self._make_room(unit, ours)
            # Before the commit: a row never names a file that a crash could take away.
            if files := [staged for result in ours for staged in result.staged]:
                self._context.store.commit(files)
            fetches = [self._with_replaced(result) for result in ours]
            unit.save(fetches)
        self._dispose(plan, ours)
        placed = {result.before.key for result in ours if result.staged}
        for result in batch:
            if result.before.key not in placed:
                discard(result.staged, self._context)
        for key in sorted(keys - owned.keys()):
            _log.warning("lease.lost", extra={"key": key})
        return Saved(fetches=tuple(fetches), evicted=len(plan.logos))

    def enforce_limit(self) -> int:
        """Delete variants, then placeholders, replaced files and logos until the size limit holds.

        Returns the number of evicted entries.
        """
        with self._context.repository.unit() as unit:
            _, plan = self._make_room(unit, [])
        self._dispose(plan, [])
        return len(plan.logos)

    def sweep(self) -> None:
        """Delete replaced files after their grace period, and variants beyond their limits."""
        self._context.variants.shrink(self._max_size_bytes)
        now = self._context.clock()
        expired = [old.name for old in self._context.repository.replaced_files(expired_at=now)]
        if not expired:
            return
        with self._context.repository.unit() as unit:
            unit.forget_replaced(expired)
        dispose(self._context, expired)

    def _make_room(
        self, unit: UnitOfWork, batch: list[FetchResult]
    ) -> tuple[list[FetchResult], EvictionPlan]:
        """Return the batch without the new files that do not fit, and the evictions for the others."""
        stored = unit.stored_bytes()
        stored += self._variant_bytes(self._max_size_bytes - stored - sum(map(_growth, batch)))
        own = {result.before.key for result in batch}
        plan = plan_eviction(
            room=self._max_size_bytes - stored,
            newcomers=[self._newcomer(result) for result in batch if result.staged],
            replaced=unit.oldest_replaced(),
            logos=(logo for logo in unit.least_recently_used() if logo.key not in own),
        )
        unit.forget_replaced([old.name for old in plan.replaced])
        # Evicted entries are not due soon, or each run would fetch what the next evicts.
        unit.evict(
            [logo.key for logo in plan.logos],
            until=self._context.clock() + self._context.settings.refresh_interval,
        )
        if plan.logos or plan.replaced:
            _log.info("eviction", extra={"logos": len(plan.logos), "replaced_files": len(plan.replaced)})
        return [
            _without_room(result) if result.before.key in plan.refused else result for result in batch
        ], plan

    def _newcomer(self, result: FetchResult) -> Newcomer:
        record = result.fetch.record
        worth = worth_of(record)
        if worth is Worth.ON_DEMAND_LOGO and record.key in self._named:
            worth = Worth.LOGO
        return Newcomer(key=record.key, size=_growth(result), worth=worth)

    def _variant_bytes(self, room: int) -> int:
        """Bytes of the variants, after deleting those beyond `room`.

        More than `room` if they cannot be deleted: then they count towards the limit like logos.
        """
        variants, room = self._context.variants, max(room, 0)
        size = variants.size_bytes()
        if size <= room:
            return size
        variants.shrink(room)
        return variants.size_bytes()

    def _with_replaced(self, result: FetchResult) -> SavedFetch:
        delete_after = self._context.clock() + self._replaced_retention
        replaced = tuple(
            ReplacedFile(
                name=old.name,
                key=result.before.key,
                size=old.size,
                sha256=old.sha256,
                delete_after=delete_after,
            )
            for old in result.dropped
            if self._is_kept(old, result)
        )
        return replace(result.fetch, replaced=replaced)

    def _dispose(self, plan: EvictionPlan, saved: Sequence[FetchResult]) -> None:
        names = [old.name for old in plan.replaced]
        names += [form.name for logo in plan.logos for form in logo.file.forms]
        for result in saved:
            names += [old.name for old in result.dropped if not self._is_kept(old, result)]
        dispose(self._context, names)

    def _is_kept(self, old: StoredForm, result: FetchResult) -> bool:
        """True if a dropped file is kept for a grace period: it is intact, and the entry has another."""
        has_file = result.fetch.record.file is not None
        return has_file and old.name not in result.damaged and bool(self._replaced_retention)


def _growth(result: FetchResult) -> int:
    """Bytes that saving adds. A replaced file counts during its grace period; a damaged one does not."""
    if not result.staged:
        return 0
    forms = result.before.file.forms if result.before.file is not None else ()
    damaged = sum(old.size for old in forms if old.name in result.damaged)
    return sum(staged.file.size for staged in result.staged) - damaged


def _without_room(result: FetchResult) -> FetchResult:
    """The entry as it was, with the reason why its new file was refused.

    A missing placeholder is drawn again on request: its entry keeps the outcome of its sources.
    """
    before, fetch = result.before, result.fetch
    if fetch.record.status is Status.PLACEHOLDER:
        return replace(result, fetch=replace(fetch, record=without_monogram(fetch.record)), staged=())
    outcome = Outcome(
        kind=OutcomeKind.REFUSED,
        next_attempt_at=fetch.outcome.next_attempt_at,
        reason="no room for it under LOGO_CACHE_MAX_SIZE_MB",
    )
    record: LogoRecord = replace(
        before,
        status=before.status if before.file else Status.PENDING,
        lease=None,
        next_attempt_at=outcome.next_attempt_at,
        checked_at=fetch.record.checked_at,
        last_outcome=outcome.kind,
        last_error=outcome.reason,
        failure_count=before.failure_count + 1,
    )
    return replace(result, fetch=replace(fetch, record=record, outcome=outcome), staged=())
