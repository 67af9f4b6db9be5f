"""What `verify` finds, and its report. Part of `results`, which is where to import it from."""

from dataclasses import dataclass
from enum import StrEnum
from typing import ClassVar


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
