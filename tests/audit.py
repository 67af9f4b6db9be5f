"""Holds what the lock names against the known vulnerabilities: `python tests/audit.py FILE…`, by pip-audit.

Ends with 0 when all is well, with 1 when something is known, and with 77 when nobody could be asked.
pip-audit itself ends with 0 when its service knows none of the packages, as a mirror does not.
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
"""What pip-audit says when its service does not answer."""


def judged(report: Mapping[str, Any]) -> tuple[int, list[str]]:
    """The exit code for pip-audit's JSON, and what to say. `Any`: as JSON is."""
    dependencies: Sequence[Mapping[str, Any]] = report["dependencies"]
    unasked = [each for each in dependencies if "skip_reason" in each]
    if len(unasked) == len(dependencies):
        reason = unasked[0]["skip_reason"] if unasked else "there is nothing to ask for"
        return SKIPPED, [f"skipped: no package was audited: {reason}"]
    said = [str(each["skip_reason"]) for each in unasked]
    for dependency in dependencies:
        for found in dependency.get("vulns", ()):
            mended = ", ".join(found["fix_versions"]) or "no version yet"
            said.append(f"{dependency['name']} {dependency['version']}: {found['id']}, mended in {mended}")
    return (FOUND if said else FINE), said or [f"{len(dependencies)} packages, nothing is known of them"]


def failed(said: str) -> tuple[int, list[str]]:
    """The exit code, and what to say, when pip-audit gave no report."""
    if any(sign in said for sign in AWAY):
        return SKIPPED, ["skipped: the service that knows vulnerabilities does not answer"]
    return FOUND, ["pip-audit gave no report", said]


def main(files: Sequence[str]) -> int:
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "report.json"
        command = ["pip-audit", "--disable-pip", "--require-hashes", "--progress-spinner=off"]
        command += ["--format=json", f"--output={report}", *(f"--requirement={file}" for file in files)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        has_report = report.exists() and report.read_text()
        code, said = judged(json.loads(report.read_text())) if has_report else failed(done.stderr)
    sys.stdout.write("\n".join([*said, ""]))
    return code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
