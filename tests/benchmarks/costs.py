"""What processes cost: CPU seconds and memory of a process with its children, measured from outside."""

import contextlib
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from side_by_side import MissingError

HERE = Path(__file__).parent
TICKS = os.sysconf("SC_CLK_TCK")
LOGOCACHE = (sys.executable, "-m", "logocache")


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """Seconds of the processors (user and system), seconds that passed, and the largest process."""

    cpu: float
    wall: float
    peak_mb: float


def command_cost(command: Sequence[str], *, environment: Mapping[str, str] | None = None) -> Cost:
    """Run a command to its end; the cost is that of the process and of all its children.

    Raises:
        RuntimeError: it failed.
    """
    ended = subprocess.run(
        [sys.executable, "-I", "-S", str(HERE / "spawn.py"), *command],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        env=os.environ | dict(environment or {}),
    )
    code, cpu, wall, peak = ended.stdout.split() or ("1", "0", "0", "0")
    if int(code) != 0:
        raise RuntimeError(f"{' '.join(command)[:200]} ended with {code}: {ended.stderr[-2000:]}")
    # Linux counts memory in KiB (getrusage(2)).
    return Cost(cpu=float(cpu), wall=float(wall), peak_mb=int(peak) * 1024 / 1e6)


def tool(name: str) -> str:
    """The path of a program that the machine must have.

    Raises:
        MissingError: it is not installed.
    """
    found = shutil.which(name)
    if found is None:
        raise MissingError(f"{name} is not installed (apt install {name})")
    return found


def pinned(command: Sequence[str], *, core: int) -> Sequence[str]:
    """The command on one core; on any where this cannot be had."""
    taskset = shutil.which("taskset")
    if taskset is None or core >= (os.cpu_count() or 1):
        return command
    return [taskset, "--cpu-list", str(core), *command]


def family(pid: int) -> Sequence[int]:
    """The process and its living descendants. Linux only."""
    children: dict[int, list[int]] = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):  # it has ended
            children.setdefault(int(_fields(stat)[1]), []).append(int(stat.parent.name))
    found = [pid]
    for member in found:
        found += children.get(member, [])
    return found


def server_cpu(pid: int) -> float:
    """CPU seconds of a process and its children, ended ones included. Linux only."""
    return sum(
        sum(int(ticks) for ticks in _fields(Path(f"/proc/{member}/stat"))[11:15]) / TICKS
        for member in family(pid)
    )


def server_memory(pid: int) -> float:
    """Proportional set size of a process and its children, in MB (10^6 bytes). Linux only."""
    total = 0
    for member in family(pid):
        rollup = Path(f"/proc/{member}/smaps_rollup").read_text(encoding="ascii")
        total += sum(int(line.split()[1]) for line in rollup.splitlines() if line.startswith("Pss:"))
    return total * 1024 / 1e6


def _fields(stat: Path) -> list[str]:
    """The fields of /proc/PID/stat from the state on (proc_pid_stat(5), field 3)."""
    return stat.read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()
