"""The commands `icons list`, `icons add` and `icons remove`."""

from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import typer

from logocache import humanize
from logocache.cli import options
from logocache.cli.options import AsJson, Command, foot
from logocache.cli.output import Blocks, Column, Grid, Line, Tone
from logocache.cli.session import Session
from logocache.cli.terminal import ExitCode

if TYPE_CHECKING:
    from logocache.results import IconSet, IconSets

EXIT_CODES = "0 done; 2 usage, or no such set; 3 could not run, or fetch it"
FOOT = foot(
    "logocache icons list",
    "logocache icons add devicon                        fetch a set, or its newest version",
    "logocache icons add ./icons.json                   copy it from a file, or an npm package's folder",
    "logocache icons remove devicon",
    exit_codes=EXIT_CODES,
)
LIST_FOOT = foot("logocache icons list", "logocache icons list --json", exit_codes="0 done; 2 usage")
ADD_FOOT = foot(
    "logocache icons add devicon                from LOGO_CACHE_ICONIFY_URL",
    "logocache icons add ./icons.json           from a file in Iconify's format",
    "logocache icons add ./package              from the folder of an npm package",
    exit_codes=EXIT_CODES,
)
REMOVE_FOOT = foot("logocache icons remove logos", exit_codes="0 done; 2 no such set; 3 could not run")

app = typer.Typer(rich_markup_mode=None, no_args_is_help=False)


@app.callback()
def icons() -> None:
    """Keep icon sets: list, add or remove them.

    They are sets of icons in Iconify's format, which the provider `iconsets` takes logos in colour from.
    Those of LOGO_CACHE_ICONIFY_SETS are fetched by themselves, and looked at again every 30 days.
    """


@app.command("list", cls=Command, epilog=LIST_FOOT)
def list_sets(context: typer.Context, *, as_json: AsJson = False) -> ExitCode:
    """Show the icon sets that are kept, or that a setting names.

    With their icons, version, licence, age, and where they are from; and why one is missing.
    """
    session: Session = context.obj
    with session.open() as cache:
        session.show(cache.icon_sets(), as_json=as_json)
    return ExitCode.FINE


@app.command("add", cls=Command, epilog=ADD_FOOT)
def add(
    context: typer.Context,
    source: Annotated[
        str,
        typer.Argument(metavar="SET|FILE|FOLDER", help="A set's name, or where it is.", show_default=False),
    ],
    *,
    as_json: AsJson = False,
) -> ExitCode:
    """Keep an icon set, fetched by its name, or copied from a file or an npm package's folder.

    A set that is kept already is fetched anew. One that was fetched is looked at again every 30 days,
    one from a file never.
    """
    session: Session = context.obj
    with session.open() as cache:
        session.show(cache.add_icon_set(source), as_json=as_json)
    session.notice("`logocache refresh` fetches the logos that it adds")
    return ExitCode.FINE


@app.command("remove", cls=Command, epilog=REMOVE_FOOT)
def remove(
    context: typer.Context,
    name: Annotated[
        str,
        typer.Argument(metavar="SET", help="Its name.", autocompletion=options.icon_sets, show_default=False),
    ],
    *,
    as_json: AsJson = False,
) -> ExitCode:
    """Delete an icon set, and do not fetch it any more, even if LOGO_CACHE_ICONIFY_SETS names it.

    `logocache icons add` brings it back.
    """
    session: Session = context.obj
    with session.open() as cache:
        session.show(cache.remove_icon_set(name), as_json=as_json)
    session.notice("logos that it gave stay until a source has others")
    return ExitCode.FINE


ICON_SET_COLUMNS = (
    Column(title="Set", least=12),
    Column(title="Status"),
    Column(title="Icons", number=True),
    Column(title="Version", drop=2, least=8),
    Column(title="Licence", drop=1, least=8),
    Column(title="Checked"),
    Column(title="From", drop=3, least=12),
)


def icon_sets_view(report: "IconSets", *, now: datetime) -> Blocks:
    """A table of the sets, then the problems of those that could not be had."""
    if not report.sets:
        return (Line(text="No icon set is kept, and no setting names one."),)
    rows = tuple(_icon_set_row(icons, now) for icons in report.sets)
    problems = (
        Line(text=f"{icons.name}: {icons.problem}{_next_attempt(icons, now)}", tone=Tone.WARNING)
        for icons in report.sets
        if icons.problem is not None
    )
    return (Grid(title="", columns=ICON_SET_COLUMNS, rows=rows), *problems)


def _icon_set_row(icons: "IconSet", now: datetime) -> tuple[str, ...]:
    checked = humanize.age(icons.checked_at, now=now)
    count = str(icons.icons) if icons.icons else ""
    cells = (icons.name, icons.status.value, count, icons.version, icons.licence, checked, icons.source)
    return tuple(cell or "" for cell in cells)


def _next_attempt(icons: "IconSet", now: datetime) -> str:
    if icons.next_check_at is None:
        return ""
    return f"; next attempt {humanize.until(icons.next_check_at, now=now)}"
