"""Which entries `list` shows, and in which order."""

from collections.abc import Sequence

from logocache.model import LogoRecord
from logocache.operations.orphans import pages
from logocache.repository.filters import RecordFilter
from logocache.repository.repository import Repository
from logocache.selection import ListQuery

Listed = tuple[Sequence[LogoRecord], int]
"""The entries to show, and how many match."""


def listed(repository: Repository, where: RecordFilter, query: ListQuery) -> Listed:
    """What `query` shows of the entries in `where`. Nothing is read that is not shown."""
    matching = repository.count(where)
    if not query.is_in_key_order:
        return repository.listed(where, sort=query.sort, reverse=query.reverse, limit=query.limit), matching
    if query.limit is not None:
        return repository.page(where, after=query.after, limit=query.limit), matching
    return [record for page in pages(repository, where, after=query.after) for record in page], matching
