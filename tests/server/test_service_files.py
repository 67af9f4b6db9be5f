"""Files that are damaged, lost, evicted or old, and changes by others, apart from HTTP."""

import asyncio
import time
from datetime import UTC, datetime

import pytest

from harness.bench import SHOPIFY, Bench, SetClock
from harness.factories import NOW
from harness.fakes import reply
from harness.service import (
    Scene,
    file_of,
    play,
    serving,
    told,
)
from logocache.errors import DatabaseError
from logocache.model import OutcomeKind, Status
from logocache.queries import ClearSelection
from logocache.server.requests import (
    BusyError,
    CacheState,
    DisabledError,
    Fallback,
    FileRequest,
    LogoRequest,
    MovedError,
    NoLogoError,
)


@pytest.mark.parametrize("fallback", Fallback)
def test_a_lost_file_whose_source_is_down_costs_one_attempt_and_its_row_nothing(
    bench: Bench, fallback: Fallback
) -> None:
    """Until the next attempt is due, a monogram stands in, or "not now" is said: never "no logo"."""

    async def ask(on: Scene) -> CacheState | None:
        try:
            return (await on.ask("shopify", fallback=fallback)).state
        except BusyError:
            return None

    async def scene() -> None:
        async with serving(bench) as on:
            on.cache.init()
            before = on.cache.lookup.find("shopify")
            (on.cache.settings.dir / file_of(on, "shopify")).unlink()
            bench.fetcher.replies[SHOPIFY] = reply(OutcomeKind.TRANSIENT, reason="down")
            bench.fetcher.asked.clear()
            shown = {await ask(on) for _ in range(5)}
            assert shown == {CacheState.PLACEHOLDER if fallback is Fallback.MONOGRAM else None}
            assert bench.fetcher.urls == [SHOPIFY]
            after = on.cache.lookup.find("shopify")
            assert before is not None
            assert after is not None
            assert (after.file, after.provider, after.status) == (before.file, before.provider, before.status)
            bench.clock.advance(minutes=5)
            bench.fetcher.replies[SHOPIFY] = reply(body=b"shopify")
            assert await ask(on) is CacheState.MISS

    play(scene)


def test_an_evicted_logo_is_fetched_again_when_asked_for(bench: Bench) -> None:
    async def scene() -> None:
        async with serving(bench) as on:
            on.cache.init()
            with on.cache._context.repository.unit() as unit:
                unit.evict(["shopify"], until=datetime(2099, 1, 1, tzinfo=UTC))
            assert told(await on.ask("shopify"))[:2] == (b"shopify", CacheState.MISS)

    play(scene)


def test_files_are_served_by_name_for_ever(bench: Bench) -> None:
    async def scene() -> None:
        async with serving(bench) as on:
            on.cache.init()
            question = FileRequest(file_of(on, "shopify"))
            assert on.service.from_memory(question) is None
            served = await on.service.file(question)
            assert (served.body.content, served.is_immutable) == (b"shopify", True)
            assert on.service.from_memory(question) is not None
            assert await on.service.file(question) == served
            on.cache.flush()
            record = on.cache.lookup.find("shopify")
            assert record is not None
            assert record.access_count == 3

    play(scene)


def test_an_old_name_leads_to_the_current_one(bench: Bench) -> None:
    async def scene() -> None:
        async with serving(bench, replaced_retention_days=0) as on:
            on.cache.init()
            old = file_of(on, "shopify")
            bench.fetcher.replies[SHOPIFY] = reply(body=b"shopify, new")
            on.cache.refresh(["shopify"])
            with pytest.raises(MovedError) as moved:
                await on.service.file(FileRequest(old))
            assert moved.value.file == file_of(on, "shopify") != old

    play(scene)


@pytest.mark.parametrize("name", ["nobody_00000000.png", "../../etc/passwd", ".logocache", "shopify.png"])
def test_other_files_are_not_there(bench: Bench, name: str) -> None:
    async def scene() -> None:
        async with serving(bench) as on:
            on.cache.init()
            with pytest.raises(NoLogoError):
                await on.service.file(FileRequest(name))

    play(scene)


def test_a_damaged_file_is_not_served_by_name(bench: Bench) -> None:
    async def scene() -> None:
        async with serving(bench) as on:
            on.cache.init()
            name = file_of(on, "shopify")
            (on.cache.settings.dir / name).write_bytes(b"<script>")
            with pytest.raises(NoLogoError):
                await on.service.file(FileRequest(name))

    play(scene)


def test_a_change_by_another_process_is_seen(bench: Bench) -> None:
    async def scene() -> None:
        async with serving(bench) as on:
            on.cache.init()
            for name in ("shopify", "slack", "stripe"):
                await on.ask(name)
            await on.follow_changes()
            assert not await on.follow_changes()
            bench.fetcher.replies[SHOPIFY] = reply(body=b"shopify, new")
            with bench.open() as another:
                another.refresh(["shopify"])
                another.clear(another.plan_clear(ClearSelection(keys=("slack",))))
            assert told(await on.ask("shopify"))[0] == b"shopify"
            assert await on.follow_changes()
            assert told(await on.ask("shopify"))[0] == b"shopify, new"
            assert told(await on.ask("slack"))[:2] == (b"slack", CacheState.MISS)

    play(scene)


def test_hits_go_on_without_the_database(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    def away(*_: object, **__: object) -> None:
        raise DatabaseError("the database is away", hint="wait")

    async def scene() -> None:
        async with serving(bench) as on:
            on.cache.init()
            await on.ask("shopify")
            bench.clock.advance(days=8)  # due, too: its refresh fails behind
            with monkeypatch.context() as trouble:
                for method in ("get", "find_by_domain", "claim", "generation", "record_accesses"):
                    trouble.setattr(on.cache._context.repository, method, away)
                for _ in range(3):
                    assert told(await on.ask("shopify"))[:2] == (b"shopify", CacheState.STALE)
                    task = on.service.admission.queue.find("shopify")
                    if task is not None:
                        await asyncio.wait([task])
                        await asyncio.sleep(0)
                with pytest.raises(DatabaseError):
                    await on.ask("slack")
                with pytest.raises(DatabaseError):
                    on.cache.flush()
            assert (await on.ask("slack")).state is CacheState.STALE
            on.cache.flush()
            assert on.cache.stats().stale_hits == 4

    play(scene)


def test_a_named_logo_is_fetched_whether_due_or_not(bench: Bench) -> None:
    async def scene() -> None:
        async with serving(bench) as on:
            on.cache.init()
            bench.fetcher.replies[SHOPIFY] = reply(body=b"shopify, new")
            record = await on.service.refresh("shopify.test")
            assert (record.key, record.status) == ("shopify", Status.CACHED)
            assert told(await on.ask("shopify"))[0] == b"shopify, new"
            with pytest.raises(NoLogoError):
                await on.service.refresh("example.com")

    play(scene)


def test_a_cache_that_is_switched_off_sends_nothing(bench: Bench) -> None:
    async def scene() -> None:
        async with serving(bench) as on:
            on.cache.init()
            name = file_of(on, "shopify")
        async with serving(bench, enabled=False) as off:
            assert off.service.from_memory(LogoRequest("shopify")) is None
            for asked in (
                off.ask("shopify"),
                off.service.refresh("shopify"),
                off.service.file(FileRequest(name)),
            ):
                with pytest.raises(DisabledError):
                    await asked

    play(scene)


def test_the_clock_of_these_tests_stands_still(bench: Bench) -> None:
    assert isinstance(bench.clock, SetClock)
    assert time.time() == NOW.timestamp()
