"""Protocols with several implementations or a fake in tests, and the values that pass through them.

All but `Progress` are called from several threads at once.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Protocol

from logocache.model import (
    IconPurpose,
    ImageInfo,
    Integration,
    OutcomeKind,
    StoringClass,
)
from logocache.queries import Variant

SITE = "site"
"""Provider of what the companies' own sites name."""
ICON_SETS = "iconsets"
"""Provider of what icon sets hold."""

Clock = Callable[[], datetime]
"""Returns the current time, aware and in UTC."""


def utc_now() -> datetime:
    """The `Clock` of this machine."""
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """An image that may become the logo, given by URL or by its bytes."""

    provider: str
    url: str
    """Its address, or its origin if `body` is given. Never contains a secret."""
    asked_url: str | None = field(default=None, repr=False)
    """Requested instead of `url` if the path contains a secret."""
    body: bytes | None = None
    """The bytes, if no request is needed (icon set, `data:` URI, the operator's file)."""
    purpose: IconPurpose = IconPurpose.GENERAL
    expected_size: int | None = None
    """Longest side in pixels that was declared or requested; a hint only."""
    page_host: str | None = None
    """Host of the page that names it, after redirects; None if no page does."""
    icon_set: str | None = None
    """Name of the icon set that it is from."""
    is_one_colour: bool = False
    """Drawn in one colour by an icon set."""
    licence: str | None = None
    attribution: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class FetchRequest:
    """One HTTP request."""

    url: str
    provider: str
    max_bytes: int
    is_start_enough: bool = False
    """A body of more than `max_bytes` is read up to there, not refused."""
    accept: str = "*/*"
    shown_url: str | None = None
    """Logged, stored and shown instead of a `url` with secrets; of redirect targets only the server is
    shown then."""
    secret_texts: tuple[str, ...] = field(default=(), repr=False)
    """Secret parts of `url`."""
    secret_query: tuple[tuple[str, str], ...] = field(default=(), repr=False)
    """Query parameters with secrets: sent, but never logged, stored or shown."""
    etag: str | None = None
    last_modified: str | None = None
    trusted_origin: str | None = None
    """`scheme://host:port` configured by the operator: other ports, local host names and IP literals are
    allowed there. Addresses are still checked."""

    @property
    def secrets(self) -> tuple[str, ...]:
        """All texts to mask in anything that results from the request."""
        return (*self.secret_texts, *(value or name for name, value in self.secret_query))


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """Response to one `FetchRequest`. Network failures are values, not exceptions.

    `body` is within `max_bytes` if `kind` is FOUND, and complete unless its start was enough; else empty. A
    FOUND body may be anything: HTML, a provider placeholder, a hostile image.
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
    """Earliest retry that the server asked for (Retry-After, RFC 9110 10.2.3)."""
    duration: float = 0.0
    """Seconds."""
    reason: str = ""
    """One line for people. Empty if FOUND or UNCHANGED."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NormalisedImage:
    """A logo as we store it: a PNG of our own encoding, at most 512 pixels on its longest side."""

    png: bytes
    sha256: str
    width: int
    height: int
    source: ImageInfo
    svg: bytes | None = field(default=None, repr=False)
    """The sanitised document of which it is the drawing, if that is not too large to be kept."""
    dark: bytes | None = field(default=None, repr=False)
    """A PNG as `png`, for dark grounds, if this one cannot be seen there and its source has another."""
    look: str = ""
    """Its colours on a grid (`policy.looks`), nearly the same for copies of other sizes and formats."""
    flaw: str | None = None
    """Why the image is a poor logo although it can be read, in words; None if there is nothing wrong."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageRejection:
    """The bytes are not a usable logo."""

    reason: str
    is_blank: bool = False
    """A 1×1, single-colour or fully transparent image: the source has no logo."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DecodingFailure:
    """Decoding did not finish: out of time or memory, or the decoder died. The bytes may be an image."""

    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Monogram:
    """Design of a placeholder; colours as `#RRGGBB`."""

    initials: str
    background: str
    foreground: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ProviderTerms:
    """Static properties that a provider declares."""

    id: str
    title: str
    storing: StoringClass
    licence: str | None
    """Recorded with each logo; None when each candidate carries its own."""
    terms_url: str | None
    uses_network: bool
    rate_per_second: float | None = None
    """Request rate of one process; None: only limited by host."""
    misconfigured_statuses: frozenset[int] = frozenset()
    """HTTP statuses that mean bad credentials."""
    placeholder_sha256: frozenset[str] = frozenset()
    """Fingerprints of its provider placeholders, as it sends them."""
    placeholder_sha1: frozenset[str] = frozenset()
    placeholder_md5: frozenset[str] = frozenset()
    smallest_acceptable: int = 0
    """Longest side in pixels up to which an image is its provider placeholder (0: no such rule)."""
    asks_many_hosts: bool = False
    """It asks the companies' own hosts: a failure of one does not concern the others."""
    learns_placeholder: bool = False
    """It sends an image for every domain: its placeholder is learnt by asking for one that cannot exist."""


