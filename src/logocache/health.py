"""Health figures, readiness and findings: the results that monitoring and `verify` report.

Sizes in `Health` are MB and GB (10^6, 10^9 bytes).
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import ClassVar


class HealthStatus(StrEnum):
    HEALTHY = "healthy"
    DEGRADED = "degraded"
    """It answers, but something is wrong: the database is away, the directory is read-only, the disk full."""
    UNHEALTHY = "unhealthy"
    """It cannot serve: the directory is gone or cannot be read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Health:
    """Answer of `GET /api/logo-cache/health`: these fields, in this order, and no others."""

    status: HealthStatus
    cache_enabled: bool
    cache_directory: str
    directory_exists: bool
    directory_writable: bool
    total_files: int | None
    """Logos and replaced files; null while the database cannot be asked."""
    total_size_mb: float | None
    """Of these files and the resized copies; null while the database cannot be asked."""
    max_size_mb: float
    size_usage_percent: float | None
    files_needing_refresh: int | None
    """Entries that are due; null while the database cannot be asked."""
    disk_space_available_gb: float | None
    """Null while the directory cannot be asked."""
    disk_usage_percent: float | None


class ReadyStatus(StrEnum):
    READY = "ready"
    DEGRADED = "degraded"
    """Hits are answered; what needs the missing part is not."""
    UNAVAILABLE = "unavailable"


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One thing that the work depends on."""

    name: str
    """`database`, `directory` or `disk`."""
    ok: bool
    detail: str
    """One line for people; empty when all is well."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Readiness:
    """Answer of `GET /readyz`."""

    status: ReadyStatus
    checks: tuple[Check, ...]


class Severity(StrEnum):
    ERROR = "error"
    WARNING = "warning"


class FindingKind(StrEnum):
    """What `verify` may find; `severity_of` in `policy.verdict` says how bad each is."""

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
    NOT_CHECKED = "not_checked"
    """Looking failed (a read error, a decoder that died): nothing is known of it, and nothing is done."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing that is not as it should be."""

    kind: FindingKind
    severity: Severity
    key: str | None
    file: str | None
    detail: str
    repair: str | None = None
    """What `--repair` did about it; null when it was not asked or could not."""


@dataclass(frozen=True, slots=True, kw_only=True)
class VerifyReport:
    """Answer of `verify`."""

    command: ClassVar[str] = "verify"

    ok: bool
    """No finding of the kinds or severity that count as failure remains, and all could be looked at."""
    entries: int
    files: int
    size_bytes: int
    findings: tuple[Finding, ...]
    repaired: int
    duration_seconds: float
