"""The command line: commands and global options, and one run from its arguments to its exit code."""

import io
import os
import re
import traceback
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, redirect_stdout
from pathlib import Path
from typing import Annotated

import typer
from typer.main import get_command

from logocache import __version__
from logocache.cli import commands, icon_commands, options, terminal
from logocache.cli.clear import FOOT as CLEAR_FOOT
from logocache.cli.clear import clear
from logocache.cli.listing import FOOT as LIST_FOOT
from logocache.cli.listing import list_entries
from logocache.cli.options import Command, Group, foot
from logocache.cli.serve import FOOT as SERVE_FOOT
from logocache.cli.serve import serve
from logocache.cli.session import GlobalOptions, Opener, Serve, Session, open_real, serve_real
from logocache.cli.terminal import ExitCode
from logocache.errors import LogoCacheError, SelectionError, raise_if_exhausted
from logocache.humanize import clean

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

app.command("init", cls=Command, epilog=commands.INIT_FOOT)(commands.init)
app.command("refresh", cls=Command, epilog=commands.REFRESH_FOOT)(commands.refresh)
app.command("stats", cls=Command, epilog=commands.STATS_FOOT)(commands.stats)
app.command("list", cls=Command, epilog=LIST_FOOT)(list_entries)
app.command("get", cls=Command, epilog=commands.GET_FOOT)(commands.get)
app.command("clear", cls=Command, epilog=CLEAR_FOOT)(clear)
app.command("verify", cls=Command, epilog=commands.VERIFY_FOOT)(commands.verify)
app.add_typer(icon_commands.app, name="icons", cls=Group, epilog=icon_commands.FOOT)
app.command("serve", cls=Command, epilog=SERVE_FOOT)(serve)


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
        bool,
        typer.Option(
            "--quiet",
            "-q",
            help="Nothing on success, errors only; JSON still comes.",
        ),
    ] = False,
    color: Annotated[
        str,
        typer.Option(
            "--color",
            metavar="WHEN",
            help="auto: on a terminal, unless $NO_COLOR is set; always: in a pipe, too; or never.",
            autocompletion=options.colors,
        ),
    ] = "auto",
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
        config=config,
        cache_dir=cache_dir,
        database_url=database_url,
        verbosity=verbose,
        quiet=quiet,
        color=options.color_of(color),
    )
    if context.invoked_subcommand is None:
        terminal.note(context.get_help() + "\n")
        raise typer.Exit(ExitCode.USAGE)


COMPLETION_VARIABLE = "_LOGOCACHE_COMPLETE"
"""Set by the shell when it asks for completions."""

SHOW_TRACEBACK = 2
"""The verbosity from which errors are shown with their traceback."""


def run(arguments: Sequence[str], *, opener: Opener = open_real, server: Serve = serve_real) -> int:
    """Run the command in `arguments` and return its exit code. An error is one line on standard error."""
    session = Session(opener=opener, server=server)
    try:
        with terminal.raised_as_exits():
            try:
                return _dispatch(arguments, session)
            except Exception as error:
                raise_if_exhausted(error)  # it may come from anywhere, such as the thread of a progress bar
                raise
    except BrokenPipeError:
        # The reader of the output has gone, which is no error. Other broken pipes cannot arrive here:
        # the core translates its own.
        terminal.abandon_broken_streams()
        return ExitCode.READER_GONE
    except KeyboardInterrupt:
        terminal.echo("interrupted")
        return ExitCode.INTERRUPTED
    except terminal.EndingSignal as ending:
        terminal.echo(f"ended by {ending.name}")
        return ending.exit_code
    except typer.TyperException as error:
        terminal.error(f"{error.format_message().rstrip('.')}: try '{_help_for(error)}'")
        return ExitCode.USAGE
    except LogoCacheError as error:
        terminal.error(str(error))
        _show_traceback(error, session)
        return terminal.of_error(error)
    except Exception as error:  # noqa: BLE001  # the last resort: bugs, too, are reported in one line
        return _bug(error, session)


