"""The entries of the cache, and its figures."""

from dataclasses import replace
from functools import partial
from typing import Annotated

from fastapi import APIRouter, Depends, Path, Response

from logocache.cache import LogoCache
from logocache.selection import ListQuery
from logocache.server.bulkheads import Bulkhead
from logocache.server.documents import (
    EntryDocument,
    ListingDocument,
    StatsDocument,
    entry_answer,
    result_answer,
)
from logocache.server.parameters import After, Limit, Name, list_query
from logocache.server.problems import ProblemRoute, problem_responses


def build(cache: LogoCache, desk: Bulkhead) -> APIRouter:
    """The routes; `desk` has the threads for them."""
    router = APIRouter(route_class=ProblemRoute, tags=["integrations"])

    @router.get(
        "/api/integrations",
        operation_id="list_integrations",
        summary="The entries of the cache",
        response_model=ListingDocument,
        response_description="The entries that match; `matching` counts those beyond the page, too.",
        responses=problem_responses(400, 404, 422, 503),
    )
    @router.head("/api/integrations", include_in_schema=False)
    async def list_integrations(
        query: Annotated[ListQuery, Depends(list_query)], limit: Limit = 100, after: After = None
    ) -> Response:
        """As `logocache list --json`. All conditions must hold; a condition given twice means either."""
        return result_answer(await desk.run(partial(cache.list, replace(query, limit=limit, after=after))))

    @router.get(
        "/api/integrations/logos/stats",
        operation_id="get_logo_stats",
        summary="Figures of the database",
        response_model=StatsDocument,
        response_description="The figures.",
        responses=problem_responses(503),
    )
    @router.head("/api/integrations/logos/stats", include_in_schema=False)
    async def get_logo_stats() -> Response:
        """As `logocache stats --json`: entries, sizes, hits, and what is due."""
        return result_answer(await desk.run(cache.stats))

    @router.get(
        "/api/integrations/{id}",
        operation_id="get_integration",
        summary="One entry",
        response_model=EntryDocument,
        response_description="The entry.",
        responses=problem_responses(404, 422, 503),
    )
    @router.head("/api/integrations/{id}", include_in_schema=False)
    async def get_integration(
        key: Annotated[
            Name, Path(alias="id", description="Key, alias or domain.", examples=["shopify", "shopify.com"])
        ],
    ) -> Response:
        """All that is known of an entry, whether it has a logo or not."""
        return entry_answer(await desk.run(partial(cache.entry, key)))

    return router
