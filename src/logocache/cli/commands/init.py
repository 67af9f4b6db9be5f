from typing import Annotated

import typer

from logocache.cli import exits
from logocache.cli.exits import ExitCode
from logocache.cli.options import AsJson, Keys, Strict, foot
from logocache.cli.session import Session

FOOT = foot(
    "logocache init                          everything that is due",
    "logocache init shopify stripe           only these",
    "logocache init --offline                from installed icon sets alone",
    "logocache --cache-dir logos init        into ./logos",
    "logocache init --adopt                  a new or another directory, for this database",
    exit_codes="0 done; 1 with --strict: a logo is missing; 2 usage; 3 could not run",
)


def init(
    context: typer.Context,
    keys: Keys = None,
    *,
    force_refresh: Annotated[
        bool, typer.Option("--force-refresh", help="Fetch logos that are not due, too.")
    ] = False,
    offline: Annotated[
        bool, typer.Option("--offline", help="Ask no network: icon sets and your own files only.")
    ] = False,
    adopt: Annotated[
        bool,
        typer.Option(
            "--adopt",
            help="Take this directory for the cache, though it is not the one of this database: files that "
            "are missing are fetched again, and no entry loses what is known of it.",
        ),
    ] = False,
    strict: Strict = False,
    as_json: AsJson = False,
) -> ExitCode:
    """Make the cache ready and fetch every logo that is due.

    Creates the directory and the database, brings the database's schema up to date, registers the
    catalogue and fetches. Run again, it fetches only what has become due since. A logo that cannot
    be had becomes a monogram and is tried again later.
    """
    session: Session = context.obj
    with session.open(offline=offline) as cache, session.progress("fetched") as progress:
        report = cache.init(keys or (), force=force_refresh, adopt=adopt, progress=progress)
    session.show(report, as_json=as_json)
    return exits.of_fetch(report, strict=strict)
