"""The nouns of logocache: frozen values that travel between its parts.

Times are aware and in UTC; sizes are bytes; lengths of time are seconds unless a name says else.
"""

import errno
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from types import MappingProxyType


class Status(StrEnum):
    """What a cache entry holds."""

    CACHED = "cached"
    """A real logo."""
    PLACEHOLDER = "placeholder"
    """A monogram drawn by us, because no source had a logo or could be asked."""
    PENDING = "pending"
    """Nothing yet, or no longer."""


class Origin(StrEnum):
    """How an entry came to be known."""

    CATALOG = "catalog"
    CUSTOM = "custom"
    ON_DEMAND = "on_demand"


class SortKey(StrEnum):
    """An order of entries. The key decides among equals."""

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
    """What a source's terms say about keeping a copy."""

    OWN_FILES = "own_files"
    """The company's own public files."""
    OPEN_LICENCE = "open_licence"
    UNSTATED = "unstated"
    """The terms say nothing about storing."""
    CONDITIONAL = "conditional"
    """Allowed under conditions, such as a paid plan."""
    FORBIDDEN = "forbidden"


class OutcomeKind(StrEnum):
    """How asking for a logo ended. Each kind has its own next attempt (`policy.next_attempt`)."""

    FOUND = "found"
    UNCHANGED = "unchanged"
    """The source says that our copy is current (HTTP 304), or gave the same bytes."""
    NOT_FOUND = "not_found"
    PLACEHOLDER = "placeholder"
    """The provider gave its stand-in image: it has no logo."""
    BLOCKED = "blocked"
    """HTTP 401, 403 or 451, or another refusal to answer us: not now, never "no logo"."""
    THROTTLED = "throttled"
    """HTTP 429, or 503 with Retry-After."""
    TRANSIENT = "transient"
    """Could not ask: DNS, connection, deadline, 5xx, a body that broke off."""
    INVALID_IMAGE = "invalid_image"
    REFUSED = "refused"
    """Our own guard refused the target or the size of its answer."""
    MISCONFIGURED = "misconfigured"
    """The provider rejects our credentials: it is not asked again in this run."""
    NOT_ASKED = "not_asked"
    """Offline, or the provider's breaker is open: nothing is known, nothing negative is written."""
    ERROR = "error"
    """We failed ourselves, at this entry: a bug, or a picture that took all of its time. Its traceback is
    in the log; it says nothing about whether there is a logo."""


class IconPurpose(StrEnum):
    """What a candidate image was published for."""

    GENERAL = "general"
    TOUCH_ICON = "touch_icon"
    MASKABLE = "maskable"
    """The outer ring may be cropped away: only a circle of 40 % radius is safe."""
    LOGO = "logo"
    """The source's answer to "the logo of this company"."""


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
    pinned: bool = False
    """Never evicted, and cleared only when named."""
    file: Path | None = None
    """The operator's own image: the only source of this entry's logo."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageInfo:
    """Facts of an image as its source sent it."""

    format: str
    """`png`, `jpeg`, `gif`, `webp`, `avif`, `bmp`, `ico` or `svg`."""
    width: int
    height: int

    @property
    def is_vector(self) -> bool:
        return self.format == "svg"


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredFile:
    """A logo's file in the cache directory."""

    name: str
    sha256: str
    size: int
    width: int
    height: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplacedFile:
    """A file that a row no longer names, kept for a grace period."""

    name: str
    key: str
    size: int
    sha256: str
    delete_after: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundFile:
    """A file that lies in the cache directory."""

    name: str
    size: int
    modified_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Lease:
    """One claim of one process to fetch an entry."""

    claim: str
    """No two claims have the same, not even those of one process."""
    until: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class LogoRecord:
    """All that is known of one entry. `file` is None exactly when `status` is PENDING."""

    key: str
    name: str
    domain: str
    category: str
    origin: Origin
    status: Status = Status.PENDING
    pinned: bool = False
    file: StoredFile | None = None
    provider: str | None = None
    """Who gave the stored logo; `monogram` for placeholders."""
    source_url: str | None = None
    licence: str | None = None
    attribution: str | None = None
    etag: str | None = None
    last_modified: str | None = None
    candidates_digest: str | None = None
    """Fingerprint of the candidates among which the stored logo was chosen."""
    created_at: datetime
    fetched_at: datetime | None = None
    """When the stored bytes were last obtained or confirmed by their source."""
    checked_at: datetime | None = None
    """When any source was last asked, whatever came of it."""
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
    """When the source of the stored logo first said that it has it no more; None while it has it."""
    lease: Lease | None = None
    """Who fetches it. It stays after its time, until a result or another claim ends it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FetchAttempt:
    """One line of the audit trail."""

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
    """How asking for one entry ended, over its whole chain of providers."""

    kind: OutcomeKind
    next_attempt_at: datetime
    provider: str | None = None
    reason: str = ""
    source_is_gone: bool = False
    """The source of the stored logo says that it has it no more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Logo:
    """A stored logo: its facts and where its file lies."""

    record: LogoRecord
    path: Path

    def read_bytes(self) -> bytes:
        """The PNG. Raises OSError when the file is gone or of another size; `verify --repair` mends that."""
        size = self.record.file.size if self.record.file is not None else 0
        with self.path.open("rb") as file:
            content = file.read(size + 1)
        if len(content) != size:
            raise OSError(errno.EIO, "the file has another size than its record says", str(self.path))
        return content
