"""Contestants measured in turns, round after round, so that a busy machine is unfair to none of them."""

import statistics
from collections.abc import Callable, Mapping
from dataclasses import dataclass

ROUNDS = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Contest:
    """What is compared: the first name is the peer that the others are held against."""

    title: str
    unit: str
    larger_is_better: bool
    contestants: Mapping[str, Callable[[], float]]
    """Name → one measurement in `unit`."""


def run(contest: Contest, *, rounds: int = ROUNDS) -> None:
    """Measure all in turns and print medians, spread, and ratios to the peer (above 1: better)."""
    measured: dict[str, list[float]] = {name: [] for name in contest.contestants}
    for _ in range(rounds):
        for name, measure in contest.contestants.items():
            measured[name].append(measure())
    peer = next(iter(measured))
    base = statistics.median(measured[peer])
    print(f"\n{contest.title} ({contest.unit}, median of {rounds} rounds in turns)")
    for name, values in measured.items():
        median = statistics.median(values)
        ratio = median / base if contest.larger_is_better else base / median
        spread = f"{min(values):,.1f} to {max(values):,.1f}"
        print(f"  {name:<44} {median:>12,.1f}   {spread:>24}   {ratio:6.2f} x {peer if name != peer else ''}")
