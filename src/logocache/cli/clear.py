from typing import TYPE_CHECKING, Annotated

import typer

from logocache.cli import options, terminal
from logocache.cli.exits import ExitCode
from logocache.cli.options import AsJson, foot
from logocache.cli.session import Session
from logocache.errors import SelectionError

if TYPE_CHECKING:
    from logocache.results import ClearPlan


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
    as_json: AsJson = False,
) -> ExitCode:
    """Clear logos: show what goes and what it frees, ask, act.

    Conditions must all hold. An entry of the catalogue stays known, and its logo is fetched again
    by the next init or refresh.
    """
    from logocache.humanize import parse_duration
    from logocache.model import Status
    from logocache.queries import ClearSelection, choice

    selection = ClearSelection(
        keys=tuple(keys or ()),
        older_than=parse_duration(older_than) if older_than is not None else None,
        providers=tuple(providers or ()),
        statuses=tuple(choice(Status, status, "status") for status in statuses or ()),
        orphans=orphans,
        everything=everything,
    ).checked()
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
            session.show(plan, as_json=False)
        elif asks:
            session.show_aside(plan)
        report = plan.report(dry_run=dry_run)
        if not dry_run and (yes or plan.is_empty or _agreed(plan)):
            report = cache.clear(plan)
    session.show(report, as_json=as_json)
    return ExitCode.FINE


def _agreed(plan: "ClearPlan") -> bool:
    from logocache.cli import render

    return terminal.ask(render.question(plan))