def _bug(error: Exception, session: Session) -> int:
    what = f"unexpected {type(error).__name__}: {error}"
    terminal.error(f"{what}: this is a bug, run again with -vv for its traceback and report it")
    _show_traceback(error, session)
    return terminal.of_error(error)


def _dispatch(arguments: Sequence[str], session: Session) -> int:
    command = get_command(app)
    if COMPLETION_VARIABLE in os.environ:
        with _completing():
            command.main(args=list(arguments), prog_name=terminal.PROGRAM, obj=session)
    # Not `command.main`, which turns Ctrl-C and broken pipes into exit codes of its own.
    try:
        with command.make_context(terminal.PROGRAM, globals_first(arguments), obj=session) as context:
            code: ExitCode = command.invoke(context)
            return code
    except typer.Exit as end:
        return end.exit_code


@contextmanager
def _completing() -> Iterator[None]:
    """Let bash, too, complete what comes after `=`, where it breaks words and expects the rest alone."""
    if os.environ[COMPLETION_VARIABLE] != "complete_bash":
        yield
        return
    typed = os.environ.get("COMP_WORDS", "")
    # Typer's script joins the words by line breaks.
    words = typed.split("\n") if "\n" in typed else typed.split(" ")
    (program, *given, last), before = options.whole_words(words, int(os.environ.get("COMP_CWORD", "1")))
    words = [program, *globals_first(given), last]
    os.environ |= {"COMP_WORDS": "\n".join(words), "COMP_CWORD": str(len(words) - 1)}
    offered = io.StringIO()
    try:
        with redirect_stdout(offered):
            yield
    finally:
        terminal.out(
            "".join(line.removeprefix(before) for line in offered.getvalue().splitlines(keepends=True))
        )


def _help_for(error: typer.TyperException) -> str:
    """The help command for a usage error: that of the subcommand it arose in, if known."""
    context = getattr(error, "ctx", None)
    return f"{context.command_path if context else terminal.PROGRAM} --help"


def _show_traceback(error: Exception, session: Session) -> None:
    if session.options.verbosity >= SHOW_TRACEBACK:
        lines = "".join(traceback.format_exception(error)).splitlines()
        terminal.note("".join(f"{clean(line)}\n" for line in lines))


VALUED = ("--config", "--cache-dir", "--database-url", "--color")
FLAGS = ("--verbose", "--quiet")
LETTERS = "vq"
"""Global options of one letter; none has a value."""
BUNDLE = re.compile(r"-([A-Za-np-z]+)(o.*)?", re.DOTALL)
"""Options of one letter in one word, such as `-yq`; the value of `-o` may follow it."""


def globals_first(arguments: Sequence[str]) -> list[str]:
    """Return the arguments with global options moved to the front, where the parser expects them.

    Everything after `--` stays in place. If a global option has no value, everything but the global
    options is dropped, so that the parser reports that error and does not take the command as the value.
    Those of one letter are taken out of a bundle: `-yq` is `-q` and `-y`.
    """
    moved: list[str] = []
    rest: list[str] = []
    waiting = iter(arguments)
    for argument in waiting:
        if argument == "--":
            rest += [argument, *waiting]
        elif argument in FLAGS or argument.startswith(tuple(f"{option}=" for option in VALUED)):
            moved.append(argument)
        elif argument in VALUED:
            value = next(waiting, None)
            if value is None:
                return [*moved, argument]
            moved.append(f"{argument}={value}")
        elif bundle := BUNDLE.fullmatch(argument):
            letters, last = bundle[1], bundle[2] or ""
            moved += [f"-{letter}" for letter in letters if letter in LETTERS]
            others = "".join(letter for letter in letters if letter not in LETTERS) + last
            rest += [f"-{others}"] if others else []
        else:
            rest.append(argument)
    return [*moved, *rest]
