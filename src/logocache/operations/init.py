"""`init`: give rows to files that a lost database left behind, register the catalogue, fetch what is due."""

import logging
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from logocache.errors import ConfigurationError
from logocache.model import FoundFile, Integration, LogoRecord, Outcome, OutcomeKind, Status, StoredFile
from logocache.operations.clear import register
from logocache.operations.commit import Committer
from logocache.operations.context import Context
from logocache.operations.lookup import may_admit
from logocache.operations.refresh import FetchRun, RunRequest, disabled_report, due_filter
from logocache.policy.acceptance import RECOVERED
from logocache.ports import Progress
from logocache.repository.filters import DueFilter, RecordFilter
from logocache.repository.mapping import SavedFetch
from logocache.results import FetchReport
from logocache.store.names import key_of

BATCH = 100
"""Entries saved in one transaction, at most."""

_log = logging.getLogger(__name__)


class Recovery:
    """Recovers files. Those without a recognisable entry are left alone: `verify` reports them."""

    def __init__(self, context: Context) -> None:
        self._context = context

    def run(self, *, beside_others: bool) -> int:
        """Give entries without a file their newest intact one; return how many were recovered.

        Does nothing if entries have files, unless `beside_others`. Recovered entries are due at once,
        since the source of the file is unknown.

        Raises DatabaseError, DirectoryError; UnavailableError if no decoder can be started.
        """
        if not beside_others and self._context.repository.page(
            RecordFilter(has_file=True), after=None, limit=1
        ):
            return 0
        recovered = 0
        for batch in self._batches(self._files_by_key()):
            recovered += self._recover(batch)
        if recovered:
            _log.warning("files.recovered", extra={"logos": recovered})
        return recovered

    def _files_by_key(self) -> Mapping[str, Sequence[FoundFile]]:
        """Files by key, newest first; names with a shortened key are left out."""
        files = defaultdict(list)
        for found in self._context.store.files():
            key = key_of(found.name)
            if key is not None:
                files[key].append(found)
        return {
            key: sorted(found, key=lambda file: file.modified_at, reverse=True)
            for key, found in files.items()
        }

    def _batches(
        self, files: Mapping[str, Sequence[FoundFile]]
    ) -> Iterator[Mapping[str, tuple[Integration, StoredFile, FoundFile]]]:
        batch: dict[str, tuple[Integration, StoredFile, FoundFile]] = {}
        for key, found in files.items():
            integration = self._integration(key)
            logo = self._newest_logo(integration, found) if integration is not None else None
            if integration is not None and logo is not None:
                batch[key] = (integration, *logo)
            if len(batch) >= BATCH:
                yield batch
                batch = {}
        yield batch

    def _integration(self, key: str) -> Integration | None:
        record = self._context.repository.get(key)
        if record is not None:
            return self._context.names.integration_of(record) if record.file is None else None
        try:
            if not may_admit(self._context, key):
                return None
            integration = self._context.names.admissible(key)
        except ConfigurationError:  # not the name of an entry
            return None
        return integration if integration.key == key else None

    def _newest_logo(
        self, integration: Integration, files: Sequence[FoundFile]
    ) -> tuple[StoredFile, FoundFile] | None:
        """The first of `files` that is intact, decodes, and is not our monogram."""
        context, store = self._context, self._context.store
        monogram = context.images().draw(context.monogram(integration)).sha256
        for found in files:
            digest = store.sha256(found.name) if store.read_intact(found.name) is not None else None
            if digest is None or digest == monogram:
                continue
            (check,) = context.images().check_files([store.path(found.name)])
            if check.problem is None and check.obstacle is None:
                size = {"size": found.size, "width": check.width, "height": check.height}
                return StoredFile(name=found.name, sha256=digest, **size), found
        return None

    def _recover(self, batch: Mapping[str, tuple[Integration, StoredFile, FoundFile]]) -> int:
        if not batch:
            return 0
        register(self._context, [integration for integration, _, _ in batch.values()])
        now = self._context.clock()
        due = DueFilter(now=now, keys=tuple(batch), forced=True)
        claimed = self._context.repository.claim(tuple(batch), now=now, due=due)
        try:
            with self._context.repository.unit() as unit:
                owned = [record for record in unit.owned(claimed).values() if record.file is None]
                unit.save([self._saved(record, *batch[record.key][1:]) for record in owned])
        finally:
            self._context.repository.release(claimed)
        return len(owned)

    def _saved(self, record: LogoRecord, file: StoredFile, found: FoundFile) -> SavedFetch:
        now = self._context.clock()
        row = replace(
            record,
            status=Status.CACHED,
            file=file,
            provider=RECOVERED,
            fetched_at=min(found.modified_at, now),
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
        if Recovery(context).run(beside_others=adopt):
            Committer(context).enforce_limit()
        due = due_filter(context, context.names.keys(keys), forced=force)
        return FetchRun(context).run(RunRequest(command="init", due=due, added=registration.added), progress)
