"""The packages of the lock are installed, by their hashes; known vulnerabilities are looked for."""

import re
import shlex
import tomllib
from typing import Any

import pytest

import audit
from harness.deployment import ROOT, run_tool, stages

pytestmark = pytest.mark.end_to_end

LOCK = ROOT / "uv.lock"
EXPORTS = (ROOT / ".ci" / "uv.txt", ROOT / "docker" / "build.txt", ROOT / "docker" / "requirements.txt")
PIN = re.compile(r"^([a-z0-9-]+)(?:\[[a-z,]+\])?==(\S+)")


def locked() -> dict[str, Any]:
    """Packages of the lock by name; `Any`, as TOML is."""
    return {load["name"]: load for load in tomllib.loads(LOCK.read_text(encoding="utf-8"))["package"]}


def test_the_lock_names_no_server_but_the_public_ones() -> None:
    assert set(re.findall(r"https?://[^/\"]+", LOCK.read_text(encoding="utf-8"))) == {
        "https://pypi.org",
        "https://files.pythonhosted.org",
    }
    sources = [item["source"] for item in locked().values()]
    assert {tuple(source) for source in sources} == {("registry",), ("editable",)}


@pytest.mark.parametrize("path", EXPORTS, ids=lambda path: path.name)
def test_what_is_exported_is_pinned_with_hashes_and_names_no_server(path: Any) -> None:
    text = path.read_text(encoding="utf-8")
    assert "://" not in text
    packages = re.sub(r" \\\n\s+", " ", text).splitlines()
    assert packages
    for line in packages:
        found = PIN.match(line)
        assert found, line
        assert " --hash=sha256:" in line
        assert locked()[found[1]]["version"] == found[2]


def test_the_image_installs_nothing_without_hashes() -> None:
    runs = [rest for stage in stages().values() for name, rest in stage if name == "RUN"]
    commands = [shlex.split(part) for run in runs for part in run.split("&&") if " pip " in part]
    assert len(commands) >= 4
    for command in commands:
        by_hash = {"--require-hashes", "--only-binary=:all:"} <= set(command)
        ours = "--no-deps" in command and command[-1] in {".", "/wheels/*.whl"}
        assert by_hash != ours, command
    wheel = next(command for command in commands if "wheel" in command)
    assert "--no-build-isolation" in wheel, "else what builds it comes as the newest, without a hash"


def test_dependabot_takes_its_configuration() -> None:
    done = run_tool(
        "check-jsonschema", "--builtin-schema", "vendor.dependabot", str(ROOT / ".github" / "dependabot.yml")
    )
    assert done.returncode == 0, done.stdout


SOUND = {"name": "idna", "version": "3.10", "vulns": []}
UNKNOWN = {
    "name": "pillow",
    "skip_reason": "Dependency not found on PyPI and could not be audited: pillow (12)",
}
HURT = {"name": "jinja2", "version": "3.1", "vulns": [{"id": "PYSEC-1", "fix_versions": ["3.2", "4"]}]}
HOPELESS = {"name": "h11", "version": "1", "vulns": [{"id": "PYSEC-2", "fix_versions": []}]}


@pytest.mark.parametrize(
    ("dependencies", "code", "said"),
    [
        pytest.param([SOUND], audit.FINE, "no known vulnerabilities", id="all is well"),
        pytest.param([SOUND, HURT], audit.FOUND, "jinja2 3.1: PYSEC-1, fixed in 3.2, 4", id="a finding"),
        pytest.param(
            [HOPELESS], audit.FOUND, "h11 1: PYSEC-2, fixed in no version yet", id="no version fixes it"
        ),
        pytest.param(
            [SOUND, UNKNOWN], audit.FOUND, "could not be audited: pillow", id="one was not asked for"
        ),
        pytest.param([UNKNOWN, UNKNOWN], audit.SKIPPED, "skipped: no package", id="nobody knows any"),
        pytest.param([], audit.SKIPPED, "skipped: no package", id="none at all"),
    ],
)
def test_an_audit_is_judged_by_what_was_asked(dependencies: list[Any], code: int, said: str) -> None:
    """pip-audit says "No known vulnerabilities found" of packages that it could not ask for."""
    exit_code, lines = audit.summary({"dependencies": dependencies})
    assert exit_code == code
    assert said in "\n".join(lines)


@pytest.mark.parametrize(
    ("error", "code"),
    [
        ("requests.exceptions.ConnectionError: HTTPSConnectionPool: Max retries exceeded", audit.SKIPPED),
        ("ERROR:pip_audit._cli: requirements.txt has no hash", audit.FOUND),
        ("", audit.FOUND),
    ],
)
def test_without_a_report_only_a_service_that_is_away_is_no_failure(error: str, code: int) -> None:
    assert audit.failed(error)[0] == code
