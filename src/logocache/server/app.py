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
from logocache.server.access_log import access_log_of
from logocache.server.background import Background
from logocache.server.early_responses import ClientLimits, HostRequired
from logocache.server.fast_path import FastPath, RouteCache
from logocache.server.gallery import routes as gallery_routes
from logocache.server.metrics import Load, Metrics, load_of
from logocache.server.middleware import Requests
from logocache.server.problems import install_handlers
from logocache.server.requests import admin_only
from logocache.server.responses import Cors
from logocache.server.routes import logos, maintenance, probes
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


def create_router(settings: Settings | None = None, *, strict: bool = False) -> APIRouter:
    """Create a router of all routes, to be included under any prefix of a FastAPI application.

    Its lifespan opens and closes the cache with the application. The default settings are those of the
    environment. While the cache is not usable, its routes respond with 503, and opening it is retried;
    with `strict`, the start of the application raises DirectoryError, DatabaseError or SchemaError
    instead. Raises SettingsError, CatalogError.
    """
    return router_of(assemble(settings or Settings()), strict=strict)


def assemble(settings: Settings) -> Server:
    """Create the parts of a server; neither database nor directory is touched."""
    cache = open_cache(settings)
    metrics = Metrics()
    cache.watch(lambda fetches: metrics.fetched(attempt for fetch in fetches for attempt in fetch.attempts))
    return Server(
        cache=cache,
        metrics=metrics,
        service=LogoService(cache, looked_up=metrics.looked_up),
        route_cache=RouteCache(),
        cors=Cors(settings.cors_origins),
    )


def router_of(server: Server, *, strict: bool) -> APIRouter:
    """The router of a server: see `create_router`."""
    settings = server.cache.settings
    admin = admin_only(settings)

    def load() -> Load:
        return load_of(server.service.admission.queue, server.service.responses)

    def report_load() -> None:
        server.metrics.loaded(load())

    background = Background(server.cache, server.service, each_second=report_load)
    opening, management = background.opening, server.service.bulkheads.management

    @asynccontextmanager
    async def lifespan(_: Any) -> AsyncIterator[None]:  # noqa: ANN401  # any application
        async with background.run(strict=strict):
            yield

    router = APIRouter(lifespan=lifespan)
    router.include_router(gallery_routes.build(server.cache, management, check=opening.check))
    router.include_router(probes.build(server.cache, server.metrics, load, management, opening))
    router.include_router(maintenance.build(server.cache, admin, management, opening))
    for routes in (
        maintenance.build_integrations(server.cache, management),
        logos.build(server.service, server.route_cache, server.cors, admin),
        logos.build_by_domain(server.service, server.route_cache, server.cors),
    ):
        router.include_router(routes, dependencies=[Depends(opening.check)])
    return router


def create_app(settings: Settings | None = None, *, strict: bool = True) -> FastAPI:
    """Create an application for any ASGI server; the default settings are those of the environment.

    If the cache is not usable (run `logocache init` first), its start raises DirectoryError, DatabaseError
    or SchemaError; without `strict`, it responds with 503 until the cache is usable. Raises SettingsError,
    CatalogError.
    """
    return Application(assemble(settings or Settings()), strict=strict)


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
        layers = FastPath(layers, service=server.service, route_cache=server.route_cache, cors=server.cors)
        layers = ClientLimits(
            layers,
            max_body_bytes=settings.max_body_bytes,
            slow_client_seconds=settings.slow_client_seconds,
        )
        layers = HostRequired(layers)
        self._layers = Requests(layers, metrics=server.metrics, access_log=access_log_of(settings))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self._layers(scope, receive, send)
