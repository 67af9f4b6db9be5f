"""docs/performance.md: its benchmarks exist, and so do the options of its commands."""

import re
import shlex
import subprocess
import sys

import pytest

from harness.pages import ROOT, blocks_of, rows_of, section_of

pytestmark = pytest.mark.docs

BENCHMARKS = ROOT / "tests" / "benchmarks"
NAMES = sorted(path.stem.removeprefix("bench_") for path in BENCHMARKS.glob("bench_*.py"))


def test_every_benchmark_stands_there() -> None:
    rows = rows_of(section_of("performance.md", "## Measure"))[1:]
    assert [name.strip("`") for name, *_ in rows] == NAMES


def test_the_command_lines_name_benchmarks_and_options_that_exist() -> None:
    (block,) = blocks_of(section_of("performance.md", "## Measure"), "sh")
    said = subprocess.run(
        [sys.executable, str(BENCHMARKS / "side_by_side.py"), "--help"],
        capture_output=True,
        text=True,
        check=True,
        env={"PYTHONPATH": str(ROOT / "tests")},
    )
    options = set(re.findall(r"--[a-z]+", said.stdout))
    for line in block.splitlines():
        arguments = shlex.split(line)
        assert arguments[:3] == ["nox", "-s", "bench"]
        for argument in arguments[4:]:
            known = argument in options or argument in NAMES or re.fullmatch(r"\d+|\w+\.json", argument)
            assert known, line


def test_the_figures_name_no_benchmark_that_is_gone() -> None:
    rows = rows_of(section_of("performance.md", "## Figures"))
    titles = {
        cells[0].partition(":")[0] for cells in rows if len(cells) > 2 and cells[2].startswith("times ")
    }
    assert titles
    assert titles <= set(NAMES)
