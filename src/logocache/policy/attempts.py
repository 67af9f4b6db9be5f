"""Rules of retrying: the next attempt, and the one outcome of a chain of sources."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import assert_never

from logocache.model import LogoRecord, Outcome, OutcomeKind, Status

COULD_NOT_ASK = frozenset(
    {OutcomeKind.THROTTLED, OutcomeKind.TRANSIENT, OutcomeKind.NOT_ASKED, OutcomeKind.ERROR}
)
"""Outcomes that leave open if there is a logo, because no source could be asked."""

NO_LOGO = frozenset({OutcomeKind.NOT_FOUND, OutcomeKind.PLACEHOLDER, OutcomeKind.INVALID_IMAGE})
"""Outcomes that prove that there is no logo. All other failures leave it open."""

SUCCESSES = frozenset({OutcomeKind.FOUND, OutcomeKind.UNCHANGED})

WEIGHT = {
    kind: weight
    for weight, kind in enumerate(
        (
            OutcomeKind.NOT_FOUND,
            OutcomeKind.PLACEHOLDER,
            OutcomeKind.REFUSED,
            OutcomeKind.INVALID_IMAGE,
            OutcomeKind.BLOCKED,
            OutcomeKind.MISCONFIGURED,
            OutcomeKind.NOT_ASKED,
            OutcomeKind.ERROR,
            OutcomeKind.TRANSIENT,
            OutcomeKind.THROTTLED,
        )
    )
}
"""The heaviest of several failures is reported: "could not ask" is never read as "no logo"."""

MISCONFIGURED_RETRY = timedelta(hours=1)
"""The operator has to repair it; an hour keeps the log readable and the wait bearable."""

DOUBLINGS = 20
"""Failures beyond which the backoff no longer grows; keeps the power of two small."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AttemptRules:
    """Intervals that decide when to ask again. All are positive."""

    refresh_interval: timedelta
    miss_ttl: timedelta
    blocked_ttl: timedelta
    backoff_min: timedelta
    backoff_max: timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceResult:
    """Result of one request to one source."""

    provider: str
    kind: OutcomeKind
    reason: str = ""
    retry_at: datetime | None = None


def is_stale(record: LogoRecord, *, now: datetime, refresh_interval: timedelta) -> bool:
    """True if the stored logo is due for confirmation. Entries without a real logo are never stale."""
    return (
        record.status is Status.CACHED
        and record.fetched_at is not None
        and now - record.fetched_at >= refresh_interval
    )


def is_due(record: LogoRecord, *, now: datetime) -> bool:
    """True if its next attempt may be made."""
    return record.next_attempt_at is None or record.next_attempt_at <= now


def is_unknown(record: LogoRecord, *, offline: bool) -> bool:
    """True if an entry with nothing to show may still have a logo.

    Its sources could not be asked or refused us; its file is lost; or it is leased by a process, which
    may have died. A cache that is `offline` does not wait for sources that were not asked.
    """
    kind = record.last_outcome
    if kind is None or kind in SUCCESSES:
        return record.status is Status.CACHED or record.lease is not None
    if kind in NO_LOGO:
        return False
    return not (offline and kind is OutcomeKind.NOT_ASKED)


def was_given_up(record: LogoRecord) -> bool:
    """True if the logo was evicted: a request for it should fetch it at once.

    An eviction postpones the next attempt, so that no run fetches what the next one evicts; it
    reports nothing about the source.
    """
    return record.file is None and _had_logo(record)


def was_lost(record: LogoRecord) -> bool:
    """True if an unusable file was still intact when the entry's sources were last asked.

    A request for it should fetch it at once; after a failed attempt, not before it is due.
    """
    return record.file is not None and _had_logo(record)


def _had_logo(record: LogoRecord) -> bool:
    return record.last_outcome is None or record.last_outcome in SUCCESSES


def failure_of(
    results: Sequence[SourceResult],
    *,
    now: datetime,
    failures: int,
    rules: AttemptRules,
    jitter: float,
    offline: bool,
) -> Outcome:
    """Outcome of a chain in which no source gave a usable logo.

    `failures` counts the failed attempts before this one; `jitter` is from 0 to 1. An empty chain
    counts as "no logo".
    """
    nothing = SourceResult(provider="", kind=OutcomeKind.NOT_FOUND, reason="no source has a logo")
    heaviest = max(results, key=lambda result: WEIGHT[result.kind], default=nothing)
    retry_at = min((result.retry_at for result in results if result.retry_at is not None), default=None)
    return Outcome(
        kind=heaviest.kind,
        next_attempt_at=now
        if offline and heaviest.kind is not OutcomeKind.ERROR
        else next_attempt(
            heaviest.kind, now=now, failures=failures, rules=rules, jitter=jitter, retry_at=retry_at
        ),
        provider=heaviest.provider or None,
        reason=heaviest.reason,
    )


def next_attempt(
    kind: OutcomeKind,
    *,
    now: datetime,
    failures: int,
    rules: AttemptRules,
    jitter: float,
    retry_at: datetime | None = None,
) -> datetime:
    """Time of the next attempt after `kind`; always later than `now`."""
    match kind:
        case OutcomeKind.FOUND | OutcomeKind.UNCHANGED:
            return now + rules.refresh_interval
        case OutcomeKind.NOT_FOUND | OutcomeKind.PLACEHOLDER | OutcomeKind.INVALID_IMAGE:
            return now + rules.miss_ttl
        case OutcomeKind.BLOCKED | OutcomeKind.REFUSED:
            return now + rules.blocked_ttl
        case OutcomeKind.MISCONFIGURED:
            return now + MISCONFIGURED_RETRY
        case OutcomeKind.THROTTLED:
            return max(retry_at or now, now + backoff(failures, rules=rules, jitter=jitter))
        case OutcomeKind.TRANSIENT | OutcomeKind.ERROR:
            return now + backoff(failures, rules=rules, jitter=jitter)
        case OutcomeKind.NOT_ASKED:
            return now + backoff(0, rules=rules, jitter=jitter)
        case _:
            assert_never(kind)


def backoff(failures: int, *, rules: AttemptRules, jitter: float) -> timedelta:
    """Exponential wait after `failures` earlier failures, spread over its upper half by `jitter`.

    Never under half of `backoff_min`, never over `backoff_max`. "Equal jitter" as in
    https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/
    """
    doublings: int = 2 ** min(failures, DOUBLINGS)
    whole = min(rules.backoff_min * doublings, rules.backoff_max)
    return whole / 2 + whole / 2 * jitter


def success_of(
    kind: OutcomeKind,
    provider: str,
    earlier: Sequence[SourceResult],
    *,
    now: datetime,
    rules: AttemptRules,
    offline: bool,
) -> Outcome:
    """Outcome when `provider` gave a logo, after `earlier` sources and images that are preferred did not.

    If one of those could not be asked, the next attempt is early: within `backoff_max`, or at once
    when `offline`.
    """
    upgrade = any(result.kind in COULD_NOT_ASK for result in earlier)
    wait = min(rules.refresh_interval, rules.backoff_max) if upgrade else rules.refresh_interval
    return Outcome(kind=kind, provider=provider, next_attempt_at=now if upgrade and offline else now + wait)


def counts_as_failure(kind: OutcomeKind) -> bool:
    """True if each such outcome increases the failure count; NOT_ASKED counts once (`with_failure`)."""
    return kind not in SUCCESSES and kind is not OutcomeKind.NOT_ASKED
