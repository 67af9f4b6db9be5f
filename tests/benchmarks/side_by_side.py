"""Benchmarks that measure logocache and its peers in turns; `nox -s bench` runs this as a program.

A benchmark is a file `bench_NAME.py` with a function `contests(options)`. It yields contests one after
the other; servers and folders that it made for a contest live until it is resumed. Whatever a run measured
is kept as JSON, for a later run to compare itself with.
"""

import argparse
import compileall
import importlib
import json
import os
import platform
import re
import shutil
import statistics
import subprocess
import sys
import sysconfig
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import logocache
from tables import Table, lines_of, shown, with_figures

HERE = Path(__file__).parent
PAGE = HERE.parents[1] / "docs" / "performance.md"
RESULTS = HERE.parents[1] / ".bench"
QUICK_ROUNDS, ROUNDS = 1, 4

Figures = Mapping[str, float]
"""Figure with its unit → value. The first one is a cost, which is compared: less is better."""
TOOLS = {
    "nginx": ("nginx", "-v"),
    "wrk": ("wrk", "-v"),
    "curl": ("curl", "--version"),
    "sha256sum": ("sha256sum", "--version"),
    "pip": (sys.executable, "-m", "pip", "--version"),
    "uvicorn": (sys.executable, "-m", "uvicorn", "--version"),
}
"""Peer → the command that prints its version before other numbers."""


class MissingError(Exception):
    """A benchmark cannot run here; the message says what to install."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """What a run was asked for."""

    quick: bool = False
    """As little of everything as shows that the benchmark works."""
    size: int | None = None
    """Size of the work, in the unit of each benchmark."""

    def pick(self, *, quick: int, default: int) -> int:
        """The size of the work: as asked for, or by kind of run."""
        return self.size or (quick if self.quick else default)


@dataclass(frozen=True, slots=True, kw_only=True)
class Contest:
    """Contestants on the same work; the first is the peer that the others are compared with."""

    title: str
    contestants: Mapping[str, Callable[[], Figures]]
    """Name → one measurement. All return the same figures."""
    missing: Mapping[str, str] = field(default_factory=dict)
    """Peers that cannot be measured here → why."""
    rounds: int | None = None
    """The number of rounds, if not the run's."""


def measured(contest: Contest, *, rounds: int) -> Table:
    """Measure all contestants in turns, round after round."""
    values: dict[str, dict[str, list[float]]] = {name: {} for name in contest.contestants}
    for _ in range(rounds):
        for name, measure in contest.contestants.items():
            for figure, value in measure().items():
                values[name].setdefault(figure, []).append(value)
    return {
        name: {
            figure: {"median": statistics.median(rounds), "rounds": rounds}
            for figure, rounds in figures.items()
        }
        for name, figures in values.items()
    }


def differences(before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[str]:
    """Compare the medians of two runs, figure by figure; what only one of them has is left out."""
    for title, rows in after["contests"].items():
        for name, figures in rows.items():
            for figure, now in figures.items():
                then = before["contests"].get(title, {}).get(name, {}).get(figure)
                if then is not None:
                    old, new = then["median"], now["median"]
                    change = f"{(new / old - 1) * 100:+.0f} %" if old else "new"
                    yield f"  {title}: {name}: {figure}: {shown(old)} → {shown(new)} ({change})"


def names() -> Sequence[str]:
    """The names of all benchmarks."""
    return sorted(path.stem.removeprefix("bench_") for path in HERE.glob("bench_*.py"))


def contests_of(name: str, options: Options) -> Iterator[Contest]:
    found: Iterator[Contest] = importlib.import_module(f"bench_{name}").contests(options)
    return found


def run(chosen: Iterable[str], options: Options, *, rounds: int) -> dict[str, Any]:
    """Run these benchmarks, print their tables, and return all that was measured."""
    contests: dict[str, Any] = {}
    missing: dict[str, str] = {}
    for name in chosen:
        try:
            for contest in contests_of(name, options):
                count = min(rounds, contest.rounds or rounds)
                title = f"{name}: {contest.title}"
                print(f"\n{title} (medians of {count} in turns)", flush=True)
                contests[title] = measured(contest, rounds=count)
                print(*lines_of(contests[title]), sep="\n", flush=True)
                for peer, reason in contest.missing.items():
                    missing[peer] = reason
                    print(f"  {peer}: missing: {reason}", flush=True)
        except MissingError as error:
            missing[name] = str(error)
            print(f"\n{name}: missing: {error}", flush=True)
    return {"contests": contests, "missing": missing}


def circumstances() -> Mapping[str, object]:
    """The machine, the date, and the versions of what was compared."""
    cpu = Path("/proc/cpuinfo")
    models = [line for line in cpu.read_text().splitlines() if "model name" in line] if cpu.exists() else []
    return {
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "machine": {
            "system": platform.platform(),
            "processor": models[0].partition(": ")[2] if models else platform.machine(),
            "processors": os.cpu_count(),
            "memory_mb": os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // 10**6,
            "load": os.getloadavg()[0],
        },
        "versions": {"logocache": logocache.__version__, "python": platform.python_version()}
        | {tool: version(command) for tool, command in TOOLS.items() if shutil.which(command[0])},
    }


def version(command: Sequence[str]) -> str:
    # Of these, wrk exits with 1.
    said = subprocess.run(command, capture_output=True, text=True, check=False)
    found = re.search(r"\d+(\.\d+)+", said.stdout + said.stderr)
    return found[0] if found is not None else "unknown"


def compile_byte_code() -> None:
    """Compile what will be measured, as an installation does; without it a start costs several times more."""
    for folder in {sysconfig.get_path("purelib"), str(Path(logocache.__file__).parent)}:
        compileall.compile_dir(folder, quiet=2, workers=0)


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="nox -s bench --", description="Measure logocache and its peers.")
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"one of {', '.join(names())}; default: all")
    parser.add_argument("--quick", action="store_true", help="the least of everything, in one round")
    parser.add_argument("--rounds", type=int, help=f"rounds in turns; default: {ROUNDS}")
    parser.add_argument("--size", type=int, help="size of the work: logos, files, rows, seconds, megapixels")
    parser.add_argument("--json", type=Path, help="the file to keep; default: .bench/DATE.json")
    parser.add_argument("--compare", type=Path, help="a file that an earlier run kept")
    parser.add_argument("--write", action="store_true", help="write the figures to docs/performance.md")
    given = parser.parse_args(arguments)
    unknown = set(given.names) - set(names())
    if unknown:
        parser.error(f"there is no benchmark {', '.join(sorted(unknown))}; there are {', '.join(names())}")
    before = None if given.compare is None else json.loads(given.compare.read_text(encoding="utf-8"))
    if not given.quick:
        compile_byte_code()
    rounds = given.rounds or (QUICK_ROUNDS if given.quick else ROUNDS)
    result = {**circumstances(), "rounds": rounds, "quick": given.quick, "size": given.size}
    result |= run(given.names or names(), Options(quick=given.quick, size=given.size), rounds=rounds)
    kept = given.json or RESULTS / f"{result['date']}.json"
    kept.parent.mkdir(parents=True, exist_ok=True)
    kept.write_text(json.dumps(result, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    if given.write:
        PAGE.write_text(with_figures(PAGE.read_text(encoding="utf-8"), result), encoding="utf-8")
    if before is not None:
        print(f"\ncompared with {given.compare}, of {before['date']}")
        print(*differences(before, result), sep="\n")
    print(f"\nkept in {kept}")


if __name__ == "__main__":
    main()
