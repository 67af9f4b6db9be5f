"""Pure: the next record of an entry, from its last one and the outcome of fetching."""

from dataclasses import dataclass, replace
from datetime import datetime

from logocache.model import LogoRecord, Outcome, OutcomeKind, Status, StoredFile
from logocache.policy.attempts import counts_as_failure
from logocache.ports import Candidate, NormalisedImage, ProviderTerms

MONOGRAM = "monogram"
"""Provider recorded for placeholders."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """The chosen image and its source's facts. `image` is None if the stored file is current."""

    candidate: Candidate
    terms: ProviderTerms
    image: NormalisedImage | None
    etag: str | None
    last_modified: str | None
    candidates_digest: str


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
    """The record after a failure; the stored file stays."""
    failed = counts_as_failure(outcome.kind)
    return replace(
        _asked(record, outcome, now=now),
        failure_count=record.failure_count + (1 if failed else 0),
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


def without_file(record: LogoRecord) -> LogoRecord:
    """The record with which sources are asked if its file is lost: a 304 must never confirm it."""
    return replace(record, status=Status.PENDING, file=None, etag=None, last_modified=None)


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
