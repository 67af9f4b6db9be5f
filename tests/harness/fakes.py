"""In-memory implementations of the ports."""

import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path

from harness.factories import make_image
from logocache.model import IconPurpose, Integration, Origin, OutcomeKind, PlaceholderProof, StoringClass
from logocache.ports import (
    Answer,
    Ask,
    Candidate,
    DecodingFailure,
    FetchRequest,
    FileCheck,
    ImageRejection,
    Monogram,
    NormalisedImage,
    ProviderTerms,
)
from logocache.queries import Variant
from logocache.repository.provider_placeholders import Sightings

Reply = Answer | Callable[[FetchRequest], Answer]


def reply(kind: OutcomeKind = OutcomeKind.FOUND, body: bytes = b"", **facts: object) -> Answer:
    return Answer(kind=kind, url="", body=body, **facts)  # type: ignore[arg-type]  # tests name real fields


class FakeFetcher:
    """Answers from a table of URLs, with 404 for all others. Records the requests.

    `probe` is its answer for domains that cannot exist (random names under `.invalid`).
    """

    def __init__(self, replies: Mapping[str, Reply] | None = None, probe: Reply | None = None) -> None:
        self.replies = dict(replies or {})
        self.probe = probe
        self.asked: list[FetchRequest] = []
        self.closed = False

    def fetch(self, request: FetchRequest, *, deadline: float) -> Answer:
        self.asked.append(request)
        found = self.replies.get(request.url, reply(OutcomeKind.NOT_FOUND, reason="HTTP 404", status=404))
        if self.probe is not None and ".invalid" in request.url:
            found = self.probe
        answer = found(request) if callable(found) else found
        return replace(answer, url=answer.url or request.url)

    def close(self) -> None:
        self.closed = True

    @property
    def urls(self) -> list[str]:
        return [request.url for request in self.asked]


class FakeImages:
    """Any bytes are a logo of 128 pixels, except those in the table `results`."""

    def __init__(
        self, results: Mapping[bytes, NormalisedImage | ImageRejection | DecodingFailure] | None = None
    ) -> None:
        self.results = dict(results or {})
        self.decoded: list[bytes] = []
        self.deadlines: list[float] = []
        self.believed: list[bool] = []
        self.derived: list[Variant] = []
        self.closed = False

    def normalise(
        self, body: bytes, *, deadline: float, is_believed: bool = False
    ) -> NormalisedImage | ImageRejection | DecodingFailure:
        self.decoded.append(body)
        self.deadlines.append(deadline)
        self.believed.append(is_believed)
        return self.results.get(body) or make_image(body)

    def draw(self, monogram: Monogram) -> NormalisedImage:
        return make_image(f"monogram {monogram.initials}".encode())

    def derive(self, png: bytes, variant: Variant) -> bytes:
        self.derived.append(variant)
        return f"{variant.label} of ".encode() + png

    def check_files(self, paths: Iterable[Path]) -> Iterator[FileCheck]:
        for path in paths:
            body = path.read_bytes()
            image = self.results.get(body) or make_image(body)
            if isinstance(image, DecodingFailure):
                yield FileCheck(path=path, obstacle=image.reason)
            elif isinstance(image, ImageRejection):
                yield FileCheck(path=path, problem=image.reason)
            else:
                yield FileCheck(path=path, width=image.width, height=image.height)

    def close(self) -> None:
        self.closed = True


class FakeLearntImages:
    """A memory of images that are no logos; `entries` show one as their logo."""

    def __init__(self, entries: Mapping[str, Sequence[tuple[str, Origin]]] | None = None) -> None:
        self.entries = dict(entries or {})
        self.proofs: dict[tuple[str, str], PlaceholderProof] = {}

    def sightings(self, provider: str, sha256: str) -> Sightings:
        return Sightings(proof=self.proofs.get((provider, sha256)), entries=self.entries.get(sha256, ()))

    def learn(self, provider: str, sha256: str, proof: PlaceholderProof, *, now: datetime) -> bool:
        order, known = list(PlaceholderProof), self.proofs.get((provider, sha256))
        if known is not None and order.index(known) >= order.index(proof):
            return False
        self.proofs[provider, sha256] = proof
        return True


class FakeProvider:
    """Offers the same candidates for every integration, all with the same `facts`."""

    def __init__(
        self,
        provider: str = "site",
        *,
        urls: Sequence[str] = (),
        bodies: Mapping[str, bytes] | None = None,
        pages: Sequence[str] = (),
        unnamed: Sequence[str] = (),
        dark: Sequence[str] = (),
        sizes: Mapping[str, int] | None = None,
        facts: Mapping[str, object] | None = None,
        **terms: object,
    ) -> None:
        defaults: dict[str, object] = {
            "title": provider,
            "storing": StoringClass.OWN_FILES,
            "licence": None,
            "terms_url": None,
            "uses_network": not bodies,
        }
        self.terms = ProviderTerms(id=provider, **(defaults | terms))  # type: ignore[arg-type]  # tests name real fields
        self._urls = tuple(urls)
        self._bodies = dict(bodies or {})
        self._pages = tuple(pages)
        self._unnamed = tuple(unnamed)
        self._dark = tuple(dark)
        self._sizes = dict(sizes or {})
        self._facts = dict(facts or {})
        self.offers_of: dict[str, Mapping[str, object]] = {}
        """Facts of single URLs."""

    def candidates(self, integration: Integration, ask: Ask) -> Sequence[Candidate]:
        for page in self._pages:
            ask(self._request(page))
        offers = [
            Candidate(
                provider=self.terms.id,
                url=url.format(domain=integration.domain),
                expected_size=self._sizes.get(url),
            )
            for url in self._urls
        ]
        offers += [
            Candidate(provider=self.terms.id, url=url, purpose=IconPurpose.UNNAMED) for url in self._unnamed
        ]
        offers += [Candidate(provider=self.terms.id, url=url, purpose=IconPurpose.DARK) for url in self._dark]
        offers += [
            Candidate(provider=self.terms.id, url=url, body=body) for url, body in self._bodies.items()
        ]
        return [replace(offer, **self._facts, **self.offers_of.get(offer.url, {})) for offer in offers]  # type: ignore[arg-type]  # as above

    def request(self, candidate: Candidate) -> FetchRequest:
        return self._request(candidate.url)

    def _request(self, url: str) -> FetchRequest:
        return FetchRequest(url=url, provider=self.terms.id, max_bytes=1_000_000)


def sha256(body: bytes) -> str:
    return hashlib.sha256(body).hexdigest()
