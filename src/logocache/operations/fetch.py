"""Fetching one leased entry, up to the result to be saved. Runs in a worker thread."""

import contextlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from logocache.errors import DatabaseError, raise_if_exhausted
from logocache.model import Integration, LogoRecord, Outcome, OutcomeKind, Status, StoredFile
from logocache.operations.context import Context
from logocache.operations.fetch_log import (
    FetchLog,
    RequestMemo,
    with_failure,
    with_logo,
    with_monogram,
    without_file,
)
from logocache.operations.search import Found, Search
from logocache.policy.attempts import failure_of
from logocache.ports import NormalisedImage
from logocache.repository.mapping import SavedFetch
from logocache.store.files import StagedFile


@dataclass(frozen=True, slots=True, kw_only=True)
class FetchResult:
    """A finished entry, and its new file, if any: staged, not yet under its name."""

    before: LogoRecord
    fetch: SavedFetch
    staged: StagedFile | None = None
    was_intact: bool = True
    """True if the earlier file, if any, matched its record."""


def failed(context: Context, record: LogoRecord, error: Exception) -> FetchResult:
    """The unchanged entry with the outcome of our own `error`.

    Raises UnavailableError if the entry is not the cause.
    """
    now = context.clock()
    source = context.faults.result_of(error, key=record.key)
    outcome = failure_of(
        [source],
        now=now,
        failures=record.failure_count,
        rules=context.attempt_rules,
        jitter=context.random(),
        offline=False,
    )
    return FetchResult(
        before=record, fetch=SavedFetch(record=with_failure(record, outcome, now=now), outcome=outcome)
    )


class EntryFetch:
    """Fetches single entries. Safe to use from several threads."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._search = Search(context)
        self._store = context.store
        self._integration_of = context.names.integration_of
        self._clock = context.clock

    def fetch_entry(self, record: LogoRecord, memo: RequestMemo) -> FetchResult:
        """Fetch the entry's logo; failures at this entry become its outcome.

        Raises UnavailableError if the environment fails, such as DirectoryError if no file can be
        written.
        """
        log = FetchLog(self._context, record.key, memo)
        result = self._isolated(record, lambda: self._look(record, log))
        return replace(result, before=record, fetch=replace(result.fetch, attempts=tuple(log.attempts)))

    def demote(self, record: LogoRecord, outcome: Outcome) -> FetchResult:
        """Replace a provider placeholder that was stored as a logo by a monogram. Raises as `fetch_entry`."""
        return self._isolated(record, lambda: self._monogram(record, outcome, self._integration_of(record)))

    def _isolated(self, record: LogoRecord, step: Callable[[], FetchResult]) -> FetchResult:
        try:
            return step()
        except Exception as error:  # noqa: BLE001  # a failure affects only its entry
            return failed(self._context, record, error)

    def _look(self, record: LogoRecord, log: FetchLog) -> FetchResult:
        is_intact = self._is_intact(record)
        integration = self._integration_of(record)
        answer = self._search.look_for(integration, record, log, is_intact=is_intact)
        known = record if is_intact else without_file(record)
        if isinstance(answer, Found):
            result = self._logo(known, answer)
        elif is_intact or not self._search.keeps(record, answer):
            result = self._no_logo(known, answer, integration)
        else:
            result = _still_lost(record, answer, now=self._clock())
        return replace(result, was_intact=is_intact)

    def _is_intact(self, record: LogoRecord) -> bool:
        """False if the record's file is missing or differs from it."""
        return record.file is None or self._store.sha256(record.file.name) == record.file.sha256

    def _logo(self, record: LogoRecord, found: Found) -> FetchResult:
        choice, outcome = found.choice, found.outcome
        return self._with_file(
            record,
            choice.image,
            outcome,
            lambda file: with_logo(record, choice, outcome, file, now=self._clock()),
        )

    def _no_logo(self, record: LogoRecord, outcome: Outcome, integration: Integration) -> FetchResult:
        if record.status is Status.CACHED:
            failed_again = with_failure(record, outcome, now=self._clock())
            return FetchResult(before=record, fetch=SavedFetch(record=failed_again, outcome=outcome))
        return self._monogram(record, outcome, integration)

    def _monogram(self, record: LogoRecord, outcome: Outcome, integration: Integration) -> FetchResult:
        image = self._context.images().draw(self._context.monogram(integration))
        return self._with_file(
            record, image, outcome, lambda file: with_monogram(record, outcome, file, now=self._clock())
        )

    def _with_file(
        self,
        record: LogoRecord,
        image: NormalisedImage | None,
        outcome: Outcome,
        row: Callable[[StoredFile], LogoRecord],
    ) -> FetchResult:
        """The entry with the file of `image`: the current one, or a new one, staged.

        `image` is None if the source confirmed the current file.
        """
        if record.file is not None and (image is None or image.sha256 == record.file.sha256):
            return FetchResult(before=record, fetch=SavedFetch(record=row(record.file), outcome=outcome))
        if image is None:
            raise AssertionError("unreachable: a source confirmed an image that we do not have")
        staged = self._store.stage(record.key, image)
        return FetchResult(
            before=record, fetch=SavedFetch(record=row(staged.file), outcome=outcome), staged=staged
        )


def _still_lost(record: LogoRecord, outcome: Outcome, *, now: datetime) -> FetchResult:
    """The entry whose lost file could not be fetched again; its record keeps all facts of the logo."""
    explained = replace(
        outcome, reason=f"its file is gone, and could not be fetched again: {outcome.reason or outcome.kind}"
    )
    return FetchResult(
        before=record, fetch=SavedFetch(record=with_failure(record, explained, now=now), outcome=explained)
    )


def was_cut_off(result: FetchResult, context: Context) -> bool:
    """True if sources were not asked because the program ends: not an outcome to save."""
    return context.interrupted.is_set() and result.fetch.outcome.kind is OutcomeKind.NOT_ASKED


def discard(result: FetchResult, context: Context) -> None:
    """Delete the entry's staged file. Raises DirectoryError."""
    if result.staged is not None:
        context.store.discard(result.staged)


def give_back(result: FetchResult, context: Context) -> None:
    """Leave the entry unchanged and free. Raises DatabaseError, DirectoryError."""
    discard(result, context)
    context.repository.release([result.before])


@contextlib.contextmanager
def released_on_failure(context: Context, claimed: Sequence[LogoRecord]) -> Iterator[None]:
    """End the leases of `claimed` if the block raises.

    Raises UnavailableError in place of the system's own errors for exhausted resources.
    """
    try:
        yield
    except BaseException as error:
        with contextlib.suppress(DatabaseError):  # leases expire by themselves
            context.repository.release(claimed)
        raise_if_exhausted(error)
        raise
