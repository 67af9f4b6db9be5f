import typer

from logocache.cli.exits import ExitCode
from logocache.cli.options import AsJson, foot
from logocache.cli.session import Session

FOOT = foot(
    "logocache stats",
    "logocache stats --json | jq .size_bytes",
    exit_codes="0 done; 2 usage; 3 could not run",
)


def stats(context: typer.Context, *, as_json: AsJson = False) -> ExitCode:
    """Show what the cache holds and how it fares.

    Entries by status, provider and category; size against the limit; stale and failing logos; hits
    and misses; the largest files; the disk. MB are 10^6 bytes.
    """
    session: Session = context.obj
    with session.open() as cache:
        report = cache.stats()
    session.show(report, as_json=as_json)
    return ExitCode.FINE
