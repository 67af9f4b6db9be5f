"""A database or a disk that hangs: whoever does not need it does not wait for it, and nobody for ever."""

import asyncio
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import httpx
import pytest

from harness.bench import SHOPIFY
from harness.databases import PostgresServer
from harness.fakes import reply
from harness.service import CLIENT, SMALL, Gate, known_but_cold, make_bench, play, serving
from harness.tcp_relay import Relay
from logocache import Settings, open_cache
from logocache.cache import LogoCache
from logocache.errors import DirectoryError
from logocache.model import OutcomeKind
from logocache.ports import Answer, FetchRequest
from logocache.queries import Variant
from logocache.server import create_app
from logocache.server.limits import Bulkhead
from logocache.server.requests import LogoRequest
from logocache.server.service import LogoService
from logocache.store.variants import FileVariants

pytestmark = pytest.mark.end_to_end

MANY = 40
"""More than any pool has threads."""


@pytest.fixture
def relay(postgres: PostgresServer) -> Iterator[Relay]:
    postgres.empty("logocache_empty")
    with Relay(postgres.socket) as relay:
        yield relay


@pytest.fixture
def settings(tmp_path: Path, relay: Relay) -> Settings:
    """A cache with one real logo, whose database is behind the relay."""
    url = f"postgresql://postgres@127.0.0.1:{relay.port}/logocache_empty?gssencmode=disable"
    made = Settings(dir=tmp_path / "logos", offline=True, database_url=url, shutdown_seconds=1)
    with open_cache(made) as cache:
        cache.init(["shopify"])
    return made


@asynccontextmanager
async def client_of(settings: Settings) -> AsyncIterator[httpx.AsyncClient]:
    app = create_app(settings)
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(
            transport=httpx.ASGITransport(app), base_url="http://logos.test", timeout=60
        ) as client,
    ):
        yield client


async def until_waiting(tasks: list[asyncio.Task[httpx.Response]]) -> None:
    """Let them all come to where they wait."""
    await asyncio.wait(tasks, timeout=0.2)


def test_hits_in_other_sizes_are_answered_while_the_database_hangs(settings: Settings, relay: Relay) -> None:
    async def scene() -> None:
        async with client_of(settings) as client:
            assert (await client.get("/shopify.com")).status_code == 200
            files = (await client.get("/api/logo-cache/files")).json()["files"]
            relay.hang()
            strangers = [
                asyncio.create_task(client.get(path))
                for number in range(MANY)
                for path in (f"/company{number}.com", "/api/integrations", "/metrics")
            ]
            await until_waiting(strangers)
            for path in (
                "/shopify.com?size=64",
                "/shopify.com?size=33&format=webp",
                "/api/integrations/shopify/logo?size=48",
                "/api/integrations/shopify/logo",
                files[0]["path"],
                "/healthz",
            ):
                answer = await client.get(path)
                assert answer.status_code == 200, path
                assert relay.is_hanging
            assert not all(stranger.done() for stranger in strangers)
            relay.flow()
            answers = await asyncio.gather(*strangers)
            assert {answer.status_code for answer in answers} <= {200, 404, 503}
            assert all(int(each.headers["retry-after"]) > 0 for each in answers if each.status_code == 503)

    play(scene)


def test_who_needs_the_database_is_told_while_it_hangs(settings: Settings, relay: Relay) -> None:
    async def scene() -> None:
        async with client_of(settings) as client:
            relay.hang()
            strangers = [client.get(f"/company{number}.com?fallback=monogram") for number in range(MANY)]
            for answer in await asyncio.gather(*strangers):
                assert (answer.status_code, answer.json()["code"]) == (503, "database")
            ready = await client.get("/readyz")
            assert (ready.status_code, ready.json()["status"]) == (200, "degraded")
            assert relay.is_hanging
            relay.flow()
            async with asyncio.timeout(60):
                while (await client.get("/shopify.com")).status_code != 200:  # noqa: ASYNC110  # only answers tell
                    await asyncio.sleep(0.05)

    play(scene)


