from typing import Annotated

import typer

from logocache.cli import completion, exits
from logocache.cli.exits import ExitCode
from logocache.cli.options import AsJson, foot
from logocache.cli.session import Session

FOOT = foot(
    "logocache verify",
    "logocache verify --repair                       mend what is broken",
    "logocache verify --fail-on warning              warnings count, too",
    "logocache verify --fail-on orphan,wrong_digest  only these count",
    exit_codes="0 all is well; 1 something counts as failure; 2 usage; 3 could not run, or look at a file",
)


def verify(
    context: typer.Context,
    *,
    repair: Annotated[
        bool,
        typer.Option("--repair", help="Fetch again what is broken; put damaged and strange files aside."),
    ] = False,
    fail_on: Annotated[
        str,
        typer.Option(
            "--fail-on",
            metavar="WHAT",
            help="What exits with 1: error, warning (errors too), never, or kinds separated by commas "
            "(docs/commands.md lists them).",
            autocompletion=completion.failures,
        ),
    ] = "error",
    as_json: AsJson = False,
) -> ExitCode:
    """Check every file against its entry.

    Existence, size, digest, decoding and dimensions; files that no entry names; what a crash left
    behind; permissions, size limit and disk. Reports only, unless --repair is given.
    """
    from logocache.selection import parse_fail_on

    counting = parse_fail_on(fail_on)
    session: Session = context.obj
    with session.open() as cache, session.progress("checked") as progress:
        report = cache.verify(repair=repair, fail_on=counting, progress=progress)
    session.show(report, as_json=as_json)
    unseen = exits.of_verify(report) is ExitCode.COULD_NOT_RUN
    if unseen:
        session.notice("what could not be looked at is left alone: check disk and memory, then verify again")
    elif not report.ok and not repair:
        session.notice("`logocache verify --repair` mends what can be mended")
    return exits.of_verify(report)
