"""What the operations may ask of their surroundings, and what those promise.

Only what has several implementations, or is replaced by a fake in tests. All but `Progress` are called
from several threads at once.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Protocol

from logocache.model import IconPurpose, ImageInfo, Integration, OutcomeKind, StoringClass
from logocache.queries import Variant

Clock = Callable[[], datetime]
"""Returns the present moment, aware and in UTC."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """An image that may become the logo: either its address, or its bytes."""

    provider: str
    url: str
    """Where it is, or, when `body` is given, where it came from. Never holds a secret."""
    asked_url: str | None = field(default=None, repr=False)
    """What is asked in place of `url`, when its path holds a secret."""
    body: bytes | None = None
    """The bytes, when they are at hand (icon set, `data:` URI, the operator's file)."""
    purpose: IconPurpose = IconPurpose.GENERAL
    expected_size: int | None = None
    """Longest side in pixels the source declares or was asked for; a hint only."""
    licence: str | None = None
    attribution: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class FetchRequest:
    """One question to the network."""

    url: str
    provider: str
    max_bytes: int
    accept: str = "*/*"
    shown_url: str | None = None
    """What is logged, stored and shown in place of `url`, when that holds secrets; of what it
    redirects to, only the server is shown then."""
    secret_texts: tuple[str, ...] = field(default=(), repr=False)
    """What of `url` may be seen nowhere."""
    secret_query: tuple[tuple[str, str], ...] = field(default=(), repr=False)
    """Query parameters that hold secrets: sent, but never logged, stored or shown."""
    etag: str | None = None
    last_modified: str | None = None
    trusted_origin: str | None = None
    """`scheme://host:port` that the operator configured: only there other ports, local host names
    and IP literals are let through. Addresses are checked all the same."""

    @property
    def secrets(self) -> tuple[str, ...]:
        """All that must be masked in whatever comes of the request."""
        return (*self.secret_texts, *(value or name for name, value in self.secret_query))


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What came of one `FetchRequest`. Network trouble is data here, never an exception.

    `body` is complete and within `max_bytes` when `kind` is FOUND, else empty. A FOUND body may
    still be anything: HTML, a placeholder, a hostile image.
    """

    kind: OutcomeKind
    url: str
    """The final address, after redirects, with secrets masked."""
    status: int | None = None
    body: bytes = b""
    content_type: str | None = None
    etag: str | None = None
    last_modified: str | None = None
    retry_at: datetime | None = None
    """When the server wants to be asked again (Retry-After, RFC 9110 10.2.3)."""
    duration: float = 0.0
    reason: str = ""
    """One line for people. Empty when FOUND or UNCHANGED."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NormalisedImage:
    """A logo as we store it: a PNG of our own encoding, its longest side at most 512 px."""

    png: bytes
    sha256: str
    width: int
    height: int
    source: ImageInfo


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageRejection:
    """Why bytes did not become a logo."""

    reason: str
    is_blank: bool = False
    """A 1×1, flat or fully transparent image: a source's way to say that it has none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DecodingFailure:
    """Why decoding came to no end: out of time or memory, or the decoder died. Says nothing about whether
    the bytes are an image.
    """

    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Monogram:
    """What a placeholder shows."""

    initials: str
    background: str
    foreground: str


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
