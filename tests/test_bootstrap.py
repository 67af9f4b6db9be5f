"""The processors that this process may use, from a tree of files as Linux has it."""

from pathlib import Path

import pytest

from logocache.bootstrap import available_processors

FREE = available_processors(Path("/nowhere"))
"""Without any quota."""


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        pytest.param({}, FREE, id="no control groups"),
        pytest.param(
            {"proc/self/cgroup": "0::/\n", "sys/fs/cgroup/cpu.max": "50000 100000\n"}, 1, id="v2, container"
        ),
        pytest.param(
            {"proc/self/cgroup": "0::/\n", "sys/fs/cgroup/cpu.max": "max 100000\n"}, FREE, id="v2, no limit"
        ),
        pytest.param(
            {
                "proc/self/cgroup": "0::/system.slice/logocache.service\n",
                "sys/fs/cgroup/system.slice/logocache.service/cpu.max": "max 100000\n",
                "sys/fs/cgroup/system.slice/cpu.max": "100000 100000\n",
            },
            1,
            id="v2, a group above",
        ),
        pytest.param(
            {"proc/self/cgroup": "0::/../../app\n", "sys/fs/cgroup/app/cpu.max": "100000 100000\n"},
            1,
            id="v2, outside of the namespace",
        ),
        pytest.param(
            {
                "proc/self/cgroup": "5:memory:/docker/1f\n4:cpu,cpuacct:/docker/1f\n",
                "sys/fs/cgroup/cpu/cpu.cfs_quota_us": "100000\n",
                "sys/fs/cgroup/cpu/cpu.cfs_period_us": "100000\n",
            },
            1,
            id="v1, container",
        ),
        pytest.param(
            {
                "proc/self/cgroup": "4:cpu,cpuacct:/batch\n",
                "sys/fs/cgroup/cpu/batch/cpu.cfs_quota_us": "-1\n",
                "sys/fs/cgroup/cpu/batch/cpu.cfs_period_us": "100000\n",
            },
            FREE,
            id="v1, no limit",
        ),
        pytest.param(
            {"proc/self/cgroup": "garbage\n0::/\n", "sys/fs/cgroup/cpu.max": "a b c"}, FREE, id="garbage"
        ),
        pytest.param(
            {"proc/self/cgroup": "0::/\n", "sys/fs/cgroup/cpu.max": "9900000 100000"}, FREE, id="a wide quota"
        ),
        pytest.param(
            {"proc/self/cgroup": "0::/\n", "sys/fs/cgroup/cpu.max": "100001 100000"},
            min(2, FREE),
            id="a part of a processor counts",
        ),
    ],
)
def test_the_narrowest_quota_decides(tmp_path: Path, files: dict[str, str], expected: int) -> None:
    for name, text in files.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    assert available_processors(tmp_path) == expected
