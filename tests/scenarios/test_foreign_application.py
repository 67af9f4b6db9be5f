"""All of it in somebody else's FastAPI application: routes under a prefix, two lifespans, their errors."""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi import FastAPI

from logocache import Settings, open_cache
from logocache.queries import ListQuery
from logocache.server import create_app, create_router

Asking = Callable[[httpx.AsyncClient], Coroutine[Any, Any, None]]


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """A real cache with one real logo, from an icon set."""
    made = Settings(dir=tmp_path / "logos", offline=True)
    with open_cache(made) as cache:
        cache.init(["shopify"])
    return made


class Shop:
    """An application with a route and a lifespan of its own."""

    def __init__(self, settings: Settings) -> None:
        self.events: list[str] = []
        self.app = FastAPI(lifespan=self._lifespan)

        @self.app.get("/products/{id}")
        async def get_product(id: int) -> dict[str, int]:  # noqa: A002  # as people write it
            return {"id": id}

        self.app.include_router(create_router(settings), prefix="/logos")

    @asynccontextmanager
    async def _lifespan(self, app: FastAPI) -> AsyncIterator[None]:
        self.events.append("opened")
        yield
        self.events.append("closed")


def ask(app: FastAPI, asking: Asking) -> None:
    """Run `asking` while the application is up."""

    async def scene() -> None:
        transport = httpx.ASGITransport(app)
        async with (
            app.router.lifespan_context(app),
            httpx.AsyncClient(transport=transport, base_url="http://shop.test") as client,
        ):
            await asking(client)

    asyncio.run(scene())


def test_logos_are_served_under_the_prefix(settings: Settings) -> None:
    shop = Shop(settings)

    async def asking(client: httpx.AsyncClient) -> None:
        for path in ("/logos/shopify.com", "/logos/api/integrations/shopify/logo?size=64"):
            answer = await client.get(path)
            assert (answer.status_code, answer.headers["content-type"]) == (200, "image/png")
            assert (
                await client.get(path, headers={"If-None-Match": answer.headers["etag"]})
            ).status_code == 304
        health = await client.get("/logos/api/logo-cache/health")
        assert health.json()["status"] == "healthy"
        files = (await client.get("/logos/api/logo-cache/files")).json()["files"]
        assert (await client.get(files[0]["path"])).status_code == 200
        assert (await client.get("/logos/")).status_code == 200

    ask(shop.app, asking)
    assert shop.events == ["opened", "closed"]
    with open_cache(settings) as cache:
        assert cache.list(ListQuery(keys=("shopify",))).entries[0].access_count >= 2


def test_errors_are_ours_on_our_routes_and_theirs_on_theirs(settings: Settings) -> None:
    async def asking(client: httpx.AsyncClient) -> None:
        ours = await client.get("/logos/nobody")
        assert (ours.status_code, ours.headers["content-type"]) == (404, "application/problem+json")
        assert (await client.get("/products/7")).json() == {"id": 7}
        theirs = await client.get("/products/x")
        assert (theirs.status_code, theirs.headers["content-type"]) == (422, "application/json")
        assert (await client.get("/elsewhere")).json() == {"detail": "Not Found"}

    ask(Shop(settings).app, asking)


def test_both_are_in_one_description(settings: Settings) -> None:
    async def asking(client: httpx.AsyncClient) -> None:
        paths = (await client.get("/openapi.json")).json()["paths"]
        assert {"/products/{id}", "/logos/api/integrations/{id}/logo", "/logos/{domain}"} <= set(paths)
        redirect = await client.get("/logos/openapi.json")
        assert (redirect.status_code, redirect.headers["location"]) == (307, "/openapi.json")

    ask(Shop(settings).app, asking)


def test_an_application_that_hides_its_description_keeps_it_hidden(settings: Settings) -> None:
    async def asking(client: httpx.AsyncClient) -> None:
        assert (await client.get("/logos/openapi.json")).status_code == 404

    shop = Shop(settings)
    shop.app.openapi_url = None
    ask(shop.app, asking)


def test_two_servers_live_in_one_process(settings: Settings, tmp_path: Path) -> None:
    """A shop with our router, and an application of our own beside it."""

    async def outer(client: httpx.AsyncClient) -> None:
        own = create_app(settings)
        transport = httpx.ASGITransport(own)
        async with (
            own.router.lifespan_context(own),
            httpx.AsyncClient(transport=transport, base_url="http://logos.test") as second,
        ):
            bodies = {
                (await each.get(path)).content
                for each, path in ((client, "/logos/shopify.com"), (second, "/shopify.com"))
            }
            assert len(bodies) == 1

    ask(Shop(settings).app, outer)
