"""`init`: give rows to files that a lost database left behind, register the catalogue, fetch what is due."""

import hashlib
import logging
from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime

from logocache.errors import ConfigurationError
from logocache.model import FoundFile, Integration, LogoRecord, Outcome, OutcomeKind, Status, StoredFile
from logocache.operations.clear import batches, register
from logocache.operations.commit import Committer
from logocache.operations.context import Context, SteadyProgress
from logocache.operations.icon_sets import COMMAND_SECONDS, IconSetUpkeep
from logocache.operations.lookup import admissible
from logocache.operations.refresh import FetchRun, RunRequest, disabled_report, due_filter
from logocache.policy.acceptance import RECOVERED
from logocache.ports import FileCheck, Progress
from logocache.repository.filters import DueFilter, RecordFilter
from logocache.repository.mapping import SavedFetch
from logocache.results import FetchReport
from logocache.store.names import SUFFIX, key_of, suffix_of

BATCH = 500
"""Entries looked at together, and saved in one transaction, at most."""

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Recoverable:
    """A file that an entry without one may have."""

    integration: Integration
    file: StoredFile
    modified_at: datetime


class Recovery:
    """Recovers files. Those without a recognisable entry are left alone: `verify` reports them."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._monogram_size: tuple[int, int] | None = None
        """Of all monograms, once one was drawn."""

    def run(self, *, beside_others: bool, progress: Progress) -> int:
        """Give entries without a file their newest intact one; return how many were recovered.

        Does nothing if entries have files, unless `beside_others`. Recovered entries are due at once,
        since the source of the file is unknown.

        Raises DatabaseError, DirectoryError; UnavailableError if no decoder can be started.
        """
        if not beside_others and self._context.repository.page(
            RecordFilter(has_file=True), after=None, limit=1
        ):
            return 0
        files = self._files_by_key()
        if files:
            progress.start(len(files), verb="looked at the files of")
        recovered = 0
        for keys in batches(list(files), BATCH):
            recovered += self._recover(self._logos({key: files[key] for key in keys}))
            for key in keys:
                progress.advance(key)
        if recovered:
            _log.warning("files.recovered", extra={"logos": recovered})
        return recovered

    def _files_by_key(self) -> Mapping[str, Sequence[FoundFile]]:
        """Files by key, newest first; names with a shortened key are left out."""
        files = defaultdict(list)
        for found in self._context.store.files():
            key = key_of(found.name)
            if key is not None and suffix_of(found.name) == SUFFIX:
                files[key].append(found)
        return {
            key: sorted(found, key=lambda file: file.modified_at, reverse=True)
            for key, found in files.items()
        }

    def _logos(self, files: Mapping[str, Sequence[FoundFile]]) -> Mapping[str, Recoverable]:
        """The first of each key's files that is intact, decodes, and is not our monogram."""
        integrations = dict(self._integrations(files))
        waiting = {key: iter(files[key]) for key in integrations}
        logos: dict[str, Recoverable] = {}
        while waiting:
            found = {key: self._next_intact(rest) for key, rest in waiting.items()}
            intact = {key: file for key, file in found.items() if file is not None}
            paths = [self._context.store.path(file.name) for file, _ in intact.values()]
            checks = self._context.images().check_files(paths) if paths else ()
            for (key, (file, digest)), check in zip(intact.items(), checks, strict=True):
                if not self._is_logo(integrations[key], digest, check):
                    continue
                stored = StoredFile(
                    name=file.name, sha256=digest, size=file.size, width=check.width, height=check.height
                )
                logos[key] = Recoverable(
                    integration=integrations[key], file=stored, modified_at=file.modified_at
                )
            waiting = {key: waiting[key] for key in intact.keys() - logos.keys()}
        return logos

    def _integrations(self, keys: Collection[str]) -> Iterator[tuple[str, Integration]]:
        """Those of `keys` that have an entry without a file, or may have one."""
        pages = self._context.repository.pages(RecordFilter(keys=tuple(keys)))
        records = {record.key: record for page in pages for record in page}
        for record in records.values():
            if record.file is None:
                yield record.key, self._context.names.integration_of(record)
        # The catalogue has been registered: only domains are left.
        for key in (key for key in keys if key not in records and "." in key):
            with suppress(ConfigurationError):  # not the name of an entry
                integration = admissible(self._context, key)
                if integration is not None and integration.key == key:
                    yield key, integration

    def _next_intact(self, files: Iterator[FoundFile]) -> tuple[FoundFile, str] | None:
        """The next file that is intact, with its SHA-256."""
        for found in files:
            content = self._context.store.read_intact(found.name)
            if content is not None:
                return found, hashlib.sha256(content).hexdigest()
        return None

    def _is_logo(self, integration: Integration, digest: str, check: FileCheck) -> bool:
        if check.problem is not None or check.obstacle is not None:
            return False
        if self._monogram_size not in {None, (check.width, check.height)}:
            return True  # to draw a monogram takes ten times as long as all the rest
        monogram = self._context.images().draw(self._context.monogram(integration))
        self._monogram_size = monogram.width, monogram.height
        return digest != monogram.sha256

    def _recover(self, logos: Mapping[str, Recoverable]) -> int:
        if not logos:
            return 0
        register(self._context, [logo.integration for logo in logos.values()])
        now = self._context.clock()
        due = DueFilter(now=now, keys=tuple(logos), forced=True)
        claimed = self._context.repository.claim(tuple(logos), now=now, due=due)
        try:
            with self._context.repository.unit() as unit:
                owned = [record for record in unit.owned(claimed).values() if record.file is None]
                unit.save([self._saved(record, logos[record.key]) for record in owned])
        finally:
            self._context.repository.release(claimed)
        return len(owned)

    def _saved(self, record: LogoRecord, logo: Recoverable) -> SavedFetch:
        now = self._context.clock()
        row = replace(
            record,
            status=Status.CACHED,
            file=logo.file,
            provider=RECOVERED,
            fetched_at=min(logo.modified_at, now),
            next_attempt_at=None,
        )
        outcome = Outcome(kind=OutcomeKind.FOUND, next_attempt_at=now, provider=RECOVERED)
        return SavedFetch(record=row, outcome=outcome)


class Init:
    """See `LogoCache.init`."""

    def __init__(self, context: Context) -> None:
        self._context = context

    def run(self, keys: Sequence[str], *, force: bool, adopt: bool, progress: Progress) -> FetchReport:
        context = self._context
        if not context.settings.enabled:
            return disabled_report(context, "init")
        context.store.prepare()
        context.repository.migrate()
        context.identity.establish(adopt=adopt)
        registration = register(context, context.catalog.integrations)
        steady = SteadyProgress(progress, context.faults)
        if Recovery(context).run(beside_others=adopt, progress=steady):
            Committer(context).enforce_limit()
        IconSetUpkeep(context).run(seconds=COMMAND_SECONDS)
        due = due_filter(context, context.names.keys(keys), forced=force)
        return FetchRun(context).run(RunRequest(command="init", due=due, added=registration.added), progress)
