"""Parameters that several routes have, with their bounds."""

from typing import Annotated

from fastapi import Query
from pydantic import StringConstraints

from logocache.model import SortKey, Status
from logocache.selection import ListQuery

MOST_AT_ONCE = 1000
"""Entries of one answer."""
MOST_VALUES = 100
"""How often a parameter may be repeated."""

Name = Annotated[str, StringConstraints(min_length=1, max_length=300, pattern=r"^[^\x00-\x1f\x7f]*$")]
"""What something is called, whoever gave the name: no control characters, which no database takes."""

Keys = Annotated[
    list[Name],
    Query(
        alias="key",
        max_length=MOST_VALUES,
        description="Key, alias or domain. May be repeated.",
        examples=[["shopify"]],
    ),
]
Statuses = Annotated[
    list[Status],
    Query(alias="status", max_length=MOST_VALUES, description="What they hold. May be repeated."),
]
Providers = Annotated[
    list[Name],
    Query(
        alias="provider",
        max_length=MOST_VALUES,
        description="Who gave their logo. May be repeated.",
        examples=[["site"]],
    ),
]
Categories = Annotated[
    list[Name],
    Query(
        alias="category",
        max_length=MOST_VALUES,
        description="Their category. May be repeated.",
        examples=[["ecommerce"]],
    ),
]
Limit = Annotated[int, Query(ge=1, le=MOST_AT_ONCE, description="At most so many.")]
After = Annotated[
    Name | None,
    Query(description="Only those behind this key, in order of key: the last one of the page before."),
]


def list_query(  # noqa: PLR0913  # each is a parameter of the route
    keys: Keys = [],  # noqa: B006  # FastAPI makes a new one for each request
    statuses: Statuses = [],  # noqa: B006
    providers: Providers = [],  # noqa: B006
    categories: Categories = [],  # noqa: B006
    *,
    text: Annotated[
        Name | None, Query(description="Occurs, in any case, in key, name or domain.", examples=["shop"])
    ] = None,
    stale: Annotated[bool, Query(description="Only logos older than the refresh interval.")] = False,
    failing: Annotated[bool, Query(description="Only entries whose last attempts failed.")] = False,
    pinned: Annotated[bool, Query(description="Only entries that are never evicted.")] = False,
    sort: Annotated[
        SortKey,
        Query(
            description="`size`: largest first; `age`: oldest first; `accessed`: most recently used first."
        ),
    ] = SortKey.KEY,
    reverse: Annotated[bool, Query(description="The other way round.")] = False,
) -> ListQuery:
    """The options of `logocache list`, as query parameters."""
    return ListQuery(
        keys=tuple(keys),
        statuses=tuple(statuses),
        providers=tuple(providers),
        categories=tuple(categories),
        text=text,
        stale=stale,
        failing=failing,
        pinned=pinned,
        sort=sort,
        reverse=reverse,
    )
