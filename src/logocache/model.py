"""Domain model: frozen values that the packages exchange.

Times are aware and in UTC, sizes in bytes, durations in seconds unless a name has another unit.
"""

import errno
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from types import MappingProxyType


class Status(StrEnum):
    """Content of a cache entry."""

    CACHED = "cached"
    """A real logo."""
    PLACEHOLDER = "placeholder"
    """A monogram drawn by us, because no source had a logo or could be asked."""
    PENDING = "pending"
    """No file yet, or no longer."""


class Origin(StrEnum):
    """Source of an entry: the built-in catalogue, the operator's, or a request."""

    CATALOG = "catalog"
    CUSTOM = "custom"
    ON_DEMAND = "on_demand"


class SortKey(StrEnum):
    """A sort order of entries. Ties are broken by the key."""

    KEY = "key"
    NAME = "name"
    STATUS = "status"
    PROVIDER = "provider"
    SIZE = "size"
    """Largest first."""
    AGE = "age"
    """Oldest first."""
    ACCESSED = "accessed"
    """Most recently used first."""


class StoringClass(StrEnum):
    """Permission of a source's terms to store a copy."""

    OWN_FILES = "own_files"
    """The company's own public files."""
    OPEN_LICENCE = "open_licence"
    UNSTATED = "unstated"
    """The terms do not mention storing."""
    CONDITIONAL = "conditional"
    """Allowed under conditions, such as a paid plan."""
    FORBIDDEN = "forbidden"


class OutcomeKind(StrEnum):
    """Outcome of asking for a logo. Each kind has its own next attempt (`policy.attempts.next_attempt`)."""

    FOUND = "found"
    UNCHANGED = "unchanged"
    """The source confirmed our copy (HTTP 304), or sent the same bytes."""
    NOT_FOUND = "not_found"
    PLACEHOLDER = "placeholder"
    """The provider sent its provider placeholder: it has no logo."""
    BLOCKED = "blocked"
    """HTTP 401, 403 or 451, or another refusal to serve us; never read as "no logo"."""
    THROTTLED = "throttled"
    """HTTP 429, or 503 with Retry-After."""
    TRANSIENT = "transient"
    """Could not ask: DNS, connection, deadline, HTTP 5xx, an incomplete body."""
    INVALID_IMAGE = "invalid_image"
    REFUSED = "refused"
    """Our own guard refused the target or the size of the response."""
    MISCONFIGURED = "misconfigured"
    """The provider rejects our credentials: it is not asked again in this run."""
    NOT_ASKED = "not_asked"
    """Offline, or the provider's circuit breaker is open: nothing is learnt about the logo."""
    ERROR = "error"
    """Our own failure at this entry: a bug, or an image that could not be decoded in time. Nothing is
    learnt about the logo; the traceback of a bug is in the log."""


class PlaceholderProof(StrEnum):
    """Why an image of a provider is no logo; the later ones say more."""

    SHARED_ON_DEMAND = "shared_on_demand"
    """Unrelated companies show it, not enough of which are in a catalogue: for these it may be a logo."""
    SHARED = "shared"
    """Unrelated companies of a catalogue show it."""
    PROVEN = "proven"
    """The provider sends it for a domain that cannot exist."""


