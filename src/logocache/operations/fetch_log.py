"""Audit log of one entry's fetches, the result that decides their outcome, and the record that follows."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime

from logocache.model import FetchAttempt, LogoRecord, Outcome, OutcomeKind, Status, StoredFile
from logocache.operations.context import Context
from logocache.policy.attempts import SUCCESSES, SourceResult, counts_as_failure
from logocache.policy.preference import Choice
from logocache.ports import Answer, FetchRequest


@dataclass(slots=True)
class RequestMemo:
    """Answers of this run for entries that share a domain, so that no request is sent twice.

    Used by one thread. Conditional requests are kept apart from plain ones.
    """

    answers: dict[tuple[str, str, str | None, str | None], Answer] = field(default_factory=dict)

    def get(self, request: FetchRequest, ask: Callable[[], Answer]) -> Answer:
        key = (request.provider, request.url, request.etag, request.last_modified)
        if key not in self.answers:
            self.answers[key] = ask()
        return self.answers[key]


class FetchLog:
    """Sends the requests of one entry, and records their results."""

    def __init__(self, context: Context, key: str, memo: RequestMemo) -> None:
        """Start the entry's time limit (`logo_timeout_seconds`)."""
        self._key = key
        self._fetcher = context.fetcher
        self._memo = memo
        self._faults = context.faults
        self._clock = context.clock
        self.deadline = context.monotonic() + context.settings.logo_timeout_seconds
        self.gave_up = False
        """True after an image could not be decoded in time: no further requests are sent."""
        self.stored: str | None = None
        """SHA-256 of the real logo that the entry has."""
        self.stored_is_judged = False
        """True after its source sent or confirmed just this logo, so that it was compared with the others, or
        said that it is another owner's."""
        self.is_doubted = False
        """True after a source sent this logo, and it is a default icon, a market's for domains, or shown by
        unrelated companies."""
        self.attempts: list[FetchAttempt] = []
        self.results: list[SourceResult] = []

    def fetch(self, request: FetchRequest) -> Answer:
        """Send a request that is not about this entry, such as a probe: it is not recorded."""
        return self._fetcher().fetch(request, deadline=self.deadline)

    def ask(self, request: FetchRequest) -> Answer:
        """Send a request and record it. A success adds no result: the content is not judged yet."""
        answer = self._memo.get(request, lambda: self._fetcher().fetch(request, deadline=self.deadline))
        self._write(request.provider, answer, answer.kind, answer.reason)
        if answer.kind not in SUCCESSES:
            self._add_result(request.provider, answer, answer.kind, answer.reason)
        return answer

    def correct(self, provider: str, answer: Answer, kind: OutcomeKind, reason: str) -> None:
        """Record what the content of the last answer, or of an image without a request, turned out to be.

        A `kind` that is a success adds no result: the image is used, with a flaw that `reason` names.
        """
        if self.attempts and self.attempts[-1].url == answer.url:
            self.attempts[-1] = replace(self.attempts[-1], outcome=kind, reason=reason)
        else:
            self._write(provider, answer, kind, reason)
        if kind not in SUCCESSES:
            self._add_result(provider, answer, kind, reason)

    def note(self, provider: str, kind: OutcomeKind, reason: str) -> None:
        """Record a result without a request."""
        self.results.append(SourceResult(provider=provider, kind=kind, reason=reason))

    @contextmanager
    def step(self, provider: str) -> Iterator[None]:
        """Turn an exception in one step of a source into a result of that source.

        Raises UnavailableError if the environment fails.
        """
        asked = len(self.attempts)
        try:
            yield
        except Exception as error:  # noqa: BLE001  # a failure affects only its source
            result = self._faults.result_of(error, key=self._key, provider=provider)
            self.results.append(result)
            if len(self.attempts) > asked and self.attempts[-1].outcome in SUCCESSES:
                last = self.attempts[-1]
                self.attempts[-1] = replace(last, outcome=result.kind, reason=result.reason)

    def _write(self, provider: str, answer: Answer, kind: OutcomeKind, reason: str) -> None:
        self.attempts.append(
            FetchAttempt(
                key=self._key,
                provider=provider,
                url=answer.url,
                at=self._clock(),
                duration=answer.duration,
                outcome=kind,
                status=answer.status,
                bytes=len(answer.body),
                reason=reason,
            )
        )

    def _add_result(self, provider: str, answer: Answer, kind: OutcomeKind, reason: str) -> None:
        self.results.append(
            SourceResult(provider=provider, kind=kind, reason=reason, retry_at=answer.retry_at)
        )


