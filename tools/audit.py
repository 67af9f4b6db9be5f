"""Audit locked packages for known vulnerabilities with pip-audit: `python tools/audit.py FILE…`.

Exit code 0: none known; 1: findings, or an incomplete audit; 77: the service could not be asked.
pip-audit itself exits with 0 when its service knows none of the packages, as with a mirror.
"""

import json
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

FINE, FOUND, SKIPPED = 0, 1, 77
AWAY = ("ConnectionError", "Could not connect", "ServiceError", "ReadTimeout", "Max retries exceeded")
"""Texts in pip-audit's output when its service does not answer."""


def summary(report: Mapping[str, Any]) -> tuple[int, list[str]]:
    """Exit code and output for pip-audit's JSON report. `Any`: as JSON is."""
    dependencies: Sequence[Mapping[str, Any]] = report["dependencies"]
    skipped = [dependency for dependency in dependencies if "skip_reason" in dependency]
    if len(skipped) == len(dependencies):
        reason = skipped[0]["skip_reason"] if skipped else "there is nothing to audit"
        return SKIPPED, [f"skipped: no package was audited: {reason}"]
    lines = [str(dependency["skip_reason"]) for dependency in skipped]
    for dependency in dependencies:
        for found in dependency.get("vulns", ()):
            fixed = ", ".join(found["fix_versions"]) or "no version yet"
            lines.append(f"{dependency['name']} {dependency['version']}: {found['id']}, fixed in {fixed}")
    return (FOUND if lines else FINE), lines or [f"{len(dependencies)} packages, no known vulnerabilities"]


def failed(output: str) -> tuple[int, list[str]]:
    """Exit code and output when pip-audit wrote no report; `output` is its standard error."""
    if any(text in output for text in AWAY):
        return SKIPPED, ["skipped: the vulnerability service does not answer"]
    return FOUND, ["pip-audit wrote no report", output]


def main(files: Sequence[str]) -> int:
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "report.json"
        command = ["pip-audit", "--disable-pip", "--require-hashes", "--progress-spinner=off"]
        command += ["--format=json", f"--output={report}", *(f"--requirement={file}" for file in files)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        has_report = report.exists() and report.read_text()
        code, lines = summary(json.loads(report.read_text())) if has_report else failed(done.stderr)
    sys.stdout.write("\n".join([*lines, ""]))
    return code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
