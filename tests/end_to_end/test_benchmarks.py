"""Every benchmark runs in its smallest form, keeps its figures, and compares itself with an earlier run."""

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

pytestmark = [pytest.mark.end_to_end, pytest.mark.benchmark]

ROOT = Path(__file__).parents[2]
BENCHMARKS = ROOT / "tests" / "benchmarks"


def names() -> Sequence[str]:
    return sorted(path.stem.removeprefix("bench_") for path in BENCHMARKS.glob("bench_*.py"))


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, str(BENCHMARKS / "side_by_side.py"), *arguments],
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
        env=os.environ | {"PYTHONPATH": str(ROOT / "tests")},
    )


@pytest.mark.skipif(sys.platform != "linux", reason="costs of servers are read from /proc")
@pytest.mark.parametrize("name", names())
def test_a_benchmark_measures_or_names_what_is_missing(tmp_path: Path, name: str) -> None:
    kept = tmp_path / "figures.json"
    result = run("--quick", "--json", str(kept), name)
    assert result.returncode == 0, result.stderr
    figures = json.loads(kept.read_text(encoding="utf-8"))
    medians = [
        figure["median"]
        for rows in figures["contests"].values()
        for row in rows.values()
        for figure in row.values()
    ]
    assert all(median >= 0 for median in medians)
    assert medians or name in figures["missing"]


def test_a_run_is_compared_with_an_earlier_one(tmp_path: Path) -> None:
    kept = tmp_path / "figures.json"
    assert run("--quick", "--json", str(kept), "svg_effort").returncode == 0
    result = run("--quick", "--json", str(tmp_path / "now.json"), "--compare", str(kept), "svg_effort")
    assert result.returncode == 0, result.stderr
    title = next(iter(json.loads(kept.read_text(encoding="utf-8"))["contests"]))
    assert f"  {title}: feOffset: CPU ms/effect: " in result.stdout.partition("compared with")[2]


def test_an_unknown_name_is_an_error_that_names_the_benchmarks() -> None:
    result = run("nothing")
    assert result.returncode == 2
    assert all(name in result.stderr for name in names())
