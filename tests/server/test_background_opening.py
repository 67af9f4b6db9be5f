"""Somebody else's application starts whatever our cache does, and our routes come up by themselves."""

import asyncio
import logging
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi import FastAPI

from harness.databases import PostgresServer
from harness.service import play
from harness.tcp_relay import Relay
from logocache import LogoCacheError, Settings, UnavailableError, open_cache
from logocache.errors import DirectoryError, SchemaError
from logocache.queries import ListQuery
from logocache.server import create_app, create_router
from logocache.server.background import LONGEST_WAIT, Opening, backoff

LOGO = "/logos/api/integrations/shopify/logo"
OURS = (
    LOGO,
    "/logos/shopify.com",
    "/logos/static/cached_logos/shopify_00000000.png",
    "/logos/api/integrations",
    "/logos/api/integrations/shopify",
    "/logos/api/integrations/logos/stats",
    "/logos/api/logo-cache/stats",
    "/logos/api/logo-cache/files",
)


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(dir=tmp_path / "logos", offline=True)


def init(settings: Settings) -> None:
    with open_cache(settings) as cache:
        cache.init(["shopify"])


@asynccontextmanager
async def shop(settings: Settings, *, strict: bool = False) -> AsyncIterator[httpx.AsyncClient]:
    """A client of somebody else's application, which has our router under /logos."""
    app = FastAPI()

    @app.get("/products")
    async def get_products() -> list[str]:
        return ["soap"]

    app.include_router(create_router(settings, strict=strict), prefix="/logos")
    async with started(app) as client:
        yield client


@asynccontextmanager
async def started(app: FastAPI) -> AsyncIterator[httpx.AsyncClient]:
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://shop.test") as client,
    ):
        yield client


async def assert_away(client: httpx.AsyncClient, code: str, *, database_is_up: bool = False) -> None:
    assert (await client.get("/products")).json() == ["soap"]
    for path in OURS:
        answer = await client.get(path)
        assert (answer.status_code, answer.headers["content-type"]) == (503, "application/problem+json"), path
        assert answer.json()["code"] == code, path
        assert int(answer.headers["retry-after"]) > 0, path
    assert (await client.get("/logos/healthz")).status_code == 200
    assert (await client.get("/logos/api/logo-cache/config")).status_code == 200
    ready, health = await client.get("/logos/readyz"), await client.get("/logos/api/logo-cache/health")
    assert (ready.status_code, ready.json()["status"]) == (503, "unavailable")
    assert (health.status_code, health.json()["status"]) == (503, "unhealthy")
    page = await client.get("/logos/")
    assert (page.status_code, page.headers["content-type"]) == (503, "text/html; charset=utf-8")
    assert f"logocache_up_database {float(database_is_up)}" in (await client.get("/logos/metrics")).text


async def until_up(client: httpx.AsyncClient) -> None:
    async with asyncio.timeout(60):
        while (await client.get(LOGO)).status_code == 503:  # noqa: ASYNC110  # only answers tell
            await asyncio.sleep(0.02)
    assert (await client.get(LOGO)).headers["content-type"] == "image/png"
    assert (await client.get("/logos/readyz")).json()["status"] == "ready"


@pytest.mark.end_to_end
@pytest.mark.parametrize(
    ("missing", "code"), [("everything", "directory"), ("database", "schema"), ("folders", "directory")]
)
def test_an_application_starts_without_our_cache_and_gets_it_after_init(
    settings: Settings, missing: str, code: str, caplog: pytest.LogCaptureFixture
) -> None:
    if missing != "everything":
        init(settings)
        for path in settings.private_dir.iterdir():
            if missing == "folders" and path.is_dir():
                shutil.rmtree(path)
            elif missing == "database" and path.is_file():
                path.unlink()

    async def scene() -> None:
        async with shop(settings) as client:
            await assert_away(client, code, database_is_up=missing == "folders")
            assert "logocache init" in (await client.get(LOGO)).json()["detail"]
            await asyncio.to_thread(init, settings)
            await until_up(client)

    play(scene)
    told = [record.message for record in caplog.records if record.name == "logocache.server.background"]
    assert told == ["cache.unavailable", "cache.available"]
    with open_cache(settings) as cache:
        assert cache.list(ListQuery(keys=("shopify",))).entries[0].access_count >= 1


