"""What `verify` makes of what it sees: findings, how bad each is, and whether they add up to failure."""

from collections.abc import Iterable
from datetime import datetime
from typing import assert_never

from logocache.model import LogoRecord, StoredFile
from logocache.ports.images import FileCheck
from logocache.ports.store import FoundFile
from logocache.results import Finding, FindingKind, Severity
from logocache.selection import FailOn


def severity_of(kind: FindingKind) -> Severity:
    """ERROR: a promise is broken. WARNING: nothing is wrong yet, but it should be looked at."""
    match kind:
        case (
            FindingKind.MISSING_FILE
            | FindingKind.WRONG_SIZE
            | FindingKind.WRONG_DIGEST
            | FindingKind.UNDECODABLE
            | FindingKind.WRONG_DIMENSIONS
            | FindingKind.ORPHAN
            | FindingKind.OVER_LIMIT
            | FindingKind.KEPT_TOO_LONG
        ):
            return Severity.ERROR
        case FindingKind.LEFTOVER | FindingKind.PERMISSIONS | FindingKind.LOW_DISK:
            return Severity.WARNING
        case _:
            assert_never(kind)


def finding(kind: FindingKind, detail: str, *, key: str | None = None, file: str | None = None) -> Finding:
    return Finding(kind=kind, severity=severity_of(kind), key=key, file=file, detail=detail)


def judge_presence(record: LogoRecord, stored: StoredFile, found: FoundFile | None) -> Finding | None:
    """The file against its row, as far as a directory listing shows."""
    if found is None:
        return finding(FindingKind.MISSING_FILE, "the file is gone", key=record.key, file=stored.name)
    if found.size != stored.size:
        detail = f"the file has {found.size} bytes, the record says {stored.size}"
        return finding(FindingKind.WRONG_SIZE, detail, key=record.key, file=stored.name)
    return None


def judge_digest(record: LogoRecord, stored: StoredFile, sha256: str | None) -> Finding | None:
    """The file's bytes against the recorded digest; None for `sha256` means that it is gone."""
    if sha256 is None:
        return judge_presence(record, stored, None)
    if sha256 != stored.sha256:
        detail = f"the bytes have changed: sha256 {sha256[:8]}…, the record says {stored.sha256[:8]}…"
        return finding(FindingKind.WRONG_DIGEST, detail, key=record.key, file=stored.name)
    return None


def judge_decoding(record: LogoRecord, stored: StoredFile, check: FileCheck) -> Finding | None:
    """What decoding showed against the row; None, too, when the file could not be looked at."""
    if check.obstacle is not None:
        return None
    if check.problem is not None:
        return finding(FindingKind.UNDECODABLE, check.problem, key=record.key, file=stored.name)
    if (check.width, check.height) != (stored.width, stored.height):
        detail = f"it is {check.width}×{check.height}, the record says {stored.width}×{stored.height}"
        return finding(FindingKind.WRONG_DIMENSIONS, detail, key=record.key, file=stored.name)
    return None


def judge_keeping(record: LogoRecord, *, now: datetime) -> Finding | None:
    """Whether its source's terms still allow the copy."""
    if record.store_until is None or record.store_until > now or record.file is None:
        return None
    detail = f"the terms of {record.provider} allow a copy until {record.store_until:%Y-%m-%d}"
    return finding(FindingKind.KEPT_TOO_LONG, detail, key=record.key, file=record.file.name)


def judge_limit(*, stored_bytes: int, limit: int) -> Finding | None:
    if stored_bytes <= limit:
        return None
    return finding(FindingKind.OVER_LIMIT, f"{stored_bytes} bytes are stored, the limit is {limit}")


def judge_disk(*, free_bytes: int, wanted_bytes: int) -> Finding | None:
    if free_bytes >= wanted_bytes:
        return None
    return finding(FindingKind.LOW_DISK, f"{free_bytes} bytes are free, {wanted_bytes} are wanted")


def passes(findings: Iterable[Finding], fail_on: FailOn) -> bool:
    """Whether no finding that nobody repaired counts as failure."""
    return not any(each.repair is None and counts(each, fail_on) for each in findings)


def counts(each: Finding, fail_on: FailOn) -> bool:
    """Whether a finding makes `verify` fail."""
    if each.kind in fail_on.kinds:
        return True
    match fail_on.severity:
        case None:
            return False
        case Severity.ERROR:
            return each.severity is Severity.ERROR
        case Severity.WARNING:
            return True
        case _:
            assert_never(fail_on.severity)
