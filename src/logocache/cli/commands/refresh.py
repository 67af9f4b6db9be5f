from typing import Annotated

import typer

from logocache.cli import exits
from logocache.cli.exits import ExitCode
from logocache.cli.options import MOST_ENTRIES, AsJson, Keys, Strict, foot
from logocache.cli.session import Session

FOOT = foot(
    "logocache refresh                       what is stale",
    "logocache refresh --failed              what failed, without waiting for its next attempt",
    "logocache refresh example.com           a domain that is not in the catalogue, too",
    "logocache refresh --limit 20            at most 20, the longest due first",
    exit_codes="0 done; 1 with --strict: a logo is missing; 2 usage; 3 could not run",
)


def refresh(
    context: typer.Context,
    keys: Keys = None,
    *,
    force: Annotated[bool, typer.Option("--force", help="Fetch logos that are not due, too.")] = False,
    failed: Annotated[
        bool, typer.Option("--failed", help="Fetch those whose last attempt failed, due or not.")
    ] = False,
    limit: Annotated[
        int | None,
        typer.Option(
            "--limit", min=1, max=MOST_ENTRIES, metavar="N", help="Fetch at most N logos. Default: all."
        ),
    ] = None,
    strict: Strict = False,
    as_json: AsJson = False,
) -> ExitCode:
    """Fetch what is stale, what failed, or what is named.

    Stale is a logo older than LOGO_REFRESH_INTERVAL_DAYS (7). What is named is fetched whether due
    or not; a domain that the catalogue does not have may be named, and is added. A refresh that
    fails keeps the earlier logo.
    """
    session: Session = context.obj
    with session.open() as cache, session.progress("fetched") as progress:
        report = cache.refresh(keys or (), force=force, failed=failed, limit=limit, progress=progress)
    session.show(report, as_json=as_json)
    return exits.of_fetch(report, strict=strict)
