"""Requests to the logo routes, in this process."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import partialmethod
from pathlib import Path
from typing import Any

import httpx
from fastapi import FastAPI

from harness.bench import Bench
from harness.small_app import make_bench
from logocache.server.fast_path import Hits, RouteCache
from logocache.server.requests import admin_only
from logocache.server.responses import Cors
from logocache.server.routes import logos
from logocache.server.service import LogoService

LOGO = "/api/integrations/shopify/logo"


class LogoClient:
    """Asks an application in this process, always on the same event loop."""

    def __init__(self, app: FastAPI, runner: asyncio.Runner) -> None:
        self._app = app
        self._runner = runner

    def request(self, method: str, url: str, **options: Any) -> httpx.Response:
        return self._runner.run(self._request(method, url, options))

    get = partialmethod(request, "GET")
    head = partialmethod(request, "HEAD")
    post = partialmethod(request, "POST")
    options = partialmethod(request, "OPTIONS")

    async def _request(self, method: str, url: str, options: dict[str, Any]) -> httpx.Response:
        transport = httpx.ASGITransport(self._app, client=("192.0.2.7", 5000))
        async with httpx.AsyncClient(transport=transport, base_url="http://cache.test") as client:
            return await client.request(method, url, **options)


@contextmanager
def client_of(bench: Bench, **settings: Any) -> Iterator[LogoClient]:
    """The logo routes on their own, behind the hot path."""
    with bench.open(**settings) as cache, asyncio.Runner() as runner:
        service = LogoService(cache, looked_up=lambda state, times: None)
        route_cache, cors = RouteCache(), Cors(cache.settings.cors_origins)
        app = FastAPI()
        admin, offer = admin_only(cache.settings), cache.settings.offer_webp
        app.include_router(logos.build(service, route_cache, cors, admin, is_webp_offered=offer))
        app.include_router(logos.build_by_domain(service, route_cache, cors, is_webp_offered=offer))
        app.add_middleware(Hits, service=service, route_cache=route_cache, cors=cors)
        yield LogoClient(app, runner)
        runner.run(service.admission.queue.close(patience=10))
        service.variants.close()


def stored_name(bench: Bench, key: str) -> str:
    return next(name for name in bench.files if name.startswith(f"{key}_"))


def filled(folder: Path) -> Bench:
    bench = make_bench(folder)
    bench.clock.now = datetime.now(UTC)
    with bench.open() as cache:
        cache.init()
    return bench
