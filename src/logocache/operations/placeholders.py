"""Stand-in images that a provider gives when it has no logo, learnt while running.

Two signs: what it gives for a domain that cannot exist (RFC 2606 reserves `.invalid`), and the same
image for several unrelated companies. The first is proof. The second keeps a picture from newcomers,
and never takes it from who has it: see `policy.placeholders`.
"""

import logging
import secrets
import threading
import time
from collections import OrderedDict, defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

from logocache.model import Integration, OutcomeKind
from logocache.policy.provider_placeholders import (
    Company,
    ProbeState,
    company_of,
    is_shared,
    probed,
    wants_probe,
    with_company,
)
from logocache.ports import Ask, ImageRejection, Images, NormalisedImage, Provider

MOST_PICTURES = 4096
"""Pictures remembered with the companies that show them. Those seen longest ago are forgotten first."""

_log = logging.getLogger(__name__)

Value = TypeVar("Value")


@dataclass(frozen=True, slots=True)
class Fingerprint:
    """A stand-in image as we would store it."""

    provider: str
    sha256: str


@dataclass(slots=True)
class _Probe:
    """The question of our own to one provider. Who holds the lock asks it."""

    lock: threading.Lock = field(default_factory=threading.Lock)
    state: ProbeState = field(default_factory=ProbeState)


class PlaceholderDetector:
    """What has been learnt in this process. Safe to use from several threads."""

    def __init__(
        self,
        images: Callable[[], Images],
        *,
        token: Callable[[], str] = lambda: secrets.token_hex(8),
        monotonic: Callable[[], float] = time.monotonic,
        most_pictures: int = MOST_PICTURES,
    ) -> None:
        self._images = images
        self._token = token
        self._monotonic = monotonic
        self._most_pictures = most_pictures
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
        """Whether this image of `provider` for `integration` is its stand-in.

        `stored` is the digest of the real logo that the entry has: only proof counts against it. The
        first call for a provider that answers for every domain asks it one question of its own; when
        it could not be asked, some of the next calls do.
        """
        if not provider.terms.learns_placeholder:
            return False
        self._probe(provider, fetch, deadline, is_suspicious=False)
        picture, company = Fingerprint(provider.terms.id, image.sha256), company_of(integration)
        seen = self._remember(picture, company)
        if picture in self._proven:
            return True
        if not is_shared(seen, company):
            return False
        self._probe(provider, fetch, deadline, is_suspicious=True)
        return picture in self._proven or image.sha256 != stored

    def learnt_late(self) -> tuple[Fingerprint, ...]:
        """The proven stand-ins that some entries may still show as logos: those not `taken_back` yet."""
        with self._lock:
            return tuple(each for each in self._proven if each not in self._taken_back)

    def taken_back(self, fingerprint: Fingerprint) -> None:
        """No entry shows it any more."""
        with self._lock:
            self._taken_back.add(fingerprint)

    def _remember(self, picture: Fingerprint, company: Company) -> frozenset[Company]:
        """Who has shown the picture so far, `company` among them."""
        with self._lock:
            seen = with_company(self._seen.get(picture, frozenset()), company)
            _put(self._seen, picture, seen, self._most_pictures)
            return seen

    def _probe(self, provider: Provider, fetch: Ask, deadline: float, *, is_suspicious: bool) -> None:
        """Ask for a domain that cannot exist, if that is to be done now.

        Waits for another thread that does so, as long as there is time for this entry.
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
        """How each of its answers for a domain that cannot exist ended."""
        domain = f"{self._token()}.invalid"
        nobody = Integration(key=domain, name=domain, domain=domain, category="probe")
        kinds = []
        for candidate in provider.candidates(nobody, fetch):
            answer = fetch(provider.request(candidate))
            kinds.append(answer.kind)
            if answer.kind is not OutcomeKind.FOUND:
                continue
            image = self._images().normalise(answer.body, deadline=deadline)
            if isinstance(image, NormalisedImage):
                self._prove(Fingerprint(provider.terms.id, image.sha256))
            elif not isinstance(image, ImageRejection):
                kinds[-1] = OutcomeKind.ERROR  # decoding came to no end
        return kinds

    def _prove(self, fingerprint: Fingerprint) -> None:
        with self._lock:
            _put(self._proven, fingerprint, None, self._most_pictures)
        extra = {"provider": fingerprint.provider, "sha256": fingerprint.sha256}
        _log.info("stand_in.learnt", extra=extra)


def _put(table: OrderedDict[Fingerprint, Value], fingerprint: Fingerprint, value: Value, most: int) -> None:
    table[fingerprint] = value
    table.move_to_end(fingerprint)
    if len(table) > most:
        table.popitem(last=False)