@pytest.mark.parametrize(
    "path", [pytest.param("/readyz", id="readiness"), pytest.param("/api/logo-cache/health", id="health")]
)
def test_the_first_to_meet_it_hanging_says_degraded(settings: Settings, relay: Relay, path: str) -> None:
    """Connections are idle that nobody knows to be dead."""

    async def scene() -> None:
        async with client_of(settings) as client:
            assert (await client.get(path)).status_code == 200
            relay.hang()
            answer = await client.get(path)
            assert (answer.status_code, answer.json()["status"]) == (200, "degraded")
            assert relay.is_hanging

    play(scene)


def test_the_end_does_not_wait_for_it_and_tells_what_is_lost(
    settings: Settings, relay: Relay, caplog: pytest.LogCaptureFixture
) -> None:
    async def scene() -> None:
        async with client_of(settings) as client:
            assert (await client.get("/shopify.com")).status_code == 200
            relay.hang()
            for _ in range(7):
                await client.get("/shopify.com")
        assert relay.is_hanging

    play(scene)
    (lost,) = [record for record in caplog.records if record.message == "accesses.lost"]
    assert vars(lost)["accesses"] >= 7


class Stuck:
    """Holds a thread until it is let go."""

    def __init__(self) -> None:
        self.reached = threading.Event()
        self.may_go = threading.Event()

    def __call__(self) -> None:
        self.reached.set()
        assert self.may_go.wait(60)


class StuckVariants(FileVariants):
    """Variants on a disk that hangs."""

    stuck: Stuck

    def read(self, file: str, variant: Variant) -> bytes | None:
        self.stuck()
        return super().read(file, variant)


def test_a_disk_that_hangs_leaves_what_is_in_memory(tmp_path: Path) -> None:
    bench, stuck = make_bench(tmp_path), Stuck()
    with bench.open() as cache:
        cache.init()
        variants = StuckVariants(cache.settings.private_dir / "variants", max_count=9)
        variants.stuck = stuck
        slow = LogoCache(replace(cache._context, variants=variants))

        async def scene() -> None:
            service = LogoService(slow, looked_up=lambda state, times: None)
            service.bulkheads.disk = Bulkhead(
                "disk", threads=3, seconds=0.05, error=DirectoryError, hint="look at it"
            )
            await service.logo(LogoRequest("shopify"), CLIENT)
            served = await service.logo(LogoRequest("shopify", SMALL), CLIENT)
            assert served.body.content == b"64-webp of shopify"
            with pytest.raises(DirectoryError, match="did not answer"):
                await service.logo(LogoRequest("slack", SMALL), CLIENT)
            # Names that memory does not know, and monograms, need no disk.
            unknown = await service.logo(LogoRequest("stripe"), CLIENT)
            assert unknown.body.content
            stuck.may_go.set()
            service.variants.close()

        try:
            play(scene)
        finally:
            stuck.may_go.set()
        assert stuck.reached.is_set()


def test_a_fetch_elsewhere_that_gets_no_answer_is_not_waited_for_any_longer(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """In an outage `checked_at` stays as it was; the lease tells that the other process is done."""
    bench, gate = make_bench(tmp_path), Gate()
    known_but_cold(bench)

    def outage(request: FetchRequest) -> Answer:
        gate(request)
        return reply(OutcomeKind.NOT_ASKED, reason="the source was left alone")

    bench.fetcher.replies[SHOPIFY] = outage

    async def scene() -> None:
        with bench.open() as another:
            fetching = asyncio.create_task(asyncio.to_thread(another.on_demand.fetch, "shopify"))
            await gate.until_asked()
            async with serving(bench, on_demand_wait_seconds=60) as here:
                waiting = asyncio.create_task(here.ask("shopify"))
                await asyncio.wait([waiting], timeout=0.2)
                assert not waiting.done()
                gate.may_answer.set()
                served = await waiting
                assert served.state == "PLACEHOLDER"
            await fetching

    play(scene)
    assert "fetch.elsewhere_too_long" not in [record.message for record in caplog.records]
