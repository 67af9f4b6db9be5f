"""What `verify` makes of what it sees: findings, how bad each is, and whether they add up to failure."""

from collections.abc import Iterable
from typing import assert_never

from logocache.model import FoundFile, LogoRecord, ReplacedFile, StoredFile
from logocache.ports import FileCheck
from logocache.queries import FailOn
from logocache.results import Finding, FindingKind, Severity


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
            | FindingKind.NOT_CHECKED
        ):
            return Severity.ERROR
        case FindingKind.LEFTOVER | FindingKind.PERMISSIONS | FindingKind.LOW_DISK:
            return Severity.WARNING
        case _:
            assert_never(kind)


def finding(kind: FindingKind, detail: str, *, key: str | None = None, file: str | None = None) -> Finding:
    return Finding(kind=kind, severity=severity_of(kind), key=key, file=file, detail=detail)


def not_checked(reason: str, *, key: str | None = None, file: str | None = None) -> Finding:
    """Nothing is known of the file: looking failed."""
    return finding(FindingKind.NOT_CHECKED, f"it could not be looked at: {reason}", key=key, file=file)


def judge_file(
    key: str,
    recorded: StoredFile | ReplacedFile,
    found: FoundFile | None,
    sha256: str | None,
    *,
    is_current: bool,
) -> Finding | None:
    """A file against what is recorded of it; None for what lies there no more, or is no plain file."""
    what = "the file" if is_current else "a file that was replaced"
    if found is None:
        return finding(FindingKind.MISSING_FILE, f"{what} is gone", key=key, file=recorded.name)
    if found.size != recorded.size:
        detail = f"{what} has {found.size} bytes, the record says {recorded.size}"
        return finding(FindingKind.WRONG_SIZE, detail, key=key, file=recorded.name)
    if sha256 is None:
        detail = f"{what} is no plain file"
        return finding(FindingKind.WRONG_DIGEST, detail, key=key, file=recorded.name)
    if sha256 != recorded.sha256:
        detail = (
            f"the bytes of {what} have changed: sha256 {sha256[:8]}…, the record says {recorded.sha256[:8]}…"
        )
        return finding(FindingKind.WRONG_DIGEST, detail, key=key, file=recorded.name)
    return None


def judge_decoding(record: LogoRecord, stored: StoredFile, check: FileCheck) -> Finding | None:
    """What decoding showed against the row, or that it showed nothing."""
    if check.obstacle is not None:
        return not_checked(check.obstacle, key=record.key, file=stored.name)
    if check.problem is not None:
        return finding(FindingKind.UNDECODABLE, check.problem, key=record.key, file=stored.name)
    if (check.width, check.height) != (stored.width, stored.height):
        detail = f"it is {check.width}×{check.height}, the record says {stored.width}×{stored.height}"
        return finding(FindingKind.WRONG_DIMENSIONS, detail, key=record.key, file=stored.name)
    return None


def judge_limit(*, stored_bytes: int, limit: int) -> Finding | None:
    if stored_bytes <= limit:
        return None
    return finding(FindingKind.OVER_LIMIT, f"{stored_bytes} bytes are stored, the limit is {limit}")


def judge_disk(*, free_bytes: int, wanted_bytes: int) -> Finding | None:
    if free_bytes >= wanted_bytes:
        return None
    return finding(FindingKind.LOW_DISK, f"{free_bytes} bytes are free, {wanted_bytes} are wanted")


def passes(findings: Iterable[Finding], fail_on: FailOn) -> bool:
    """Whether no finding that nobody repaired counts as failure, and all could be looked at."""
    return not any(
        each.kind is FindingKind.NOT_CHECKED or (each.repair is None and counts(each, fail_on))
        for each in findings
    )


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
