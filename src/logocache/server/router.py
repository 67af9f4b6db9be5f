"""All routes as one router, for an application of our own or somebody else's."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from fastapi import APIRouter, Depends

from logocache.bootstrap import open_cache
from logocache.cache import LogoCache
from logocache.server.cors import Cors
from logocache.server.hot_path import Addresses
from logocache.server.lifetime import Lifetime
from logocache.server.load import Load, load_of
from logocache.server.metrics import Metrics
from logocache.server.routes import gallery, integrations, logos, maintenance, probes
from logocache.server.security import admin_only
from logocache.server.service import LogoService
from logocache.settings import Settings


@dataclass(frozen=True, slots=True, kw_only=True)
class Server:
    """What the routes of one server share."""

    cache: LogoCache
    metrics: Metrics
    service: LogoService
    addresses: Addresses
    cors: Cors


def create_router(settings: Settings | None = None, *, strict: bool = False) -> APIRouter:
    """All routes, to be included under any prefix of a FastAPI application.

    Its lifespan opens and ends the cache with the application. Settings come from the environment
    when none are given. While there is no usable cache, the routes answer 503, and the application is
    not hindered; it is looked for again and again. `strict` has the application's start raise
    DirectoryError, DatabaseError or SchemaError instead. Raises SettingsError, CatalogError itself.
    """
    return router_of(assemble(settings or Settings()), strict=strict)


def assemble(settings: Settings) -> Server:
    """The parts of a server; nothing is touched yet."""
    cache = open_cache(settings)
    metrics = Metrics()
    cache.watch(lambda fetches: metrics.fetched(attempt for each in fetches for attempt in each.attempts))
    return Server(
        cache=cache,
        metrics=metrics,
        service=LogoService(cache, looked_up=metrics.looked_up),
        addresses=Addresses(),
        cors=Cors(settings.cors_origins),
    )


def router_of(server: Server, *, strict: bool) -> APIRouter:
    """The routes of that server, and its lifespan: see `create_router`."""
    settings = server.cache.settings
    admin = admin_only(settings)

    def load() -> Load:
        return load_of(server.service.acquisition.flights, server.service.bodies)

    def report_load() -> None:
        server.metrics.loaded(load())

    lifetime = Lifetime(server.cache, server.service, each_second=report_load)
    opening, desk = lifetime.opening, server.service.bulkheads.management

    @asynccontextmanager
    async def lifespan(_: Any) -> AsyncIterator[None]:  # noqa: ANN401  # whatever application it is
        async with lifetime.run(strict=strict):
            yield

    router = APIRouter(lifespan=lifespan)
    router.include_router(gallery.build(server.cache, desk, check=opening.check))
    router.include_router(probes.build(server.cache, server.metrics, load, desk, opening))
    router.include_router(maintenance.build(server.cache, admin, desk, opening))
    for routes in (
        integrations.build(server.cache, desk),
        logos.build(server.service, server.addresses, server.cors, admin),
        logos.build_by_domain(server.service, server.addresses, server.cors),
    ):
        router.include_router(routes, dependencies=[Depends(opening.check)])
    return router
