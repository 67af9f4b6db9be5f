"""A logo service with fake sources, for the duration of a test's coroutine."""

import asyncio
import threading
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from harness.bench import SHOPIFY, SLACK, Bench, SetClock
from harness.factories import make_integration
from harness.fakes import FakeProvider, reply
from logocache.cache import LogoCache
from logocache.model import OutcomeKind
from logocache.ports import Answer, FetchRequest
from logocache.queries import ImageFormat, Variant
from logocache.server.requests import (
    CacheState,
    Fallback,
    LogoRequest,
    LogoResponse,
)
from logocache.server.service import LogoService

SMALL = Variant(size=64, format=ImageFormat.WEBP)
CLIENT = "192.0.2.1"


@dataclass
class Scene:
    cache: LogoCache
    service: LogoService
    looked_up: list[str] = field(default_factory=list)

    async def ask(
        self,
        name: str,
        *,
        variant: Variant = Variant(),  # noqa: B008  # an immutable value
        fallback: Fallback = Fallback.MONOGRAM,
        client: str = CLIENT,
    ) -> LogoResponse:
        """The response, from memory if possible, as the routes do."""
        request = LogoRequest(name, variant, fallback)
        return self.service.from_memory(request) or await self.service.logo(request, client)

    async def follow_changes(self) -> bool:
        """Apply changes, as the server does every second. Returns True if there were any."""
        changes = await asyncio.to_thread(self.service.records.read_changes)
        if changes is not None:
            self.service.records.apply(changes)
        return changes is not None


@asynccontextmanager
async def serving(bench: Bench, **settings: Any) -> AsyncIterator[Scene]:
    """`Any`: forwarded to Settings, which checks them."""
    looked_up: list[str] = []
    with bench.open(**settings) as cache:
        service = LogoService(cache, looked_up=lambda state, times: looked_up.extend([state] * times))
        try:
            yield Scene(cache, service, looked_up)
        finally:
            cache.interrupt()
            await service.admission.queue.close(patience=10)
            service.variants.close()


def play(scene: Callable[[], Coroutine[Any, Any, None]]) -> None:
    """Run a test's coroutine."""
    asyncio.run(scene())


def make_bench(folder: Path) -> Bench:
    """A bench where Shopify and Slack have logos, and Stripe has none."""
    return Bench(
        folder,
        replies={SHOPIFY: reply(body=b"shopify"), SLACK: reply(body=b"slack")},
        clock=SetClock(),
    )


def known_but_cold(bench: Bench) -> None:
    """Register the entries without fetching anything."""
    with bench.open() as cache:
        cache._context.store.prepare()
        cache._context.repository.migrate()
        cache._context.repository.register(bench.integrations, now=bench.clock())


def many_strangers(folder: Path, count: int, **settings: Any) -> Bench:
    """A bench of `count` unknown entries, each with a logo at its source."""
    integrations = [make_integration(f"company{number}") for number in range(count)]
    replies = {
        f"https://{integration.domain}/icon.png": reply(body=integration.key.encode())
        for integration in integrations
    }
    chain = [FakeProvider(urls=["https://{domain}/icon.png"])]
    return Bench(folder, integrations=integrations, replies=replies, chain=chain, settings=settings)


async def until(condition: Callable[[], bool]) -> None:
    """Wait until `condition` holds. TimeoutError after 20 seconds."""
    async with asyncio.timeout(20):
        while not condition():  # noqa: ASYNC110  # there is no event for it
            await asyncio.sleep(0.005)


class Gate:
    """An upstream that answers when `may_answer` is set."""

    def __init__(self, body: bytes = b"late") -> None:
        self.was_asked = threading.Event()
        self.may_answer = threading.Event()
        self._body = body

    def __call__(self, request: FetchRequest) -> Answer:
        self.was_asked.set()
        assert self.may_answer.wait(20)
        return reply(body=self._body)

    async def until_asked(self) -> None:
        assert await asyncio.to_thread(self.was_asked.wait, 20)


def told(served: LogoResponse) -> tuple[bytes, CacheState, int]:
    return served.body.content, served.state, served.max_age


def file_of(scene: Scene, name: str) -> str:
    record = scene.cache.lookup.find(name)
    assert record is not None
    assert record.file is not None
    return record.file.name


def refused(_: FetchRequest) -> Answer:
    return reply(OutcomeKind.TRANSIENT, reason="HTTP 503", status=503)
