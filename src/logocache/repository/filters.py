"""Filters and sort orders in SQL. Each order has an index."""

import json
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, String, and_, bindparam, false, or_, true
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement

from logocache.model import OutcomeKind, SortKey, Status
from logocache.repository import tables
from logocache.repository.tables import AS_SOON_AS_POSSIBLE, LOGO, UNSTORABLE, is_storable

Condition = ColumnElement[bool]

LONGEST_SEARCH = tables.KEY_LENGTH + tables.NAME_LENGTH + tables.DOMAIN_LENGTH
"""Characters; longer than any key, name or domain."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordFilter:
    """Selects entries that meet all conditions that are set."""

    keys: Collection[str] | None = None
    statuses: Collection[Status] | None = None
    providers: Collection[str] | None = None
    categories: Collection[str] | None = None
    has_file: bool | None = None
    failing: bool | None = None
    """The last attempts failed (`failure_count` > 0)."""
    fetched_before: datetime | None = None
    """Has a file that was last obtained or confirmed before then."""
    stale_before: datetime | None = None
    """Has a real logo that was last obtained or confirmed by then."""
    pinned: bool | None = None
    text: str | None = None
    """Text in key, name or domain, ignoring case."""

    @property
    def is_of_groups(self) -> bool:
        """True if all conditions are about status, provider or category: the kept totals know the number."""
        return self == RecordFilter(
            statuses=self.statuses, providers=self.providers, categories=self.categories
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class DueFilter:
    """Selects entries to fetch at `now`."""

    now: datetime
    keys: Collection[str] | None = None
    forced: bool = False
    """Include entries that are not due."""
    failed_only: bool = False
    offline: bool = False
    """Only entries for which sources without network were not tried before."""


def equal(column: ColumnElement[Any], text: str) -> Condition:
    """The column equals `text`; false for a text that cannot be stored."""
    return column == text if is_storable(text) else false()


def among(column: ColumnElement[Any], texts: Iterable[str]) -> Condition:
    """The column is one of `texts`, of any number.

    They are sent as one JSON parameter: separate parameters are limited to 32,766 by SQLite and 65,535
    by PostgreSQL, and each number would be another statement to prepare. Texts that cannot be stored
    are left out.
    """
    storable = list(filter(is_storable, texts))
    return column.op("IN", is_comparison=True)(_Members(bindparam(None, json.dumps(storable), String)))


def matching(where: RecordFilter) -> list[Condition]:
    """The SQL conditions of `where`."""
    conditions: list[Condition] = []
    for column, texts in (
        (LOGO.c.key, where.keys),
        (LOGO.c.status, where.statuses),
        (LOGO.c.provider, where.providers),
        (LOGO.c.category, where.categories),
    ):
        if texts is not None:
            # Entries of one value are a range of its index, in the order of their keys.
            conditions.append(equal(column, *texts) if len(texts) == 1 else among(column, texts))
    if where.has_file is not None:
        conditions.append(LOGO.c.has_file == where.has_file)
    if where.failing is not None:
        conditions.append(failing() if where.failing else LOGO.c.failure_count == 0)
    if where.fetched_before is not None:
        conditions.append(fetched_before(where.fetched_before))
    if where.stale_before is not None:
        conditions.append(stale(where.stale_before))
    if where.pinned is not None:
        conditions.append(LOGO.c.pinned == where.pinned)
    if where.text is not None:
        conditions.append(_containing(where.text))
    return conditions


def is_due(due: DueFilter) -> Condition:
    """Entries that `due` selects, leased or not."""
    conditions: list[Condition] = [true()]
    if due.keys is not None:
        conditions.append(among(LOGO.c.key, due.keys))
    if due.failed_only:
        conditions.append(failing())
    elif not due.forced:
        conditions.append(LOGO.c.next_attempt_at <= due.now)
    if due.offline and not due.forced:
        conditions.append(_untried_offline())
    return and_(*conditions)


def failing() -> Condition:
    return LOGO.c.failure_count > 0


def fetched_before(moment: datetime) -> Condition:
    """Has a file that was last obtained or confirmed before then."""
    return and_(LOGO.c.has_file == true(), LOGO.c.fetched_at < moment)


def stale(before: datetime) -> Condition:
    """As `policy.attempts.is_stale`."""
    return and_(LOGO.c.status == Status.CACHED, LOGO.c.fetched_at <= before)


def folded(*texts: str) -> str:
    """Case-folded texts for searching, separated by a character that no search text contains."""
    return "\n".join(text.casefold() for text in texts)


def search_text(text: str) -> str:
    """The case-folded text to search for."""
    return UNSTORABLE.sub(" ", text).casefold()


def _untried_offline() -> Condition:
    """Entries that icon sets and own files were not asked for before: without a file, or due at once.

    The latter are those whose file is lost, or whose domain is another one now.
    """
    outcome = LOGO.c.last_outcome
    return or_(
        and_(LOGO.c.status == Status.PENDING, or_(outcome.is_(None), outcome != OutcomeKind.NOT_ASKED)),
        and_(LOGO.c.has_file == true(), LOGO.c.next_attempt_at == AS_SOON_AS_POSSIBLE),
    )


def _containing(text: str) -> Condition:
    """False for what is longer than any text searched: SQLite refuses patterns of more than 50,000 bytes."""
    if len(text) > LONGEST_SEARCH:
        return false()
    return LOGO.c.search_text.contains(search_text(text), autoescape=True)


class _Members(FunctionElement[str]):
    """A sub-select of the texts in a JSON array."""

    type = String()
    inherit_cache = True


@compiles(_Members, "sqlite")
def _members_sqlite(element: _Members, compiler: SQLCompiler, **options: object) -> str:
    return f"(SELECT value FROM json_each({compiler.process(element.clauses, **options)}))"  # noqa: S608  # a bound parameter


@compiles(_Members, "postgresql")
def _members_postgresql(element: _Members, compiler: SQLCompiler, **options: object) -> str:
    array = compiler.process(element.clauses, **options)
    return f"(SELECT jsonb_array_elements_text(CAST({array} AS jsonb)))"


Order = tuple[ColumnElement[Any], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Sorting:
    column: ColumnElement[Any]
    descending: bool = False
    nulls_first: bool | None = None
    """Position of entries without a value; None if each has one."""


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
    """The order, as one or two ranges of its index, read forwards or backwards: conditions, and the order
    within.

    Databases do not agree on where NULL stands; by itself it is a range in both.
    """
    sorting = SORTINGS[sort]
    if reverse:
        sorting = replace(
            sorting,
            descending=not sorting.descending,
            nulls_first=None if sorting.nulls_first is None else not sorting.nulls_first,
        )
    by_key = LOGO.c.key.desc() if sorting.descending else LOGO.c.key.asc()
    by_value = sorting.column.desc() if sorting.descending else sorting.column.asc()
    if sorting.nulls_first is None:
        yield (), (by_value, by_key)
        return
    without = (sorting.column.is_(None),), (by_key,)
    with_value = (sorting.column.is_not(None),), (by_value, by_key)
    yield from (without, with_value) if sorting.nulls_first else (with_value, without)
