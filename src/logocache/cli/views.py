"""Views of results, as blocks. Pure."""

from collections.abc import Mapping
from datetime import datetime

from logocache import humanize
from logocache.cli.output import MOST, Block, Blocks, Column, Facts, Gauge, Grid, Line, Tone
from logocache.humanize import size
from logocache.model import OutcomeKind, Status
from logocache.results import (
    CacheStats,
    FetchedLogo,
    FetchReport,
    Finding,
    Group,
    LargeFile,
    Severity,
    VerifyReport,
)

OUTCOMES = {kind: kind.value.replace("_", " ") for kind in OutcomeKind} | {
    OutcomeKind.TRANSIENT: "could not ask"
}
"""Outcomes in words."""


def stats_view(stats: CacheStats, *, now: datetime, full: bool) -> Blocks:
    """The figures that matter, on at most 15 lines, or all of them."""
    blocks: list[Block] = []
    if not stats.enabled:
        text = "The cache is switched off (LOGO_CACHE_ENABLED is false)."
        blocks.append(Line(text=text, tone=Tone.WARNING))
    if not full:
        return (*blocks, Facts(rows=_summary(stats, now)))
    blocks += [
        Facts(rows=_place_and_size(stats)),
        Gauge(percent=stats.size_usage_percent),
        Facts(rows=_work(stats, now)),
        Facts(rows=_use(stats)),
    ]
    groups = {"Status": stats.by_status, "Provider": stats.by_provider, "Category": stats.by_category}
    blocks += [_groups(f"By {title.lower()}", title, rows) for title, rows in groups.items() if rows]
    if stats.requests_this_month:
        blocks.append(_requests(stats.requests_this_month))
    if stats.largest:
        blocks.append(_largest(stats.largest))
    return tuple(blocks)


def _summary(stats: CacheStats, now: datetime) -> tuple[tuple[str, str], ...]:
    amounts = {group.name: str(group.entries) for group in stats.by_status}
    figures = dict((*_place_and_size(stats), *_work(stats, now), *_use(stats)))
    pending = amounts.get(Status.PENDING)
    if stats.errors:
        figures["Failing"] += f" ({stats.errors} by an error of logocache itself)"
    return (
        ("Directory", stats.directory),
        ("Entries", figures["Entries"] + (f" ({pending} pending)" if pending else "")),
        ("Real logos", amounts.get(Status.CACHED, "0")),
        ("Placeholders", amounts.get(Status.PLACEHOLDER, "0")),
        *((name, figures[name]) for name in ("Stale", "Failing", "Size", "Hit ratio", "Oldest logo", "Disk")),
    )


def _place_and_size(stats: CacheStats) -> tuple[tuple[str, str], ...]:
    limit, used = size(stats.max_size_bytes), humanize.percent(stats.size_usage_percent)
    free, total = size(stats.disk_free_bytes), size(stats.disk_total_bytes)
    replaced, variants = size(stats.replaced_size_bytes), size(stats.variant_size_bytes)
    return (
        ("Directory", stats.directory),
        ("Database", stats.database),
        ("Entries", str(stats.entries)),
        ("Files", f"{stats.files}, and {stats.replaced_files} replaced ({replaced})"),
        ("Variants", f"{stats.variant_files} ({variants})"),
        ("Disk", f"{free} free of {total}"),
        ("Size", f"{size(stats.size_bytes)} of {limit} ({used})"),
    )


def _work(stats: CacheStats, now: datetime) -> tuple[tuple[str, str], ...]:
    return (
        ("Stale", str(stats.stale)),
        ("Due", str(stats.due)),
        ("Failing", str(stats.failing)),
        ("Errors of our own", str(stats.errors)),
        ("In progress", str(stats.in_progress)),
        ("Oldest logo", humanize.age(stats.oldest_fetched_at, now=now)),
        ("Newest logo", humanize.age(stats.newest_fetched_at, now=now)),
    )


