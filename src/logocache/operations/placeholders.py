"""Provider placeholders, the images that a provider sends when it has no logo, learnt while running.

Two signs: the image sent for a domain that cannot exist (RFC 2606 reserves `.invalid`), which is proof,
and one image for several unrelated companies, which only keeps it from new entries: see
`policy.provider_placeholders`.
"""

import logging
import secrets
import threading
import time
from collections import OrderedDict, defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

from logocache.model import Integration, Outcome, OutcomeKind
from logocache.operations.commit import Committer, Saved
from logocache.operations.context import Context
from logocache.operations.fetch import EntryFetch, released_on_failure
from logocache.policy.acceptance import (
    Company,
    ProbeState,
    company_of,
    is_shared,
    probed,
    wants_probe,
    with_company,
)
from logocache.ports import Ask, ImageRejection, Images, NormalisedImage, Provider
from logocache.repository.filters import DueFilter

MOST_IMAGES = 4096
"""Images remembered, with the companies that show them. The least recently seen are forgotten first."""

_log = logging.getLogger(__name__)

Value = TypeVar("Value")


@dataclass(frozen=True, slots=True)
class Fingerprint:
    """An image of a provider, normalised as we store it."""

    provider: str
    sha256: str


@dataclass(slots=True)
class _Probe:
    """State of probing one provider. The holder of the lock sends the probe."""

    lock: threading.Lock = field(default_factory=threading.Lock)
    state: ProbeState = field(default_factory=ProbeState)


class PlaceholderDetector:
    """Provider placeholders learnt by this process. Safe to use from several threads."""

    def __init__(
        self,
        images: Callable[[], Images],
        *,
        token: Callable[[], str] = lambda: secrets.token_hex(8),
        monotonic: Callable[[], float] = time.monotonic,
        most_images: int = MOST_IMAGES,
    ) -> None:
        self._images = images
        self._token = token
        self._monotonic = monotonic
        self._most_images = most_images
        self._lock = threading.Lock()
        self._probes: defaultdict[str, _Probe] = defaultdict(_Probe)
        self._taken_back: set[Fingerprint] = set()
        self._proven: OrderedDict[Fingerprint, None] = OrderedDict()
        self._seen: OrderedDict[Fingerprint, frozenset[Company]] = OrderedDict()

    def recognises(
        self,
        image: NormalisedImage,
        provider: Provider,
        integration: Integration,
        fetch: Ask,
        *,
        deadline: float,
        stored: str | None = None,
    ) -> bool:
        """True if this image of `provider` for `integration` is a provider placeholder.

        `stored` is the digest of the entry's real logo: only proof counts against it. For a provider
        that answers for every domain, the first call sends a probe; if that fails, some later calls
        do.
        """
        if not provider.terms.learns_placeholder:
            return False
        self._probe(provider, fetch, deadline, is_suspicious=False)
        fingerprint, company = Fingerprint(provider.terms.id, image.sha256), company_of(integration)
        seen = self._remember(fingerprint, company)
        if fingerprint in self._proven:
            return True
        if not is_shared(seen, company):
            return False
        self._probe(provider, fetch, deadline, is_suspicious=True)
        return fingerprint in self._proven or image.sha256 != stored

    def learnt_late(self) -> tuple[Fingerprint, ...]:
        """Return the proven placeholders that entries may still have as logos: those not `taken_back` yet."""
        with self._lock:
            return tuple(proven for proven in self._proven if proven not in self._taken_back)

    def taken_back(self, fingerprint: Fingerprint) -> None:
        """Record that no entry has it as its logo any more."""
        with self._lock:
            self._taken_back.add(fingerprint)

    def _remember(self, fingerprint: Fingerprint, company: Company) -> frozenset[Company]:
        """Return the companies that have shown the image so far, including `company`."""
        with self._lock:
            seen = with_company(self._seen.get(fingerprint, frozenset()), company)
            _put(self._seen, fingerprint, seen, self._most_images)
            return seen

    def _probe(self, provider: Provider, fetch: Ask, deadline: float, *, is_suspicious: bool) -> None:
        """Ask for a domain that cannot exist, if a probe is wanted now.

        Waits for a running probe of another thread until `deadline`.
        """
        with self._lock:
            probe = self._probes[provider.terms.id]
        if not probe.lock.acquire(timeout=max(deadline - self._monotonic(), 0)):
            return
        try:
            now = self._monotonic()
            if wants_probe(probe.state, now=now, is_suspicious=is_suspicious):
                kinds: Sequence[OutcomeKind] = (OutcomeKind.ERROR,)
                try:
                    kinds = self._learn_from(provider, fetch, deadline)
                finally:
                    probe.state = probed(probe.state, kinds, now=now)
        finally:
            probe.lock.release()

    def _learn_from(self, provider: Provider, fetch: Ask, deadline: float) -> Sequence[OutcomeKind]:
        """Return the outcome of each of its answers for a domain that cannot exist."""
        domain = f"{self._token()}.invalid"
        nonexistent = Integration(key=domain, name=domain, domain=domain, category="probe")
        kinds = []
        for candidate in provider.candidates(nonexistent, fetch):
            answer = fetch(provider.request(candidate))
            kinds.append(answer.kind)
            if answer.kind is not OutcomeKind.FOUND:
                continue
            image = self._images().normalise(answer.body, deadline=deadline)
            if isinstance(image, NormalisedImage):
                self._prove(Fingerprint(provider.terms.id, image.sha256))
            elif not isinstance(image, ImageRejection):
                kinds[-1] = OutcomeKind.ERROR  # decoding did not finish
        return kinds

    def _prove(self, fingerprint: Fingerprint) -> None:
        with self._lock:
            _put(self._proven, fingerprint, None, self._most_images)
        extra = {"provider": fingerprint.provider, "sha256": fingerprint.sha256}
        _log.info("provider_placeholder.learnt", extra=extra)


def _put(table: OrderedDict[Fingerprint, Value], fingerprint: Fingerprint, value: Value, most: int) -> None:
    table[fingerprint] = value
    table.move_to_end(fingerprint)
    if len(table) > most:
        table.popitem(last=False)


def take_back(context: Context) -> Saved:
    """Replace by monograms the placeholders that were stored as logos before they were recognised.

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
