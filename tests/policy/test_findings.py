"""The findings of `verify`."""

from dataclasses import replace
from pathlib import Path

import pytest

from harness.factories import NOW, make_cached, make_file
from logocache.model import FoundFile, ReplacedFile, StoredFile
from logocache.policy.findings import (
    finding,
    judge_decoding,
    judge_disk,
    judge_file,
    judge_limit,
    not_checked,
    passes,
    severity_of,
)
from logocache.policy.findings import passes as verify_passes
from logocache.ports import FileCheck
from logocache.queries import FailOn
from logocache.results import Finding, FindingKind, Severity

RECORD = make_cached()
STORED = make_file()
REPLACED = ReplacedFile(
    name=STORED.name, key="shopify", size=STORED.size, sha256=STORED.sha256, delete_after=NOW
)


def found(size: int) -> FoundFile:
    return FoundFile(name=STORED.name, size=size, modified_at=NOW)


@pytest.mark.parametrize("recorded", [STORED, REPLACED], ids=["current", "replaced"])
@pytest.mark.parametrize(
    ("on_disk", "digest", "kind"),
    [
        pytest.param(None, None, FindingKind.MISSING_FILE, id="gone"),
        pytest.param(found(2), "0" * 64, FindingKind.WRONG_SIZE, id="shorter"),
        pytest.param(found(3), "0" * 64, FindingKind.WRONG_DIGEST, id="other bytes"),
        pytest.param(found(3), None, FindingKind.WRONG_DIGEST, id="a link, a FIFO"),
        pytest.param(found(3), STORED.sha256, None, id="as recorded"),
    ],
)
def test_a_file_against_its_record(
    recorded: StoredFile | ReplacedFile,
    on_disk: FoundFile | None,
    digest: str | None,
    kind: FindingKind | None,
) -> None:
    is_current = recorded is STORED
    finding = judge_file("shopify", recorded, on_disk, digest, is_current=is_current)
    assert (finding.kind if finding else None) is kind
    if finding is not None:
        assert (finding.key, finding.file) == ("shopify", STORED.name)
        assert ("replaced" in finding.detail) is not is_current


@pytest.mark.parametrize(
    ("check", "kind"),
    [
        (FileCheck(path=Path("x"), problem="broken"), FindingKind.UNDECODABLE),
        (FileCheck(path=Path("x"), width=64, height=32), FindingKind.WRONG_DIMENSIONS),
        (FileCheck(path=Path("x"), width=64, height=64), None),
        (FileCheck(path=Path("x"), obstacle="a read error"), FindingKind.NOT_CHECKED),
    ],
    ids=["does not decode", "other size", "as recorded", "not looked at"],
)
def test_decoding(check: FileCheck, kind: FindingKind | None) -> None:
    finding = judge_decoding("shopify", STORED, check)
    assert (finding.kind if finding else None) is kind


def test_limit_and_disk() -> None:
    assert judge_limit(stored_bytes=10, limit=10) is None
    over = judge_limit(stored_bytes=11, limit=10)
    assert over is not None
    assert over.kind is FindingKind.OVER_LIMIT
    assert judge_disk(free_bytes=10, wanted_bytes=10) is None
    low = judge_disk(free_bytes=9, wanted_bytes=10)
    assert low is not None
    assert low.kind is FindingKind.LOW_DISK


ERROR = finding(FindingKind.ORPHAN, "a stray file", file="stray.png")
WARNING = finding(FindingKind.LOW_DISK, "little room")


@pytest.mark.parametrize(
    ("findings", "fail_on", "passes"),
    [
        ([], FailOn(), True),
        ([ERROR], FailOn(), False),
        ([WARNING], FailOn(), True),
        ([WARNING], FailOn(severity=Severity.WARNING), False),
        ([ERROR], FailOn(severity=None), True),
        ([ERROR], FailOn(severity=None, kinds=frozenset({FindingKind.ORPHAN})), False),
        ([ERROR], FailOn(severity=None, kinds=frozenset({FindingKind.WRONG_DIGEST})), True),
        ([replace(ERROR, repair="deleted")], FailOn(), True),
    ],
    ids=[
        "nothing",
        "error",
        "warning by default",
        "warning when strict",
        "never",
        "this kind",
        "another kind",
        "repaired",
    ],
)
def test_what_makes_verify_fail(findings: list[Finding], fail_on: FailOn, *, passes: bool) -> None:
    assert verify_passes(findings, fail_on) is passes


def test_every_kind_of_finding_has_a_severity() -> None:
    assert {severity_of(kind) for kind in FindingKind} == set(Severity)


@pytest.mark.parametrize(
    "fail_on", [FailOn(), FailOn(severity=None), FailOn(kinds=frozenset({FindingKind.ORPHAN}))]
)
def test_what_could_not_be_looked_at_is_never_a_pass(fail_on: FailOn) -> None:
    assert not passes([not_checked("a read error", key="shopify")], fail_on)
