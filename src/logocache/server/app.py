"""The server as an ASGI application of its own."""

from fastapi import FastAPI
from starlette.types import ASGIApp, Receive, Scope, Send

from logocache.server.host import HostRequired
from logocache.server.hot_path import HotPath
from logocache.server.limits import ClientLimits
from logocache.server.problems import install_handlers
from logocache.server.requests import Requests
from logocache.server.router import Server, assemble, router_of
from logocache.settings import Settings
from logocache.version import __version__


def create_app(settings: Settings | None = None, *, strict: bool = True) -> FastAPI:
    """An application for any ASGI server, with settings of the environment when none are given.

    Raises SettingsError, CatalogError. Its start raises DirectoryError, DatabaseError or SchemaError
    when there is no usable cache (run `logocache init` first), unless it is not to be `strict`: then it
    answers 503 until there is one.
    """
    return Application(assemble(settings or Settings()), strict=strict)


class Application(FastAPI):
    """FastAPI, and around it our own layers: a hot logo passes through nothing else."""

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
        layers = HotPath(layers, service=server.service, addresses=server.addresses, cors=server.cors)
        layers = ClientLimits(
            layers,
            max_body_bytes=settings.max_body_bytes,
            slow_client_seconds=settings.slow_client_seconds,
        )
        layers = HostRequired(layers)
        self._layers = Requests(layers, metrics=server.metrics)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self._layers(scope, receive, send)