class Ask(Protocol):
    """Requests a page or a manifest for a provider. Each call is written to the audit log."""

    def __call__(self, request: FetchRequest, /) -> Answer: ...


class Provider(Protocol):
    """One source of logos."""

    @property
    def terms(self) -> ProviderTerms: ...

    def candidates(self, integration: Integration, ask: Ask) -> Sequence[Candidate]:
        """Return the candidates for this integration's logo, best first; empty if there are none.

        Uses the network only through `ask`, and only for documents that name images. Never raises
        for the content of a response, however broken.
        """
        ...

    def request(self, candidate: Candidate) -> FetchRequest:
        """Return the request for one of its candidates without a body, with secrets that its URL omits."""
        ...


class Fetcher(Protocol):
    """HTTP client with an address guard, limits, retries and a circuit breaker."""

    def fetch(self, request: FetchRequest, *, deadline: float) -> Answer:
        """Send the request, and retry transient failures until `deadline` (`time.monotonic` seconds).

        Never raises for anything that a server or the network does.
        """
        ...

    def close(self) -> None:
        """End all running and waiting requests within a second, as NOT_ASKED."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class IconSetDocument:
    """An icon set as it is kept, and what it says of itself."""

    name: str
    content: bytes
    """In Iconify's format, with the licence and author of the set."""
    icons: int
    title: str | None
    author: str | None
    licence: str | None
    version: str | None


class CheckIconSet(Protocol):
    """Checks an icon set of untrusted content."""

    def __call__(self, content: bytes, info: bytes, package: bytes, *, source: str) -> IconSetDocument:
        """Return the set in the files `icons.json`, `info.json` and `package.json`, the last two optional.

        Raises ProviderError if it is not one; the error names `source`, a path or a URL.
        """
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class FileCheck:
    """Result of decoding a stored file: its size in pixels, a `problem`, or an `obstacle`."""

    path: Path
    width: int = 0
    height: int = 0
    problem: str | None = None
    """The file is not a PNG that decodes."""
    obstacle: str | None = None
    """The file could not be checked (a read error, a decoder that died): nothing is known of it."""


class Images(Protocol):
    """Decodes untrusted bytes within bounds of time and memory; the process always survives."""

    def normalise(
        self, body: bytes, *, deadline: float, is_believed: bool = False
    ) -> NormalisedImage | ImageRejection | DecodingFailure:
        """Re-encode the image in `body` as our own PNG, or return the reason why that is impossible.

        An operator's own image `is_believed`: it may be a strip, or of one colour.

        Waits for a decoder and decodes until `deadline` (`time.monotonic` seconds) at the longest.
        Raises UnavailableError if no decoder can be started.
        """
        ...

    def draw(self, monogram: Monogram) -> NormalisedImage: ...

    def derive(self, png: bytes, variant: Variant) -> bytes:
        """Return a stored logo (a PNG of our own, known to be intact) as `variant`.

        Runs in the calling process, since our own encoding is safe to decode. Transparency becomes
        white in JPEG, or dark if the mark shows only there. Raises ValueError for bytes that are not such a
        PNG.
        """
        ...

    def check_files(self, paths: Iterable[Path]) -> Iterator[FileCheck]:
        """Decode stored PNG files, in parallel and in batches; results in the order of `paths`.

        Raises UnavailableError if no decoder can be started.
        """
        ...

    def close(self) -> None: ...


class Progress(Protocol):
    """Observer of an operation, called by one thread: `start`, then `advance` for each step, in any order."""

    def start(self, total: int, *, verb: str = "") -> None:
        """Begin with `total` steps; `verb` says what is done in each, if not what the operation is for."""
        ...

    def advance(self, label: str) -> None:
        """Report one finished step; `label` names it for people."""
        ...


class Silent:
    """Progress that is not shown: the default."""

    def start(self, total: int, *, verb: str = "") -> None: ...

    def advance(self, label: str) -> None: ...
