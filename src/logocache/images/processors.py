"""Count the processors available to this process: its CPU affinity, within the quota of its container."""

import math
import os
import sys
from collections.abc import Iterator
from pathlib import Path, PurePosixPath


def available_processors(root: Path = Path("/")) -> int:
    """At least 1; a quota of 1.5 processors counts as 2. `root` is the folder with `proc` and `sys`."""
    return max(1, math.ceil(min((_processors_of_process(), *_quotas(root)))))


def _processors_of_process() -> int:
    if sys.version_info >= (3, 13):
        return os.process_cpu_count() or 1
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1  # macOS binds no process


def _quotas(root: Path) -> Iterator[float]:
    """The CPU quotas, in processors, of the process's control groups and their ancestors.

    `/proc/self/cgroup` names a group for each hierarchy, see cgroups(7): `0::/group` in version 2,
    `4:cpu,cpuacct:/group` in version 1. In a container the ancestors may not be visible, and its own
    group may be mounted at the top.
    """
    cgroups = root / "sys/fs/cgroup"
    for line in _read(root / "proc/self/cgroup").splitlines():
        _, _, rest = line.partition(":")
        controllers, _, group = rest.partition(":")
        path = PurePosixPath(*(part for part in group.split("/") if part not in {"", ".."}))
        for folder in (path, *path.parents):
            if not controllers:
                yield from _quota(*_read(cgroups / folder / "cpu.max").split()[:2])
            elif "cpu" in controllers.split(","):
                v1 = cgroups / "cpu" / folder
                yield from _quota(_read(v1 / "cpu.cfs_quota_us"), _read(v1 / "cpu.cfs_period_us"))


def _quota(quota: str = "", period: str = "") -> Iterator[float]:
    """The quota in processors; nothing without a limit (`max` in version 2, -1 in version 1)."""
    try:
        processors = int(quota) / int(period)
    except (ValueError, ZeroDivisionError):
        return
    if processors > 0:
        yield processors


def _read(path: Path) -> str:
    """The file's text; empty if it does not exist or cannot be read."""
    try:
        return path.read_text(encoding="ascii", errors="replace")
    except OSError:
        return ""
