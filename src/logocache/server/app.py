"""The ASGI application, and its routes as a router for a foreign application."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from fastapi import APIRouter, Depends, FastAPI
from starlette.types import ASGIApp, Receive, Scope, Send

from logocache import __version__
from logocache.bootstrap import open_cache
from logocache.cache import LogoCache
from logocache.server import gallery
from logocache.server.access_log import AccessLog, access_log_of
from logocache.server.background import Background
from logocache.server.early_responses import ClientLimits, HostRequired
from logocache.server.fast_path import FAST_PATH_IN_STATE, FastPath, Hits, RouteCache
from logocache.server.metrics import Load, Metrics
from logocache.server.middleware import Requests
from logocache.server.problems import install_handlers
from logocache.server.requests import admin_only
from logocache.server.responses import Cors
from logocache.server.routes import logos, maintenance
from logocache.server.service import LogoService
from logocache.settings import Settings


@dataclass(frozen=True, slots=True, kw_only=True)
class Server:
    """The shared parts of one server."""

    cache: LogoCache
    metrics: Metrics
    service: LogoService
    route_cache: RouteCache
    cors: Cors
    access_log: AccessLog | None
    fast_path: FastPath


def create_router(settings: Settings | None = None, *, strict: bool = False) -> APIRouter:
    """Create a router of all routes, to be included under any prefix of a FastAPI application.

    Its lifespan opens and closes the cache with the application. The default settings are those of the
    environment. While the cache is not usable, its routes respond with 503, and opening it is retried;
    with `strict`, the start of the application raises DirectoryError, DatabaseError or SchemaError
    instead. Raises SettingsError, CatalogError.
    """
    return router_of(assemble(open_cache(settings or Settings())), strict=strict)


def assemble(cache: LogoCache) -> Server:
    """Create the parts of a server; neither database nor directory is touched."""
    settings, metrics = cache.settings, Metrics()
    cache.watch(lambda fetches: metrics.fetched(attempt for fetch in fetches for attempt in fetch.attempts))
    service = LogoService(cache, looked_up=metrics.looked_up)
    route_cache, cors, access_log = RouteCache(), Cors(settings.cors_origins), access_log_of(settings)
    return Server(
        cache=cache,
        metrics=metrics,
        service=service,
        route_cache=route_cache,
        cors=cors,
        access_log=access_log,
        fast_path=FastPath(service, route_cache, cors, metrics, access_log, root_path=settings.root_path),
    )


def router_of(server: Server, *, strict: bool) -> APIRouter:
    """The router of a server: see `create_router`."""
    settings = server.cache.settings
    admin = admin_only(settings)

    def load() -> Load:
        server.fast_path.hand_over()
        queue, responses = server.service.admission.queue, server.service.responses
        return Load(
            queue_length=queue.waiting,
            queue_limit=queue.limit,
            fetches_in_progress=queue.in_progress,
            hot_bytes=responses.size_bytes,
            hot_entries=len(responses),
        )

    def report_load() -> None:
        server.metrics.loaded(load())

    background = Background(server.cache, server.service, each_second=report_load)
    opening, management = background.opening, server.service.bulkheads.management

    @asynccontextmanager
    async def lifespan(_: Any) -> AsyncIterator[None]:  # noqa: ANN401  # any application
        async with background.run(strict=strict):
            yield

    router = APIRouter(lifespan=lifespan)
    router.include_router(gallery.build(server.cache, management, check=opening.check))
    router.include_router(maintenance.build_probes(server.cache, server.metrics, load, management, opening))
    router.include_router(maintenance.build(server.cache, admin, management, opening))
    for routes in (
        maintenance.build_integrations(server.cache, management),
        logos.build(
            server.service, server.route_cache, server.cors, admin, is_webp_offered=settings.offer_webp
        ),
        logos.build_by_domain(
            server.service, server.route_cache, server.cors, is_webp_offered=settings.offer_webp
        ),
    ):
        router.include_router(routes, dependencies=[Depends(opening.check)])
    return router


def create_app(settings: Settings | None = None, *, strict: bool = True) -> FastAPI:
    """Create an application for any ASGI server; the default settings are those of the environment.

    If the cache is not usable (run `logocache init` first), its start raises DirectoryError, DatabaseError
    or SchemaError; without `strict`, it responds with 503 until the cache is usable. Raises SettingsError,
    CatalogError.
    """
    return Application(assemble(open_cache(settings or Settings())), strict=strict)


class Application(FastAPI):
    """FastAPI within our own middleware, which alone handles requests for logos in memory."""

    def __init__(self, server: Server, *, strict: bool) -> None:
        super().__init__(
            title="logocache",
            summary="Logos of companies and integrations, from your own cache.",
            version=__version__,
            docs_url=None,
            redoc_url=None,
            redirect_slashes=False,
        )
        self.include_router(router_of(server, strict=strict))
        install_handlers(self)
        settings = server.cache.settings
        layers: ASGIApp = super().__call__
        layers = Hits(layers, service=server.service, route_cache=server.route_cache, cors=server.cors)
        layers = ClientLimits(
            layers,
            max_body_bytes=settings.max_body_bytes,
            slow_client_seconds=settings.slow_client_seconds,
        )
        layers = HostRequired(layers)
        # What a proxy says of the client's address is read behind the fast path, but must be in the log.
        is_logging_proxied = server.access_log is not None and settings.trusted_proxies
        self._fast_path = server.fast_path if settings.fast_path and not is_logging_proxied else None
        self._layers = Requests(layers, metrics=server.metrics, access_log=server.access_log)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan" and self._fast_path is not None:
            scope.get("state", {})[FAST_PATH_IN_STATE] = self._fast_path
        await self._layers(scope, receive, send)
