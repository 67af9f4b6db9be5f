"""Provider placeholders, the images that a provider sends when it has no logo, learnt while running.

Two signs: the image sent for a domain that cannot exist (RFC 2606 reserves `.invalid`), which is proof,
and one image for several unrelated companies, which keeps it from new entries and makes it a poor logo of
those that have it: see `policy.acceptance`.
"""

import logging
import secrets
import threading
import time
from collections import OrderedDict, defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol, TypeVar

from logocache.catalog import Catalog
from logocache.model import Integration, Origin, Outcome, OutcomeKind, PlaceholderProof
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
    with_companies,
)
from logocache.ports import Ask, Clock, ImageRejection, Images, NormalisedImage, Provider
from logocache.repository.filters import DueFilter
from logocache.repository.provider_placeholders import Sightings

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


class LearntImages(Protocol):
    """Of `repository.placeholders.Placeholders`, what is needed while an image is judged."""

    def sightings(self, provider: str, sha256: str) -> Sightings: ...

    def learn(self, provider: str, sha256: str, proof: PlaceholderProof, *, now: datetime) -> bool:
        """Remember the proof; return False if as much was known."""
        ...


class PlaceholderDetector:
    """Provider placeholders learnt by this process and those before it. Safe to use from several threads."""

    def __init__(
        self,
        images: Callable[[], Images],
        learnt: LearntImages,
        catalog: Catalog,
        *,
        clock: Clock,
        token: Callable[[], str] = lambda: secrets.token_hex(8),
        monotonic: Callable[[], float] = time.monotonic,
        most_images: int = MOST_IMAGES,
    ) -> None:
        self._images = images
        self._learnt = learnt
        self._catalog = catalog
        self._clock = clock
        self._token = token
        self._monotonic = monotonic
        self._most_images = most_images
        self._lock = threading.Lock()
        self._probes: defaultdict[str, _Probe] = defaultdict(_Probe)
        self._late: dict[Fingerprint, PlaceholderProof] = {}
        self._proven: OrderedDict[Fingerprint, None] = OrderedDict()
        self._seen: OrderedDict[Fingerprint, frozenset[Company]] = OrderedDict()

    def judge(
        self, sha256: str, provider: Provider, integration: Integration, fetch: Ask, *, deadline: float
    ) -> PlaceholderProof | None:
        """Return why this image of `provider` is no logo of `integration`; None if nothing is known.

        For a provider that answers for every domain, the first call sends a probe; if that fails, some
        later calls do. Raises DatabaseError.
        """
        terms = provider.terms
        if terms.learns_placeholder:
            self._probe(provider, fetch, deadline, is_suspicious=False)
        elif not terms.asks_many_hosts:
            return None
        fingerprint = Fingerprint(terms.id, sha256)
        proof = self._proof(fingerprint, self._company(integration.domain, integration.origin))
        if proof is None or proof is PlaceholderProof.PROVEN:
            return proof
        if terms.learns_placeholder:
            self._probe(provider, fetch, deadline, is_suspicious=True)
        if fingerprint not in self._proven:
            self._learn(fingerprint, proof)
            return proof
        return PlaceholderProof.PROVEN

    def learnt_late(self) -> Mapping[Fingerprint, PlaceholderProof]:
        """Return what was learnt of images that entries may have as logos: those not `taken_back` yet."""
        with self._lock:
            return dict(self._late)

    def taken_back(self, fingerprint: Fingerprint, proof: PlaceholderProof) -> None:
        """Record that what follows from `proof` was done for all entries."""
        with self._lock:
            if self._late.get(fingerprint) is proof:
                del self._late[fingerprint]

    def _company(self, domain: str, origin: Origin) -> Company:
        """The company of an entry. Other domains of a catalogue entry belong to the same company."""
        known = self._catalog.named(domain)
        return company_of(domain if known is None else known.domain, origin)

    def _proof(self, fingerprint: Fingerprint, company: Company) -> PlaceholderProof | None:
        """What is known of an image that `company` shows."""
        if fingerprint in self._proven:
            return PlaceholderProof.PROVEN
        known = self._learnt.sightings(fingerprint.provider, fingerprint.sha256)
        if known.proof is PlaceholderProof.PROVEN:
            self._prove(fingerprint)
            return PlaceholderProof.PROVEN
        others = [self._company(domain, origin) for domain, origin in known.entries]
        with self._lock:
            seen = with_companies(self._seen.get(fingerprint, frozenset()), (company, *others))
            _put(self._seen, fingerprint, seen, self._most_images)
        if known.proof is PlaceholderProof.SHARED or (known.proof is not None and not company.in_catalog):
            return known.proof
        if not is_shared(seen, company):
            return None
        return PlaceholderProof.SHARED if company.in_catalog else PlaceholderProof.SHARED_ON_DEMAND

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
        self._learn(fingerprint, PlaceholderProof.PROVEN)

    def _learn(self, fingerprint: Fingerprint, proof: PlaceholderProof) -> None:
        """Remember `proof`. Entries that have the image are still to be looked at, if it is news."""
        provider, sha256 = fingerprint.provider, fingerprint.sha256
        if not self._learnt.learn(provider, sha256, proof, now=self._clock()):
            return
        with self._lock:
            self._late[fingerprint] = proof
        _log.info(
            "provider_placeholder.learnt", extra={"provider": provider, "sha256": sha256, "proof": proof}
        )


def _put(table: OrderedDict[Fingerprint, Value], fingerprint: Fingerprint, value: Value, most: int) -> None:
    table[fingerprint] = value
    table.move_to_end(fingerprint)
    if len(table) > most:
        table.popitem(last=False)


def take_back(context: Context) -> Saved:
    """Do what follows for logos that were found to be none after they were stored.

    Proven placeholders become monograms; what companies share becomes due.
    Raises DatabaseError or DirectoryError; the next call then tries again.
    """
    parts = []
    detector = context.placeholders()
    for fingerprint, proof in detector.learnt_late().items():
        if proof is PlaceholderProof.PROVEN:
            parts.append(_demote(context, fingerprint))
        else:
            context.repository.placeholders.make_due(fingerprint.provider, fingerprint.sha256, proof)
        detector.taken_back(fingerprint, proof)
    return Saved.together(parts)


def _demote(context: Context, fingerprint: Fingerprint) -> Saved:
    now = context.clock()
    records = context.repository.placeholders.entries(fingerprint.provider, fingerprint.sha256)
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
