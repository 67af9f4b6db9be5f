"""The orders of entries, each along an index."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import ColumnElement

from logocache.model import SortKey
from logocache.repository.filters import Condition
from logocache.repository.tables import LOGO

Order = tuple[ColumnElement[Any], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Sorting:
    column: ColumnElement[Any]
    descending: bool = False
    keys_descending: bool = False
    """Among equals."""
    nulls_first: bool | None = None
    """Where entries without a value stand; None: each has one."""


SORTINGS: Mapping[SortKey, _Sorting] = {
    SortKey.KEY: _Sorting(column=LOGO.c.key),
    SortKey.NAME: _Sorting(column=LOGO.c.name_folded),
    SortKey.STATUS: _Sorting(column=LOGO.c.status),
    SortKey.PROVIDER: _Sorting(column=LOGO.c.provider, nulls_first=True),
    SortKey.SIZE: _Sorting(column=LOGO.c.size, descending=True, nulls_first=False),
    SortKey.AGE: _Sorting(column=LOGO.c.fetched_at, nulls_first=True),
    SortKey.ACCESSED: _Sorting(column=LOGO.c.last_accessed_at, descending=True, nulls_first=False),
}


def ranges(sort: SortKey, *, reverse: bool) -> Iterator[tuple[tuple[Condition, ...], Order]]:
    """The order, as one or two ranges of its index: conditions, and the order within.

    Databases do not agree on where NULL stands; by itself it is a range in both.
    """
    sorting = SORTINGS[sort]
    if reverse:
        sorting = replace(
            sorting,
            descending=not sorting.descending,
            keys_descending=True,
            nulls_first=None if sorting.nulls_first is None else not sorting.nulls_first,
        )
    by_key = LOGO.c.key.desc() if sorting.keys_descending else LOGO.c.key.asc()
    by_value = sorting.column.desc() if sorting.descending else sorting.column.asc()
    if sorting.nulls_first is None:
        yield (), (by_value, by_key)
        return
    without = (sorting.column.is_(None),), (by_key,)
    with_value = (sorting.column.is_not(None),), (by_value, by_key)
    yield from (without, with_value) if sorting.nulls_first else (with_value, without)
