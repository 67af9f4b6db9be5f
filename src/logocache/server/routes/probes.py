"""Routes for orchestrators and Prometheus."""

from collections.abc import Callable
from dataclasses import replace
from functools import partial

from fastapi import APIRouter, Response
from fastapi.responses import PlainTextResponse

from logocache.cache import LogoCache
from logocache.errors import UnavailableError
from logocache.health import Readiness, ReadyStatus
from logocache.server.background import Opening
from logocache.server.json_documents import HEADERS, readiness_response
from logocache.server.limits import Bulkhead
from logocache.server.metrics import CONTENT_TYPE, Load, Metrics
from logocache.server.problems import ProblemRoute

LOOK_SECONDS = 8.0
"""Limit of checks of database, directory and disk; orchestrators do not wait much longer."""


def build(
    cache: LogoCache, metrics: Metrics, load: Callable[[], Load], management: Bulkhead, opening: Opening
) -> APIRouter:
    """Build the router; `load` measures the load of this worker, and checks run in `management`."""
    router = APIRouter(route_class=ProblemRoute, tags=["probes"])

    @router.get(
        "/healthz",
        operation_id="get_process_health",
        summary="Liveness of the process",
        response_class=PlainTextResponse,
        response_description="The process responds.",
    )
    @router.head("/healthz", include_in_schema=False)
    async def get_process_health() -> Response:
        """Checks neither database nor disk: if this fails, restart the process."""
        return PlainTextResponse("ok\n", headers=HEADERS)

    @router.get(
        "/readyz",
        operation_id="get_readiness",
        summary="Readiness of the cache",
        response_model=Readiness,
        response_description="`ready`; or `degraded`: logos at hand are sent, others cannot be had.",
        responses={503: {"model": Readiness, "description": "`unavailable`: send requests elsewhere."}},
    )
    @router.head("/readyz", include_in_schema=False)
    async def get_readiness() -> Response:
        """Checks database, directory and disk."""
        readiness = await management.run(cache.readiness, within=LOOK_SECONDS)
        if opening.problem is not None:
            readiness = replace(readiness, status=ReadyStatus.UNAVAILABLE)
        return readiness_response(
            readiness, status=503 if readiness.status is ReadyStatus.UNAVAILABLE else 200
        )

    @router.get(
        "/metrics",
        operation_id="get_metrics",
        summary="Metrics for Prometheus",
        response_class=PlainTextResponse,
        response_description="Prometheus' text format.",
    )
    @router.head("/metrics", include_in_schema=False)
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
