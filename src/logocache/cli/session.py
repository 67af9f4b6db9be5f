"""State of one run of the program: its global options, and access to cache and server."""

import functools
import gc
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Protocol, Self

from logocache.cli import terminal
from logocache.errors import needs_extra

if TYPE_CHECKING:
    from logocache.cli.output import Look
    from logocache.ports import Progress
    from logocache.queries import ClearSelection, FailOn, ListQuery, Variant
    from logocache.results import (
        CacheStats,
        ClearPlan,
        ClearReport,
        FetchReport,
        IconSets,
        Listing,
        Result,
        VerifyReport,
    )
    from logocache.settings import Settings


class CacheService(Protocol):
    """The methods of `logocache.cache.LogoCache` that commands use."""

    def __enter__(self) -> Self: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, where: TracebackType | None, /
    ) -> None: ...

    def init(
        self, keys: Sequence[str], *, force: bool, adopt: bool, progress: "Progress"
    ) -> "FetchReport": ...

    def refresh(
        self, keys: Sequence[str], *, force: bool, failed: bool, limit: int | None, progress: "Progress"
    ) -> "FetchReport": ...

    def stats(self) -> "CacheStats": ...

    def list(self, query: "ListQuery") -> "Listing": ...

    def image(self, key_or_domain: str, variant: "Variant") -> bytes | None: ...

    def plan_clear(self, selection: "ClearSelection") -> "ClearPlan": ...

    def clear(self, plan: "ClearPlan") -> "ClearReport": ...

    def icon_sets(self) -> "IconSets": ...

    def add_icon_set(self, source: str) -> "IconSets": ...

    def remove_icon_set(self, name: str) -> "IconSets": ...

    def verify(
        self, *, repair: bool, decode: bool, fail_on: "FailOn", progress: "Progress"
    ) -> "VerifyReport": ...


Opener = Callable[["Settings"], CacheService]


def open_real(settings: "Settings") -> CacheService:
    """Open the real cache; tests give a `Session` another opener."""
    from logocache.bootstrap import open_cache

    cache = open_cache(settings)
    collect_garbage()
    return cache


YOUNG_OBJECTS = 20_000
"""Objects made since the last garbage collection that cause another; Python's own default is 700."""


def collect_garbage() -> None:
    """Begin to collect garbage, which `__main__.main` has put off while modules are loaded.

    What is loaded stays: to look at it again and again takes a twentieth of the time of `init`.
    """
    gc.freeze()
    gc.set_threshold(YOUNG_OBJECTS)
    gc.enable()


class Serve(Protocol):
    """Signature of `logocache.server.serving.serve`, as the command `serve` uses it."""

    def __call__(
        self, settings: "Settings", *, prepare: Callable[[], None], announce: Callable[[str], None]
    ) -> None: ...


def serve_real(settings: "Settings", *, prepare: Callable[[], None], announce: Callable[[str], None]) -> None:
    """Run the real server; tests give a `Session` another one."""
    with needs_extra("server", "the server"):
        from logocache.server.serving import serve

    collect_garbage()
    serve(settings, prepare=prepare, announce=announce)


@dataclass(frozen=True, slots=True, kw_only=True)
class GlobalOptions:
    config: Path | None = None
    cache_dir: Path | None = None
    database_url: str | None = None
    verbosity: int = 0
    quiet: bool = False
    color: terminal.Color = terminal.Color.AUTO

    def settings(self) -> dict[str, object]:
        """Settings given as options; all others come from the environment and the file."""
        given = {"config": self.config, "dir": self.cache_dir, "database_url": self.database_url}
        return {name: value for name, value in given.items() if value is not None}


MILESTONES = 10


class Milestones:
    """Writes at most ten lines for each `start`, whatever the total."""

    def __init__(self, verb: str) -> None:
        self._usual = self._verb = verb
        self._total = 0
        self._done = 0

    def start(self, total: int, *, verb: str = "") -> None:
        self._verb = verb or self._usual
        self._total, self._done = total, 0

    def advance(self, label: str) -> None:
        del label  # no line is about a single entry
        before = self._done * MILESTONES // max(self._total, 1)
        self._done += 1
        if self._done * MILESTONES // max(self._total, 1) > before and self._done <= self._total:
            terminal.echo(f"{self._verb} {self._done} of {self._total}")


@dataclass(slots=True, kw_only=True)
class Session:
    """Made before the command line is parsed; `options` is set afterwards."""

    opener: Opener = open_real
    server: Serve = serve_real
    options: GlobalOptions = field(default_factory=GlobalOptions)

    def open(self, *, offline: bool = False) -> CacheService:
        """Read the settings, configure logging and open the cache.

        Raises:
            SettingsError: a setting is invalid.
            LogoCacheError: the cache cannot be opened.
        """
        from logocache.cli import logs
        from logocache.settings import Settings

        given = self.options.settings()
        settings = Settings(**given, offline=True) if offline else Settings(**given)
        logs.configure(settings.log_format, verbosity=self.options.verbosity, quiet=self.options.quiet)
        cache = self.opener(settings)
        collect_garbage()
        return cache

    def serve(self, given: Mapping[str, object]) -> None:
        """Serve until a signal arrives; settings in `given` take precedence.

        Logs at level INFO, unless --quiet. When no setting says whether to log requests, they are logged
        unless standard error is a terminal, or with --quiet.

        Raises:
            SettingsError: a setting is invalid.
            LogoCacheError: the server cannot start.
        """
        from logocache.cli import logs
        from logocache.settings import Settings

        settings = Settings(**{**self.options.settings(), **given})
        if settings.access_log is None:
            logs_requests = not (self.options.quiet or terminal.err_is_terminal())
            settings = settings.model_copy(update={"access_log": logs_requests})
        prepare = functools.partial(
            logs.configure,
            settings.log_format,
            verbosity=max(self.options.verbosity, logs.INFORMATION),
            quiet=self.options.quiet,
        )
        self.server(settings, prepare=prepare, announce=self.notice)

    @contextmanager
    def progress(self, verb: str) -> Iterator["Progress"]:
        """Show progress until the block ends, unless --quiet: a bar on a terminal, else a few lines.

        `verb` says what is done to entries, such as "fetched".
        """
        from logocache.ports import Silent

        if self.options.quiet:
            yield Silent()
        elif terminal.err_is_terminal():
            from logocache.cli import progress

            with progress.shown(verb, color=self.options.color) as bar:
                yield bar
        else:
            yield Milestones(verb)

    def show(
        self,
        result: "Result",
        *,
        as_json: bool,
        look: "Look | None" = None,
        code: terminal.ExitCode = terminal.ExitCode.FINE,
    ) -> None:
        """Write a result to standard output. With --quiet only JSON, or a result that is no success."""
        from logocache.cli import output

        if as_json or not self.options.quiet or code is not terminal.ExitCode.FINE:
            output.show(result, as_json=as_json, look=look or output.USUAL, color=self.options.color)

    def notice(self, text: str) -> None:
        """Write a line to standard error, unless --quiet."""
        if not self.options.quiet:
            terminal.echo(text)
