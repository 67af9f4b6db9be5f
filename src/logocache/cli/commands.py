"""The commands `init`, `refresh`, `list`, `stats` and `verify`."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from logocache.cli import options, output, terminal
from logocache.cli.options import MOST_ENTRIES, AsJson, Columns, Keys, Strict, Wide, foot
from logocache.cli.session import Session
from logocache.cli.terminal import ExitCode
from logocache.errors import SelectionError

if TYPE_CHECKING:
    from logocache.results import FetchReport

INIT_FOOT = foot(
    "logocache init                          everything that is due",
    "logocache init shopify stripe           only these",
    "logocache init --offline                from installed icon sets alone",
    "logocache --cache-dir logos init        into ./logos",
    "logocache init --adopt                  a new or another directory, for this database",
    exit_codes="0 done; 1 with --strict: a logo is missing; 2 usage; 3 could not run",
)


def init(  # noqa: PLR0913  # one for each option
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
    wide: Wide = False,
    columns: Columns = None,
    as_json: AsJson = False,
) -> ExitCode:
    """Make the cache ready and fetch every logo that is due.

    Creates the directory and the database, brings the database's schema up to date, registers the
    catalogue and fetches. Run again, it fetches only what has become due since. A logo that cannot
    be had becomes a monogram and is tried again later.
    """
    from logocache.cli.views import CHANGE_COLUMNS

    look = output.look_of(columns, CHANGE_COLUMNS, wide=wide)
    session: Session = context.obj
    with session.open(offline=offline) as cache, session.progress("fetched") as progress:
        report = cache.init(keys or (), force=force_refresh, adopt=adopt, progress=progress)
    code = _exit_code_of(report, strict=strict)
    session.show(report, as_json=as_json, look=look, code=code)
    return code


REFRESH_FOOT = foot(
    "logocache refresh                       what is stale",
    "logocache refresh --failed              what failed, without waiting for its next attempt",
    "logocache refresh example.com           a domain that is not in the catalogue, too",
    "logocache refresh --limit 20            at most 20, the longest due first",
    exit_codes="0 done; 1 with --strict: a logo is missing; 2 usage; 3 could not run",
)


def refresh(  # noqa: PLR0913  # one for each option
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
    wide: Wide = False,
    columns: Columns = None,
    as_json: AsJson = False,
) -> ExitCode:
    """Fetch what is stale, what failed, or what is named.

    Stale is a logo older than LOGO_REFRESH_INTERVAL_DAYS (7). What is named is fetched whether due
    or not; a domain that the catalogue does not have may be named, and is added. A refresh that
    fails keeps the earlier logo.
    """
    from logocache.cli.views import CHANGE_COLUMNS

    look = output.look_of(columns, CHANGE_COLUMNS, wide=wide)
    session: Session = context.obj
    with session.open() as cache, session.progress("fetched") as progress:
        report = cache.refresh(keys or (), force=force, failed=failed, limit=limit, progress=progress)
    code = _exit_code_of(report, strict=strict)
    session.show(report, as_json=as_json, look=look, code=code)
    return code


STATS_FOOT = foot(
    "logocache stats",
    "logocache stats --full                  every figure",
    "logocache stats --json | jq .size_bytes",
    exit_codes="0 done; 2 usage; 3 could not run",
)


def stats(
    context: typer.Context,
    *,
    full: Annotated[
        bool,
        typer.Option("--full", help="All figures, by status, provider and category, too. The same with -v."),
    ] = False,
    as_json: AsJson = False,
) -> ExitCode:
    """Show what the cache holds and how it fares.

    Entries, real logos and placeholders; stale and failing ones; size against the limit; hit ratio; the
    oldest logo; the disk. MB are 10^6 bytes.
    """
    session: Session = context.obj
    look = output.Look(full=full or session.options.verbosity > 0)
    with session.open() as cache:
        report = cache.stats()
    session.show(report, as_json=as_json, look=look)
    return ExitCode.FINE


GET_FOOT = foot(
    "logocache get shopify -o shopify.png",
    "logocache get stripe.com --size 64 --format webp -o stripe.webp",
    "logocache get slack --shape square --padding 10 --background f5f5f5 -o slack.png",
    exit_codes="0 done; 1 there is no logo; 2 usage; 3 could not run",
)


def get(  # noqa: PLR0913  # one for each option
    context: typer.Context,
    key: Annotated[
        str,
        typer.Argument(metavar="KEY", help="Key, alias or domain of the logo.", autocompletion=options.keys),
    ],
    *,
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", metavar="FILE", help="Write it there. Default: standard output."),
    ] = None,
    size: Annotated[
        int | None,
        typer.Option("--size", metavar="PIXELS", help="Longest side, 16 to 512. Default: as stored."),
    ] = None,
    image_format: Annotated[
        str, typer.Option("--format", metavar="FORMAT", help="png, jpg, webp or svg.")
    ] = "png",
    greyscale: Annotated[bool, typer.Option("--greyscale", help="Without colour.")] = False,
    shape: Annotated[
        str,
        typer.Option(
            "--shape", metavar="SHAPE", help="original, or square: the mark in the middle of a square."
        ),
    ] = "original",
    padding: Annotated[
        int,
        typer.Option("--padding", metavar="PERCENT", help="Space on each side of a square, 0 to 40."),
    ] = 0,
    background: Annotated[
        str,
        typer.Option("--background", metavar="COLOUR", help="transparent, white or six hexadecimal digits."),
    ] = "transparent",
    theme: Annotated[
        str, typer.Option("--theme", metavar="THEME", help="light, or dark: as it is seen on a dark page.")
    ] = "light",
) -> ExitCode:
    """Write one logo to a file.

    As it is stored, or as a variant. Asks no network; the monogram of an entry without a logo counts
    as its logo.
    """
    from logocache.queries import ImageFormat, Shape, Theme, Variant, choice

    variant = Variant(
        size=size,
        format=choice(ImageFormat, image_format, "format"),
        greyscale=greyscale,
        shape=choice(Shape, shape, "shape"),
        padding=padding,
        background=background,
        theme=choice(Theme, theme, "theme"),
    )
    session: Session = context.obj
    if output is None and terminal.out_is_terminal():
        raise SelectionError("an image is nothing for a terminal", hint="use -o FILE, or a pipe")
    with session.open() as cache:
        image = cache.image(key, variant)
    if image is None:
        what = "SVG" if variant.format is ImageFormat.SVG else "logo"
        terminal.error(f"there is no {what} of {key[:60]!r}: run `logocache refresh {key[:60]}`")
        return ExitCode.PROBLEMS
    terminal.deliver(image, output)
    return ExitCode.FINE


VERIFY_FOOT = foot(
    "logocache verify",
    "logocache verify --repair                       repair what is broken",
    "logocache verify --decode                       decode every image, too",
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
    decode: Annotated[
        bool,
        typer.Option("--decode", help="Decode every image, too: finds bad files with the right digest."),
    ] = False,
    fail_on: Annotated[
        str,
        typer.Option(
            "--fail-on",
            metavar="WHAT",
            help="What exits with 1: error, warning (errors too), never, or kinds separated by commas "
            "(docs/commands.md lists them).",
            autocompletion=options.failures,
        ),
    ] = "error",
    as_json: AsJson = False,
) -> ExitCode:
    """Check every file against its entry.

    Existence, size and digest; with --decode the image, too; files that no entry names; what a crash left
    behind; permissions, size limit and disk. Reports only, unless --repair is given.
    """
    from logocache.queries import parse_fail_on

    counting = parse_fail_on(fail_on)
    session: Session = context.obj
    with session.open() as cache, session.progress("checked") as progress:
        report = cache.verify(repair=repair, decode=decode, fail_on=counting, progress=progress)
    code = ExitCode.FINE if report.ok and not report.findings else ExitCode.PROBLEMS
    session.show(report, as_json=as_json, code=code)
    if any(finding.kind == "not_checked" for finding in report.findings):
        session.notice("what could not be looked at is left alone: check disk and memory, then verify again")
        return ExitCode.COULD_NOT_RUN
    if report.ok:
        return ExitCode.FINE
    if not repair:
        session.notice("`logocache verify --repair` repairs what can be repaired")
    return ExitCode.PROBLEMS


def _exit_code_of(report: "FetchReport", *, strict: bool) -> ExitCode:
    """PROBLEMS if `strict` and a logo is missing, unless the cache is switched off; else FINE."""
    return ExitCode.PROBLEMS if strict and report.enabled and report.missing else ExitCode.FINE
