"""Rendering of a result: JSON, a view for a terminal, or plain lines for a pipe."""

import json
import sys
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import assert_never

from logocache import humanize
from logocache.cli import output, terminal, views
from logocache.cli.output import Block, Blocks, Column, Grid, Line, Tone
from logocache.cli.views import MOST
from logocache.documents import document_of
from logocache.humanize import size
from logocache.results import (
    CacheStats,
    ClearedLogo,
    ClearPlan,
    ClearReport,
    FetchReport,
    Listing,
    OrphanFile,
    Result,
    VerifyReport,
)

COLUMNS = (
    Column(title="Key"),
    Column(title="Status"),
    Column(title="Provider"),
    Column(title="Fetched"),
    Column(title="Size", number=True),
    Column(title="File"),
)


def plan_view(plan: ClearPlan, *, now: datetime) -> Blocks:
    """Tables of the logos and orphan files to clear."""
    if plan.is_empty:
        return (Line(text="Nothing matches."),)
    blocks: list[Block] = []
    if plan.logos:
        rows = tuple(_row(logo, now) for logo in plan.logos)
        blocks.append(Grid(title="Logos to clear", columns=COLUMNS, rows=rows, most=MOST))
    if plan.orphans:
        blocks.append(_orphans(plan.orphans))
    return tuple(blocks)


def clear_summary(report: ClearReport) -> Blocks:
    """What was cleared, or would be; then entries being fetched, and foreign and pinned ones that stay."""
    amount = amount_of(report.logos, report.orphans)
    freed = size(report.freed_bytes)
    if report.dry_run:
        line = Line(text=f"Would clear {amount} and free {freed}; nothing was changed.")
    else:
        line = Line(text=f"Cleared {amount} and freed {freed}.", tone=Tone.GOOD)
    return (line, *_fetching(report), *_strangers(report.strangers), *_pinned(report.pinned_kept))


def question(plan: ClearPlan) -> str:
    return f"Clear {amount_of(plan.logos, plan.orphans)} and free {size(plan.freed_bytes)}?"


def amount_of(logos: tuple[ClearedLogo, ...], orphans: tuple[OrphanFile, ...]) -> str:
    parts = [
        *([humanize.count(len(logos), "logo")] if logos else []),
        *([humanize.count(len(orphans), "orphan file")] if orphans else []),
    ]
    return " and ".join(parts) or "nothing"


def _row(logo: ClearedLogo, now: datetime) -> tuple[str, ...]:
    return (
        logo.key,
        logo.status.value,
        logo.provider or "",
        humanize.age(logo.fetched_at, now=now),
        size(logo.size_bytes),
        logo.file,
    )


def _orphans(orphans: tuple[OrphanFile, ...]) -> Grid:
    return Grid(
        title="Files that no entry names",
        columns=(Column(title="File"), Column(title="Size", number=True)),
        rows=tuple((orphan.file, size(orphan.size_bytes)) for orphan in orphans),
        most=MOST,
    )


def _pinned(kept: int) -> Blocks:
    if not kept:
        return ()
    text = f"{humanize.count(kept, 'pinned entry stays', 'pinned entries stay')}: name them to clear them."
    return (Line(text=text, tone=Tone.WARNING),)


def _fetching(report: ClearReport) -> Blocks:
    if not report.fetching:
        return ()
    keys = ", ".join(report.fetching)
    tense = "would not be" if report.dry_run else "is not"
    return (Line(text=f"What is being fetched now {tense} stored: {keys}"),)


def _strangers(strangers: tuple[OrphanFile, ...]) -> Blocks:
    if not strangers:
        return ()
    names = ", ".join(stranger.file for stranger in strangers[:MOST])
    more = f" and {len(strangers) - MOST} more" if len(strangers) > MOST else ""
    stay = humanize.count(len(strangers), "file is not ours and stays", "files are not ours and stay")
    text = f"{stay} (`logocache verify --repair` puts such files aside): {names}{more}"
    return (Line(text=text, tone=Tone.WARNING),)


def show(result: Result, *, as_json: bool) -> None:
    """Write a result to standard output."""
    if as_json:
        terminal.out(json.dumps(document_of(result), indent=2) + "\n")
    elif terminal.out_is_terminal():
        from logocache.cli import progress

        terminal.out(progress.text(blocks(result, now=datetime.now(UTC)), stream=sys.stdout))
    elif isinstance(result, Listing):
        _out_lines(views.lines(result))
    else:
        terminal.out(output.plain_text(blocks(result, now=datetime.now(UTC))))


def show_keys(result: Listing) -> None:
    """Write the keys, one per line."""
    _out_lines(views.keys(result))


def show_aside(plan: ClearPlan) -> None:
    """Show a plan on standard error, because standard output is for the JSON that follows."""
    from logocache.cli import progress

    terminal.note(progress.text(blocks(plan, now=datetime.now(UTC)), stream=sys.stderr))


def blocks(result: Result, *, now: datetime) -> Blocks:
    """The view of a result."""
    match result:
        case FetchReport():
            return views.fetch_view(result, now=now)
        case CacheStats():
            return views.stats_view(result, now=now)
        case Listing():
            return views.listing_view(result, now=now)
        case ClearPlan():
            return plan_view(result, now=now)
        case ClearReport():
            return clear_summary(result)
        case VerifyReport():
            return views.verify_view(result)
        case _:
            assert_never(result)


def _out_lines(lines: Iterable[str]) -> None:
    terminal.out("".join(f"{line}\n" for line in lines))
