"""Many clients, slow sources and full queues, apart from HTTP."""

import asyncio
from pathlib import Path

import pytest

from harness.bench import SLACK, Bench
from harness.service import (
    Gate,
    file_of,
    known_but_cold,
    many_strangers,
    play,
    serving,
    told,
    until,
)
from logocache.queries import Variant
from logocache.server.requests import (
    BusyError,
    CacheState,
    Fallback,
    TooManyMissesError,
)


@pytest.mark.end_to_end
def test_500_clients_on_one_cold_key_cause_one_fetch(bench: Bench) -> None:
    known_but_cold(bench)
    gate = Gate(b"slack")
    bench.fetcher.replies[SLACK] = gate

    async def scene() -> None:
        async with serving(bench) as on:
            names = ["slack", "slack.test", "Slack", "https://www.slack.test/"]
            asking = [
                asyncio.create_task(on.ask(names[number % 4], client=f"10.0.{number // 250}.{number % 250}"))
                for number in range(500)
            ]
            await gate.until_asked()
            gate.may_answer.set()
            assert {told(item)[0] for item in await asyncio.gather(*asking)} == {b"slack"}
            assert bench.fetcher.urls == [SLACK]

    play(scene)


def test_another_process_that_fetches_it_is_waited_for(bench: Bench) -> None:
    known_but_cold(bench)
    gate = Gate(b"slack")
    bench.fetcher.replies[SLACK] = gate

    async def scene() -> None:
        async with serving(bench) as one, serving(bench) as two:
            first = asyncio.create_task(one.ask("slack"))
            await gate.until_asked()
            second = asyncio.create_task(two.ask("slack"))
            await until(lambda: two.service.admission.queue.find("slack") is not None)
            gate.may_answer.set()
            assert told(await first)[0] == told(await second)[0] == b"slack"
            assert bench.fetcher.urls == [SLACK]

    play(scene)


def test_beyond_the_queue_the_answer_comes_at_once(tmp_path: Path) -> None:
    bench = many_strangers(tmp_path, 5, concurrency=1, on_demand_queue=1)
    known_but_cold(bench)
    gate = Gate()
    bench.fetcher.replies["https://company0.test/icon.png"] = gate

    async def scene() -> None:
        async with serving(bench) as on:
            first = asyncio.create_task(on.ask("company0"))
            await gate.until_asked()
            second = asyncio.create_task(on.ask("company1"))
            await until(lambda: on.service.admission.queue.find("company1") is not None)
            assert on.service.admission.queue.waiting == 1
            assert told(await on.ask("company2"))[:2] == (b"monogram company2", CacheState.PLACEHOLDER)
            with pytest.raises(BusyError):
                await on.ask("company3", fallback=Fallback.NOT_FOUND)
            with pytest.raises(BusyError):
                await on.service.refresh("company4")
            gate.may_answer.set()
            await asyncio.gather(first, second)
            assert told(await on.ask("company2"))[:2] == (b"company2", CacheState.MISS)

    play(scene)


def test_a_slow_source_is_not_waited_for_for_ever_and_its_logo_is_not_lost(bench: Bench) -> None:
    known_but_cold(bench)
    gate = Gate(b"slack")
    bench.fetcher.replies[SLACK] = gate

    async def scene() -> None:
        async with serving(bench, on_demand_wait_seconds=0.01) as on:
            assert (await on.ask("slack")).state is CacheState.PLACEHOLDER
            with pytest.raises(BusyError, match="not answered yet"):
                await on.ask("slack", fallback=Fallback.NOT_FOUND)
            task = on.service.admission.queue.find("slack")
            assert task is not None
            gate.may_answer.set()
            await task
            await on.follow_changes()
            assert told(await on.ask("slack"))[:2] == (b"slack", CacheState.HIT)
            assert bench.fetcher.urls == [SLACK]

    play(scene)


@pytest.mark.end_to_end
def test_hot_logos_are_answered_while_300_cold_ones_wait_for_a_slow_source(tmp_path: Path) -> None:
    patient = {"misses_per_minute": 0, "on_demand_wait_seconds": 120}
    bench = many_strangers(tmp_path, 301, concurrency=4, on_demand_queue=400, **patient)
    known_but_cold(bench)
    gates = {f"https://company{number}.test/icon.png": Gate() for number in range(1, 301)}
    bench.fetcher.replies.update(gates)

    async def scene() -> None:
        async with serving(bench) as on:
            await on.ask("company0")
            waiting = [asyncio.create_task(on.ask(f"company{number}")) for number in range(1, 301)]
            await until(lambda: on.service.admission.queue.waiting == 296)
            assert told(await on.ask("company0"))[:2] == (b"company0", CacheState.HIT)
            assert (await asyncio.to_thread(on.cache.health)).total_files == 1
            for gate in gates.values():
                gate.may_answer.set()
            assert {(await answer).state for answer in waiting} == {CacheState.MISS}

    play(scene)


def test_a_client_may_cause_only_so_many_fetches(tmp_path: Path) -> None:
    bench = many_strangers(tmp_path, 4, misses_per_minute=2)
    known_but_cold(bench)

    async def scene() -> None:
        async with serving(bench) as on:
            for number in (0, 1):
                assert (await on.ask(f"company{number}")).state is CacheState.MISS
            with pytest.raises(TooManyMissesError) as refused:
                await on.ask("company2", fallback=Fallback.NOT_FOUND)
            assert 0 < int(refused.value.problem.headers["Retry-After"]) <= 30
            assert (await on.ask("company2")).state is CacheState.PLACEHOLDER
            assert (await on.ask("company0")).state is CacheState.HIT
            assert (await on.ask("company2", client="192.0.2.2")).state is CacheState.MISS

    play(scene)


def test_a_client_may_cause_only_so_much_drawing(bench: Bench) -> None:
    """Each size is a picture to be made; so is each monogram of a name that nobody knows."""

    async def scene() -> None:
        async with serving(bench, misses_per_minute=1) as on:
            on.cache.init()
            for size in range(100, 110):
                await on.ask("shopify", variant=Variant(size=size))
            with pytest.raises(TooManyMissesError):
                await on.ask("shopify", variant=Variant(size=200))
            with pytest.raises(TooManyMissesError):
                await on.ask("example.com")
            assert (await on.ask("shopify", variant=Variant(size=100))).state is CacheState.HIT
            assert (await on.ask("shopify")).state is CacheState.HIT
            assert (
                await on.ask("shopify", variant=Variant(size=200), client="192.0.2.2")
            ).state is CacheState.HIT

    play(scene)


@pytest.mark.parametrize("damage", ["gone", "changed"])
def test_a_damaged_file_is_fetched_again_and_never_served(bench: Bench, damage: str) -> None:
    async def scene() -> None:
        async with serving(bench) as on:
            on.cache.init()
            path = on.cache.settings.dir / file_of(on, "shopify")
            if damage == "gone":
                path.unlink()
            else:
                path.write_bytes(b"<script>")
            assert told(await on.ask("shopify"))[:2] == (b"shopify", CacheState.MISS)
            assert path.read_bytes() == b"shopify"

    play(scene)
