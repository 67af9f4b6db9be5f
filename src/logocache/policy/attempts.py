"""When to ask again, and how the answers of a chain of sources add up to one outcome."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import assert_never

from logocache.model import LogoRecord, Outcome, OutcomeKind, Status

COULD_NOT_ASK = frozenset(
    {OutcomeKind.THROTTLED, OutcomeKind.TRANSIENT, OutcomeKind.NOT_ASKED, OutcomeKind.ERROR}
)
"""Outcomes that say nothing about whether there is a logo."""

NO_LOGO = frozenset({OutcomeKind.NOT_FOUND, OutcomeKind.PLACEHOLDER, OutcomeKind.INVALID_IMAGE})
"""Outcomes that say that there is none. All other failures leave it open."""

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
"""Of several failures the heaviest stands for all: "could not ask" is never read as "no logo"."""

MISCONFIGURED_RETRY = timedelta(hours=1)
"""A person has to mend it; an hour keeps the log readable and the wait bearable."""

DOUBLINGS = 20
"""Beyond so many failures the backoff is at its longest anyway; keeps the power of two small."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AttemptRules:
    """The lengths of time that decide when to ask again. All are positive."""

    refresh_interval: timedelta
    miss_ttl: timedelta
    blocked_ttl: timedelta
    backoff_min: timedelta
    backoff_max: timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceResult:
    """What one question to one source came to."""

    provider: str
    kind: OutcomeKind
    reason: str = ""
    retry_at: datetime | None = None


def is_stale(record: LogoRecord, *, now: datetime, refresh_interval: timedelta) -> bool:
    """Whether the stored logo is due for confirmation. Entries without a real logo are never stale."""
    return (
        record.status is Status.CACHED
        and record.fetched_at is not None
        and now - record.fetched_at >= refresh_interval
    )


def is_due(record: LogoRecord, *, now: datetime) -> bool:
    """Whether the time for its next attempt has come."""
    return record.next_attempt_at is None or record.next_attempt_at <= now


def is_unknown(record: LogoRecord, *, offline: bool) -> bool:
    """True if it is open whether an entry of which nothing can be shown has a logo.

    Its sources could not be asked, or refused us; they gave one, and its file is lost; or somebody is to
    ask them, who may have died of it. Who does not want to ask the network (`offline`) does not wait for
    its answer either.
    """
    kind = record.last_outcome
    if kind is None or kind in SUCCESSES:
        return record.status is Status.CACHED or record.lease is not None
    if kind in NO_LOGO:
        return False
    return not (offline and kind is OutcomeKind.NOT_ASKED)


def was_given_up(record: LogoRecord) -> bool:
    """Whether a logo that a source has was evicted: who asks for it now should get it at once.

    An eviction puts the next attempt off, so that no run fetches again what the next one evicts;
    that is no news about the source.
    """
    return record.file is None and _had_logo(record)


def was_lost(record: LogoRecord) -> bool:
    """True if the file of an entry, known to be unusable, was not missed yet when its source was last asked.

    Who asks for it should get it at once; after an attempt that failed, not before it is due.
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
    """The outcome of a chain in which no source gave a usable logo.

    `failures` counts the failed attempts before this one; `jitter` is between 0 and 1. An empty
    chain counts as "no logo".
    """
    nothing = SourceResult(provider="", kind=OutcomeKind.NOT_FOUND, reason="no source has a logo")
    heaviest = max(results, key=lambda each: WEIGHT[each.kind], default=nothing)
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
    """When to ask again after `kind`; always after `now`."""
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
    """The outcome when `provider` gave a logo, after `earlier` sources that are preferred did not.

    When one of those could not be asked, the next attempt comes early: within `backoff_max`, and
    at once when the reason was that we are offline.
    """
    upgrade = any(each.kind in COULD_NOT_ASK for each in earlier)
    wait = min(rules.refresh_interval, rules.backoff_max) if upgrade else rules.refresh_interval
    return Outcome(kind=kind, provider=provider, next_attempt_at=now if upgrade and offline else now + wait)


def counts_as_failure(kind: OutcomeKind) -> bool:
    """Whether an attempt that ended so is counted against the entry. NOT_ASKED says nothing."""
    return kind not in SUCCESSES and kind is not OutcomeKind.NOT_ASKED