MONOGRAM = "monogram"
"""Provider recorded for placeholders."""


def with_logo(
    record: LogoRecord, choice: Choice, outcome: Outcome, file: StoredFile, *, now: datetime
) -> LogoRecord:
    """The record after a logo was fetched or confirmed; `file` is the current file."""
    return replace(
        _asked(record, outcome, now=now),
        status=Status.CACHED,
        file=file,
        provider=choice.terms.id,
        source_url=choice.candidate.url,
        licence=choice.candidate.licence or choice.terms.licence,
        attribution=choice.candidate.attribution,
        etag=choice.etag,
        last_modified=choice.last_modified,
        candidates_digest=choice.candidates_digest,
        fetched_at=now,
        fetch_count=record.fetch_count + 1,
        failure_count=0,
        last_error=None,
        source_gone_at=None,
    )


def with_failure(record: LogoRecord, outcome: Outcome, *, now: datetime) -> LogoRecord:
    """The record after a failure; the stored file stays.

    A source that seems unreachable is one failure, however often: it was not asked again. An offline cache,
    whose next attempt may be at once, has not failed.
    """
    failures = record.failure_count + counts_as_failure(outcome.kind)
    if outcome.kind is OutcomeKind.NOT_ASKED and outcome.next_attempt_at > now:
        failures = max(failures, 1)
    return replace(
        _asked(record, outcome, now=now),
        failure_count=failures,
        last_error=outcome.reason or outcome.kind.value,
        source_gone_at=(record.source_gone_at or now) if outcome.source_is_gone else record.source_gone_at,
    )


def with_monogram(record: LogoRecord, outcome: Outcome, file: StoredFile, *, now: datetime) -> LogoRecord:
    """The record after a failure without a stored logo; `file` is the monogram."""
    return replace(
        with_failure(record, outcome, now=now),
        status=Status.PLACEHOLDER,
        file=file,
        provider=MONOGRAM,
        source_url=None,
        licence=None,
        attribution=None,
        etag=None,
        last_modified=None,
        candidates_digest=None,
        source_gone_at=None,
        fetched_at=now,
    )


def without_validators(record: LogoRecord) -> LogoRecord:
    """The record with which its source is asked for the whole logo, instead of a confirmation."""
    return replace(record, etag=None, last_modified=None)


def without_file(record: LogoRecord) -> LogoRecord:
    """The record with which sources are asked if its file is lost: a 304 must never confirm it."""
    return replace(without_validators(record), status=Status.PENDING, file=None)


def with_forms_lost(record: LogoRecord, names: frozenset[str]) -> LogoRecord:
    """The record without those of its further forms that are lost: its source is asked for them anew."""
    file = record.file
    if file is None or names.isdisjoint(form.name for form in file.forms):
        return record
    svg, dark = (form if form and form.name not in names else None for form in (file.svg, file.dark))
    return replace(without_validators(record), file=replace(file, svg=svg, dark=dark))


def without_monogram(record: LogoRecord) -> LogoRecord:
    """As `with_monogram`, where there is no room for one."""
    return replace(record, status=Status.PENDING, file=None, provider=None, fetched_at=None)


def _asked(record: LogoRecord, outcome: Outcome, *, now: datetime) -> LogoRecord:
    return replace(
        record,
        lease=None,
        checked_at=record.checked_at if outcome.kind is OutcomeKind.NOT_ASKED else now,
        next_attempt_at=outcome.next_attempt_at,
        last_outcome=outcome.kind,
    )
