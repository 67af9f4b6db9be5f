"""Options and arguments that commands share, their shell completion, and the foot of their help."""

from collections.abc import Sequence
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer.core import TyperArgument, TyperCommand, TyperGroup

from logocache.cli.terminal import Color
from logocache.errors import SelectionError

if TYPE_CHECKING:
    from logocache.catalog import Catalog
    from logocache.cli.session import CacheService

PROVIDERS = (
    *("site", "duckduckgo", "google", "yandex", "twenty", "clearbit", "logodev", "template", "iconsets"),
    *("monogram", "file"),
)
"""Providers that a stored logo may come from, as in the registry, which takes too long to import."""


def check_providers(names: Sequence[str]) -> None:
    """Raise SelectionError, which lists all providers, if a name is not one of them."""
    _check(names, PROVIDERS, "provider")


def check_categories(names: Sequence[str], cache: "CacheService") -> None:
    """Raise SelectionError, which lists all categories of the entries, if a name is not one of them."""
    if names:
        _check(names, sorted(group.name for group in cache.stats().by_category), "category")


def _check(names: Sequence[str], known: Sequence[str], what: str) -> None:
    """As `queries.choice`, which would be loaded for every command."""
    for name in names:
        if name not in known:
            raise SelectionError(f"{name[:60]!r} is not a {what}", hint=f"use one of {', '.join(known)}")


def color_of(text: str) -> Color:
    """The value of --color. Raises SelectionError, which lists all values."""
    _check([text], _values(Color), "use of colour")
    return Color(text)


def colors(incomplete: str) -> list[str]:
    return _starting(_values(Color), incomplete)


def keys(context: typer.Context, incomplete: str) -> list[str]:
    """Keys of the catalogue, your own included."""
    return _starting([integration.key for integration in _catalog(context)], incomplete)


def _catalog(context: typer.Context) -> "Catalog":
    """That of the settings; the built-in one where something is wrong, which the command itself reports."""
    from logocache.catalog import load_catalog
    from logocache.errors import ConfigurationError
    from logocache.settings import Settings

    config = context.find_root().params.get("config")
    try:
        return load_catalog((Settings(config=config) if config else Settings()).catalog)
    except ConfigurationError:
        return load_catalog(None)


def providers(incomplete: str) -> list[str]:
    return _starting(PROVIDERS, incomplete)


def statuses(incomplete: str) -> list[str]:
    from logocache.model import Status

    return _starting(_values(Status), incomplete)


def sort_keys(incomplete: str) -> list[str]:
    from logocache.model import SortKey

    return _starting(_values(SortKey), incomplete)


def filters(context: typer.Context, incomplete: str) -> list[str]:
    """Filters with their values; categories, of which there are many, once they are asked for."""
    from logocache.model import Status

    named = [f"status={status}" for status in _values(Status)] + [f"provider={name}" for name in PROVIDERS]
    categories = [""]
    if incomplete.startswith("category="):
        categories = sorted({integration.category for integration in _catalog(context)})
    named += [f"category={category}" for category in categories]
    return _starting([*named, "text=", "stale", "failing", "pinned"], incomplete)


def whole_words(words: Sequence[str], position: int) -> tuple[list[str], str]:
    """Words of a command line as bash breaks it at `=`, put together again, up to the one at `position`.

    Returns the words, and how the last one begins before the part of it that bash completes: for
    `--filter`, `status`, `=`, `pl` that is `status=`. An option is a word of its own, apart from its value.
    """
    whole: list[str] = []
    before = ""
    for place in range(position + 1):
        word = words[place] if place < len(words) else ""
        if place and "=" in (word, words[place - 1]):
            before = whole[-1] + ("=" if word == "=" else "")
            whole[-1] += word
        else:
            before = ""
            whole.append(word)
    option, equals, value = whole[-1].partition("=")
    if option.startswith("--") and equals:
        whole[-1:] = [option, value]
        before = before.removeprefix(f"{option}=")
    return whole, before


