"""A server's work from start to end."""

import asyncio
import threading
from pathlib import Path

import pytest

from harness.bench import SHOPIFY, Bench
from harness.fakes import reply
from harness.service import CLIENT, make_bench, play, until
from logocache.cache import LogoCache
from logocache.errors import DatabaseError, DirectoryError
from logocache.model import OutcomeKind
from logocache.ports import Answer, FetchRequest
from logocache.queries import ListQuery
from logocache.server import background
from logocache.server.background import Background
from logocache.server.memory import CachedRecord
from logocache.server.requests import LogoRequest
from logocache.server.service import LogoService


@pytest.fixture
def bench(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Bench:
    """Everything that comes back comes back at once."""
    for name in ("GENERATION_SECONDS", "FLUSH_SECONDS"):
        monkeypatch.setattr(background, name, 0.01)
    monkeypatch.setattr(background, "jittered", lambda seconds: 0.01)
    bench = make_bench(tmp_path)
    with bench.open() as cache:
        cache.init()
    return bench


def served_by(cache: LogoCache) -> tuple[LogoService, Background]:
    service = LogoService(cache, looked_up=lambda state, times: None)
    return service, Background(cache, service)


def accesses_of(bench: Bench, key: str) -> int:
    with bench.open() as cache:
        return cache.list(ListQuery(keys=(key,))).entries[0].access_count


def size_in(known: CachedRecord | None) -> int | None:
    record = known.record if known is not None else None
    return record.file.size if record is not None and record.file is not None else None


def test_what_is_counted_is_written_while_it_runs_and_at_its_end(bench: Bench) -> None:
    async def scene() -> None:
        service, life = served_by(bench.open())
        async with life.run():
            await service.logo(LogoRequest("shopify"), CLIENT)
            await until(lambda: accesses_of(bench, "shopify") == 1)
            service.from_memory(LogoRequest("shopify"))

    play(scene)
    assert accesses_of(bench, "shopify") == 2


def test_a_change_of_another_process_is_followed(bench: Bench) -> None:
    async def scene() -> None:
        service, life = served_by(bench.open())
        async with life.run():
            await service.logo(LogoRequest("shopify"), CLIENT)
            bench.fetcher.replies[SHOPIFY] = reply(body=b"shopify, new")
            with bench.open() as another:
                another.refresh(["shopify"])
            await until(lambda: size_in(service.records.get("shopify")) == len(b"shopify, new"))
            served = await service.logo(LogoRequest("shopify"), CLIENT)
            assert served.body.content == b"shopify, new"

    play(scene)


def test_due_logos_are_fetched_in_the_background(bench: Bench) -> None:
    bench.fetcher.replies[SHOPIFY] = reply(body=b"shopify, new")
    bench.clock.advance(days=8)

    async def scene() -> None:
        _, life = served_by(bench.open())
        async with life.run():
            await until(lambda: b"shopify, new" in bench.files.values())

    play(scene)


@pytest.mark.parametrize("settings", [{"background_refresh": False}, {"enabled": False}])
def test_the_background_can_be_switched_off(bench: Bench, settings: dict[str, bool]) -> None:
    bench.clock.advance(days=8)
    asked = len(bench.fetcher.asked)

    async def scene() -> None:
        _, life = served_by(bench.open(**settings))
        async with life.run():
            for _ in range(20):
                await asyncio.sleep(0.005)

    play(scene)
    assert len(bench.fetcher.asked) == asked


def test_without_a_cache_it_does_not_start(tmp_path: Path) -> None:
    async def scene() -> None:
        _, life = served_by(make_bench(tmp_path).open())
        with pytest.raises(DirectoryError):
            async with life.run():
                raise AssertionError("unreachable: it must not start")

    play(scene)


def test_the_end_waits_for_no_slow_source(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """Fetches are told to end; what they find afterwards changes nothing."""
    monkeypatch.setattr(background, "PATIENCE_SECONDS", 0.01)
    asked, may_answer = threading.Event(), threading.Event()

    def slow(request: FetchRequest) -> Answer:
        asked.set()
        assert may_answer.wait(20)
        return reply(OutcomeKind.NOT_ASKED, reason="closed")

    bench.fetcher.replies[SHOPIFY] = slow
    bench.clock.advance(days=8)

    async def scene() -> None:
        service, life = served_by(bench.open(background_refresh=False))
        async with life.run():
            assert service.admission.fetch_now("shopify", service._lookup.find("shopify")) is not None
            assert await asyncio.to_thread(asked.wait, 20)
        assert bench.fetcher.closed
        may_answer.set()

    play(scene)
    with bench.open() as cache:
        assert cache.refresh(["slack"]).asked == 1


def test_counts_that_cannot_be_written_at_the_end_are_told(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def away(*_: object) -> None:
        raise DatabaseError("the database is away", hint="wait")

    async def scene() -> None:
        cache = bench.open()
        service, life = served_by(cache)
        async with life.run():
            await service.logo(LogoRequest("shopify"), CLIENT)
            monkeypatch.setattr(cache._context.repository, "record_accesses", away)

    play(scene)
    lost = [record for record in caplog.records if record.message == "accesses.lost"]
    assert [vars(record)["accesses"] for record in lost] == [1]
