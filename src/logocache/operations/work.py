"""One leased entry: look for its logo and prepare what is to be saved. Runs in a worker thread."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime

from logocache.model import Integration, LogoRecord, NormalisedImage, Outcome, Status, StoredFile
from logocache.operations.parts import Parts
from logocache.operations.records import with_failure, with_logo, with_monogram, without_file
from logocache.operations.search import Found, Search, Sources
from logocache.operations.trail import Memo, Trail
from logocache.policy.attempts import AttemptRules, failure_of
from logocache.repository.records import SavedFetch
from logocache.store.files import StagedFile


@dataclass(frozen=True, slots=True, kw_only=True)
class Worked:
    """A finished entry, and its new file where there is one: staged, not yet under its name."""

    before: LogoRecord
    fetch: SavedFetch
    staged: StagedFile | None = None
    was_intact: bool = True
    """The earlier file, if there was one, was what its row says."""


def failed(parts: Parts, rules: AttemptRules, record: LogoRecord, error: Exception) -> Worked:
    """The entry as it was, with `error`, which something of ours raised at it, for its outcome.

    Raises UnavailableError when the error is not about the entry.
    """
    now = parts.clock()
    result = parts.faults.result_of(error, key=record.key)
    outcome = failure_of(
        [result], now=now, failures=record.failure_count, rules=rules, jitter=parts.random(), offline=False
    )
    return Worked(
        before=record, fetch=SavedFetch(record=with_failure(record, outcome, now=now), outcome=outcome)
    )


class Worker:
    """Does the work on single entries. Safe to use from several threads."""

    def __init__(self, parts: Parts, search: Search, sources: Sources, rules: AttemptRules) -> None:
        self._parts = parts
        self._search = search
        self._sources = sources
        self._rules = rules
        self._store = parts.store
        self._integration_of = parts.names.integration_of
        self._clock = parts.clock

    def work(self, record: LogoRecord, memo: Memo) -> Worked:
        """Ask for the entry's logo. Whatever fails at this entry is its outcome.

        Raises UnavailableError when the surroundings fail, such as DirectoryError when its file cannot
        be written.
        """
        trail = self._search.trail(record.key, memo)
        worked = self._isolated(record, lambda: self._look(record, trail))
        return replace(worked, before=record, fetch=replace(worked.fetch, attempts=tuple(trail.attempts)))

    def demote(self, record: LogoRecord, outcome: Outcome) -> Worked:
        """Put a monogram in the place of what turned out not to be a logo. Raises as `work`."""
        return self._isolated(record, lambda: self._monogram(record, outcome, self._integration_of(record)))

    def _isolated(self, record: LogoRecord, step: Callable[[], Worked]) -> Worked:
        try:
            return step()
        except Exception as error:  # noqa: BLE001  # a mistake at one entry costs no more than that
            return failed(self._parts, self._rules, record, error)

    def _look(self, record: LogoRecord, trail: Trail) -> Worked:
        is_intact = self._is_intact(record)
        integration = self._integration_of(record)
        result = self._search.look_for(integration, record, trail, is_intact=is_intact)
        known = record if is_intact else without_file(record)
        if isinstance(result, Found):
            worked = self._logo(known, result)
        elif is_intact or not self._search.keeps(record, result):
            worked = self._no_logo(known, result, integration)
        else:
            worked = _still_lost(record, result, now=self._clock())
        return replace(worked, was_intact=is_intact)

    def _is_intact(self, record: LogoRecord) -> bool:
        """False when the row names a file that is not there, or not what the row says."""
        return record.file is None or self._store.sha256(record.file.name) == record.file.sha256

    def _logo(self, record: LogoRecord, found: Found) -> Worked:
        choice, outcome = found.choice, found.outcome
        return self._with_file(
            record,
            choice.image,
            outcome,
            lambda file: with_logo(record, choice, outcome, file, now=self._clock()),
        )

    def _no_logo(self, record: LogoRecord, outcome: Outcome, integration: Integration) -> Worked:
        if record.status is Status.CACHED:
            kept = with_failure(record, outcome, now=self._clock())
            return Worked(before=record, fetch=SavedFetch(record=kept, outcome=outcome))
        return self._monogram(record, outcome, integration)

    def _monogram(self, record: LogoRecord, outcome: Outcome, integration: Integration) -> Worked:
        image = self._sources.images.draw(self._sources.monogram(integration))
        return self._with_file(
            record, image, outcome, lambda file: with_monogram(record, outcome, file, now=self._clock())
        )

    def _with_file(
        self,
        record: LogoRecord,
        image: NormalisedImage | None,
        outcome: Outcome,
        row: Callable[[StoredFile], LogoRecord],
    ) -> Worked:
        """The entry with the file that holds `image`: the one it has, or a new one, staged.

        None for `image` stands for the one it has, which its source confirmed.
        """
        if record.file is not None and (image is None or image.sha256 == record.file.sha256):
            return Worked(before=record, fetch=SavedFetch(record=row(record.file), outcome=outcome))
        if image is None:
            raise AssertionError("unreachable: a source confirmed an image that we do not have")
        staged = self._store.stage(record.key, image)
        return Worked(
            before=record, fetch=SavedFetch(record=row(staged.file), outcome=outcome), staged=staged
        )


def _still_lost(record: LogoRecord, outcome: Outcome, *, now: datetime) -> Worked:
    """The entry whose file could not be had again: its row keeps all that it says of the logo."""
    told = replace(
        outcome, reason=f"its file is gone, and was not had again: {outcome.reason or outcome.kind}"
    )
    return Worked(before=record, fetch=SavedFetch(record=with_failure(record, told, now=now), outcome=told))
