"""Rules of `verify`: findings, their severity, and which of them make it fail."""

from collections.abc import Iterable, Sequence
from typing import assert_never

from logocache.humanize import some
from logocache.model import FoundFile, ReplacedFile, StoredFile, StoredForm
from logocache.ports import FileCheck
from logocache.queries import FailOn
from logocache.results import Finding, FindingKind, Severity


def severity_of(kind: FindingKind) -> Severity:
    """ERROR: the cache is damaged. WARNING: nothing is damaged yet, but it needs attention."""
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
            | FindingKind.WRONG_TOTALS
        ):
            return Severity.ERROR
        case FindingKind.LEFTOVER | FindingKind.PERMISSIONS | FindingKind.LOW_DISK:
            return Severity.WARNING
        case _:
            assert_never(kind)


def finding(kind: FindingKind, detail: str, *, key: str | None = None, file: str | None = None) -> Finding:
    return Finding(kind=kind, severity=severity_of(kind), key=key, file=file, detail=detail)


def not_checked(reason: str, *, key: str | None = None, file: str | None = None) -> Finding:
    """A finding for a file that could not be examined."""
    return finding(FindingKind.NOT_CHECKED, f"it could not be looked at: {reason}", key=key, file=file)


def judge_file(
    key: str,
    recorded: StoredForm | ReplacedFile,
    found: FoundFile | None,
    sha256: str | None,
    *,
    is_current: bool,
) -> Finding | None:
    """Compare a file with its record; None if they agree.

    `found` is None for a missing file, `sha256` for one that is not a regular file.
    """
    what = "the file" if is_current else "a file that was replaced"
    if found is None:
        return finding(FindingKind.MISSING_FILE, f"{what} is gone", key=key, file=recorded.name)
    if found.size != recorded.size:
        detail = f"{what} has {found.size} bytes, the record says {recorded.size}"
        return finding(FindingKind.WRONG_SIZE, detail, key=key, file=recorded.name)
    if sha256 is None:
        detail = f"{what} is not a regular file"
        return finding(FindingKind.WRONG_DIGEST, detail, key=key, file=recorded.name)
    if sha256 != recorded.sha256:
        detail = (
            f"the bytes of {what} have changed: sha256 {sha256[:8]}…, the record says {recorded.sha256[:8]}…"
        )
        return finding(FindingKind.WRONG_DIGEST, detail, key=key, file=recorded.name)
    return None


def judge_decoding(key: str, stored: StoredFile, check: FileCheck) -> Finding | None:
    """Compare the result of decoding with the record of the entry; None if they agree."""
    if check.obstacle is not None:
        return not_checked(check.obstacle, key=key, file=stored.name)
    if check.problem is not None:
        return finding(FindingKind.UNDECODABLE, check.problem, key=key, file=stored.name)
    if (check.width, check.height) != (stored.width, stored.height):
        detail = f"it is {check.width}×{check.height}, the record says {stored.width}×{stored.height}"
        return finding(FindingKind.WRONG_DIMENSIONS, detail, key=key, file=stored.name)
    return None


def judge_limit(*, stored_bytes: int, limit: int) -> Finding | None:
    if stored_bytes <= limit:
        return None
    return finding(FindingKind.OVER_LIMIT, f"{stored_bytes} bytes are stored, the limit is {limit}")


def judge_totals(differences: Sequence[str]) -> Finding | None:
    """`differences` between the kept totals and a count from scratch; None if there are none."""
    if not differences:
        return None
    detail = f"the database has miscounted its entries and files: {some(differences, most=3)}"
    return finding(FindingKind.WRONG_TOTALS, detail)


def judge_disk(*, free_bytes: int, wanted_bytes: int) -> Finding | None:
    if free_bytes >= wanted_bytes:
        return None
    return finding(FindingKind.LOW_DISK, f"{free_bytes} bytes are free, {wanted_bytes} are wanted")


def passes(findings: Iterable[Finding], fail_on: FailOn) -> bool:
    """True if every file could be checked and no unrepaired finding counts as failure."""
    return not any(
        finding.kind is FindingKind.NOT_CHECKED or (finding.repair is None and counts(finding, fail_on))
        for finding in findings
    )


def counts(finding: Finding, fail_on: FailOn) -> bool:
    """True if the finding makes `verify` fail."""
    if finding.kind in fail_on.kinds:
        return True
    match fail_on.severity:
        case None:
            return False
        case Severity.ERROR:
            return finding.severity is Severity.ERROR
        case Severity.WARNING:
            return True
        case _:
            assert_never(fail_on.severity)
