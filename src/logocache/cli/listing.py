"""The command `list`, and the view of its result."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import typer

from logocache import humanize
from logocache.cli import options, output
from logocache.cli.options import MOST_ENTRIES, AsJson, Columns, Keys, Wide, foot
from logocache.cli.output import Block, Blocks, Column, Grid, Line
from logocache.cli.session import Session
from logocache.cli.terminal import ExitCode
from logocache.humanize import size

if TYPE_CHECKING:
    from logocache.results import Entry, Listing

FOOT = foot(
    "logocache list --filter status=placeholder",
    "logocache list --filter provider=site --filter stale --sort age",
    "logocache list --sort size --limit 10",
    "logocache list -q --filter failing | xargs -r logocache refresh",
    exit_codes="0 done; 2 usage; 3 could not run",
)


def list_entries(  # noqa: PLR0913  # one for each option
    context: typer.Context,
    keys: Keys = None,
    *,
    filters: Annotated[
        list[str] | None,
        typer.Option(
            "--filter",
            metavar="FILTER",
            help="status=cached|placeholder|pending, provider=NAME, category=NAME, text=PART, stale, failing "
            "or pinned. May be repeated: the same name twice means either, different names mean both.",
            autocompletion=options.filters,
            show_default=False,
        ),
    ] = None,
    sort: Annotated[
        str,
        typer.Option(
            "--sort",
            metavar="FIELD",
            help="key, name, status, provider, size (largest first), age (oldest first) "
            "or accessed (latest first).",
            autocompletion=options.sort_keys,
        ),
    ] = "key",
    reverse: Annotated[bool, typer.Option("--reverse", help="The other way round.")] = False,
    limit: Annotated[
        int | None,
        typer.Option(
            "--limit", min=1, max=MOST_ENTRIES, metavar="N", help="Show at most N entries. Default: all."
        ),
    ] = None,
    keys_only: Annotated[bool, typer.Option("--keys-only", help="Keys only, as with -q.")] = False,
    wide: Wide = False,
    columns: Columns = None,
    as_json: AsJson = False,
) -> ExitCode:
    """Show the entries of the cache.

    Where none has the logo that it should have, it is shown why. In a pipe each entry is a line of cells
    separated by tabs: key, status, provider, bytes, width, height, time of fetching, file, domain, name,
    outcome of the last attempt, time of the next one, reason.
    """
    from logocache.model import SortKey
    from logocache.queries import ListQuery, choice, parse_filters

    query = ListQuery(
        keys=tuple(keys or ()), sort=choice(SortKey, sort, "field to sort by"), reverse=reverse, limit=limit
    )
    query = parse_filters(filters or (), query)
    options.check_providers(query.providers)
    look = output.look_of(columns, COLUMNS, wide=wide)
    session: Session = context.obj
    with session.open() as cache:
        options.check_categories(query.categories, cache)
        listing = cache.list(query)
    if (keys_only or session.options.quiet) and not as_json:
        output.show_keys(listing)
    else:
        session.show(listing, as_json=as_json, look=look)
    return ExitCode.FINE


COLUMNS = (
    Column(title="Key", least=12),
    Column(title="Status", least=11),
    Column(title="Provider", drop=2),
    Column(title="Size", number=True, drop=1),
    Column(title="Pixels", number=True, drop=3),
    Column(title="Fetched"),
    Column(title="File", drop=4, least=16),
    Column(title="Domain", extra=True),
    Column(title="Name", extra=True),
    Column(title="Category", extra=True),
    Column(title="Licence", extra=True),
    Column(title="Outcome", extra=True),
    Column(title="Next try", extra=True),
    Column(title="Reason", extra=True),
)
WHY = {
    "key": Column(title="Key", least=12),
    "status": Column(title="Status", drop=2),
    "outcome": Column(title="Outcome", drop=1),
    "next": Column(title="Next try"),
    "reason": Column(title="Reason", least=12),
}
"""The columns shown where no entry has the logo that it should have; all others are extra."""

PIPED = (
    *("key", "status", "provider", "size", "width", "height", "fetched", "file", "domain", "name"),
    *("outcome", "next", "reason"),
)


def listing_view(listing: "Listing", *, now: datetime) -> Blocks:
    """A table of the entries, and how many match.

    Where all lack a real logo or failed to be refreshed, it shows why.
    """
    from logocache.model import Status

    blocks: list[Block] = []
    if listing.entries:
        rows = tuple(_row(entry, now) for entry in listing.entries)
        troubled = all(entry.status is not Status.CACHED or entry.failure_count for entry in listing.entries)
        columns = [
            WHY.get(column.name, replace(column, extra=True)) if troubled else column for column in COLUMNS
        ]
        blocks.append(Grid(title="", columns=tuple(columns), rows=rows))
    matching = humanize.count(listing.matching, "entry matches", "entries match")
    if listing.matching_capped:
        matching = f"More than {matching}"
    shown = len(listing.entries)
    text = f"{matching}." if shown == listing.matching else f"{matching}, {shown} shown."
    return (*blocks, Line(text=text))


def lines(listing: "Listing", columns: Sequence[str] = ()) -> Iterator[str]:
    """One line per entry, its cells separated by tabs; a missing value is an empty cell.

    Without `columns` the order is stable: key, status, provider, size in bytes, width, height, time of
    fetching (ISO 8601, UTC), file, domain, name, outcome of the last attempt, time of the next one, reason.
    """
    for entry in listing.entries:
        cells = {
            "key": entry.key,
            "status": entry.status.value,
            "provider": entry.provider,
            "size": entry.size_bytes,
            "width": entry.width,
            "height": entry.height,
            "pixels": _pixels(entry),
            "fetched": _iso(entry.fetched_at),
            "file": entry.file,
            "domain": entry.domain,
            "name": entry.name,
            "category": entry.category,
            "licence": entry.licence,
            "outcome": entry.last_outcome,
            "next": _iso(entry.next_attempt_at),
            "reason": entry.last_error,
        }
        shown = (cells[name] for name in columns or PIPED)
        yield "\t".join("" if cell is None else humanize.clean(str(cell)) for cell in shown)


def _iso(moment: datetime | None) -> str | None:
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ") if moment else None


def _pixels(entry: "Entry") -> str:
    return f"{entry.width}×{entry.height}" if entry.width is not None else ""


def keys(listing: "Listing") -> Iterator[str]:
    return (humanize.clean(entry.key) for entry in listing.entries)


def _row(entry: "Entry", now: datetime) -> tuple[str, ...]:
    from logocache.cli.views import OUTCOMES

    marks = [entry.status.value, *(["stale"] if entry.stale else []), *(["pinned"] if entry.pinned else [])]
    return (
        entry.key,
        ", ".join(marks),
        entry.provider or "",
        size(entry.size_bytes) if entry.size_bytes is not None else "",
        _pixels(entry),
        humanize.age(entry.fetched_at, now=now),
        entry.file or "",
        entry.domain,
        entry.name,
        entry.category,
        entry.licence or "",
        OUTCOMES[entry.last_outcome] if entry.last_outcome else "",
        humanize.until(entry.next_attempt_at, now=now) if entry.next_attempt_at else "now",
        entry.last_error or "",
    )
