"""Pure: the next row of an entry, from its last one and what came of asking."""

from dataclasses import dataclass, replace
from datetime import datetime

from logocache.model import LogoRecord, Outcome, OutcomeKind, Status, StoredFile
from logocache.policy.attempts import counts_as_failure
from logocache.ports import Candidate, NormalisedImage, ProviderTerms

MONOGRAM = "monogram"
"""The provider recorded for placeholders."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """The image that won, and what its source said of it. `image` is None when ours is current."""

    candidate: Candidate
    terms: ProviderTerms
    image: NormalisedImage | None
    etag: str | None
    last_modified: str | None
    candidates_digest: str


def with_logo(
    record: LogoRecord, choice: Choice, outcome: Outcome, file: StoredFile, *, now: datetime
) -> LogoRecord:
    """A logo was obtained or confirmed; `file` is what is stored now."""
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
    """No logo this time; whatever is stored stays."""
    failed = counts_as_failure(outcome.kind)
    return replace(
        _asked(record, outcome, now=now),
        failure_count=record.failure_count + (1 if failed else 0),
        last_error=outcome.reason or outcome.kind.value,
        source_gone_at=(record.source_gone_at or now) if outcome.source_is_gone else record.source_gone_at,
    )


def with_monogram(record: LogoRecord, outcome: Outcome, file: StoredFile, *, now: datetime) -> LogoRecord:
    """No logo this time and none stored: a monogram stands in."""
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
    """The entry as its sources are to be asked when its file is lost: a 304 must never confirm that."""
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
