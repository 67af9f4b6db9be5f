"""Pure: entries as a table for people, and as lines for other programs."""

from collections.abc import Iterator
from datetime import datetime

from logocache.amounts import size
from logocache.cli import wording
from logocache.cli.views.blocks import Block, Blocks, Column, Grid, Line
from logocache.results import Entry, Listing

COLUMNS = (
    Column(title="Key"),
    Column(title="Status"),
    Column(title="Provider"),
    Column(title="Size", number=True),
    Column(title="Pixels", number=True),
    Column(title="Fetched"),
    Column(title="File"),
)


def view(listing: Listing, *, now: datetime) -> Blocks:
    """A table, and how many more match."""
    blocks: list[Block] = []
    if listing.entries:
        rows = tuple(_row(entry, now) for entry in listing.entries)
        blocks.append(Grid(title="", columns=COLUMNS, rows=rows))
    matching = wording.count(listing.matching, "entry matches", "entries match")
    shown = len(listing.entries)
    text = f"{matching}." if shown == listing.matching else f"{matching}, {shown} shown."
    return (*blocks, Line(text=text))


def lines(listing: Listing) -> Iterator[str]:
    """A line for each entry, its cells separated by tabs; what is not known is an empty cell.

    The cells are stable: key, status, provider, size in bytes, width, height, the time when it was
    fetched (ISO 8601, UTC), file, domain, name.
    """
    for entry in listing.entries:
        fetched = entry.fetched_at.strftime("%Y-%m-%dT%H:%M:%SZ") if entry.fetched_at else None
        cells = (
            entry.key,
            entry.status.value,
            entry.provider,
            entry.size_bytes,
            entry.width,
            entry.height,
            fetched,
            entry.file,
            entry.domain,
            entry.name,
        )
        yield "\t".join("" if cell is None else wording.clean(str(cell)) for cell in cells)


def keys(listing: Listing) -> Iterator[str]:
    return (wording.clean(entry.key) for entry in listing.entries)


def _row(entry: Entry, now: datetime) -> tuple[str, ...]:
    marks = [entry.status.value, *(["stale"] if entry.stale else []), *(["pinned"] if entry.pinned else [])]
    return (
        entry.key,
        ", ".join(marks),
        entry.provider or "",
        size(entry.size_bytes) if entry.size_bytes is not None else "",
        f"{entry.width}×{entry.height}" if entry.width is not None else "",
        wording.age(entry.fetched_at, now=now),
        entry.file or "",
    )