def _use(stats: CacheStats) -> tuple[tuple[str, str], ...]:
    ratio = "none yet" if stats.hit_ratio is None else humanize.percent(stats.hit_ratio * 100)
    return (
        ("Hits", f"{stats.hits}, and {stats.stale_hits} stale"),
        ("Misses", str(stats.misses)),
        ("Hit ratio", ratio),
        ("Evictions", str(stats.evictions)),
    )


def _groups(title: str, column: str, groups: tuple[Group, ...]) -> Grid:
    return Grid(
        title=title,
        columns=(
            Column(title=column),
            Column(title="Entries", number=True),
            Column(title="Size", number=True),
        ),
        rows=tuple((group.name, str(group.entries), size(group.size_bytes)) for group in groups),
    )


def _requests(requests: Mapping[str, int]) -> Grid:
    return Grid(
        title="Requests this month",
        columns=(Column(title="Provider"), Column(title="Requests", number=True)),
        rows=tuple((provider, str(amount)) for provider, amount in requests.items()),
    )


def _largest(files: tuple[LargeFile, ...]) -> Grid:
    return Grid(
        title="Largest files",
        columns=(
            Column(title="Key", least=12),
            Column(title="File", least=16),
            Column(title="Size", number=True),
        ),
        rows=tuple((file.key, file.file, size(file.size_bytes)) for file in files),
    )


SEVERITY_TONES = {Severity.ERROR: Tone.BAD, Severity.WARNING: Tone.WARNING}


def verify_view(report: VerifyReport) -> Blocks:
    """One line per finding, then a summary."""
    findings = tuple(
        Line(text=_finding_line(finding), tone=SEVERITY_TONES[finding.severity])
        for finding in report.findings
    )
    return (*findings, Line(text=_verify_summary(report), tone=Tone.GOOD if report.ok else Tone.BAD))


def _finding_line(finding: Finding) -> str:
    """In the form of compilers: place, severity, kind, detail. A file's name begins with its key."""
    where = finding.file or finding.key or "cache"
    repaired = f" [repaired: {finding.repair}]" if finding.repair is not None else ""
    return f"{where}: {finding.severity.value}: {finding.kind.value}: {finding.detail}{repaired}"


def _verify_summary(report: VerifyReport) -> str:
    how = "checked and decoded" if report.decoded else "checked"
    checked = (
        f"{humanize.count(report.entries, 'entry', 'entries')} and {humanize.count(report.files, 'file')} "
        f"({size(report.size_bytes)}) {how} in {humanize.seconds(report.duration_seconds)}"
    )
    errors = sum(finding.severity is Severity.ERROR for finding in report.findings)
    warnings = len(report.findings) - errors
    repaired = f", {report.repaired} repaired" if report.repaired else ""
    found = f"{humanize.count(errors, 'error')}, {humanize.count(warnings, 'warning')}{repaired}"
    return f"{checked}: {found if report.findings else 'all is well'}."


LOCAL = {"iconsets", "file"}
"""Providers that need no network."""

NAMED = 10
"""Missing keys listed at most."""

CHANGE_COLUMNS = (
    Column(title="Key", least=12),
    Column(title="Outcome", drop=1),
    Column(title="Shows", drop=2),
    Column(title="Next try"),
    Column(title="Reason", least=12),
)


