"""The cache on a volume that is mounted read-only, as the real program sees it."""

import os
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from harness.server_process import PATIENCE, run_program

MOUNT = "mount --bind {0} {0} && mount -o remount,ro,bind {0}"


def may_mount() -> bool:
    tool = shutil.which("unshare")
    if tool is None:
        return False
    return subprocess.run([tool, "-m", "true"], capture_output=True, check=False).returncode == 0


pytestmark = [pytest.mark.end_to_end, pytest.mark.skipif(not may_mount(), reason="needs a mount namespace")]


def on_read_only_volume(directory: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = shlex.join([sys.executable, "-m", "logocache", *arguments])
    return subprocess.run(
        ["unshare", "-m", "sh", "-c", f"{MOUNT.format(shlex.quote(str(directory)))} && exec {command}"],
        capture_output=True,
        text=True,
        timeout=PATIENCE * 2,
        check=False,
        stdin=subprocess.DEVNULL,
        env=os.environ | environment_of(directory),
    )


def environment_of(directory: Path) -> dict[str, str]:
    return {"LOGO_CACHE_DIR": str(directory), "LOGO_CACHE_OFFLINE": "true"}


@pytest.fixture
def volume(tmp_path: Path) -> Path:
    directory = tmp_path / "logos"
    assert run_program("init", "stripe", environment=environment_of(directory)).returncode == 0
    return directory


@pytest.mark.parametrize(
    "command",
    [
        "list --filter status=cached",
        "stats --full",
        "verify",
        "clear --dry-run stripe",
        "get stripe -o /dev/null",
    ],
)
def test_what_only_reads_works(volume: Path, command: str) -> None:
    done = on_read_only_volume(volume, *command.split())
    assert done.returncode == 0, done.stderr
    assert "stripe" in done.stdout or command.startswith(("verify", "get"))
    assert "error:" not in done.stderr


@pytest.mark.parametrize("command", ["init", "refresh stripe", "clear stripe --yes"])
def test_what_writes_is_one_line_and_exit_code_3(volume: Path, command: str) -> None:
    done = on_read_only_volume(volume, *command.split())
    assert done.returncode == 3, done.stderr
    errors = [line for line in done.stderr.splitlines() if "error:" in line]
    assert len(errors) == 1
    assert "read-only" in errors[0] or "readonly" in errors[0]
    assert "bug" not in done.stderr
