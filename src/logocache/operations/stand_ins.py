"""Stand-in images that a provider gives when it has no logo, learnt while running.

Two signs: what it gives for a domain that cannot exist (RFC 2606 reserves `.invalid`), and the same
image for several unrelated domains.
"""

import logging
import secrets
import threading
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass

from logocache.domains import registrable_domain
from logocache.model import Integration, NormalisedImage, OutcomeKind
from logocache.ports.images import Images
from logocache.ports.provider import Ask, Provider

UNRELATED_DOMAINS = 4
"""From so many on, one image is a stand-in: companies share logos among two or three domains."""

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class StandIn:
    """A stand-in image as we would store it."""

    provider: str
    sha256: str


class StandIns:
    """What has been learnt in this process. Safe to use from several threads."""

    def __init__(self, images: Images, *, token: Callable[[], str] = lambda: secrets.token_hex(8)) -> None:
        self._images = images
        self._token = token
        self._lock = threading.Lock()
        self._probe_locks: defaultdict[str, threading.Lock] = defaultdict(threading.Lock)
        self._probed: set[str] = set()
        self._known: set[StandIn] = set()
        self._seen: defaultdict[StandIn, set[str]] = defaultdict(set)

    def recognises(
        self,
        image: NormalisedImage,
        provider: Provider,
        domain: str,
        fetch: Ask,
        *,
        deadline: float,
    ) -> bool:
        """Whether this image of `provider` for `domain` is its stand-in.

        The first call for a provider that answers for every domain asks it one question of its own.
        """
        if not provider.terms.learns_placeholder:
            return False
        self._probe(provider, fetch, deadline)
        stand_in = StandIn(provider.terms.id, image.sha256)
        with self._lock:
            self._seen[stand_in].add(_company_label(domain))
            if len(self._seen[stand_in]) >= UNRELATED_DOMAINS:
                self._known.add(stand_in)
            return stand_in in self._known

    def learnt_late(self) -> tuple[StandIn, ...]:
        """Stand-ins that were taken for logos before they were found out."""
        with self._lock:
            return tuple(
                sorted((each for each in self._known if self._seen[each]), key=lambda each: each.sha256)
            )

    def _probe(self, provider: Provider, fetch: Ask, deadline: float) -> None:
        with self._lock:
            probing = self._probe_locks[provider.terms.id]
        with probing:
            if provider.terms.id in self._probed:
                return
            self._probed.add(provider.terms.id)
            self._learn_from(provider, fetch, deadline)

    def _learn_from(self, provider: Provider, fetch: Ask, deadline: float) -> None:
        domain = f"{self._token()}.invalid"
        nobody = Integration(key=domain, name=domain, domain=domain, category="probe")
        for candidate in provider.candidates(nobody, fetch):
            answer = fetch(provider.request(candidate))
            if answer.kind is not OutcomeKind.FOUND:
                continue
            image = self._images.normalise(answer.body, deadline=deadline)
            if isinstance(image, NormalisedImage):
                _log.info("stand_in.learnt", extra={"provider": provider.terms.id, "sha256": image.sha256})
                with self._lock:
                    self._known.add(StandIn(provider.terms.id, image.sha256))


def _company_label(domain: str) -> str:
    """`amazon` for `www.amazon.co.uk`: national sites of one company are not unrelated."""
    return registrable_domain(domain).partition(".")[0]