def fetch_view(report: FetchReport, *, now: datetime) -> Blocks:
    if not report.enabled:
        return (Line(text="The cache is switched off (LOGO_CACHE_ENABLED is false): nothing was done."),)
    if _network_is_down(report):
        lines = (_fetch_summary(report), _network_sentence(report, now))
        return tuple(Line(text=line, tone=Tone.WARNING) for line in lines)
    blocks: list[Block] = []
    rows = tuple(_change_row(logo, now) for logo in report.logos if not _succeeded(logo))
    if rows:
        blocks.append(Grid(title="No new logo", columns=CHANGE_COLUMNS, rows=rows, most=MOST))
    tone = Tone.WARNING if _failed(report) else Tone.GOOD
    blocks.append(Line(text=_fetch_summary(report), tone=tone))
    if report.errors:
        keys = [logo.key for logo in report.logos if logo.outcome is OutcomeKind.ERROR]
        ended = humanize.count(report.errors, "entry ended", "entries ended")
        text = f"{ended} in an error of logocache itself: {humanize.some(keys, most=NAMED)}"
        blocks.append(Line(text=text, tone=Tone.WARNING))
    if report.missing:
        missing = humanize.count(len(report.missing), "entry has", "entries have")
        if report.missing_capped:
            missing = f"More than {missing}"
        text = f"{missing} no real logo: {humanize.some(report.missing, most=NAMED)}"
        blocks.append(Line(text=text, tone=Tone.WARNING))
    return tuple(blocks)


UNREACHABLE = {OutcomeKind.TRANSIENT, OutcomeKind.NOT_ASKED}
MANY = 3
"""So many failures, and no other outcome, say more about the network than about single sites."""


def _failed(report: FetchReport) -> list[FetchedLogo]:
    """The entries whose attempt failed, as `stats` counts them; to be offline is no failure."""
    unasked = OutcomeKind.NOT_ASKED if report.offline else None
    return [logo for logo in report.logos if not _succeeded(logo) and logo.outcome is not unasked]


def _network_is_down(report: FetchReport) -> bool:
    """True if no source of the network gave anything, and several could not be connected to."""
    failed = _failed(report)
    local = all(logo.provider in LOCAL for logo in report.logos if _succeeded(logo))
    unreachable = all(logo.outcome in UNREACHABLE for logo in failed)
    no_connection = any(logo.reason.startswith("could not connect") for logo in failed)
    return local and unreachable and no_connection and len(failed) >= MANY


def _network_sentence(report: FetchReport, now: datetime) -> str:
    failed = _failed(report)
    local = report.found + report.unchanged
    amounts = {
        humanize.count(local, "logo is from an icon set", "logos are from icon sets"): local,
        humanize.count(report.failed, "keeps its earlier logo", "keep their earlier logos"): report.failed,
        humanize.count(report.placeholders, "is a placeholder", "are placeholders"): report.placeholders,
    }
    told = ", ".join(text for text, amount in amounts.items() if amount)
    again = humanize.until(min(logo.next_attempt_at for logo in failed), now=now)
    return f"The network could not be reached: {told}; they are tried again {again}."


def _succeeded(logo: FetchedLogo) -> bool:
    return logo.outcome in {OutcomeKind.FOUND, OutcomeKind.UNCHANGED}


def _change_row(logo: FetchedLogo, now: datetime) -> tuple[str, ...]:
    shows = "its earlier logo" if logo.kept else logo.status.value
    return logo.key, OUTCOMES[logo.outcome], shows, humanize.until(logo.next_attempt_at, now=now), logo.reason


def _fetch_summary(report: FetchReport) -> str:
    failed = _failed(report)
    known = humanize.count(report.known, "entry", "entries")
    new = f" ({report.added} new)" if report.added else ""
    start = f"{known}{new} in {report.directory}"
    if not report.asked and not report.elsewhere:
        return f"{start}: nothing was due."
    parts = [
        f"{report.found} found",
        f"{report.unchanged} unchanged",
        humanize.count(report.placeholders, "placeholder"),
        *([f"{len(failed)} failed"] if failed else []),
    ]
    if report.elsewhere:
        parts.append(f"{report.elsewhere} being fetched by another process")
    if report.evicted:
        parts.append(f"{report.evicted} evicted")
    offline = " offline" if report.offline else ""
    took = humanize.seconds(report.duration_seconds)
    return f"{start}: asked for {report.asked}{offline} in {took}: {', '.join(parts)}."
