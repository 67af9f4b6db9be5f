"""The command `clear`, and the views of its plan and report."""

from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import typer

from logocache import humanize
from logocache.cli import options, output, terminal
from logocache.cli.options import AsJson, Columns, Wide, foot
from logocache.cli.output import MOST, Block, Blocks, Column, Grid, Line, Tone
from logocache.cli.session import Session
from logocache.cli.terminal import ExitCode
from logocache.errors import SelectionError
from logocache.humanize import size

if TYPE_CHECKING:
    from logocache.results import ClearedLogo, ClearPlan, ClearReport, OrphanFile


FOOT = foot(
    "logocache clear --older-than 30 --dry-run      what is older than 30 days",
    "logocache clear --provider google --yes        without a question",
    "logocache clear --status placeholder --yes",
    "logocache clear shopify stripe                 these two, even when pinned",
    "logocache clear --orphans --yes                files that no entry names",
    exit_codes="0 done, or declined; 2 usage, or a question without a terminal; 3 could not run",
)

Named = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="KEY",
        help="Keys, aliases or domains of logos. Pinned ones are cleared only when named.",
        autocompletion=options.keys,
        show_default=False,
    ),
]


def clear(  # noqa: PLR0913  # one for each option
    context: typer.Context,
    keys: Named = None,
    *,
    older_than: Annotated[
        str | None,
        typer.Option("--older-than", metavar="AGE", help="Fetched so long ago: 30 (days), 12h, 30d or 4w."),
    ] = None,
    providers: Annotated[
        list[str] | None,
        typer.Option(
            "--provider",
            metavar="NAME",
            help="From this provider. May be repeated.",
            autocompletion=options.providers,
            show_default=False,
        ),
    ] = None,
    statuses: Annotated[
        list[str] | None,
        typer.Option(
            "--status",
            metavar="STATUS",
            help="cached, placeholder or pending. May be repeated.",
            autocompletion=options.statuses,
            show_default=False,
        ),
    ] = None,
    orphans: Annotated[
        bool, typer.Option("--orphans", help="Files of ours that no entry names, too.")
    ] = False,
    everything: Annotated[bool, typer.Option("--all", help="All logos that are not pinned.")] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Show what would go, and change nothing.")
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask. Needed without a terminal.")] = False,
    wide: Wide = False,
    columns: Columns = None,
    as_json: AsJson = False,
) -> ExitCode:
    """Clear logos: show what goes and what it frees, ask, act.

    Conditions must all hold. An entry of the catalogue stays known, and its logo is fetched again
    by the next init or refresh.
    """
    from logocache.humanize import parse_duration
    from logocache.model import Status
    from logocache.queries import ClearSelection, choice

    options.check_providers(providers or ())
    selection = ClearSelection(
        keys=tuple(keys or ()),
        older_than=parse_duration(older_than) if older_than is not None else None,
        providers=tuple(providers or ()),
        statuses=tuple(choice(Status, status, "status") for status in statuses or ()),
        orphans=orphans,
        everything=everything,
    ).checked()
    look = output.look_of(columns, COLUMNS, wide=wide)
    asks = not yes and not dry_run
    if asks and not terminal.can_ask():
        raise SelectionError(
            "clear asks before it acts, and there is no terminal to ask on",
            hint="add --yes, or --dry-run to see what would go",
        )
    session: Session = context.obj
    with session.open() as cache:
        plan = cache.plan_clear(selection)
        if not as_json:
            session.show(plan, as_json=False, look=look, code=ExitCode.PROBLEMS if asks else ExitCode.FINE)
        elif asks:
            output.show_aside(plan, look, color=session.options.color)
        report = plan.report(dry_run=dry_run)
        if not dry_run and (yes or plan.is_empty or terminal.ask(question(plan))):
            report = cache.clear(plan)
    session.show(report, as_json=as_json)
    return ExitCode.FINE


COLUMNS = (
    Column(title="Key", least=12),
    Column(title="Status", drop=1),
    Column(title="Provider", drop=2),
    Column(title="Fetched"),
    Column(title="Size", number=True),
    Column(title="File", drop=3, least=16),
)


def plan_view(plan: "ClearPlan", *, now: datetime) -> Blocks:
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


def clear_summary(report: "ClearReport") -> Blocks:
    """What was cleared, or would be; then entries being fetched, and foreign and pinned ones that stay."""
    amount = amount_of(report.logos, report.orphans)
    freed = size(report.freed_bytes)
    if report.dry_run:
        line = Line(text=f"Would clear {amount} and free {freed}; nothing was changed.")
    else:
        line = Line(text=f"Cleared {amount} and freed {freed}.", tone=Tone.GOOD)
    return (line, *_fetching(report), *_strangers(report.strangers), *_pinned(report.pinned_kept))


def question(plan: "ClearPlan") -> str:
    return f"Clear {amount_of(plan.logos, plan.orphans)} and free {size(plan.freed_bytes)}?"


def amount_of(logos: "tuple[ClearedLogo, ...]", orphans: "tuple[OrphanFile, ...]") -> str:
    parts = [
        *([humanize.count(len(logos), "logo")] if logos else []),
        *([humanize.count(len(orphans), "orphan file")] if orphans else []),
    ]
    return " and ".join(parts) or "nothing"


def _row(logo: "ClearedLogo", now: datetime) -> tuple[str, ...]:
    return (
        logo.key,
        logo.status.value,
        logo.provider or "",
        humanize.age(logo.fetched_at, now=now),
        size(logo.size_bytes),
        logo.file,
    )


def _orphans(orphans: "tuple[OrphanFile, ...]") -> Grid:
    return Grid(
        title="Files that no entry names",
        columns=(Column(title="File", least=16), Column(title="Size", number=True)),
        rows=tuple((orphan.file, size(orphan.size_bytes)) for orphan in orphans),
        most=MOST,
    )


def _pinned(kept: int) -> Blocks:
    if not kept:
        return ()
    text = f"{humanize.count(kept, 'pinned entry stays', 'pinned entries stay')}: name them to clear them."
    return (Line(text=text, tone=Tone.WARNING),)


def _fetching(report: "ClearReport") -> Blocks:
    if not report.fetching:
        return ()
    keys = ", ".join(report.fetching)
    tense = "would not be" if report.dry_run else "is not"
    return (Line(text=f"What is being fetched now {tense} stored: {keys}"),)


def _strangers(strangers: "tuple[OrphanFile, ...]") -> Blocks:
    if not strangers:
        return ()
    names = ", ".join(stranger.file for stranger in strangers[:MOST])
    more = f" and {len(strangers) - MOST} more" if len(strangers) > MOST else ""
    stay = humanize.count(len(strangers), "file is not ours and stays", "files are not ours and stay")
    text = f"{stay} (`logocache verify --repair` puts such files aside): {names}{more}"
    return (Line(text=text, tone=Tone.WARNING),)
