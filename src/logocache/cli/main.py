"""One run of the program, from its arguments and signals to its exit code."""

import os
import traceback
from collections.abc import Sequence

import typer
from typer.main import get_command

from logocache.cli import exits, terminal
from logocache.cli.app import app
from logocache.cli.exits import ExitCode
from logocache.cli.options import globals_first
from logocache.cli.session import Opener, Serve, Session, open_real, serve_real
from logocache.errors import LogoCacheError, raise_if_exhausted
from logocache.humanize import clean

COMPLETION_VARIABLE = "_LOGOCACHE_COMPLETE"
"""Set by the shell when it asks for completions."""

SHOW_TRACEBACK = 2
"""The verbosity from which errors are shown with their traceback."""


def run(arguments: Sequence[str], *, opener: Opener = open_real, server: Serve = serve_real) -> int:
    """Run the command in `arguments` and return its exit code. An error is one line on standard error."""
    session = Session(opener=opener, server=server)
    try:
        with exits.raised_as_exits():
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
    except exits.EndingSignal as ending:
        terminal.echo(f"ended by {ending.name}")
        return ending.exit_code
    except typer.TyperException as error:
        terminal.error(f"{error.format_message().rstrip('.')}: try '{_help_for(error)}'")
        return ExitCode.USAGE
    except LogoCacheError as error:
        terminal.error(str(error))
        _show_traceback(error, session)
        return exits.of_error(error)
    except Exception as error:  # noqa: BLE001  # the last resort: bugs, too, are reported in one line
        return _bug(error, session)


def _bug(error: Exception, session: Session) -> int:
    what = f"unexpected {type(error).__name__}: {error}"
    terminal.error(f"{what}: this is a bug, run again with -vv for its traceback and report it")
    _show_traceback(error, session)
    return exits.of_error(error)


def _dispatch(arguments: Sequence[str], session: Session) -> int:
    command = get_command(app)
    if COMPLETION_VARIABLE in os.environ:
        command.main(args=list(arguments), prog_name=terminal.PROGRAM, obj=session)
    # Not `command.main`, which turns Ctrl-C and broken pipes into exit codes of its own.
    try:
        with command.make_context(terminal.PROGRAM, globals_first(arguments), obj=session) as context:
            code: ExitCode = command.invoke(context)
            return code
    except typer.Exit as end:
        return end.exit_code


def _help_for(error: typer.TyperException) -> str:
    """The help command for a usage error: that of the subcommand it arose in, if known."""
    context = getattr(error, "ctx", None)
    return f"{context.command_path if context else terminal.PROGRAM} --help"


def _show_traceback(error: Exception, session: Session) -> None:
    if session.options.verbosity >= SHOW_TRACEBACK:
        lines = "".join(traceback.format_exception(error)).splitlines()
        terminal.note("".join(f"{clean(line)}\n" for line in lines))
