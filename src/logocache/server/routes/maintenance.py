"""Routes of entries, statistics, health, files and clearing, and for orchestrators and Prometheus."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from functools import partial
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path, Query, Request, Response
from fastapi.responses import PlainTextResponse
from starlette.types import Scope

from logocache.cache import LogoCache
from logocache.documents import document_of
from logocache.errors import SelectionError, UnavailableError
from logocache.health import Health, HealthStatus, Readiness, ReadyStatus
from logocache.queries import ClearSelection, ListQuery
from logocache.results import ClearReport
from logocache.server.background import Opening
from logocache.server.json_documents import (
    HEADERS,
    ClearDocument,
    ConfigDocument,
    EntryDocument,
    FilesDocument,
    ListingDocument,
    StatsDocument,
    config_response,
    entry_response,
    file_page,
    json_response,
    problem_responses,
)
from logocache.server.limits import Bulkhead
from logocache.server.metrics import CONTENT_TYPE, Load, Metrics
from logocache.server.problems import Routes
from logocache.server.requests import AdminOnly, After, Keys, Limit, Name, Providers, Statuses, list_query

LONGEST_AGE_DAYS = 36500
FILES_PATH = "/api/logo-cache/files"


def build(cache: LogoCache, admin: AdminOnly, management: Bulkhead, opening: Opening) -> APIRouter:
    """Build the router; `admin` guards routes that change something, and all work runs in `management`.

    Until the cache is open, all routes but health and settings respond with 503.
    """
    router = Routes(tags=["maintenance"])
    opened = Routes(dependencies=[Depends(opening.check)])

    unhealthy: dict[int | str, dict[str, Any]] = {  # a fragment of OpenAPI
        503: {"model": Health, "description": "`unhealthy`: the directory is gone or cannot be read."}
    }

    @router.readable(
        "/api/logo-cache/health",
        operation_id="get_health",
        summary="Health of the cache, for monitoring",
        response_model=Health,
        response_description="`healthy`, or `degraded`: it answers, but something is wrong.",
        responses=unhealthy,
    )
    async def get_health() -> Response:
        """Sizes are in MB and GB (10^6 and 10^9 bytes). A value that cannot be determined is null."""
        health = await management.run(cache.health)
        if opening.problem is not None:
            health = replace(health, status=HealthStatus.UNHEALTHY)
        return json_response(health, status=503 if health.status is HealthStatus.UNHEALTHY else 200)

    @opened.readable(
        "/api/logo-cache/stats",
        operation_id="get_cache_stats",
        summary="Figures of the cache",
        response_model=StatsDocument,
        response_description="The figures.",
        responses=problem_responses(503),
    )
    async def get_cache_stats() -> Response:
        """As `logocache stats --json`."""
        return json_response(document_of(await management.run(cache.stats)))

    @opened.readable(
        FILES_PATH,
        operation_id="list_files",
        summary="The stored files",
        response_model=FilesDocument,
        response_description="A page of files, in order of key.",
        responses=problem_responses(422, 503),
    )
    async def list_files(request: Request, limit: Limit = 100, after: After = None) -> Response:
        """The current file of each entry that has one, placeholders too."""
        root = path_of(request.scope).removesuffix(FILES_PATH)
        page = partial(file_page, cache, limit=limit, after=after, root=root)
        return json_response(await management.run(page))

    @router.readable(
        "/api/logo-cache/config",
        operation_id="get_config",
        summary="The settings in force",
        response_model=ConfigDocument,
        response_description="The settings.",
    )
    async def get_config() -> Response:
        """Every setting with its value, secrets as `***`."""
        return config_response(cache.settings)

    @opened.post(
        "/api/logo-cache/clear",
        operation_id="clear_cache",
        summary="Clear logos",
        response_model=ClearDocument,
        response_description="What was cleared; with `dry_run` what would be.",
        responses=problem_responses(400, 401, 403, 404, 422, 503),
        dependencies=[Depends(admin)],
    )
    async def clear_cache(
        selection: Annotated[ClearSelection, Depends(clear_selection)],
        *,
        dry_run: Annotated[bool, Query(description="Change nothing.")] = False,
    ) -> Response:
        """As `logocache clear --json`.

        Conditions must all hold, and there must be one. An entry of the catalogue stays known, and its
        logo is fetched again.
        """

        def clear() -> ClearReport:
            plan = cache.plan_clear(selection)
            return plan.report(dry_run=True) if dry_run else cache.clear(plan)

        return json_response(document_of(await management.run(clear)))

    router.include_router(opened)
    return router


def clear_selection(
    keys: Keys = [],  # noqa: B006  # FastAPI makes a new one for each request
    older_than_days: Annotated[
        float | None,
        Query(
            ge=0,
            le=LONGEST_AGE_DAYS,
            allow_inf_nan=False,
            description="Fetched so many days ago.",
            examples=[30],
        ),
    ] = None,
    providers: Providers = [],  # noqa: B006
    statuses: Statuses = [],  # noqa: B006
    *,
    orphans: Annotated[bool, Query(description="Also files that no entry names.")] = False,
    everything: Annotated[
        bool, Query(alias="all", description="All logos that are not pinned; alone, or with `orphans`.")
    ] = False,
) -> ClearSelection:
    """The options of `logocache clear`, as query parameters. Raises SelectionError."""
    selection = ClearSelection(
        keys=tuple(keys),
        older_than=timedelta(days=older_than_days) if older_than_days is not None else None,
        providers=tuple(providers),
        statuses=tuple(statuses),
        orphans=orphans,
        everything=everything,
    )
    try:
        return selection.checked()
    except SelectionError as error:
        raise SelectionError(
            "nothing is selected, or all=true is combined with another condition",
            hint="give key, older_than_days, provider, status or orphans=true; or all=true alone",
        ) from error


def path_of(scope: Scope) -> str:
    """The path as the client sees it, with the root path, which not all servers include in `path`."""
    path, root = str(scope["path"]), str(scope.get("root_path", ""))
    return path if path.startswith(root) else root + path


def build_integrations(cache: LogoCache, management: Bulkhead) -> APIRouter:
    """Build the router of entries; all work runs in `management`."""
    router = Routes(tags=["integrations"])

    @router.readable(
        "/api/integrations",
        operation_id="list_integrations",
        summary="The entries of the cache",
        response_model=ListingDocument,
        response_description="The entries that match; `matching` counts those beyond the page, too.",
        responses=problem_responses(400, 404, 422, 503),
    )
    async def list_integrations(
        query: Annotated[ListQuery, Depends(list_query)], limit: Limit = 100, after: After = None
    ) -> Response:
        """As `logocache list --json`. All conditions must hold; a condition given twice means either."""
        listing = await management.run(partial(cache.list, replace(query, limit=limit, after=after)))
        return json_response(document_of(listing))

    @router.readable(
        "/api/integrations/logos/stats",
        operation_id="get_logo_stats",
        summary="Figures of the database",
        response_model=StatsDocument,
        response_description="The figures.",
        responses=problem_responses(503),
    )
    async def get_logo_stats() -> Response:
        """As `logocache stats --json`: entries, sizes, hits, and what is due."""
        return json_response(document_of(await management.run(cache.stats)))

    @router.readable(
        "/api/integrations/{id}",
        operation_id="get_integration",
        summary="One entry",
        response_model=EntryDocument,
        response_description="The entry.",
        responses=problem_responses(404, 422, 503),
    )
    async def get_integration(
        key: Annotated[
            Name, Path(alias="id", description="Key, alias or domain.", examples=["shopify", "shopify.com"])
        ],
    ) -> Response:
        """All that is known of an entry, with or without a logo."""
        return entry_response(await management.run(partial(cache.entry, key)))

    return router


LOOK_SECONDS = 8.0
"""Limit of checks of database, directory and disk; orchestrators do not wait much longer."""


def build_probes(
    cache: LogoCache, metrics: Metrics, load: Callable[[], Load], management: Bulkhead, opening: Opening
) -> APIRouter:
    """Build the router; `load` measures the load of this worker, and checks run in `management`."""
    router = Routes(tags=["probes"])

    @router.readable(
        "/healthz",
        operation_id="get_process_health",
        summary="Liveness of the process",
        response_class=PlainTextResponse,
        response_description="The process responds.",
    )
    async def get_process_health() -> Response:
        """Checks neither database nor disk: if this fails, restart the process."""
        return PlainTextResponse("ok\n", headers=HEADERS)

    @router.readable(
        "/readyz",
        operation_id="get_readiness",
        summary="Readiness of the cache",
        response_model=Readiness,
        response_description="`ready`; or `degraded`: logos at hand are sent, others cannot be had.",
        responses={503: {"model": Readiness, "description": "`unavailable`: send requests elsewhere."}},
    )
    async def get_readiness() -> Response:
        """Checks database, directory and disk."""
        readiness = await management.run(cache.readiness, within=LOOK_SECONDS)
        if opening.problem is not None:
            readiness = replace(readiness, status=ReadyStatus.UNAVAILABLE)
        return json_response(readiness, status=503 if readiness.status is ReadyStatus.UNAVAILABLE else 200)

    @router.readable(
        "/metrics",
        operation_id="get_metrics",
        summary="Metrics for Prometheus",
        response_class=PlainTextResponse,
        response_description="Prometheus' text format.",
    )
    async def get_metrics() -> Response:
        """Requests, hits, fetches, queue, sizes. Without the database `logocache_up_database` is 0."""
        metrics.loaded(load())
        try:
            stats = await management.run(cache.stats, within=LOOK_SECONDS)
        except UnavailableError:
            stats = None
        exposition = await management.run(partial(metrics.exposition, stats))
        return Response(exposition, headers=HEADERS | {"Content-Type": CONTENT_TYPE})

    return router
