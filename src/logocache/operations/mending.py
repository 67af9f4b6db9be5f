"""What `verify --repair` does about its findings."""

from collections.abc import Sequence
from dataclasses import replace

from logocache.model import Origin
from logocache.operations.disposal import dispose
from logocache.operations.parts import Parts
from logocache.operations.registering import make_known
from logocache.results import Finding, FindingKind


class Mender:
    """Mends what can be mended: drops bad files, fetches their logos again, moves strangers away."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    def drop_broken(self, findings: Sequence[Finding]) -> tuple[str, ...]:
        """Take away files that are not what their row says; the keys to fetch again."""
        keys = [each.key for each in findings if each.key is not None]
        records = [record for key in keys if (record := self._parts.repository.get(key)) is not None]
        with self._parts.repository.unit() as unit:
            cleared = unit.clear(records)
        dispose(self._parts, [record.file.name for record in cleared if record.file is not None])
        # Clearing forgets entries made on demand; these are to be fetched again like the others.
        made_on_demand = [record for record in cleared if record.origin is Origin.ON_DEMAND]
        integrations = [self._parts.names.integration_of(record) for record in made_on_demand]
        make_known(self._parts, integrations)
        return tuple(record.key for record in cleared)

    def mend_loose(self, each: Finding) -> Finding:
        """A finding about a file without a row, with what was done about it."""
        match each.kind:
            case FindingKind.ORPHAN if each.file is not None and self._parts.is_ours(each.file):
                done = "deleted" if dispose(self._parts, [each.file]) else "no orphan any more"
            case FindingKind.ORPHAN if each.file is not None:
                done = "moved to quarantine" if self._parts.store.quarantine(each.file) else "already gone"
            case FindingKind.LEFTOVER if each.file is not None:
                done = "deleted" if self._parts.store.delete_leftover(each.file) else "already gone"
            case _:
                return each
        return replace(each, repair=done)
