"""Fetching one leased entry, up to the result to be saved. Runs in a worker thread."""

import contextlib
import hashlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from logocache.errors import DatabaseError, DirectoryError, raise_if_exhausted
from logocache.model import Integration, LogoRecord, Outcome, OutcomeKind, Status, StoredFile, StoredForm
from logocache.operations.context import Context
from logocache.operations.fetch_log import (
    FetchLog,
    RequestMemo,
    with_failure,
    with_forms_lost,
    with_logo,
    with_monogram,
    without_file,
)
from logocache.operations.search import Found, Search
from logocache.policy.attempts import failure_of
from logocache.ports import NormalisedImage
from logocache.repository.mapping import SavedFetch
from logocache.store.files import StagedFile
from logocache.store.names import DARK_SUFFIX, SUFFIX, SVG_SUFFIX


@dataclass(frozen=True, slots=True, kw_only=True)
class FetchResult:
    """A finished entry, and its new files, if any: staged, not yet under their names."""

    before: LogoRecord
    fetch: SavedFetch
    staged: tuple[StagedFile, ...] = ()
    damaged: frozenset[str] = frozenset()
    """Names of earlier files that are missing or did not match their record."""

    @property
    def dropped(self) -> tuple[StoredForm, ...]:
        """Earlier files that are not among the entry's files any more."""
        before, after = self.before.file, self.fetch.record.file
        current = {form.name for form in after.forms} if after is not None else set()
        forms = before.forms if before is not None else ()
        return tuple(form for form in forms if form.name not in current)


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
        damaged = self._damaged(record)
        is_intact = record.file is None or record.file.name not in damaged
        known = with_forms_lost(record, damaged) if is_intact else without_file(record)
        integration = self._integration_of(record)
        asked = known if is_intact else record
        answer = self._search.look_for(integration, asked, log, is_intact=is_intact)
        if isinstance(answer, Found):
            result = self._logo(known, answer)
        elif is_intact or not self._search.keeps(record, answer):
            result = self._no_logo(known, answer, integration, is_doubted=log.is_doubted)
        else:
            result = _still_lost(record, answer, now=self._clock())
        return replace(result, damaged=damaged)

    def _damaged(self, record: LogoRecord) -> frozenset[str]:
        """Names of the record's files that are missing or differ from it."""
        forms = record.file.forms if record.file is not None else ()
        return frozenset(form.name for form in forms if self._store.sha256(form.name) != form.sha256)

    def _logo(self, record: LogoRecord, found: Found) -> FetchResult:
        choice, outcome = found.choice, found.outcome
        return self._with_file(
            record,
            choice.image,
            outcome,
            lambda file: with_logo(record, choice, outcome, file, now=self._clock()),
        )

    def _no_logo(
        self, record: LogoRecord, outcome: Outcome, integration: Integration, *, is_doubted: bool
    ) -> FetchResult:
        if record.status is Status.CACHED and not is_doubted:
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
        """The entry with the files of `image`: current ones, or new ones, staged.

        `image` is None if the source confirmed the current files.
        """
        staged: list[StagedFile] = []
        try:
            file = record.file if image is None else self._files_of(record, image, staged)
            if file is None:
                raise AssertionError("unreachable: a source confirmed an image that we do not have")
            fetch = SavedFetch(record=row(file), outcome=outcome)
        except BaseException:
            with contextlib.suppress(DirectoryError):  # `verify` finds what is left
                discard(staged, self._context)
            raise
        return FetchResult(before=record, fetch=fetch, staged=tuple(staged))

    def _files_of(self, record: LogoRecord, image: NormalisedImage, staged: list[StagedFile]) -> StoredFile:
        """The files of `image`; those that the entry does not have yet are added to `staged`."""

        def kept(content: bytes, suffix: str, current: StoredForm | None) -> StoredForm:
            if current is not None and current.sha256 == hashlib.sha256(content).hexdigest():
                return current
            staged.append(self._store.stage(record.key, content, suffix))
            return staged[-1].file

        old = record.file
        png = kept(image.png, SUFFIX, old)
        return StoredFile(
            name=png.name,
            sha256=png.sha256,
            size=png.size,
            width=image.width,
            height=image.height,
            svg=kept(image.svg, SVG_SUFFIX, old and old.svg) if image.svg is not None else None,
            shows_on_dark=image.source.shows_on_dark,
            dark=kept(image.dark, DARK_SUFFIX, old and old.dark) if image.dark is not None else None,
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


def discard(staged: Iterable[StagedFile], context: Context) -> None:
    """Delete staged files. Raises DirectoryError."""
    for file in staged:
        context.store.discard(file)


def give_back(result: FetchResult, context: Context) -> None:
    """Leave the entry unchanged and free. Raises DatabaseError, DirectoryError."""
    discard(result.staged, context)
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
