"""Results for monitoring and `verify`: health, readiness and findings.

Sizes in `Health` are MB and GB (10^6, 10^9 bytes).
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import ClassVar


class HealthStatus(StrEnum):
    HEALTHY = "healthy"
    DEGRADED = "degraded"
    """Logos are served, but the database is unreachable, the directory read-only, or the disk full."""
    UNHEALTHY = "unhealthy"
    """No logos can be served: the directory is missing or unreadable."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Health:
    """Answer of `GET /api/logo-cache/health`: these fields, in this order, and no others."""

    status: HealthStatus
    cache_enabled: bool
    cache_directory: str
    directory_exists: bool
    directory_writable: bool
    total_files: int | None
    """Logos and replaced files; null while the database is unreachable."""
    total_size_mb: float | None
    """Of these files and the variants; null while the database is unreachable."""
    max_size_mb: float
    size_usage_percent: float | None
    files_needing_refresh: int | None
    """Entries that are due; null while the database is unreachable."""
    disk_space_available_gb: float | None
    """Null while the directory is unreachable."""
    disk_usage_percent: float | None


class ReadyStatus(StrEnum):
    READY = "ready"
    DEGRADED = "degraded"
    """Hits are served; operations that need the missing part fail."""
    UNAVAILABLE = "unavailable"


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """State of one dependency."""

    name: str
    """`database`, `directory` or `disk`."""
    ok: bool
    detail: str
    """One line for people; empty if `ok`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Readiness:
    """Answer of `GET /readyz`."""

    status: ReadyStatus
    checks: tuple[Check, ...]


class Severity(StrEnum):
    ERROR = "error"
    WARNING = "warning"


class FindingKind(StrEnum):
    """Kinds of problems that `verify` reports; their severities are in `policy.findings`."""

    MISSING_FILE = "missing_file"
    WRONG_SIZE = "wrong_size"
    WRONG_DIGEST = "wrong_digest"
    UNDECODABLE = "undecodable"
    WRONG_DIMENSIONS = "wrong_dimensions"
    ORPHAN = "orphan"
    LEFTOVER = "leftover"
    PERMISSIONS = "permissions"
    OVER_LIMIT = "over_limit"
    LOW_DISK = "low_disk"
    WRONG_TOTALS = "wrong_totals"
    NOT_CHECKED = "not_checked"
    """The check failed (a read error, a decoder that died): the state is unknown, and nothing is changed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One problem found by `verify`."""

    kind: FindingKind
    severity: Severity
    key: str | None
    file: str | None
    detail: str
    repair: str | None = None
    """The action of `--repair`; null without `--repair`, or if it could not repair this."""


@dataclass(frozen=True, slots=True, kw_only=True)
class VerifyReport:
    """Answer of `verify`."""

    command: ClassVar[str] = "verify"

    ok: bool
    """True if no finding remains that counts as failure, and everything could be checked."""
    decoded: bool
    """True if every file was decoded, not only compared by size and digest."""
    entries: int
    files: int
    size_bytes: int
    findings: tuple[Finding, ...]
    repaired: int
    duration_seconds: float