def icon_sets(incomplete: str) -> list[str]:
    """Names of the icon sets that are kept, or that a setting names."""
    from logocache.errors import SettingsError
    from logocache.settings import Settings
    from logocache.store.icon_set_files import IconSetFiles

    try:
        settings = Settings()
    except SettingsError:  # the command itself reports it
        return []
    kept = IconSetFiles(settings.private_dir).state().sets
    return _starting(sorted({*settings.iconify_sets, *kept}), incomplete)


def failures(incomplete: str) -> list[str]:
    """Completions of --fail-on; in a comma-separated list, of its last element."""
    from logocache.results import FindingKind, Severity

    before, comma, _ = incomplete.rpartition(",")
    kinds = [f"{before}{comma}{kind}" for kind in _values(FindingKind)]
    return _starting(kinds if comma else [*_values(Severity), "never", *kinds], incomplete)


def _values(options: type[StrEnum]) -> list[str]:
    return [option.value for option in options]


def _starting(words: "list[str] | tuple[str, ...]", incomplete: str) -> list[str]:
    return [word for word in words if word.startswith(incomplete)]


MOST_ENTRIES = 10**9
"""More than any cache has, and within the integers of every database."""

Keys = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="KEY",
        help="Keys, aliases or domains of logos; all when none is named.",
        autocompletion=keys,
        show_default=False,
    ),
]
AsJson = Annotated[bool, typer.Option("--json", help="Write one JSON document (docs/json.md).")]
Wide = Annotated[
    bool,
    typer.Option("--wide", help="All columns, whole, however long the lines."),
]
Columns = Annotated[
    str | None,
    typer.Option(
        "--columns", metavar="NAMES", help="Only these columns, separated by commas.", show_default=False
    ),
]
Strict = Annotated[
    bool, typer.Option("--strict", help="Exit with 1 when a selected logo is missing after the run.")
]


class Command(TyperCommand):
    """A command whose help shows arguments as `KEY…`, without Python's types, and the global options, too."""

    # The classes that Typer passes here are private ones.
    def collect_usage_pieces(self, ctx: Any) -> list[str]:  # noqa: ANN401, ARG002
        arguments = [_shown(argument) for argument in _arguments_of(self)]
        return [self.options_metavar or "", *arguments]

    def format_options(self, ctx: Any, formatter: Any) -> None:  # noqa: ANN401
        arguments = _arguments_of(self)
        if arguments:
            with formatter.section("Arguments"):
                formatter.write_dl([(_shown(argument).strip("[]"), argument.help) for argument in arguments])
        options = [option for option in self.get_params(ctx) if option not in arguments]
        with formatter.section("Options"):
            formatter.write_dl([option.get_help_record(ctx) for option in options])
        _format_global_options(ctx, formatter)


class Group(TyperGroup):
    """A group of commands whose help shows the global options, too."""

    def format_options(self, ctx: Any, formatter: Any) -> None:  # noqa: ANN401  # see `Command`
        super().format_options(ctx, formatter)
        _format_global_options(ctx, formatter)


def _arguments_of(command: TyperCommand) -> list[TyperArgument]:
    return [parameter for parameter in command.params if isinstance(parameter, TyperArgument)]


def _shown(argument: TyperArgument) -> str:
    name = f"{argument.metavar}{'' if argument.nargs == 1 else '…'}"
    return name if argument.required else f"[{name}]"


def _format_global_options(ctx: Any, formatter: Any) -> None:  # noqa: ANN401  # see `Command`
    """Those of the program that have a use with a command: not --version, nor those about completion."""
    root = ctx.find_root()
    useful = [option for option in root.command.params if option.expose_value and not option.is_eager]
    with formatter.section("Global options"):
        formatter.write_dl([option.get_help_record(root) for option in useful])


def foot(*examples: str, exit_codes: str) -> str:
    """Examples and exit codes for the end of a help page; their line breaks are kept."""
    shown = "\n".join(f"  {example}" for example in examples)
    return f"\b\nExamples:\n{shown}\n\n\b\nExit codes:\n  {exit_codes}"
