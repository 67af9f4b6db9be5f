"""Files leave the disk here, and only when no row names them any more."""

from collections.abc import Collection
from contextlib import suppress

from logocache.errors import DirectoryError
from logocache.operations.parts import Parts

DELETED = "deleted"


def dispose(parts: Parts, names: Collection[str]) -> tuple[str, ...]:
    """Delete those of the files that no entry names, and their copies; which were there, sorted.

    Called after the rows were committed, never within their transaction. Writers give files their
    names inside a transaction: while we hold one, no name that is free can be taken. So a logo that
    became current again in the meantime, under the name it had before, keeps its file.
    """
    if not names:
        return ()
    with parts.repository.unit() as unit:
        free = sorted(unit.unnamed(names))
        parts.variants.forget(free)  # first: without its file nobody would find a copy again
        return tuple(name for name in free if parts.store.delete(name))


def dispose_orphan(parts: Parts, name: str, *, quarantine: bool) -> str | None:
    """Delete a file that no entry names, if it is certainly ours; else put it aside when `quarantine`.

    What was done, for people; None for nothing.
    """
    with parts.repository.unit() as unit:
        if not unit.unnamed([name]):
            return "no orphan any more"
        if is_certainly_ours(parts, name):
            parts.variants.forget([name])
            return DELETED if parts.store.delete(name) else "already gone"
        if not quarantine:
            return None
        return "moved to quarantine" if parts.store.quarantine(name) else "already gone"


def is_certainly_ours(parts: Parts, name: str) -> bool:
    """True if the file has a name of ours and the very content whose digest that name bears.

    A name alone is no proof: `screenshot_20240115.png` is a photograph. What cannot be read is not
    certain.
    """
    with suppress(DirectoryError):
        return parts.store.read_intact(name) is not None
    return False
