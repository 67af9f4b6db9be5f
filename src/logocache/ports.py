"""What the operations may ask of their surroundings, and what those promise.

Only what has several implementations, or is replaced by a fake in tests. All but `Progress` are called
from several threads at once.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Protocol

from logocache.model import (
    Answer,
    Candidate,
    DecodingFailure,
    FetchRequest,
    ImageRejection,
    Integration,
    Monogram,
    NormalisedImage,
    StoringClass,
)
from logocache.queries import Variant

Clock = Callable[[], datetime]
"""Returns the present moment, aware and in UTC."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ProviderTerms:
    """What a provider declares about itself, once."""

    id: str
    title: str
    storing: StoringClass
    licence: str | None
    """Recorded with each logo; None when each candidate carries its own."""
    terms_url: str | None
    uses_network: bool
    rate_per_second: float | None = None
    """How often it may be asked by one process; None: no limit beyond that on hosts."""
    misconfigured_statuses: frozenset[int] = frozenset()
    """HTTP statuses that mean bad credentials."""
    placeholder_sha256: frozenset[str] = frozenset()
    """Fingerprints of its stand-in images, as it sends them."""
    placeholder_sha1: frozenset[str] = frozenset()
    placeholder_md5: frozenset[str] = frozenset()
    smallest_acceptable: int = 0
    """An image whose longest side is at most this is its stand-in (0: no such rule)."""
    asks_many_hosts: bool = False
    """It asks the companies' own hosts, so that one dead host says nothing about the others."""
    learns_placeholder: bool = False
    """It answers for every domain, so its stand-in can be learnt by asking for a domain that cannot exist."""


class Ask(Protocol):
    """How a provider reads a page or a manifest. Each call is recorded in the audit trail."""

    def __call__(self, request: FetchRequest, /) -> Answer: ...


class Provider(Protocol):
    """One source of logos."""

    @property
    def terms(self) -> ProviderTerms: ...

    def candidates(self, integration: Integration, ask: Ask) -> Sequence[Candidate]:
        """The images that may be this integration's logo, best first; empty when there is none.

        Asks the network only through `ask`, and only for documents that name images. Never raises
        for what a source says, however broken.
        """
        ...

    def request(self, candidate: Candidate) -> FetchRequest:
        """How to fetch one of its candidates that has no body; adds secrets the URL leaves out."""
        ...


class Fetcher(Protocol):
    """Asks the network, safely: guard, limits, retries, breaker."""

    def fetch(self, request: FetchRequest, *, deadline: float) -> Answer:
        """Ask, and retry what can heal until `deadline` (`time.monotonic` seconds).

        Never raises for anything that a server or the network does.
        """
        ...

    def close(self) -> None:
        """End it all: whatever is under way or waits ends within a second, as NOT_ASKED."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class FileCheck:
    """What decoding a stored file showed: its size in pixels, what is wrong with it, or why it could
    not be looked at.
    """

    path: Path
    width: int = 0
    height: int = 0
    problem: str | None = None
    """The file is not a PNG that decodes."""
    obstacle: str | None = None
    """The file could not be looked at (a read error, a decoder that died): nothing is known of it."""


class Images(Protocol):
    """Decodes bytes from outside within bounds of time and memory; the process always lives."""

    def normalise(
        self, body: bytes, *, deadline: float
    ) -> NormalisedImage | ImageRejection | DecodingFailure:
        """Our own PNG of what `body` holds, why it is not a usable logo, or why that stays unknown.

        Waits for a decoder and decodes until `deadline`, a moment of `time.monotonic`, at the longest.
        Raises UnavailableError when no decoder can be started.
        """
        ...

    def draw(self, monogram: Monogram) -> NormalisedImage: ...

    def derive(self, png: bytes, variant: Variant) -> bytes:
        """A stored logo (a PNG of our own, known to be intact) as `variant` wants it.

        Made in the calling process: what we encoded ourselves needs no decoder that may die of it.
        Transparency becomes white in JPEG. Raises ValueError for bytes that are not such a PNG.
        """
        ...

    def check_files(self, paths: Iterable[Path]) -> Iterator[FileCheck]:
        """Decode stored PNG files, in parallel and in batches; results in the order of `paths`.

        Raises UnavailableError when no decoder can be started.
        """
        ...

    def close(self) -> None: ...


class Progress(Protocol):
    """Told by one thread: first `start`, then an `advance` for each step, in no fixed order."""

    def start(self, total: int) -> None: ...

    def advance(self, label: str) -> None:
        """One step is done; `label` says which, for people."""
        ...


class Silent:
    """Progress that nobody watches: the default."""

    def start(self, total: int) -> None: ...

    def advance(self, label: str) -> None: ...
