"""What `verify --repair` does about its findings.

Each step looks again, while no writer is at work, and acts only where file and row are still those of
the finding: another process may have mended it, or be fetching it right now.
"""

from collections.abc import Sequence
from dataclasses import replace

from logocache.model import LogoRecord, Outcome, OutcomeKind
from logocache.operations.disposal import DELETED, dispose, dispose_orphan
from logocache.operations.inspection import Found, Inspector
from logocache.operations.parts import Parts
from logocache.repository.records import SavedFetch
from logocache.repository.unit_of_work import UnitOfWork
from logocache.results import Finding, FindingKind


class Mender:
    """Mends what can be mended. An entry keeps its row, with all that it says of the logo's source."""

    def __init__(self, parts: Parts, inspector: Inspector) -> None:
        self._parts = parts
        self._inspector = inspector

    def put_away(self, found: Sequence[Found]) -> tuple[str, ...]:
        """Take damaged files out of the served directory; the keys whose logos are to be fetched again.

        Entries that another process is fetching are left to it. What only their rows say wrongly is
        corrected.
        """
        broken = [each for each in found if each.record and each.finding.kind is not FindingKind.NOT_CHECKED]
        if not broken:
            return ()
        with self._parts.repository.unit() as unit:
            still = {each.record.key: each for each in self._inspector.confirmed(broken) if each.record}
            free = unit.make_due(
                [each.record for each in still.values() if each.record], now=self._parts.clock()
            )
            return tuple(record.key for record in free if self._prepare(unit, still[record.key], record))

    def forget(self, each: Found) -> Finding:
        """A finding about a replaced file, with what was done about it: nobody needs that file."""
        if each.replaced is None or each.finding.kind is FindingKind.NOT_CHECKED:
            return each.finding
        with self._parts.repository.unit() as unit:
            if not self._inspector.confirmed([each]):
                return replace(each.finding, repair="mended meanwhile")
            unit.forget_replaced([each.replaced.name])
            is_free = bool(unit.unnamed([each.replaced.name]))
            if is_free:
                self._parts.variants.forget([each.replaced.name])
            is_moved = is_free and self._parts.store.quarantine(each.replaced.name)
        return replace(each.finding, repair="moved to quarantine" if is_moved else "forgotten")

    def drop_overdue(self, each: Found) -> bool:
        """Drop a copy that its source's terms forbid by now, and that could not be fetched again."""
        with self._parts.repository.unit() as unit:
            if not self._inspector.confirmed([each]) or each.record is None or each.record.file is None:
                return False
            unit.evict([each.record.key], until=self._parts.clock())
        dispose(self._parts, [each.record.file.name])
        return True

    def mend_loose(self, each: Finding) -> Finding:
        """A finding about a file without a row, with what was done about it."""
        match each.kind:
            case FindingKind.ORPHAN if each.file is not None:
                done = dispose_orphan(self._parts, each.file, quarantine=True)
            case FindingKind.LEFTOVER if each.file is not None:
                done = DELETED if self._parts.store.delete_leftover(each.file) else "already gone"
            case _:
                return each
        return replace(each, repair=done)

    def _prepare(self, unit: UnitOfWork, each: Found, record: LogoRecord) -> bool:
        """Get the bad file out of the way; False where nothing need be fetched again."""
        if record.file is None:
            raise AssertionError("unreachable: only entries with a file are made due")
        match each.finding.kind:
            case FindingKind.MISSING_FILE | FindingKind.KEPT_TOO_LONG:
                return True
            case FindingKind.WRONG_DIMENSIONS if each.check is not None:
                file = replace(record.file, width=each.check.width, height=each.check.height)
                outcome = Outcome(
                    kind=record.last_outcome or OutcomeKind.FOUND, next_attempt_at=self._parts.clock()
                )
                unit.save([SavedFetch(record=replace(record, file=file, lease=None), outcome=outcome)])
                return False
            case _:
                self._parts.variants.forget([record.file.name])
                self._parts.store.quarantine(record.file.name)
                return True
