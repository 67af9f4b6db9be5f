from typing import Annotated

import typer

from logocache.cli import completion
from logocache.cli.exits import ExitCode
from logocache.cli.options import MOST_ENTRIES, AsJson, Keys, foot
from logocache.cli.session import Session

FOOT = foot(
    "logocache list --filter status=placeholder",
    "logocache list --filter provider=site --filter stale --sort age",
    "logocache list --sort size --limit 10",
    "logocache list -q --filter failing | xargs -r logocache refresh",
    exit_codes="0 done; 2 usage; 3 could not run",
)


def list_entries(
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
            autocompletion=completion.filters,
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
            autocompletion=completion.sort_keys,
        ),
    ] = "key",
    reverse: Annotated[bool, typer.Option("--reverse", help="The other way round.")] = False,
    limit: Annotated[
        int | None,
        typer.Option(
            "--limit", min=1, max=MOST_ENTRIES, metavar="N", help="Show at most N entries. Default: all."
        ),
    ] = None,
    keys_only: Annotated[bool, typer.Option("-q", "--keys-only", help="Keys only, a line each.")] = False,
    as_json: AsJson = False,
) -> ExitCode:
    """Show the entries of the cache.

    In a pipe each entry is a line of cells separated by tabs: key, status, provider, bytes, width,
    height, time of fetching, file, domain, name.
    """
    from logocache.model import SortKey
    from logocache.selection import ListQuery, choice, parse_filters

    query = ListQuery(
        keys=tuple(keys or ()), sort=choice(SortKey, sort, "field to sort by"), reverse=reverse, limit=limit
    )
    query = parse_filters(filters or (), query)
    session: Session = context.obj
    with session.open() as cache:
        listing = cache.list(query)
    if keys_only and not as_json:
        session.show_keys(listing)
    else:
        session.show(listing, as_json=as_json)
    return ExitCode.FINE
