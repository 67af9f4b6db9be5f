"""What is under way when the program ends, or when work on it cannot go on."""

import contextlib
from collections.abc import Iterator, Sequence

from logocache.errors import DatabaseError, raise_if_exhausted
from logocache.model import LogoRecord, OutcomeKind
from logocache.operations.parts import Parts
from logocache.operations.work import Worked


def was_cut_off(worked: Worked, parts: Parts) -> bool:
    """Whether its sources were not asked because the program ends: that is no outcome of the entry."""
    return parts.interrupted.is_set() and worked.fetch.outcome.kind is OutcomeKind.NOT_ASKED


def discard(worked: Worked, parts: Parts) -> None:
    """Forget the entry's new file. Raises DirectoryError."""
    if worked.staged is not None:
        parts.store.discard(worked.staged)


def give_back(worked: Worked, parts: Parts) -> None:
    """Leave the entry as it was, for whoever comes next. Raises DatabaseError, DirectoryError."""
    discard(worked, parts)
    parts.repository.release([worked.before])


@contextlib.contextmanager
def released_on_failure(parts: Parts, claimed: Sequence[LogoRecord]) -> Iterator[None]:
    """End the leases of `claimed` when the work on them is broken off.

    Raises UnavailableError also where the system said in words of its own that it has nothing left.
    """
    try:
        yield
    except BaseException as error:
        with contextlib.suppress(DatabaseError):  # a lease that cannot be ended expires by itself
            parts.repository.release(claimed)
        raise_if_exhausted(error)
        raise
