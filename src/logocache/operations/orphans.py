"""Files in the cache directory that no row names."""

import itertools
from collections.abc import Iterable, Iterator, Sequence

from logocache.model import LogoRecord
from logocache.ports.repository import RecordFilter, Repository

PAGE = 1000
"""Rows read at a time."""


def orphans(names: Iterable[str], repository: Repository) -> tuple[str, ...]:
    """Those of the file `names` that belong to no entry, not even as a replaced file; sorted."""
    suspects = set(names) - _named(repository)
    if not suspects:
        return ()
    # Writers rename files within their transaction: while we hold it, a file without a row is an orphan.
    with repository.unit():
        return tuple(sorted(suspects - _named(repository)))


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
