"""Icon sets: fetched when due, added and removed by command; entries for which one has a logo become due."""

import logging
from collections.abc import Sequence
from pathlib import Path

from logocache.domains import quoted
from logocache.errors import DirectoryError, ProviderError, SelectionError, UnavailableError
from logocache.model import LogoRecord, OutcomeKind, Status
from logocache.operations.context import Context
from logocache.operations.icon_set_sources import (
    SCOPE,
    SetFailedError,
    facts_of,
    fetched,
    read,
    stored,
    url_of,
)
from logocache.policy.attempts import backoff
from logocache.ports import ICON_SETS, Answer, FetchRequest, IconSetDocument, Provider
from logocache.repository.filters import RecordFilter
from logocache.results import IconSet, IconSets, IconSetStatus
from logocache.settings.fields import ICON_SET
from logocache.settings.sources import iconify_file
from logocache.store.icon_set_files import IconSetChange, IconSetState, KeptSet

COMMAND_SECONDS = 30.0
"""Wait of a command for another process that is fetching sets."""
NAME_A_FILE = "name its file or folder instead, such as ./icons.json"

_log = logging.getLogger(__name__)


class IconSetUpkeep:
    """Keeps the sets that the settings name, or that were added, there and fresh."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._settings = context.settings
        self._files = context.icon_sets

    def run(self, *, seconds: float = 0) -> None:
        """Fetch the sets that are due, and make entries due for which one has come. A failing set is logged.

        Waits so many `seconds` for another process that is at it, then leaves it to that. With nothing to do
        it reads one small file. Raises DatabaseError; ConfigurationError for a wrong chain or network.
        """
        if ICON_SETS not in self._settings.providers:
            return
        state = self._files.state()
        if not self._due(state) and self._offers(state) == state.offered:
            return
        try:
            with self._files.changing(seconds=seconds) as change:
                if change is not None:
                    for name in self._due(change.state):
                        self._fetch(name, change)
                    self._offer(change)
        except DirectoryError as error:
            _log.warning("icon_sets.failed", extra={"reason": error.problem})

    def _due(self, state: IconSetState) -> Sequence[str]:
        """The names of the sets to fetch now."""
        if self._settings.offline:
            return ()
        return [name for name in state.names(self._settings.iconify_sets) if self._is_due(name, state)]

    def _is_due(self, name: str, state: IconSetState) -> bool:
        kept = state.sets.get(name)
        if kept is None or (kept.file is not None and not self._files.is_intact(kept)):
            return True
        if kept.next_check_at is None:  # of a file
            return False
        return kept.next_check_at <= self._context.clock() or kept.source != url_of(self._context, name)

    def _fetch(self, name: str, change: IconSetChange) -> None:
        kept = change.state.sets.get(name, KeptSet())
        try:
            kept = fetched(self._context, name, kept, change)
        except SetFailedError as failure:
            if self._context.interrupted.is_set():
                return
            kept = self._failed(name, kept, failure.answer)
        change.save(change.state.with_set(name, kept))

    def _failed(self, name: str, kept: KeptSet, answer: Answer) -> KeptSet:
        """The set after a failure: what is kept of it stays."""
        url, now = url_of(self._context, name), self._context.clock()
        if not self._files.is_intact(kept):
            kept = KeptSet(is_added=kept.is_added, failures=kept.failures)
        if kept.source != url:
            kept = kept.model_copy(update={"source": url, "etag": None, "last_modified": None})
        wait = backoff(kept.failures, rules=self._context.attempt_rules, jitter=self._context.random())
        retry_at = max(now + wait, answer.retry_at or now)
        _log.warning("icon_set.failed", extra={"set": name, "url": url, "reason": answer.reason})
        news = {"problem": answer.reason, "failures": kept.failures + 1, "next_check_at": retry_at}
        return kept.model_copy(update=news)

    def _offers(self, state: IconSetState) -> tuple[str, ...]:
        """All sets that entries can have a logo from, each in its version."""
        files = (_version_of(path) for path in self._settings.iconify_files)
        versions = (version for version in files if version is not None)
        return (*versions, *state.files(self._settings.iconify_sets))

    def _offer(self, change: IconSetChange) -> None:
        """Make entries due for which a set that has come has a logo, or another one than they have."""
        offers = self._offers(change.state)
        if set(offers) - set(change.state.offered):
            for provider in self._context.chain():
                if not provider.terms.uses_network:
                    self._make_due(provider)
        if offers != change.state.offered:
            change.save(change.state.model_copy(update={"offered": offers}))

    def _make_due(self, provider: Provider) -> None:
        repository = self._context.repository
        for where in (
            RecordFilter(statuses=(Status.PLACEHOLDER,)),
            RecordFilter(statuses=(Status.CACHED,), providers=(provider.terms.id,)),
        ):
            for page in repository.pages(where):
                gaining = [record for record in page if self._offers_another(provider, record)]
                if gaining:
                    with repository.unit() as unit:
                        unit.make_due(gaining, now=self._context.clock())

    def _offers_another(self, provider: Provider, record: LogoRecord) -> bool:
        candidates = provider.candidates(self._context.names.integration_of(record), _no_requests)
        return bool(candidates) and candidates[0].url != record.source_url


class IconSetCommands:
    """Lists, adds and removes sets. Uses no database: the next `init` or `refresh` makes entries due."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._settings = context.settings
        self._files = context.icon_sets

    def list(self) -> IconSets:
        """See `LogoCache.icon_sets`."""
        state = self._files.state()
        names = dict.fromkeys((*self._settings.iconify_sets, *sorted(state.sets)))
        files = (self._row_of_file(path) for path in self._settings.iconify_files)
        return IconSets(sets=(*files, *(self._row(name, state) for name in names)))

    def add(self, source: str) -> IconSets:
        """See `LogoCache.add_icon_set`."""
        name = source.removeprefix(SCOPE)
        is_name = ICON_SET.fullmatch(name) is not None
        document = None if is_name else self._read(source)
        if document is None and self._settings.offline:
            raise SelectionError(f"the icon set {name} cannot be fetched offline", hint=NAME_A_FILE)
        self._context.store.prepare()
        with self._files.changing(seconds=COMMAND_SECONDS) as change:
            if change is None:
                raise busy()
            if document is not None:
                name = document.name
                kept = stored(document, change).model_copy(update={"source": str(Path(source).absolute())})
            else:
                kept = self._fetched(name, change)
            kept = kept.model_copy(update={"is_added": True, "is_removed": False})
            change.save(change.state.with_set(name, kept))
            return IconSets(sets=(self._row(name, change.state),))

    def remove(self, name: str) -> IconSets:
        """See `LogoCache.remove_icon_set`."""
        self._context.store.require()
        with self._files.changing(seconds=COMMAND_SECONDS) as change:
            if change is None:
                raise busy()
            known = {*self._settings.iconify_sets, *change.state.sets}
            if name not in known:
                raise SelectionError(
                    f"there is no icon set {quoted(name)}",
                    hint=f"there are {', '.join(sorted(known)) or 'none'}, and LOGO_CACHE_ICONIFY_FILES",
                )
            removed = change.state.with_set(name, KeptSet(is_removed=True))
            shown = self._row(name, removed)
            change.save(removed if name in self._settings.iconify_sets else change.state.without_set(name))
            return IconSets(sets=(shown,))

    def _read(self, source: str) -> IconSetDocument:
        document = read(self._context, Path(source))
        if not ICON_SET.fullmatch(document.name):
            raise ProviderError(
                f"{source} is not an Iconify set: {quoted(document.name)} cannot be its name",
                hint="its `prefix` may hold a to z, 0 to 9 and single hyphens",
            )
        return document

    def _fetched(self, name: str, change: IconSetChange) -> KeptSet:
        try:
            return fetched(self._context, name, change.state.sets.get(name, KeptSet()), change)
        except SetFailedError as failure:
            url, answer = url_of(self._context, name), failure.answer
            if answer.kind is OutcomeKind.NOT_FOUND:
                raise SelectionError(
                    f"there is no icon set {name} at {url} ({answer.reason})",
                    hint="https://icon-sets.iconify.design has the names, such as logos",
                ) from failure
            raise UnavailableError(
                f"the icon set {name} could not be fetched from {url} ({answer.reason})", hint=NAME_A_FILE
            ) from failure

    def _row(self, name: str, state: IconSetState) -> IconSet:
        kept = state.sets.get(name, KeptSet())
        status = IconSetStatus.USED if self._files.is_intact(kept) else IconSetStatus.MISSING
        if kept.is_removed:
            status = IconSetStatus.REMOVED
        elif name not in state.names(self._settings.iconify_sets):
            status = IconSetStatus.UNUSED
        return IconSet(
            name=name,
            status=status,
            size_bytes=kept.size,
            source=kept.source or url_of(self._context, name),
            fetched_at=kept.fetched_at,
            checked_at=kept.checked_at,
            next_check_at=kept.next_check_at,
            problem=kept.problem,
            **facts_of(kept),
        )

    def _row_of_file(self, path: Path) -> IconSet:
        source = str(path)
        try:
            found = read(self._context, path)
        except ProviderError as error:
            problem = error.problem
            return IconSet(name=path.stem, status=IconSetStatus.MISSING, source=source, problem=problem)
        size = len(found.content)
        return IconSet(
            name=found.name, status=IconSetStatus.USED, size_bytes=size, source=source, **facts_of(found)
        )


def busy() -> UnavailableError:
    return UnavailableError("another process is fetching icon sets", hint="try again when it has ended")


def _version_of(path: Path) -> str | None:
    """Path, size and time of an operator's file, or of that in a folder; None if there is none."""
    file = iconify_file(path)
    try:
        facts = file.stat()
    except OSError:
        return None
    return f"{file}:{facts.st_size}:{facts.st_mtime_ns}"


def _no_requests(request: FetchRequest) -> Answer:
    raise AssertionError(f"unreachable: a provider without network asks for {request.url}")
