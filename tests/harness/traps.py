"""Mistakes and disturbances that strike one entry at a chosen place."""

from collections.abc import Callable, Sequence

from harness.bench import SLACK, Bench
from harness.fakes import FakeImages, FakeProvider, reply
from logocache.cache import LogoCache
from logocache.errors import DirectoryError, UnavailableError
from logocache.model import Integration, OutcomeKind
from logocache.ports import (
    Answer,
    Ask,
    Candidate,
    DecodingFailure,
    FetchRequest,
    ImageRejection,
    NormalisedImage,
)


class OnlyFor(FakeProvider):
    """Offers one image, to one entry."""

    def __init__(self, provider: str, key: str) -> None:
        super().__init__(provider, bodies={"own": b"own"})
        self._key = key

    def candidates(self, integration: Integration, ask: Ask) -> Sequence[Candidate]:
        return super().candidates(integration, ask) if integration.key == self._key else ()


class Trap(FakeProvider):
    """The usual source of all, until it is sprung by one entry."""

    def __init__(self, key: str, spring: Callable[[], object], *, at: str) -> None:
        super().__init__(urls=["https://{domain}/icon.png"])
        self._key = key
        self._spring = spring
        self._at = at

    def candidates(self, integration: Integration, ask: Ask) -> Sequence[Candidate]:
        if self._at == "candidates" and integration.key == self._key:
            self._spring()
        return super().candidates(integration, ask)

    def request(self, candidate: Candidate) -> FetchRequest:
        if self._at == "request" and self._key in candidate.url:
            self._spring()
        return super().request(candidate)


class TrappedImages(FakeImages):
    def __init__(self, body: bytes, spring: Callable[[], object]) -> None:
        super().__init__()
        self._body = body
        self._spring = spring

    def normalise(
        self, body: bytes, *, deadline: float, is_believed: bool = False
    ) -> NormalisedImage | ImageRejection | DecodingFailure:
        if body == self._body:
            self._spring()
        return super().normalise(body, deadline=deadline, is_believed=is_believed)


def bug() -> None:
    raise LookupError("a mistake of ours")


def at_candidates(bench: Bench, spring: Callable[[], object]) -> None:
    bench.chain = [Trap("slack", spring, at="candidates")]


def at_request(bench: Bench, spring: Callable[[], object]) -> None:
    bench.chain = [Trap("slack", spring, at="request")]


def at_fetch(bench: Bench, spring: Callable[[], object]) -> None:
    def answer(request: FetchRequest) -> Answer:
        spring()
        return reply(body=b"slack")

    bench.fetcher.replies[SLACK] = answer


def at_decoding(bench: Bench, spring: Callable[[], object]) -> None:
    bench.images = TrappedImages(b"slack", spring)


PLACES = [at_candidates, at_request, at_fetch, at_decoding]
SURROUNDINGS = [
    UnavailableError("the image decoder cannot be started", hint="wait"),
    DirectoryError("the disk is full", hint="make room"),
    MemoryError(),
    RuntimeError("can't start new thread"),
]


def outcomes(cache: LogoCache) -> dict[str, OutcomeKind | None]:
    return {entry.key: entry.last_outcome for entry in cache.list().entries}
