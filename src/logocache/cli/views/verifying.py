"""Pure: what `verify` found."""

from logocache.amounts import size
from logocache.cli import wording
from logocache.cli.views.blocks import Blocks, Line, Tone
from logocache.results import Finding, Severity, VerifyReport

TONES = {Severity.ERROR: Tone.BAD, Severity.WARNING: Tone.WARNING}


def view(report: VerifyReport) -> Blocks:
    """A line for each finding, then a summary."""
    findings = tuple(Line(text=_line(each), tone=TONES[each.severity]) for each in report.findings)
    return (*findings, Line(text=_summary(report), tone=Tone.GOOD if report.ok else Tone.BAD))


def _line(finding: Finding) -> str:
    """Like a compiler's: where, how bad, what. A file's name begins with its key."""
    where = finding.file or finding.key or "cache"
    repaired = f" [repaired: {finding.repair}]" if finding.repair is not None else ""
    return f"{where}: {finding.severity.value}: {finding.kind.value}: {finding.detail}{repaired}"


def _summary(report: VerifyReport) -> str:
    checked = (
        f"{wording.count(report.entries, 'entry', 'entries')} and {wording.count(report.files, 'file')} "
        f"({size(report.size_bytes)}) checked in {wording.seconds(report.duration_seconds)}"
    )
    errors = sum(each.severity is Severity.ERROR for each in report.findings)
    warnings = len(report.findings) - errors
    repaired = f", {report.repaired} repaired" if report.repaired else ""
    found = f"{wording.count(errors, 'error')}, {wording.count(warnings, 'warning')}{repaired}"
    return f"{checked}: {found if report.findings else 'all is well'}."
