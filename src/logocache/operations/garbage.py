"""Deletion of files that no row names any more."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from itertools import islice
from typing import TypeVar

from logocache.errors import DirectoryError
from logocache.model import FoundFile, Integration
from logocache.operations.context import Context
from logocache.repository.registration import Registration

DELETED = "deleted"
GONE = "already gone"
ORPHANS_AT_ONCE = 100
"""Files read at a time, at most, while all writers wait."""
NAMES_AT_ONCE = 1000
"""Files of the directory whose names are looked up at a time."""
Value = TypeVar("Value")

LEFTOVER_AGE = timedelta(hours=1)
"""Age from which a temporary file is a leftover of a write that ended."""


def dispose(context: Context, names: Collection[str]) -> tuple[str, ...]:
    """Delete the files, with their variants, that no entry names; return the deleted names, sorted.

    Call it after the rows are committed, never within their transaction. Writers rename files inside a
    transaction: while we hold one, no free name is taken, and a logo that is current again under its
    old name keeps its file.
    """
    if not names:
        return ()
    with context.repository.unit() as unit:
        free = sorted(unit.unnamed(names))
        context.variants.forget(free)  # first: without its file no variant would be found again
        return tuple(name for name in free if context.store.delete(name))


def dispose_orphans(context: Context, names: Sequence[str], *, quarantine: bool) -> Mapping[str, str]:
    """Delete in batches the files that no entry names and that are certainly ours.

    With `quarantine`, others are moved there. Returns by file name the action taken, for people; files
    left alone are not included.
    """
    done: dict[str, str] = {}
    for batch in batches(names, ORPHANS_AT_ONCE):
        with context.repository.unit() as unit:
            unnamed = unit.unnamed(batch)
            done |= dict.fromkeys(set(batch) - set(unnamed), "no longer an orphan")
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
    """True if the file has a name of ours with the digest of its content.

    A name alone proves nothing: `screenshot_20240115.png` matches the pattern. Unreadable files are
    not certain.
    """
    with suppress(DirectoryError):
        return context.store.read_intact(name) is not None
    return False


def register(context: Context, integrations: Sequence[Integration]) -> Registration:
    """As `Repository.register`; deletes the files of forgotten entries."""
    registration = context.repository.register(integrations, now=context.clock())
    dispose(context, registration.forgotten_files)
    return registration


def forget_surplus(context: Context) -> None:
    """Forget entries made on demand beyond a limit that was lowered."""
    dispose(context, context.repository.forget_on_demand(now=context.clock()))


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """What lies in the cache directory."""

    files: int
    size_bytes: int
    orphans: tuple[FoundFile, ...]
    """Files that no entry has, not even as a replaced file; sorted by name."""


def directory_listing(context: Context) -> Listing:
    """List the directory; only orphans are kept in memory."""
    files = size_bytes = 0
    suspects: set[str] = set()
    scan = context.store.scan()
    while batch := list(islice(scan, NAMES_AT_ONCE)):
        files += len(batch)
        size_bytes += sum(found.size for found in batch)
        suspects |= set(context.repository.unnamed([found.name for found in batch]))
    return Listing(files=files, size_bytes=size_bytes, orphans=_still_orphans(suspects, context))


def _still_orphans(suspects: Collection[str], context: Context) -> tuple[FoundFile, ...]:
    if not suspects:
        return ()
    # Writers rename and delete files within their transaction: while we hold it, an existing file
    # without a row is an orphan.
    with context.repository.unit() as unit:
        found = map(context.store.look, sorted(unit.unnamed(suspects)))
        return tuple(file for file in found if file is not None)
