"""Tables of what was measured: on the terminal, and in docs/performance.md."""

import statistics
from collections.abc import Iterator, Mapping
from typing import Any

Table = Mapping[str, Mapping[str, Any]]
"""Contestant → figure → its `median` and its values in all `rounds`, as in the JSON file."""

BEGIN = "<!-- figures of one run, written by `nox -s bench -- --write` -->\n"
END = "<!-- end of the figures -->\n"


def lines_of(table: Table) -> Iterator[str]:
    """The table for people: medians, the spread of the cost, and the ratio to the peer with its spread."""
    peer, first = next(iter(table.items()))
    cost, *others = first
    heads = "".join(f"{other:>16}" for other in others)
    yield f"  {'':<36}{cost:>16}  {'(spread)':<24}{'ratio (spread)':<24}{heads}   (ratio: cost to {peer})"
    for name, row in table.items():
        costs = row[cost]["rounds"]
        spread = f"({shown(min(costs))} to {shown(max(costs))})"
        rest = "".join(f"{shown(row[other]['median']):>16}" for other in others)
        yield f"  {name:<36}{shown(row[cost]['median']):>16}  {spread:<24}{ratio_of(row, first):<24}{rest}"


def with_figures(page: str, result: Mapping[str, Any]) -> str:
    """The page with the run's tables in place of those between the two marks."""
    before, _, rest = page.partition(BEGIN)
    after = rest.partition(END)[2]
    figures = "\n".join(_lines(result))
    return f"{before}{BEGIN}\n{figures}\n\n{END}{after}"


def shown(value: float) -> str:
    """With four digits, or all of a large number."""
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.4g}"


def ratio_of(row: Mapping[str, Any], peer: Mapping[str, Any]) -> str:
    """Median and spread of the cost relative to the peer's in the same round."""
    cost = next(iter(row))
    pairs = zip(row[cost]["rounds"], peer[cost]["rounds"], strict=True)
    ratios = [own / other if other else float("nan") for own, other in pairs]
    return f"{statistics.median(ratios):.2f} ({min(ratios):.2f} to {max(ratios):.2f})"


def _lines(result: Mapping[str, Any]) -> Iterator[str]:
    machine, versions = result["machine"], result["versions"]
    yield (
        f"{machine['processor']}, {machine['processors']} processors, load {machine['load']:.1f}; "
        f"{result['date'][:10]}; rounds: {result['rounds']}."
    )
    yield ""
    yield f"{'; '.join(f'{name} {version}' for name, version in versions.items())}."
    for title, rows in result["contests"].items():
        peer, first = next(iter(rows.items()))
        cost, *others = first
        yield ""
        yield f"| {title} | {cost} | times {peer} | {''.join(f'{other} | ' for other in others)}".rstrip()
        yield "|---" * (3 + len(others)) + "|"
        for name, row in rows.items():
            rest = "".join(f"{shown(row[other]['median'])} | " for other in others)
            yield f"| {name} | {shown(row[cost]['median'])} | {ratio_of(row, first)} | {rest}".rstrip()
    for name, reason in result["missing"].items():
        yield ""
        yield f"{name} is missing: {reason}."
