"""The declaration of the command line: its commands and its global options."""

from pathlib import Path
from typing import Annotated

import typer

from logocache.cli import commands, terminal
from logocache.cli.clear import FOOT as CLEAR_FOOT
from logocache.cli.clear import clear
from logocache.cli.exits import ExitCode
from logocache.cli.options import foot
from logocache.cli.serve import FOOT as SERVE_FOOT
from logocache.cli.serve import serve
from logocache.cli.session import GlobalOptions, Session
from logocache.errors import SelectionError
from logocache.version import __version__

app = typer.Typer(
    name=terminal.PROGRAM,
    # Rich would double the time that --help takes.
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog=foot(
        "logocache init                            fetch every logo of the catalogue",
        "logocache stats                           look at the result",
        "logocache --cache-dir ./logos init        somewhere else",
        "logocache list --filter stale             global options may stand behind a command, too",
        exit_codes="0 fine; 1 ran, and something is wrong; 2 usage or configuration; 3 could not run",
    ),
)

app.command("init", epilog=commands.INIT_FOOT)(commands.init)
app.command("refresh", epilog=commands.REFRESH_FOOT)(commands.refresh)
app.command("stats", epilog=commands.STATS_FOOT)(commands.stats)
app.command("list", epilog=commands.LIST_FOOT)(commands.list_entries)
app.command("clear", epilog=CLEAR_FOOT)(clear)
app.command("verify", epilog=commands.VERIFY_FOOT)(commands.verify)
app.command("serve", epilog=SERVE_FOOT)(serve)


def show_version(wanted: bool) -> None:  # noqa: FBT001  # Typer calls it with the option's value
    if wanted:
        terminal.out(f"{terminal.PROGRAM} {__version__}\n")
        raise typer.Exit


@app.callback(invoke_without_command=True)
def begin(
    context: typer.Context,
    *,
    config: Annotated[
        Path | None,
        typer.Option(
            "--config", metavar="FILE", help="TOML file with settings. Default: $LOGO_CACHE_CONFIG."
        ),
    ] = None,
    cache_dir: Annotated[
        Path | None,
        typer.Option("--cache-dir", metavar="DIR", help="Where the logos are. Default: $LOGO_CACHE_DIR."),
    ] = None,
    database_url: Annotated[
        str | None,
        typer.Option(
            "--database-url",
            metavar="URL",
            help="sqlite:///… or postgresql://…. Default: $LOGO_CACHE_DATABASE_URL, which does not show a "
            "password to everyone who may list processes, as this option does.",
        ),
    ] = None,
    verbose: Annotated[
        int,
        typer.Option(
            "--verbose",
            "-v",
            count=True,
            show_default=False,
            help="Log more: -v information, -vv everything.",
        ),
    ] = 0,
    quiet: Annotated[
        bool, typer.Option("--quiet", "-q", help="No progress, no notices, errors only; data still comes.")
    ] = False,
    version: Annotated[  # noqa: ARG001  # its callback has answered by now
        bool,
        typer.Option("--version", callback=show_version, is_eager=True, help="Show the version and exit."),
    ] = False,
) -> None:
    """Keep logos of companies and integrations: fetched once, checked, kept fresh, never lost.

    Data goes to standard output, everything else to standard error. Settings come from options,
    the environment and a file: docs/configuration.md.
    """
    if quiet and verbose:
        raise SelectionError("--quiet and --verbose contradict each other", hint="leave one of them out")
    session: Session = context.obj
    session.options = GlobalOptions(
        config=config, cache_dir=cache_dir, database_url=database_url, verbosity=verbose, quiet=quiet
    )
    if context.invoked_subcommand is None:
        terminal.note(context.get_help() + "\n")
        raise typer.Exit(ExitCode.USAGE)
