"""Pure: what `clear` would take away, or took."""

from datetime import datetime

from logocache.amounts import size
from logocache.cli import wording
from logocache.cli.views.blocks import Block, Blocks, Column, Grid, Line, Tone
from logocache.results import ClearedLogo, ClearPlan, ClearReport, OrphanFile

MOST = 20
"""So many rows are shown on a terminal."""

COLUMNS = (
    Column(title="Key"),
    Column(title="Status"),
    Column(title="Provider"),
    Column(title="Fetched"),
    Column(title="Size", number=True),
    Column(title="File"),
)


def view(plan: ClearPlan, *, now: datetime) -> Blocks:
    """What goes, row by row."""
    if plan.is_empty:
        return (Line(text="Nothing matches."),)
    blocks: list[Block] = []
    if plan.logos:
        rows = tuple(_row(logo, now) for logo in plan.logos)
        blocks.append(Grid(title="Logos to clear", columns=COLUMNS, rows=rows, most=MOST))
    if plan.orphans:
        blocks.append(_orphans(plan.orphans))
    return tuple(blocks)


def summary(report: ClearReport) -> Blocks:
    """One sentence on what went, or would go, and one on pinned entries that stay."""
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
        *([wording.count(len(logos), "logo")] if logos else []),
        *([wording.count(len(orphans), "orphan file")] if orphans else []),
    ]
    return " and ".join(parts) or "nothing"


def _row(logo: ClearedLogo, now: datetime) -> tuple[str, ...]:
    return (
        logo.key,
        logo.status.value,
        logo.provider or "",
        wording.age(logo.fetched_at, now=now),
        size(logo.size_bytes),
        logo.file,
    )


def _orphans(orphans: tuple[OrphanFile, ...]) -> Grid:
    return Grid(
        title="Files that no entry names",
        columns=(Column(title="File"), Column(title="Size", number=True)),
        rows=tuple((each.file, size(each.size_bytes)) for each in orphans),
        most=MOST,
    )


def _pinned(kept: int) -> Blocks:
    if not kept:
        return ()
    text = f"{wording.count(kept, 'pinned entry stays', 'pinned entries stay')}: name them to clear them."
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
    names = ", ".join(each.file for each in strangers[:MOST])
    more = f" and {len(strangers) - MOST} more" if len(strangers) > MOST else ""
    stay = wording.count(len(strangers), "file is not ours and stays", "files are not ours and stay")
    text = f"{stay} (`logocache verify --repair` puts such files aside): {names}{more}"
    return (Line(text=text, tone=Tone.WARNING),)
