"""Pure: the cache's figures as a report."""

from collections.abc import Mapping
from datetime import datetime

from logocache.amounts import size
from logocache.cli import wording
from logocache.cli.views.blocks import Block, Blocks, Column, Facts, Gauge, Grid, Line, Tone
from logocache.results import CacheStats, Group, LargeFile


def view(stats: CacheStats, *, now: datetime) -> Blocks:
    blocks: list[Block] = []
    if not stats.enabled:
        text = "The cache is switched off (LOGO_CACHE_ENABLED is false)."
        blocks.append(Line(text=text, tone=Tone.WARNING))
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


def _place_and_size(stats: CacheStats) -> tuple[tuple[str, str], ...]:
    limit, used = size(stats.max_size_bytes), wording.percent(stats.size_usage_percent)
    free, total = size(stats.disk_free_bytes), size(stats.disk_total_bytes)
    replaced, copies = size(stats.replaced_size_bytes), size(stats.variant_size_bytes)
    return (
        ("Directory", stats.directory),
        ("Database", stats.database),
        ("Entries", str(stats.entries)),
        ("Files", f"{stats.files}, and {stats.replaced_files} replaced ({replaced})"),
        ("Resized copies", f"{stats.variant_files} ({copies})"),
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
        ("Oldest logo", wording.age(stats.oldest_fetched_at, now=now)),
        ("Newest logo", wording.age(stats.newest_fetched_at, now=now)),
    )


def _use(stats: CacheStats) -> tuple[tuple[str, str], ...]:
    ratio = "none yet" if stats.hit_ratio is None else wording.percent(stats.hit_ratio * 100)
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
        rows=tuple((each.name, str(each.entries), size(each.size_bytes)) for each in groups),
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
        columns=(Column(title="Key"), Column(title="File"), Column(title="Size", number=True)),
        rows=tuple((each.key, each.file, size(each.size_bytes)) for each in files),
    )
