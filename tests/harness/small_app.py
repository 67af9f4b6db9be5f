"""A small application of the routes that need no logo service, over a cache in a temporary directory."""

import asyncio
from pathlib import Path
from typing import Any

import httpx
from fastapi import APIRouter, FastAPI
from starlette.types import ASGIApp

from harness.bench import SHOPIFY, SLACK, Bench
from harness.fakes import reply
from logocache.cache import LogoCache
from logocache.server.background import Opening
from logocache.server.limits import Bulkheads
from logocache.server.metrics import Load, Metrics
from logocache.server.middleware import Requests
from logocache.server.problems import install_handlers
from logocache.server.requests import admin_only
from logocache.server.routes import maintenance

TOKEN = "a-token-of-sixteen-or-more"
AUTHORISED = {"Authorization": f"Bearer {TOKEN}"}
IDLE = Load(queue_length=0, queue_limit=200, fetches_in_progress=0, hot_bytes=0, hot_entries=0)


def make_bench(folder: Path) -> Bench:
    """Three entries: two with a logo, and `stripe` with a placeholder."""
    return Bench(folder, replies={SHOPIFY: reply(body=b"shopify"), SLACK: reply(body=b"slack!")})


def without_database(folder: Path) -> LogoCache:
    """A cache whose directory is as it should be, and whose database is empty."""
    bench = make_bench(folder)
    with bench.open() as cache:
        cache.init()
        for path in cache.settings.private_dir.glob("logocache.db*"):
            path.unlink()
    return bench.open()


def make_router(cache: LogoCache, metrics: Metrics | None = None, load: Load = IDLE) -> APIRouter:
    router = APIRouter()
    management, opening = Bulkheads().management, Opening(lambda: asyncio.sleep(0))
    router.include_router(
        maintenance.build_probes(cache, metrics or Metrics(), lambda: load, management, opening)
    )
    router.include_router(maintenance.build(cache, admin_only(cache.settings), management, opening))
    router.include_router(maintenance.build_integrations(cache, management))
    return router


def make_app(cache: LogoCache, *, metrics: Metrics | None = None, load: Load = IDLE) -> FastAPI:
    """An application of our own, with all around it."""
    metrics = metrics or Metrics()
    app = FastAPI(title="small", version="1", redirect_slashes=False)
    app.include_router(make_router(cache, metrics, load))
    install_handlers(app)
    app.add_middleware(Requests, metrics=metrics, access_log=None)
    return app


def make_foreign_app(cache: LogoCache, *, prefix: str = "/logos") -> FastAPI:
    """Somebody else's application: our router under a prefix, and nothing else of ours."""
    app = FastAPI(title="foreign", version="1")

    @app.get("/hello")
    def hello(size: int = 1) -> dict[str, int]:
        return {"size": size}

    app.include_router(make_router(cache), prefix=prefix)
    return app


class Client:
    """Asks an application as a server would, in this process. What the application raises is raised here."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    def get(self, url: str, **options: Any) -> httpx.Response:
        return self.request("GET", url, **options)

    def head(self, url: str, **options: Any) -> httpx.Response:
        return self.request("HEAD", url, **options)

    def post(self, url: str, **options: Any) -> httpx.Response:
        return self.request("POST", url, **options)

    def request(self, method: str, url: str, **options: Any) -> httpx.Response:
        return asyncio.run(self._request(method, url, options))

    async def _request(self, method: str, url: str, options: dict[str, Any]) -> httpx.Response:
        transport = httpx.ASGITransport(self._app, client=("192.0.2.7", 5000))
        async with httpx.AsyncClient(transport=transport, base_url="http://cache.test") as client:
            return await client.request(method, url, **options)
