from pathlib import Path
from typing import Annotated

import typer

from logocache.cli.options import foot
from logocache.cli.session import Session
from logocache.cli.terminal import EndingSignal, ExitCode
from logocache.errors import SelectionError

FOOT = foot(
    "logocache serve                                   on http://127.0.0.1:8080",
    "logocache serve --host 0.0.0.0 --port 80          for other machines, too; :: for IPv6 as well",
    "logocache serve --unix-socket /run/logocache.sock",
    "logocache serve --root-path /logos                behind a proxy that shows it there",
    exit_codes="0 ended by Ctrl-C or SIGTERM; 2 usage; 3 could not run",
)


def serve(
    context: typer.Context,
    *,
    host: Annotated[
        str | None,
        typer.Option(
            "--host", metavar="ADDRESS", help="Where to listen. Default: $LOGO_CACHE_SERVE_HOST, 127.0.0.1."
        ),
    ] = None,
    port: Annotated[
        int | None,
        typer.Option(
            "--port",
            min=0,
            max=65535,
            metavar="PORT",
            help="On which port; 0: any free one. Default: $LOGO_CACHE_SERVE_PORT, 8080.",
        ),
    ] = None,
    workers: Annotated[
        int | None,
        typer.Option(
            "--workers",
            min=1,
            max=64,
            metavar="N",
            help="Processes that answer. Default: $LOGO_CACHE_SERVE_WORKERS, 1.",
        ),
    ] = None,
    unix_socket: Annotated[
        Path | None,
        typer.Option(
            "--unix-socket",
            metavar="FILE",
            help="Listen on this unix socket, and on no port. Default: $LOGO_CACHE_SERVE_UNIX_SOCKET.",
        ),
    ] = None,
    root_path: Annotated[
        str | None,
        typer.Option(
            "--root-path",
            metavar="PATH",
            help="The path under which a proxy shows the server. Default: $LOGO_CACHE_ROOT_PATH.",
        ),
    ] = None,
    access_log: Annotated[
        bool | None,
        typer.Option(
            "--access-log/--no-access-log",
            help="Log each request on standard error. Default: $LOGO_CACHE_ACCESS_LOG; "
            "else yes, unless that is a terminal.",
            show_default=False,
        ),
    ] = None,
) -> ExitCode:
    """Serve logos, health and statistics over HTTP.

    Needs a cache that `logocache init` has made. Ctrl-C or SIGTERM lets requests finish for
    LOGO_CACHE_SHUTDOWN_SECONDS (4); a second Ctrl-C does not wait. SIGHUP replaces several workers one
    after the other, and ends a single one.
    """
    over_tcp = host is not None or port is not None
    if over_tcp and unix_socket is not None:
        raise SelectionError(
            "--unix-socket goes with neither --host nor --port", hint="leave one of them out"
        )
    options = {
        "serve_host": host,
        "serve_port": port,
        "serve_workers": workers,
        "serve_unix_socket": unix_socket,
        "root_path": root_path,
        "access_log": access_log,
    }
    given: dict[str, object] = {name: value for name, value in options.items() if value is not None}
    if over_tcp:
        given["serve_unix_socket"] = None  # one from the environment would take precedence
    session: Session = context.obj
    try:
        session.serve(given)
    except (KeyboardInterrupt, EndingSignal):
        # The signal came before the server handled signals itself; ending on request is a success.
        session.notice("ended before it served")
    return ExitCode.FINE
