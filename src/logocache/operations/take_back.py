"""Replacement of provider placeholders that were stored as logos before they were recognised."""

from logocache.model import Outcome, OutcomeKind
from logocache.operations.commit import Committer, Saved
from logocache.operations.context import Context
from logocache.operations.fetch import EntryFetch, released_on_failure
from logocache.operations.placeholders import Fingerprint
from logocache.repository.filters import DueFilter


def take_back(context: Context) -> Saved:
    """Replace all such logos by monograms.

    Raises DatabaseError or DirectoryError; the next call then tries again.
    """
    parts = []
    for fingerprint in context.placeholders.learnt_late():
        parts.append(_demote(context, fingerprint))
        context.placeholders.taken_back(fingerprint)
    return Saved.together(parts)


def _demote(context: Context, fingerprint: Fingerprint) -> Saved:
    now = context.clock()
    records = context.repository.same_image(provider=fingerprint.provider, sha256=fingerprint.sha256)
    if not records:
        return Saved()
    keys = [record.key for record in records]
    outcome = Outcome(
        kind=OutcomeKind.PLACEHOLDER,
        next_attempt_at=now + context.attempt_rules.miss_ttl,
        provider=fingerprint.provider,
        reason=f"the provider placeholder of {fingerprint.provider}",
    )
    claimed = context.repository.claim(keys, now=now, due=DueFilter(now=now, keys=keys, forced=True))
    entry_fetch = EntryFetch(context)
    with released_on_failure(context, claimed):
        return Committer(context).save([entry_fetch.demote(record, outcome) for record in claimed])
