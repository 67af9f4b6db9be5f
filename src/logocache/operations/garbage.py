"""Files that nobody names: they leave the disk here, and only when no row names them any more."""

import itertools
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from datetime import timedelta
from typing import TypeVar

from logocache.errors import DirectoryError
from logocache.model import Integration
from logocache.operations.context import Context
from logocache.repository.filters import RecordFilter
from logocache.repository.registration import Registration
from logocache.repository.repository import Repository

DELETED = "deleted"
GONE = "already gone"
ORPHANS_AT_ONCE = 100
"""Files that are read while all writers wait, at most."""
Value = TypeVar("Value")

LEFTOVER_AGE = timedelta(hours=1)
"""A temporary file this old belongs to no write that still goes on."""


def dispose(context: Context, names: Collection[str]) -> tuple[str, ...]:
    """Delete those of the files that no entry names, and their copies; which were there, sorted.

    Called after the rows were committed, never within their transaction. Writers give files their
    names inside a transaction: while we hold one, no name that is free can be taken. So a logo that
    became current again in the meantime, under the name it had before, keeps its file.
    """
    if not names:
        return ()
    with context.repository.unit() as unit:
        free = sorted(unit.unnamed(names))
        context.variants.forget(free)  # first: without its file nobody would find a copy again
        return tuple(name for name in free if context.store.delete(name))


def dispose_orphans(context: Context, names: Sequence[str], *, quarantine: bool) -> Mapping[str, str]:
    """Delete those of the files that no entry names and that are certainly ours, in batches.

    Those of others are put aside, if `quarantine`. What was done with each file, for people; files with
    which nothing was done are left out.
    """
    done: dict[str, str] = {}
    for batch in batches(names, ORPHANS_AT_ONCE):
        with context.repository.unit() as unit:
            unnamed = unit.unnamed(batch)
            done |= dict.fromkeys(set(batch) - set(unnamed), "no orphan any more")
            ours = [name for name in batch if name in unnamed and is_certainly_ours(context, name)]
            context.variants.forget(ours)
            done |= {name: DELETED if context.store.delete(name) else GONE for name in ours}
            strangers = (name for name in batch if quarantine and name not in done)
            done |= {
                name: "moved to quarantine" if context.store.quarantine(name) else GONE for name in strangers
            }
    return done


def batches(items: Sequence[Value], size: int) -> Iterator[Sequence[Value]]:
    for start in range(0, len(items), size):
        yield items[start : start + size]


def is_certainly_ours(context: Context, name: str) -> bool:
    """True if the file has a name of ours and the very content whose digest that name bears.

    A name alone is no proof: `screenshot_20240115.png` is a photograph. What cannot be read is not
    certain.
    """
    with suppress(DirectoryError):
        return context.store.read_intact(name) is not None
    return False


def make_known(context: Context, integrations: Sequence[Integration]) -> Registration:
    """See `Repository.register`. Files of entries that gave way are deleted."""
    registration = context.repository.register(integrations, now=context.clock())
    dispose(context, registration.forgotten_files)
    return registration


def forget_surplus(context: Context) -> None:
    """Forget entries made on demand that are too many, since the limit is lower than it was."""
    dispose(context, context.repository.forget_on_demand(now=context.clock()))


def orphans(names: Iterable[str], context: Context) -> tuple[str, ...]:
    """Those of the file `names` that lie there and that no entry has, not even as a replaced file; sorted."""
    suspects = set(names) - _named(context.repository)
    if not suspects:
        return ()
    # Writers rename files within their transaction: while we hold it, a file without a row is an orphan.
    # Files leave the disk within one, too: what is still there now has not just been replaced.
    with context.repository.unit() as unit:
        return tuple(name for name in sorted(unit.unnamed(suspects)) if context.store.look(name) is not None)


def _named(repository: Repository) -> set[str]:
    records = itertools.chain.from_iterable(repository.pages(RecordFilter(has_file=True)))
    current = {record.file.name for record in records if record.file is not None}
    return current | {old.name for old in repository.replaced_files()}