def test_only_what_is_missing_first_is_a_warning(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)

    async def scene() -> None:
        problems = [DirectoryError("no directory", hint="a")] * 3 + [SchemaError("no schema", hint="b")] * 2

        async def require() -> None:
            if problems:
                raise problems.pop(0)

        opening = Opening(require, wait=lambda attempt: 0.0)
        assert not await opening.attempt()
        with pytest.raises(DirectoryError):
            await opening.check()
        await opening.keep_trying()
        await opening.check()

    play(scene)
    told = [(record.levelname, record.message, vars(record).get("error")) for record in caplog.records]
    assert told == [
        ("WARNING", "cache.unavailable", "no directory: a"),
        ("INFO", "cache.unavailable", "no schema: b"),
        ("WARNING", "cache.available", None),
    ]


def test_a_bug_of_ours_hinders_nobody_either(caplog: pytest.LogCaptureFixture) -> None:
    async def scene() -> None:
        bugs = [ZeroDivisionError("a bug"), ZeroDivisionError("a bug")]

        async def require() -> None:
            if bugs:
                raise bugs.pop(0)

        opening = Opening(require, wait=lambda attempt: 0.0)
        assert not await opening.attempt()
        with pytest.raises(UnavailableError):
            await opening.check()
        await opening.keep_trying()

    play(scene)
    assert [record.message for record in caplog.records] == [
        "cache.broken",
        "cache.unavailable",
        "cache.available",
    ]


def test_waits_grow_and_are_bounded() -> None:
    waits = [[backoff(attempt) for _ in range(50)] for attempt in (0, 3, 1000)]
    assert max(waits[0]) < min(waits[1])
    assert max(waits[2]) <= 1.5 * LONGEST_WAIT
    assert len(set(waits[2])) > 1


def test_strictness_is_an_argument(settings: Settings) -> None:
    async def scene() -> None:
        for starting in (shop(settings, strict=True), started(create_app(settings))):
            with pytest.raises(DirectoryError):
                async with starting:
                    raise AssertionError("unreachable: it must not start")
        async with started(create_app(settings, strict=False)) as client:
            assert (await client.get("/shopify.com")).status_code == 503

    play(scene)


def test_settings_that_are_wrong_are_told_at_once(tmp_path: Path) -> None:
    (tmp_path / "catalog.toml").write_text("nonsense")
    wrong: list[dict[str, Any]] = [{"catalog": tmp_path / "catalog.toml"}, {"database_url": "mysql://nobody"}]
    for settings in wrong:
        with pytest.raises(LogoCacheError) as caught:
            create_router(Settings(dir=tmp_path, **settings))
        assert caught.value.code in {"catalog", "settings"}


def test_an_application_that_ends_before_our_cache_is_there_ends_well(settings: Settings) -> None:
    async def scene() -> None:
        async with shop(settings) as client:
            await assert_away(client, "directory")

    play(scene)
    assert not settings.dir.exists()


@pytest.mark.parametrize("trouble", ["stopped", "hanging"])
def test_a_database_that_is_away_at_the_start_is_used_when_it_is_there(
    tmp_path: Path, postgres: PostgresServer, trouble: str
) -> None:
    postgres.empty("logocache_empty")
    with Relay(postgres.socket) as relay:
        url = f"postgresql://postgres@127.0.0.1:{relay.port}/logocache_empty?gssencmode=disable"
        settings = Settings(dir=tmp_path / "logos", offline=True, database_url=url)
        init(settings)
        if trouble == "stopped":
            relay.cut()
        else:
            relay.hang()

        async def scene() -> None:
            async with shop(settings) as client:
                assert (await client.get("/products")).json() == ["soap"]
                answer = await client.get(LOGO)
                assert (answer.status_code, answer.json()["code"]) == (503, "database")
                if trouble == "stopped":
                    relay.restore()
                else:
                    assert relay.is_hanging
                    relay.flow()
                await until_up(client)

        play(scene)
