"""Pure: what `init` and `refresh` did, in words."""

from datetime import datetime

from logocache.cli import wording
from logocache.cli.views.blocks import Block, Blocks, Column, Grid, Line, Tone
from logocache.model import OutcomeKind
from logocache.results import FetchedLogo, FetchReport

NAMED = 10
"""So many missing keys are spelled out."""

MOST = 20
"""So many rows are shown on a terminal."""

COLUMNS = (
    Column(title="Key"),
    Column(title="Outcome"),
    Column(title="Shows"),
    Column(title="Next attempt"),
    Column(title="Reason"),
)


def view(report: FetchReport, *, now: datetime) -> Blocks:
    if not report.enabled:
        return (Line(text="The cache is switched off (LOGO_CACHE_ENABLED is false): nothing was done."),)
    blocks: list[Block] = []
    rows = tuple(_row(logo, now) for logo in report.logos if not _succeeded(logo))
    if rows:
        blocks.append(Grid(title="No new logo", columns=COLUMNS, rows=rows, most=MOST))
    blocks.append(Line(text=_summary(report), tone=Tone.GOOD))
    if report.errors:
        keys = [logo.key for logo in report.logos if logo.outcome is OutcomeKind.ERROR]
        ended = wording.count(report.errors, "entry ended", "entries ended")
        text = f"{ended} in an error of logocache itself: {wording.some(keys, most=NAMED)}"
        blocks.append(Line(text=text, tone=Tone.WARNING))
    if report.missing:
        missing = wording.count(len(report.missing), "entry has", "entries have")
        text = f"{missing} no real logo: {wording.some(report.missing, most=NAMED)}"
        blocks.append(Line(text=text, tone=Tone.WARNING))
    return tuple(blocks)


def _succeeded(logo: FetchedLogo) -> bool:
    return logo.outcome in {OutcomeKind.FOUND, OutcomeKind.UNCHANGED}


def _row(logo: FetchedLogo, now: datetime) -> tuple[str, ...]:
    shows = "its earlier logo" if logo.kept else logo.status.value
    return logo.key, logo.outcome.value, shows, wording.until(logo.next_attempt_at, now=now), logo.reason


def _summary(report: FetchReport) -> str:
    known = wording.count(report.known, "entry", "entries")
    new = f" ({report.added} new)" if report.added else ""
    start = f"{known}{new} in {report.directory}"
    if not report.asked and not report.elsewhere:
        return f"{start}: nothing was due."
    parts = [
        f"{report.found} found",
        f"{report.unchanged} unchanged",
        wording.count(report.placeholders, "placeholder"),
        f"{report.failed} failed",
    ]
    if report.elsewhere:
        parts.append(f"{report.elsewhere} in work elsewhere")
    if report.evicted:
        parts.append(f"{report.evicted} evicted")
    offline = " offline" if report.offline else ""
    took = wording.seconds(report.duration_seconds)
    return f"{start}: asked for {report.asked}{offline} in {took}: {', '.join(parts)}."
