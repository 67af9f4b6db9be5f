"""Files leave the disk here, and only when no row names them any more."""

from collections.abc import Collection

from logocache.operations.parts import Parts


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
