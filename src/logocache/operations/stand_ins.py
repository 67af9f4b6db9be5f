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

from logocache.model import ImageRejection, Integration, NormalisedImage, OutcomeKind
from logocache.policy.placeholders import (
    Company,
    ProbeState,
    company_of,
    is_shared,
    probed,
    wants_probe,
    with_company,
)
from logocache.ports import Ask, Images, Provider

MOST_PICTURES = 4096
"""Pictures remembered with the companies that show them. Those seen longest ago are forgotten first."""

_log = logging.getLogger(__name__)

Value = TypeVar("Value")


@dataclass(frozen=True, slots=True)
class StandIn:
    """A stand-in image as we would store it."""

    provider: str
    sha256: str


@dataclass(slots=True)
class _Probe:
    """The question of our own to one provider. Who holds the lock asks it."""

    lock: threading.Lock = field(default_factory=threading.Lock)
    state: ProbeState = field(default_factory=ProbeState)


class StandIns:
    """What has been learnt in this process. Safe to use from several threads."""

    def __init__(
        self,
        images: Images,
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
        self._proven: OrderedDict[StandIn, None] = OrderedDict()
        self._seen: OrderedDict[StandIn, frozenset[Company]] = OrderedDict()

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
        picture, company = StandIn(provider.terms.id, image.sha256), company_of(integration)
        seen = self._remember(picture, company)
        if picture in self._proven:
            return True
        if not is_shared(seen, company):
            return False
        self._probe(provider, fetch, deadline, is_suspicious=True)
        return picture in self._proven or image.sha256 != stored

    def learnt_late(self) -> tuple[StandIn, ...]:
        """The proven stand-ins: some may have been taken for logos before."""
        with self._lock:
            return tuple(self._proven)

    def _remember(self, picture: StandIn, company: Company) -> frozenset[Company]:
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
            image = self._images.normalise(answer.body, deadline=deadline)
            if isinstance(image, NormalisedImage):
                self._prove(StandIn(provider.terms.id, image.sha256))
            elif not isinstance(image, ImageRejection):
                kinds[-1] = OutcomeKind.ERROR  # decoding came to no end
        return kinds

    def _prove(self, stand_in: StandIn) -> None:
        with self._lock:
            _put(self._proven, stand_in, None, self._most_pictures)
        extra = {"provider": stand_in.provider, "sha256": stand_in.sha256}
        _log.info("stand_in.learnt", extra=extra)


def _put(table: OrderedDict[StandIn, Value], stand_in: StandIn, value: Value, most: int) -> None:
    table[stand_in] = value
    table.move_to_end(stand_in)
    if len(table) > most:
        table.popitem(last=False)
