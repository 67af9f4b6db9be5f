"""What is under way when the program ends."""

from logocache.model import OutcomeKind
from logocache.operations.parts import Parts
from logocache.operations.work import Worked


def was_cut_off(worked: Worked, parts: Parts) -> bool:
    """Whether its sources were not asked because the program ends: that is no outcome of the entry."""
    return parts.interrupted.is_set() and worked.fetch.outcome.kind is OutcomeKind.NOT_ASKED


def give_back(worked: Worked, parts: Parts) -> None:
    """Leave the entry as it was, for whoever comes next. Raises DatabaseError, DirectoryError."""
    if worked.staged is not None:
        parts.store.discard(worked.staged)
    parts.repository.release([worked.before])