class IconPurpose(StrEnum):
    """Purpose for which a candidate image was published."""

    GENERAL = "general"
    TOUCH_ICON = "touch_icon"
    MASKABLE = "maskable"
    """The outer ring may be cropped away: only a circle of 40 % radius is safe."""
    LOGO = "logo"
    """Published by the source as the company's logo."""
    DARK = "dark"
    """For dark pages: never the logo itself, but its form there."""
    UNNAMED = "unnamed"
    """At `/favicon.ico`, which no page names: often left by a framework or a former owner. It counts only
    where the source has nothing else that can be used."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Integration:
    """One company or product whose logo is wanted.

    `key` matches `catalog.KEY_PATTERN`, or equals `domain` for entries made on demand.
    `domain` is canonical (see `domains.canonical_domain`).
    """

    key: str
    name: str
    domain: str
    category: str
    origin: Origin = Origin.CATALOG
    aliases: tuple[str, ...] = ()
    """Other keys and domains under which the entry is found."""
    icons: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    """Icon set → slug in that set."""
    color: str | None = None
    """Brand colour as `#RRGGBB`, for one-colour icon sets that do not carry one."""
    prefer: str | None = None
    """Whose logo precedes all others: `iconset`, `site`, or the name of an icon set."""
    pinned: bool = False
    """Never evicted, and cleared only when named."""
    file: Path | None = None
    """The operator's own image: the only source of this entry's logo."""

    @property
    def domains(self) -> frozenset[str]:
        """Its domain, and those among its aliases."""
        return frozenset((self.domain, *(alias for alias in self.aliases if "." in alias)))


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageInfo:
    """Facts of an image as its source sent it; sizes in pixels."""

    format: str
    """`png`, `jpeg`, `gif`, `webp`, `avif`, `bmp`, `ico` or `svg`."""
    width: int
    height: int
    shows_on_white: bool = True
    """False if the mark cannot be seen on a white page, such as a white one on transparency."""
    shows_on_dark: bool = True
    """False if it cannot be recognised on a dark page."""

    @property
    def is_vector(self) -> bool:
        return self.format == "svg"


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredForm:
    """A file of an entry in the cache directory."""

    name: str
    sha256: str
    size: int


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredFile(StoredForm):
    """A logo's PNG, and its further forms, where there are any."""

    width: int
    height: int
    svg: StoredForm | None = None
    """The sanitised document of which the PNG is the drawing."""
    dark: StoredForm | None = None
    """The PNG that its site shows on a dark ground, where this one cannot be recognised."""
    shows_on_dark: bool | None = None
    """True if this one can be recognised there; None: unknown."""

    @property
    def forms(self) -> tuple[StoredForm, ...]:
        """All files of the logo, itself first."""
        return (self, *(form for form in (self.svg, self.dark) if form is not None))

    @property
    def total_size(self) -> int:
        """Bytes of all forms."""
        return sum(form.size for form in self.forms)


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplacedFile:
    """A file that a newer one has replaced, kept for a grace period."""

    name: str
    key: str
    size: int
    sha256: str
    delete_after: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundFile:
    """A file listed in the cache directory, ours or not."""

    name: str
    size: int
    modified_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Lease:
    """One process's claim to fetch an entry."""

    claim: str
    """Unique for each claim, even within one process."""
    until: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class LogoRecord:
    """One entry as stored. `file` is None exactly if `status` is PENDING."""

    key: str
    name: str
    domain: str
    category: str
    origin: Origin
    status: Status = Status.PENDING
    pinned: bool = False
    file: StoredFile | None = None
    provider: str | None = None
    """Provider of the stored logo; `monogram` for placeholders."""
    source_url: str | None = None
    licence: str | None = None
    attribution: str | None = None
    etag: str | None = None
    last_modified: str | None = None
    candidates_digest: str | None = None
    """Fingerprint of the candidates from which the stored logo was chosen."""
    created_at: datetime
    fetched_at: datetime | None = None
    """Time when the source last sent or confirmed the stored bytes."""
    checked_at: datetime | None = None
    """Time when any source was last asked, with whatever outcome."""
    next_attempt_at: datetime | None = None
    """None: as soon as possible."""
    last_accessed_at: datetime | None = None
    fetch_count: int = 0
    failure_count: int = 0
    """Failed attempts since the last success."""
    access_count: int = 0
    last_outcome: OutcomeKind | None = None
    last_error: str | None = None
    source_gone_at: datetime | None = None
    """Time when the source of the stored logo was first seen without it; None while it has it."""
    lease: Lease | None = None
    """The claim of the process that fetches it; kept after it expires, until a result or another claim
    ends it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FetchAttempt:
    """One line of the audit log."""

    key: str
    provider: str
    url: str
    at: datetime
    duration: float
    outcome: OutcomeKind
    status: int | None = None
    bytes: int = 0
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """Outcome of asking the whole chain of providers for one entry."""

    kind: OutcomeKind
    next_attempt_at: datetime
    provider: str | None = None
    reason: str = ""
    source_is_gone: bool = False
    """The source of the stored logo no longer has it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Logo:
    """A stored logo: its record and the path of its file."""

    record: LogoRecord
    path: Path

    def read_bytes(self) -> bytes:
        """Return the PNG. Raises OSError if the file is missing or of another size: run `verify --repair`."""
        size = self.record.file.size if self.record.file is not None else 0
        with self.path.open("rb") as file:
            content = file.read(size + 1)
        if len(content) != size:
            raise OSError(errno.EIO, "the file has another size than its record says", str(self.path))
        return content
