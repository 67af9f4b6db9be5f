"""Files in the cache directory that no row names."""

import itertools
from collections.abc import Iterable, Iterator, Sequence

from logocache.model import LogoRecord
from logocache.operations.parts import Parts
from logocache.repository.filters import RecordFilter
from logocache.repository.repository import Repository

PAGE = 1000
"""Rows read at a time."""


def orphans(names: Iterable[str], parts: Parts) -> tuple[str, ...]:
    """Those of the file `names` that lie there and that no entry has, not even as a replaced file; sorted."""
    suspects = set(names) - _named(parts.repository)
    if not suspects:
        return ()
    # Writers rename files within their transaction: while we hold it, a file without a row is an orphan.
    # Files leave the disk within one, too: what is still there now has not just been replaced.
    with parts.repository.unit() as unit:
        return tuple(name for name in sorted(unit.unnamed(suspects)) if parts.store.look(name) is not None)


def pages(
    repository: Repository, where: RecordFilter, *, after: str | None = None
) -> Iterator[Sequence[LogoRecord]]:
    """All matching entries in order of key, those behind `after`, a keyset page at a time."""
    while page := repository.page(where, after=after, limit=PAGE):
        yield page
        after = page[-1].key


def _named(repository: Repository) -> set[str]:
    records = itertools.chain.from_iterable(pages(repository, RecordFilter(has_file=True)))
    current = {record.file.name for record in records if record.file is not None}
    return current | {old.name for old in repository.replaced_files()}
