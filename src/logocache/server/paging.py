"""Pages of entries, one behind the other by key: what comes or goes meanwhile shifts nothing."""

from dataclasses import dataclass, replace

from logocache.cache import LogoCache
from logocache.errors import SelectionError
from logocache.results import Listing
from logocache.selection import ListQuery, SortKey


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    limit: int
    after: str | None = None
    """The key behind which it begins; None: the first page."""


def listed(cache: LogoCache, query: ListQuery, page: Page) -> Listing:
    """A page of the entries that match; `matching` counts them all.

    Raises SelectionError when it begins behind a key, but is not in the order of keys.
    """
    if page.after is None:
        return cache.list(replace(query, limit=page.limit))
    if query.sort is not SortKey.KEY or query.reverse:
        raise SelectionError(
            "only entries in the order of their keys have pages", hint="leave out sort and reverse, or after"
        )
    listing = cache.list(query)
    entries = tuple(entry for entry in listing.entries if entry.key > page.after)[: page.limit]
    return Listing(entries=entries, matching=listing.matching)
